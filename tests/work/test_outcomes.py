"""A submission from its first byte to its last outcome."""

import pytest

from tests.stage import data_ids, stage
from tests.work.observation import batch_rows, page, row_counts, rows, settle, submission
from webapp.store import batches
from webapp.store.enums import State

MIXED = (
    data_ids(120)
    + data_ids(12, ending="00", start=1000)
    + data_ids(9, ending="03", start=2000)
    + data_ids(7, ending="10", kind="fol", start=3000)
)
OUTCOMES = {"LINKED": 120, "FAILED": 12, "ALREADY_LINKED": 9, "PARTIALLY_LINKED": 7}


def test_counts_rows_and_export_agree_at_the_end(database_url, tmp_path):
    with stage(database_url, tmp_path, rate=20, batch_size=40) as st:
        visitor = st.visitor()
        place = visitor.submit(MIXED)
        settled = settle(st, place)
        assert settled.counts == OUTCOMES == row_counts(visitor, place)
        assert [row["data_id"] for row in rows(visitor, place)] == MIXED
        assert [row["line"] for row in rows(visitor, place)] == [str(n) for n in range(1, 149)]
        assert [batch.size for batch in batch_rows(st, place)] == [40, 40, 40, 28]
        assert all(batch.counts and not batch.trouble for batch in batch_rows(st, place))
        failed = [row for row in rows(visitor, place) if row["status"] == "FAILED"]
        assert {row["reason"] for row in failed} == {"Data not found."}


def test_a_settled_batch_is_never_asked_about_again(database_url, tmp_path):
    with stage(database_url, tmp_path) as st:
        visitor = st.visitor()
        settle(st, visitor.submit(data_ids(30)))
        st.sim.forget_calls()
        st.work(3600, step=300)
        assert set(st.sim.calls()) <= {"getProject", "createJwtToken"}


def test_progress_is_seen_while_it_runs_and_the_first_failures_with_it(database_url, tmp_path):
    with stage(database_url, tmp_path, rate=10) as st:
        visitor = st.visitor()
        place = visitor.submit(data_ids(10, ending="00") + data_ids(190, start=500))
        st.work(12)
        running = submission(st, place)
        assert running.state == State.ACTIVE
        assert running.counts["FAILED"] == 10
        assert 0 < running.counts["LINKED"] < 190
        assert sum(running.counts.values()) == 200
        assert row_counts(visitor, place)["FAILED"] == 10
        settle(st, place)
        assert row_counts(visitor, place) == {"FAILED": 10, "LINKED": 190}


@pytest.mark.parametrize("size", [100, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_refresh_costs_at_most_nine_calls_whatever_the_size(tmp_path, size):
    with stage(f"sqlite:///{tmp_path / 'b.db'}", tmp_path, rate=size / 100, batch_size=size) as st:
        visitor = st.visitor()
        place = visitor.draft(data_ids(size))
        st.work()  # a long list is read by the worker
        visitor.post(f"{place}/submit")
        st.work(40)
        before = batch_rows(st, place)[0].counted_at
        st.sim.forget_calls()
        watchers = [st.visitor() for _ in range(50)]
        st.sim.forget_calls()
        visitor.part(f"{place}/progress")
        st.work(2, step=2.0)
        for watcher in watchers:
            assert watcher.part(f"{place}/progress").status_code == 200
        assert st.work() == 0, "fifty more watchers make nothing due"
        assert batch_rows(st, place)[0].counted_at > before
        calls = st.sim.calls()
        assert calls.pop("getProject", 0) <= 50  # asked once for each visitor
        calls.pop("createJwtToken", 0)
        refreshes = calls["getJob"]
        assert refreshes <= 2
        pages = refreshes  # one page of the walk goes with each
        assert sum(calls.values()) <= 9 * refreshes + pages


def test_without_totals_the_rows_are_counted_by_walking(database_url, tmp_path):
    with stage(database_url, tmp_path, rate=20, faults={"null-totals": 1}) as st:
        visitor = st.visitor()
        place = visitor.submit(MIXED)
        st.work(5)
        assert sum(submission(st, place).counts.values()) == 148
        assert settle(st, place).counts == OUTCOMES == row_counts(visitor, place)


@pytest.mark.parametrize("faults", [{"null-job": 1}, {"null-job": 1, "null-totals": 1}])
def test_without_a_job_the_counts_decide(database_url, tmp_path, faults):
    with stage(database_url, tmp_path, rate=10, faults=faults) as st:
        visitor = st.visitor()
        place = visitor.submit(MIXED)
        st.work(10)
        assert submission(st, place).state == State.ACTIVE
        assert settle(st, place).counts == OUTCOMES == row_counts(visitor, place)
        assert "getJob" not in st.sim.calls()


@pytest.mark.parametrize("faults", [{}, {"null-job": 1}, {"null-totals": 1}])
def test_a_status_never_heard_of_goes_through(database_url, tmp_path, faults):
    with stage(database_url, tmp_path, faults={"create:unknown-status": 1, **faults}) as st:
        visitor = st.visitor()
        place = visitor.submit(data_ids(40))
        settled = settle(st, place)
        (word,) = settled.counts.keys() - {"LINKED"}
        assert settled.counts == row_counts(visitor, place)
        assert word in page(visitor, place)
        odd = [row["data_id"] for row in rows(visitor, place) if row["status"] == word]
        assert odd[0] in page(visitor, f"{place}/items?status={word}")
        filtered = visitor.get(f"{place}/export.txt?status={word}").get_data(as_text=True)
        assert filtered.split() == odd


def test_v3_says_failed_for_partially_and_makes_an_item_of_each_file(database_url, tmp_path):
    with stage(database_url, tmp_path, ica_version="v3", batch_size=10) as st:
        visitor = st.visitor()
        files, folders = data_ids(15), data_ids(4, ending="10", kind="fol", start=100)
        place = visitor.submit(files + folders)
        settled = settle(st, place)
        found = rows(visitor, place)
        assert [row["data_id"] for row in found[:19]] == files + folders
        assert {row["status"] for row in found[15:19]} == {"EXPANDED"}
        assert all("one item of each file" in row["reason"] for row in found[15:19])
        appended = found[19:]
        assert appended
        assert {row["line"] for row in appended} == {""}
        assert "PARTIALLY_LINKED" not in settled.counts
        assert settled.counts == row_counts(visitor, place)
        assert settled.item_count == len(found)


def test_a_job_that_ends_while_items_move_is_walked_three_times_more(database_url, tmp_path):
    with stage(database_url, tmp_path, rate=0.05) as st:
        visitor = st.visitor()
        place = visitor.submit(data_ids(20))
        st.work(5)
        _end_the_job(st, place)
        st.sim.forget_calls()
        st.work(130, step=5.0)
        settled = submission(st, place)
        assert settled.state == State.SETTLED
        assert st.sim.calls()["getProjectDataLinkingBatchItems"] == 4
        assert settled.counts == row_counts(visitor, place)
        assert settled.counts.keys() & {"INITIALISED", "WAITING_RESOURCES", "RUNNING"}


def _end_the_job(st, place):
    """ICA's own job never does this; the store is told what a refresh would have found."""

    now = st.clock.now
    with st.store.write() as connection:
        (batch,) = batch_rows(st, place)
        batches.keep(
            connection, batch, now, task="walk", due_at=now, job_status="STOPPED", round_cursor=None
        )
