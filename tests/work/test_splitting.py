"""A batch that ICA refuses as it stands is sent in halves, and nothing is lost or doubled by it."""

from contextlib import contextmanager

import pytest

from tests.agreement import ByVisitor, assert_all_agree
from tests.dashboard import data_ids, open_dashboard
from tests.store.invariants import assert_consistent
from tests.web.confirmation import confirm
from tests.work.observation import batch_rows, page, row_counts, rows, settle, submission
from webapp.store.enums import BatchState

pytestmark = pytest.mark.long

CREATE = "createProjectDataLinkingBatch"
UNLINK = "createProjectDataUnlinkingBatch"
TOO_LARGE = {"create:too-large": 1, "unlink-create:too-large": 1}
DAY = 86_400.0


@contextmanager
def opened(database_url, folder, most, faults=TOO_LARGE, **settings):
    """A dashboard whose ICA takes batches of at most so many ids."""
    ica = {"batch_items": most}
    with open_dashboard(database_url, folder, faults=faults, ica=ica, **settings) as dashboard:
        yield dashboard
        check(dashboard)


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'b.db'}"


def check(dashboard):
    with dashboard.store.read() as connection:
        assert_consistent(connection)


def send_all(dashboard, place, *, checked=False):
    """Unit by unit, the numbers `checked` after each, until nothing waits; the sizes sent."""
    end = dashboard.clock.now + 600
    while any(batch.state in {"waiting", "sending"} for batch in batch_rows(dashboard, place)):
        assert dashboard.clock.now < end
        unit = dashboard.worker._next_unit()
        if unit is None:
            dashboard.clock.advance(1)
        else:
            unit()
            if checked:
                check(dashboard)
    return [batch.size for batch in batch_rows(dashboard, place) if batch.ica_batch_id]


def posts(dashboard, operation=CREATE):
    return dashboard.sim.calls().get(operation, 0)


def test_a_batch_that_is_too_large_is_sent_in_pieces(database_url, tmp_path):
    with opened(database_url, tmp_path, 6) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit([*data_ids(30), *data_ids(10, ending="00", start=500)])
        assert "it is sent in smaller ones" in page(visitor, place)
        assert set(send_all(dashboard, place, checked=True)) == {5}
        assert posts(dashboard) == 3 + 8  # of 40, 20 and 10 ids, then 8 of 5
        ended = dict.fromkeys(data_ids(30), "LINKED")
        ended |= dict.fromkeys(data_ids(10, ending="00", start=500), "FAILED")
        settle(dashboard, place)
        assert_all_agree(ByVisitor(visitor), dashboard.sim.root, place, ended)
        assert "smaller ones" not in page(visitor, place)


@pytest.mark.parametrize(
    ("most", "ids", "pieces", "remembered"), [(100, 400, 4, DAY), (3, 12, 4, 600)]
)
def test_the_size_that_passed_is_remembered(sqlite_url, tmp_path, most, ids, pieces, remembered):
    """For a day; one that no server is known to have, for minutes."""
    with opened(sqlite_url, tmp_path, most, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        settle(dashboard, visitor.submit(data_ids(ids)))
        for start, later, refused in ((1000, 0, 0), (2000, remembered + 1, 2), (3000, 0, 0)):
            dashboard.clock.advance(later)
            visitor.sign_in()
            dashboard.sim.forget_calls()
            place = visitor.submit(data_ids(ids, start=start))
            send_all(dashboard, place)
            assert posts(dashboard) == refused + pieces
            settle(dashboard, place)
            assert row_counts(visitor, place) == {"LINKED": ids}


def test_what_refuses_all_for_a_moment_leaves_nothing_behind(sqlite_url, tmp_path):
    """A proxy that answers 413 to everything, and then to nothing any more."""
    with opened(sqlite_url, tmp_path, 1, {}, rate=1e6, batch_size=64) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"create:refused-size": 1})
        place = visitor.submit(data_ids(128))
        settle(dashboard, place)
        assert posts(dashboard) < 40
        assert row_counts(visitor, place) == {"NOT_SENT": 128}
        dashboard.sim.set_faults({})
        dashboard.sim.forget_calls()
        settle(dashboard, visitor.submit(data_ids(128, start=500)))
        assert posts(dashboard) == 2


def test_more_pieces_than_are_made_at_once(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.store.splitting.MOST_PIECES", 2)
    with opened(sqlite_url, tmp_path, 1, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(6, ending="02"))
        for _ in range(2):
            assert set(send_all(dashboard, place)) == {1}
            settle(dashboard, place)
            if row_counts(visitor, place) == {"FAILED": 6}:
                confirm(visitor, f"{place}/retry")
        assert row_counts(visitor, place) == {"LINKED": 6}


def test_later_attempts_are_split_too(database_url, tmp_path):
    with opened(database_url, tmp_path, 6, {}, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        late = data_ids(17, ending="02", start=100)  # fail first, link when tried again
        place = visitor.submit([*data_ids(9), *late, *data_ids(4, start=300)])
        settle(dashboard, place)
        dashboard.sim.set_faults(TOO_LARGE)
        dashboard.sim.forget_calls()
        confirm(visitor, f"{place}/retry")
        check(dashboard)
        assert "it is sent in smaller ones" in page(visitor, place)
        send_all(dashboard, place, checked=True)
        assert posts(dashboard) == 2 + 4  # of 17 and 9 ids, then 5, 4, 5, 3
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"LINKED": 30}
        dashboard.clock.advance(DAY + 1)
        visitor.sign_in()
        confirm(visitor, f"{place}/undo")
        send_all(dashboard, place)
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"UNLINKED": 30}
        assert posts(dashboard, UNLINK) == 3 + 8  # of 30, 15, 8, and of 4


def test_what_was_left_out_counts_in_no_piece(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, 6, {}) as dashboard:
        visitor = dashboard.visitor()
        settle(dashboard, visitor.submit(data_ids(10, start=5)))
        dashboard.sim.set_faults(TOO_LARGE)
        place = visitor.draft(data_ids(30))
        visitor.post(f"{place}/leave-out", {"which": "linked"})
        assert visitor.post(f"{place}/submit").status_code == 303
        assert send_all(dashboard, place) == [5, 5, 5, 5]
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"LINKED": 20, "LEFT_OUT": 10}


def test_a_400_finds_the_one_id_that_ica_does_not_take(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, 100, {"create:bad-id": 1}, batch_size=50) as dashboard:
        visitor = dashboard.visitor()
        bad = f"fil.{'0' * 29}bad"
        place = visitor.submit(
            [*data_ids(50), *data_ids(20, start=100), bad, *data_ids(29, start=200)]
        )
        send_all(dashboard, place)
        assert posts(dashboard) <= 1 + 2 * 6 + 1
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"LINKED": 99, "NOT_SENT": 1}
        (row,) = [row for row in rows(visitor, place) if row["status"] == "NOT_SENT"]
        assert row["data_id"] == bad
        assert row["reason"] == "ICA refused the batch: The batch has data that do not exist"
        dashboard.sim.forget_calls()
        settle(dashboard, visitor.submit(data_ids(40, start=1000)))
        assert posts(dashboard) == 1  # a small size is not taken for a limit of ICA's


@pytest.mark.parametrize(("most", "calls"), [(130, [3, 2]), (60, [15, 15])])
def test_a_size_from_a_400_is_remembered_from_100_on(sqlite_url, tmp_path, most, calls):
    """130 ids are taken for a limit of ICA's; 33 may be of what is in them: seven in vain each."""
    with opened(sqlite_url, tmp_path, most, {"create:too-large-400": 1}, rate=1e6) as dashboard:
        visitor, needed = dashboard.visitor(), []
        for start in (0, 1000):
            dashboard.sim.forget_calls()
            place = visitor.submit(data_ids(260, start=start))
            send_all(dashboard, place)
            needed.append(posts(dashboard))
        assert needed == calls


def test_what_ica_refuses_id_by_id_is_refused_as_a_whole(sqlite_url, tmp_path):
    faults = {"create:refused-batch": 1}
    with opened(sqlite_url, tmp_path, 100, faults, batch_size=50) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        send_all(dashboard, place)
        assert posts(dashboard) <= 24
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"NOT_SENT": 100}
        said = "Data of different regions can't be linked or unlinked in one batch"
        found = rows(visitor, place)
        assert {row["reason"] for row in found} == {f"ICA refused the batch: {said}"}
        count = len(batch_rows(dashboard, place))
        told = f"ICA refused {count} batches, so they were not sent."
        assert page(visitor, place).count(told) == 1
        assert "ICA refused batch" not in page(visitor, place)
        assert " Refused " in page(visitor, "/submissions")
        assert submission(dashboard, place).counts == {"NOT_SENT": 100}


def test_parts_by_a_400_have_a_bound(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.work.splitting.MAX_PARTS", 3)
    with opened(sqlite_url, tmp_path, 4, {"create:too-large-400": 1}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(40))
        send_all(dashboard, place)
        settle(dashboard, place)
        assert set(row_counts(visitor, place)) == {"NOT_SENT"}
        assert len(batch_rows(dashboard, place)) == 4


def test_a_lost_answer_of_a_half_is_found(sqlite_url, tmp_path):
    faults = TOO_LARGE | {"create:dropped-after": "1x"}
    with opened(sqlite_url, tmp_path, 10, {}) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults(TOO_LARGE)
        place = visitor.submit(data_ids(20))
        dashboard.sim.set_faults(faults)
        first, rest = batch_rows(dashboard, place)
        dashboard.worker._next_unit()
        send_all(dashboard, place)
        assert (first.size, rest.size, rest.rest_of) == (10, 10, first.id)
        assert posts(dashboard) == 1 + 2
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"LINKED": 20}


def test_the_other_half_waits_until_the_first_is_decided(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, 10) as dashboard:
        place = dashboard.visitor().submit(data_ids(20))
        first, rest = batch_rows(dashboard, place)
        assert (first.state, first.due_at) == (BatchState.WAITING, dashboard.clock.now)
        assert (rest.state, rest.due_at) == (BatchState.WAITING, dashboard.clock.now + 60)
        dashboard.sim.set_faults({"create:dropped-before": 1})
        dashboard.work(20)
        assert [one.state for one in batch_rows(dashboard, place)] == ["sending", "waiting"]
        dashboard.sim.set_faults(TOO_LARGE)
        send_all(dashboard, place)
        assert settle(dashboard, place).counts == {"LINKED": 20}


def test_a_stop_ends_all_pieces(database_url, tmp_path):
    with opened(database_url, tmp_path, 5) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(40))
        assert visitor.post(f"{place}/stop").status_code == 303
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"NOT_SENT": 40}
        assert posts(dashboard) == 1
