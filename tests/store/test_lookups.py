"""Lookups: what they lead to, and what the submission and its review count by that."""

import pytest
from msgspec.structs import asdict
from sqlalchemy import insert

from tests.dashboard import data_ids, open_dashboard
from webapp.store import drafts, items, lookups, submissions, tables
from webapp.store.enums import Flag, Likeness, LookupKind, State
from webapp.store.lookups import Candidate, Choice, NewLookup
from webapp.store.paging import Cursor

PATHS = ("/run/a.bam", "/run/b.bam", "/run/c/")


def candidate(data_id, path, status="AVAILABLE"):
    name = path.rstrip("/").rsplit("/", 1)[-1]
    return Candidate(
        likeness=Likeness.SAME,
        data_id=data_id,
        name=name,
        path=path,
        project_id="of its own",
        project_name="Source",
        status=status,
        size=None,
        modified_at=None,
    )


@pytest.fixture
def stored(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        yield dashboard


@pytest.fixture
def draft(stored):
    """A draft of two ids, with three lookups behind them."""
    place = stored.visitor().draft(data_ids(2))
    submission_id = int(place.rsplit("/", 1)[-1])
    rows = [NewLookup(3 + n, LookupKind.PATH, path, "", 10 + n, 1) for n, path in enumerate(PATHS)]
    with stored.store.write() as connection:
        lookups.add(connection, submission_id, rows)
        submissions.grow(connection, submission_id, 3, 0)
        submissions.change(connection, submission_id, empty_positions=3)
    return stored, submission_id


def changed(draft, change, *arguments):
    """The submission after a change of the store, and its items' ids by their positions."""
    dashboard, submission_id = draft
    with dashboard.store.write() as connection:
        drafts.lock(connection, submission_id)
        change(connection, *arguments)
    with dashboard.store.read() as connection:
        rows = items.page(connection, submission_id, [items.Slice()], "", Cursor(), 50).rows
        return submissions.get(connection, submission_id), {row.position: row for row in rows}


def test_what_is_chosen_becomes_an_item_at_its_own_position(draft):
    _, submission_id = draft
    new = data_ids(1, start=7)[0]
    chosen = [Choice(4, candidate(new, PATHS[1], "PARTIAL"), int(Flag.PARTIAL))]
    submission, rows = changed(draft, lookups.choose, submission_id, chosen)
    assert [*rows] == [1, 2, 4]
    row = rows[4]
    assert (row.data_id, row.line, row.name, row.path) == (new, 11, "b.bam", PATHS[1])
    assert submission.to_send == 3
    assert submission.counts == {"UNREAD": 3}
    assert submission.review.partial == 1
    assert submission.review.examples["partial"] == [(11, 1, new)]
    assert submission.review.files == 3

    submission, rows = changed(draft, lookups.forget, submission_id, [4])
    assert [*rows] == [1, 2]
    assert (submission.to_send, submission.review.partial, submission.review.files) == (2, 0, 2)


def test_what_the_list_has_already_is_no_second_item(draft):
    dashboard, submission_id = draft
    new, own = data_ids(1, start=7)[0], data_ids(2)[1]
    chosen = [
        Choice(3, candidate(new, PATHS[0]), 0),
        Choice(4, candidate(new, PATHS[1]), 0),
        Choice(5, candidate(own, PATHS[2]), 0),
    ]
    submission, rows = changed(draft, lookups.choose, submission_id, chosen)
    assert [*rows] == [1, 2, 3]
    assert submission.to_send == 3
    with dashboard.store.read() as connection:
        found = [lookups.get(connection, submission_id, at) for at in (3, 4, 5)]
    assert [(one.first_item, one.shared) for one in found] == [(3, False), (3, True), (2, True)]

    submission, rows = changed(draft, lookups.forget, submission_id, [3, 5])
    assert [*rows] == [1, 2]  # an id of the list stays
    with dashboard.store.read() as connection:
        found = [lookups.get(connection, submission_id, at) for at in (3, 4, 5)]
    assert [one.first_item for one in found] == [None, None, None]


def test_several_stand_behind_the_list(draft):
    dashboard, submission_id = draft
    with dashboard.store.read() as connection:
        lookup = lookups.get(connection, submission_id, 5)
    new = data_ids(3, start=7)
    own = data_ids(1)[0]
    chosen = [Choice(5, candidate(one, f"{PATHS[2]}{one}"), 0) for one in [own, *new]]
    submission, rows = changed(draft, lookups.choose_several, lookup, chosen)
    assert [*rows] == [1, 2, 6, 7, 8]
    assert {rows[at].line for at in (6, 7, 8)} == {12}
    assert (submission.to_send, submission.item_count) == (5, 8)

    submission, rows = changed(draft, lookups.forget, submission_id, [5])
    assert [*rows] == [1, 2]
    assert submission.to_send == 2
    assert submission.state == State.DRAFT


def test_several_are_open_again_once_one_of_them_is_taken_back(draft):
    dashboard, submission_id = draft
    first, second = data_ids(2, start=7)
    both = [candidate(first, "/run/1/a.bam"), candidate(second, "/run/2/a.bam")]
    place = {"submission_id": submission_id, "position": 5}
    rows = [place | {"ordinal": n} | asdict(one) for n, one in enumerate(both, start=1)]
    with dashboard.store.write() as connection:
        connection.execute(insert(tables.candidates), rows)
        lookup = lookups.get(connection, submission_id, 5)
    changed(draft, lookups.choose, submission_id, [Choice(4, both[0], 0)])
    _, rows = changed(draft, lookups.choose_several, lookup, [Choice(5, one, 0) for one in both])
    assert [rows[at].data_id for at in (4, 6)] == [first, second]

    submission, rows = changed(draft, lookups.forget, submission_id, [4])
    assert [*rows] == [1, 2]
    with dashboard.store.read() as connection:
        assert lookups.get(connection, submission_id, 5).first_item is None
    assert submission.to_send == 2


def test_a_list_with_gaps_is_submitted_as_what_it_has(draft):
    dashboard, submission_id = draft
    new = data_ids(1, start=7)[0]
    changed(draft, lookups.choose, submission_id, [Choice(4, candidate(new, PATHS[1]), 0)])
    visitor = dashboard.visitor()
    place = f"/submissions/{submission_id}"
    assert visitor.post(f"{place}/submit", {"confirmed": "3"}).status_code == 303
    dashboard.work(60)
    with dashboard.store.read() as connection:
        submission = submissions.get(connection, submission_id)
    assert submission.state == State.SETTLED
    assert submission.counts == {"LINKED": 3}


def test_keys_are_the_same_for_other_capitals_and_code_points():
    assert lookups.key_of("/Run/É.bam") == lookups.key_of("/run/e\N{COMBINING ACUTE ACCENT}.BAM")
    assert lookups.key_of("/run/e.bam") != lookups.key_of(
        "/run/\N{LATIN SMALL LETTER E WITH ACUTE}.bam"
    )
