"""The migration of 0.2.0: families become attempts, and nothing that was true is lost."""

from collections import defaultdict
from contextlib import closing

import pytest
from sqlalchemy import inspect, select, text

from tests.store import former_database, invariants, test_tables
from webapp.store import Store, attempts, batches, item_updates, items, submissions, tables
from webapp.store.documents import Receipt
from webapp.store.enums import BEGUN, ENDED, LEFT_OUT, NOT_SENT, AttemptKind, BatchState, Task
from webapp.store.item_updates import Outcome
from webapp.store.retry import assignment
from webapp.store.retry.assignment import Confirmed
from webapp.store.retry.selection import SelectedItems, Selection
from webapp.store.statuses import goes_into_row

pytestmark = pytest.mark.long

LATER = 2e9  # when everything is due


class Family:
    """The submissions of a tree of 0.2.0, told from its rows alone, one by one."""

    def __init__(self, rows):
        self.by_id = {row["id"]: row for row in rows["submissions"]}
        self.items = defaultdict(dict)
        self.copies = defaultdict(list)
        for row in rows["items"]:
            self.items[row["submission_id"]][row["position"]] = row
            self.copies[row["retried_in"]].append(row)
        self.batches = {row["id"]: row for row in rows["batches"]}
        self.members = defaultdict(list)
        for row in rows["submissions"]:
            if row["parent_id"] is None or row["state"] in BEGUN:
                self.members[self.root(row["id"])].append(row["id"])
        for ids in self.members.values():
            ids.sort(key=lambda one: (self.by_id[one]["submitted_at"] or 0, one))
        self.places = {}
        for root, ids in self.members.items():
            self.end = self.by_id[root]["item_count"]
            for one in ids:
                self._place(root, one)

    def root(self, one):
        parent = self.by_id[one]["parent_id"]
        return self.root(parent) if parent in self.by_id else one

    def number(self, one):
        return self.members[self.root(one)].index(one) + 1

    def _place(self, root, one):
        """Where each of its items stands in the list: (submission, position) -> place."""
        sources = sorted(self.copies[one], key=lambda row: row["position"]) if one != root else []
        for position in sorted(self.items[one]):
            if one == root:
                place = position
            elif position <= len(sources):
                source = sources[position - 1]
                assert source["data_id"] == self.items[one][position]["data_id"]
                place = self.places[source["submission_id"], source["position"]]
            else:
                self.end += 1
                place = self.end
            self.places[one, position] = place

    def chains(self, root):
        """{place: [(number, submission, its row)]}, the first attempt first."""
        found = defaultdict(list)
        for one in self.members[root]:
            for position, row in self.items[one].items():
                found[self.places[one, position]].append((self.number(one), self.by_id[one], row))
        return found

    def batch(self, row):
        mine = [b for b in self.batches.values() if b["submission_id"] == row["submission_id"]]
        at = row["position"]
        in_range = [b["id"] for b in mine if b["first_position"] <= at <= b["last_position"]]
        return row["batch_id"] or (in_range or [None])[0]

    def stands(self, first, member, row):
        if first or row["status"] in {"UNREAD", "NOT_SENT", "UNKNOWN"}:
            return first
        over = self.batches[self.batch(row)]["state"] in ENDED
        moves = row["status"] in {"INITIALISED", "WAITING_RESOURCES", "RUNNING"}
        return goes_into_row(member["kind"], row["status"]) and not (moves and over)


def migrated(database_url):
    """A store as 0.2.0 has left it, brought up to date."""
    former_database.put(database_url, former_database.rows_of(database_url))
    store = Store(database_url)
    store.migrate()
    return closing(store)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request, tmp_path_factory):
    """One for all tests that only look."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("migrated") / "linkboard.db"
        with migrated(f"sqlite:///{path}") as made:
            yield made
        return
    with request.getfixturevalue("postgres").empty_database() as url, migrated(url) as made:
        yield made


@pytest.fixture
def fresh(empty_database_url):
    """One of the test's own."""
    with migrated(empty_database_url) as made:
        yield made


@pytest.fixture(scope="module")
def rows(store):
    return former_database.rows_of(store.engine.url.drivername)


@pytest.fixture(scope="module")
def family(rows):
    return Family(rows)


def called(connection, name):
    """The list of this name."""
    wanted = select(tables.submissions.c.id).where(tables.submissions.c.name == name)
    return submissions.get(connection, connection.execute(wanted).scalar_one())


def test_everything_agrees(store):
    with store.read() as connection:
        invariants.assert_consistent(connection)
        if store.is_sqlite:
            assert not connection.execute(text("PRAGMA foreign_key_check")).all()


test_the_tables_are_those_of_the_code = test_tables.test_migrations_make_the_tables_of_the_code
test_the_indexes_are_those_of_the_code = test_tables.test_indexes_have_the_columns_of_the_code


def test_families_become_attempts(store, family):
    with store.read() as connection:
        found = {row.id: row for row in connection.execute(select(tables.submissions))}
        assert found.keys() == family.members.keys()
        for root, ids in family.members.items():
            made = attempts.of_submission(connection, root)
            assert [one.former_id for one in made] == [None, *ids[1:]]
            for one, former_id in zip(made, ids, strict=True):
                was = family.by_id[former_id]
                receipt = was["review"].get("receipt", {"made": None})
                assert (one.kind, one.account_id) == (was["kind"], was["account_id"])
                assert (one.begun_at, one.problem == "") == (
                    was["submitted_at"],
                    was["problem"] == "" or was["state"] not in BEGUN,
                )
                assert one.token == was["review"].get("token", "")
                assert (one.receipt and one.receipt.made) == receipt["made"]
                if was["state"] in BEGUN:
                    assert one.counts == {
                        word: n for word, n in was["counts"].items() if word != LEFT_OUT
                    }
                    assert one.ended_at == was["settled_at"]
            if made[-1].number > 1:
                assert found[root].begun_at == made[-1].begun_at
                assert found[root].archived_at is None or found[root].state == "settled"


def test_old_addresses_lead_to_attempts(store, family):
    with store.read() as connection:
        for root, ids in family.members.items():
            for former_id in ids[1:]:
                told = attempts.former(connection, former_id)
                assert told == (root, family.number(former_id))
            assert attempts.former(connection, root) is None


def test_every_id_stands_as_the_last_attempt_that_counts_left_it(store, family):
    with store.read() as connection:
        for root in family.members:
            chains = family.chains(root)
            for place, chain in chains.items():
                row = items.get(connection, root, place)
                told = [
                    (number, was)
                    for at, (number, member, was) in enumerate(chain)
                    if family.stands(at == 0, member, was)
                ]
                number, was = told[-1]
                assert row.attempt == number
                for name in ("data_id", "status", "reason", "changed_at", "reason_id"):
                    assert getattr(row, name) == was[name]
                for name in ("name", "path", "linked_id"):
                    known = [was[name] for _, was in told if was[name]]
                    assert getattr(row, name) == (known or [""])[-1]
                last = chain[-1][2]
                assert row.ica_item_id == last["ica_item_id"]
                taken = len(chain) > 1 or last["submission_id"] != root
                assert row.batch_id == (family.batch(last) if taken else last["batch_id"])
            assert submissions.get(connection, root).item_count == len(chains)


def test_history_has_what_others_have_taken_and_what_did_not_count(store, family):
    wanted = {}
    for root in family.members:
        for place, chain in family.chains(root).items():
            for at, (number, member, was) in enumerate(chain):
                stands, last = family.stands(at == 0, member, was), at == len(chain) - 1
                if not last or (not stands and was["status"] != "UNREAD"):
                    holder = None if was["status"] == LEFT_OUT else family.batch(was)
                    told = (was["status"], was["reason"], was["ica_item_id"], holder, stands)
                    wanted[root, place, number] = told
    with store.read() as connection:
        found = {
            (row.submission_id, row.position, row.attempt): (
                *(row.status, row.reason, row.ica_item_id, row.batch_id, bool(row.stood)),
            )
            for row in connection.execute(select(tables.history))
        }
    assert found == wanted


def test_batches_go_on_where_they_were(store, family):
    kept = {
        *("id", "account_id", "kind", "ordinal", "size", "state", "task", "priority", "due_at"),
        *("lease_until", "worker", "try_number", "ica_batch_id", "counts", "round_cursor"),
    }
    with store.read() as connection:
        found = {row["id"]: row for row in connection.execute(select(tables.batches)).mappings()}
    members = {one for ids in family.members.values() for one in ids}
    assert found.keys() == {
        key for key, was in family.batches.items() if was["submission_id"] in members
    }
    for key, row in found.items():
        was = family.batches[key]
        assert {name: row[name] for name in kept} == {name: was[name] for name in kept}
        assert row["submission_id"] == family.root(was["submission_id"])
        assert row["attempt"] == family.number(was["submission_id"])
        if row["attempt"] > 1:
            of = was["submission_id"]
            ends = (family.places[of, was[f"{end}_position"]] for end in ("first", "last"))
            assert (row["first_position"], row["last_position"]) == tuple(ends)


def test_what_the_boards_say(store):
    words = {
        "cohort": ("settled", "partly_undone"),
        "undone whole": ("settled", "undone"),
        "in part": ("settled", "partly_undone"),
        "before": ("settled", "done"),
        "refused": ("settled", "with_failures"),
        "folders": ("settled", "undone"),
        "retry that runs": ("active", "running"),
        "being stopped": ("active", "running"),
        "being gathered": ("settled", "with_failures"),
        "draft": ("draft", "draft"),
    }
    with store.read() as connection:
        found = {name: called(connection, name) for name in words}
    assert {name: (one.state, one.board_word) for name, one in found.items()} == words
    assert found["cohort"].counts == {
        "ALREADY_LINKED": 2,
        "FAILED": 4,
        "LINKED": 8,
        "PARTIALLY_LINKED": 3,
        "UNLINKED": 6,
    }
    assert found["retry that runs"].counts == {"LINKED": 22, "RUNNING": 8}


def test_notes_are_joined_and_the_archive_follows_the_first_attempt(store):
    with store.read() as connection:
        cohort = called(connection, "cohort")
        whole = called(connection, "undone whole")
    assert cohort.note == "The first note.\nIt has two lines.\ncohort, attempt 3: Ask the owner."
    assert (cohort.archived_at is None, whole.archived_at is None) == (True, False)


def test_what_was_still_gathered_is_named(store):
    with store.read() as connection:
        gathered = called(connection, "being gathered")
        assert len(attempts.of_submission(connection, gathered.id)) == 1
    assert gathered.note.count("confirm it again") == 2
    assert "“being gathered, attempt 2”" in gathered.note


def test_an_orphan_is_a_list_of_its_own(store):
    with store.read() as connection:
        orphan = called(connection, "Undo of gone")
        made = attempts.of_submission(connection, orphan.id)
    assert [(one.number, one.kind) for one in made] == [(1, "unlink"), (2, "unlink")]
    assert (orphan.source, orphan.counts) == ("upload", {"FAILED": 2, "UNLINKED": 2})


def test_no_address_leads_to_another_list(fresh):
    with fresh.write() as connection:
        account = connection.execute(select(tables.accounts.c.id)).scalars().first()
        one = dict(connection.execute(select(tables.submissions).limit(1)).mappings().one())
        values = one | {"account_id": account, "last_attempt_id": 0}
        del values["id"]
        made = connection.execute(tables.submissions.insert().values(values)).inserted_primary_key
        attempt = attempts.add(connection, made[0], "link", account, "", 0.0)
    before = former_database.rows_of(fresh.engine.url.drivername)["submissions"]
    known = [row["id"] for row in before] + [row["parent_id"] or 0 for row in before]
    assert made[0] > max(known)
    assert attempt.id > max(known)


def test_reasons_have_their_status(store, rows):
    wanted = {row["reason_id"]: row["status"] for row in rows["items"]}
    with store.read() as connection:
        found = dict(connection.execute(select(tables.reasons.c.id, tables.reasons.c.status)).all())
    assert found
    assert found.items() <= wanted.items()


def test_nothing_else_is_left_of_0_2_0(store):
    with store.read() as connection:
        assert set(inspect(connection).get_table_names()) == {
            "alembic_version",
            *tables.metadata.tables,
        }
        kinds = connection.execute(select(tables.chores.c.kind)).scalars().all()
        ours = select(tables.batches.c.id).where(tables.batches.c.attempt < 1)
        assert not connection.execute(ours).all()
    assert "copy" not in kinds


def test_what_was_under_way_ends(fresh):
    """ICA's last word on every batch that runs comes to rows and history as ever."""
    with fresh.write() as connection:
        while batch := batches.claim(connection, "a worker", LATER):
            batch = batches.lock(connection, batch)
            state, numbers = _end(connection, batch)
            ended = {"state": state, "task": Task.NONE, "due_at": None, "settled_at": LATER}
            batches.record(connection, batch, LATER, **numbers, counts=numbers["found"], **ended)
    with fresh.read() as connection:
        invariants.assert_consistent(connection)
        states = set(connection.execute(select(tables.attempts.c.state)).scalars())
    assert states == {"draft", "ended"}


def _end(connection, batch):
    if batch.state == BatchState.STOPPED:
        _, numbers = item_updates.end_unread(connection, batch, NOT_SENT, "Stopped.", LATER)
        return batch.state, numbers
    held = select(tables.items.c.data_id, tables.items.c.ica_item_id).where(items.held_by(batch))
    both = (tables.items.c.submission_id == tables.history.c.submission_id) & (
        tables.items.c.position == tables.history.c.position
    )
    taken = (
        select(tables.items.c.data_id, tables.history.c.ica_item_id)
        .join_from(tables.items, tables.history, both)
        .where(tables.history.c.batch_id == batch.id, ~items.held_by(batch))
    )
    word = "LINKED" if batch.kind == "link" else "UNLINKED"
    outcomes = [
        Outcome(known or f"item of {data_id}", data_id, word, "", "name", "/path", "")
        for data_id, known in [*connection.execute(held), *connection.execute(taken)]
    ]
    assert len(outcomes) == batch.size
    return BatchState.SETTLED, item_updates.apply(connection, batch, outcomes, LATER)


def _take(connection, attempt, selection, after):
    """As a worker does: with all batches locked."""
    source = submissions.get(connection, attempt.submission_id)
    batch_rows = batches.lock_all(connection, source.id)
    chosen = SelectedItems(connection, source, attempt.kind, selection, batch_rows)
    return assignment.take_chunk(connection, attempt, chosen, after)


def test_what_failed_is_tried_again_as_before(fresh):
    with fresh.write() as connection:
        cohort = called(connection, "cohort")
        confirmed = Confirmed(AttemptKind.LINK, Selection(statuses=["FAILED"]), 4, "a token")
        attempt, _ = assignment.begin(connection, cohort, confirmed, cohort.account_id, LATER)
        end, counts = _take(connection, attempt, confirmed.selection, 0)
        assert (attempt.number, counts.made) == (7, 4)
        assert _take(connection, attempt, confirmed.selection, end) is None
        assignment.send(connection, attempt, Receipt(4), "", LATER)
        invariants.assert_consistent(connection)
