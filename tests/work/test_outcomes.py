"""A submission from its first byte to its last outcome."""

import pytest

from tests.dashboard import data_ids, open_dashboard
from tests.variants import in_full
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
    with open_dashboard(database_url, tmp_path, rate=20, batch_size=40) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(MIXED)
        settled = settle(dashboard, place)
        assert settled.counts == OUTCOMES == row_counts(visitor, place)
        assert [row["data_id"] for row in rows(visitor, place)] == MIXED
        assert [row["line"] for row in rows(visitor, place)] == [str(n) for n in range(1, 149)]
        assert [batch.size for batch in batch_rows(dashboard, place)] == [40, 40, 40, 28]
        assert all(batch.counts and not batch.trouble for batch in batch_rows(dashboard, place))
        failed = [row for row in rows(visitor, place) if row["status"] == "FAILED"]
        assert {row["reason"] for row in failed} == {"Data not found."}


def test_a_settled_batch_is_never_asked_about_again(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        settle(dashboard, visitor.submit(data_ids(30)))
        dashboard.sim.forget_calls()
        dashboard.work(3600, step=300)
        assert set(dashboard.sim.calls()) <= {"getProject", "createJwtToken"}


def test_progress_is_seen_while_it_runs_and_the_first_failures_with_it(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(10, ending="00") + data_ids(190, start=500))
        dashboard.work(12)
        running = submission(dashboard, place)
        assert running.state == State.ACTIVE
        assert running.counts["FAILED"] == 10
        assert 0 < running.counts["LINKED"] < 190
        assert sum(running.counts.values()) == 200
        assert row_counts(visitor, place)["FAILED"] == 10
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"FAILED": 10, "LINKED": 190}


@pytest.mark.parametrize("size", [100, *in_full(200_000)])
def test_a_refresh_costs_at_most_nine_calls_whatever_the_size(tmp_path, size):
    with open_dashboard(
        f"sqlite:///{tmp_path / 'b.db'}", tmp_path, rate=size / 100, batch_size=size
    ) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft(data_ids(size))
        dashboard.work()  # a long list is read by the worker
        visitor.post(f"{place}/submit")
        dashboard.work(40)
        before = batch_rows(dashboard, place)[0].counted_at
        dashboard.sim.forget_calls()
        watchers = [dashboard.visitor() for _ in range(50)]
        dashboard.sim.forget_calls()
        visitor.part(f"{place}/progress")
        dashboard.work(2, step=2.0)
        for watcher in watchers:
            assert watcher.part(f"{place}/progress").status_code == 200
        assert dashboard.work() == 0, "fifty more watchers make nothing due"
        assert batch_rows(dashboard, place)[0].counted_at > before
        calls = dashboard.sim.calls()
        assert calls.pop("getProject", 0) <= 50  # asked once for each visitor
        calls.pop("createJwtToken", 0)
        refreshes = calls["getJob"]
        assert refreshes <= 2
        pages = refreshes  # one page of the walk goes with each
        assert sum(calls.values()) <= 9 * refreshes + pages


def test_without_totals_the_rows_are_counted_by_walking(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=20, faults={"null-totals": 1}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(MIXED)
        dashboard.work(5)
        assert sum(submission(dashboard, place).counts.values()) == 148
        assert settle(dashboard, place).counts == OUTCOMES == row_counts(visitor, place)


@pytest.mark.slow
@pytest.mark.parametrize("faults", [{"null-job": 1}, {"null-job": 1, "null-totals": 1}])
def test_without_a_job_the_counts_decide(database_url, tmp_path, faults):
    with open_dashboard(database_url, tmp_path, rate=10, faults=faults) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(MIXED)
        dashboard.work(10)
        assert submission(dashboard, place).state == State.ACTIVE
        assert settle(dashboard, place).counts == OUTCOMES == row_counts(visitor, place)
        assert "getJob" not in dashboard.sim.calls()


@pytest.mark.slow
@pytest.mark.parametrize("faults", [{}, {"null-job": 1}, {"null-totals": 1}])
def test_a_status_never_heard_of_goes_through(database_url, tmp_path, faults):
    with open_dashboard(
        database_url, tmp_path, faults={"create:unknown-status": 1, **faults}
    ) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(40))
        settled = settle(dashboard, place)
        (word,) = settled.counts.keys() - {"LINKED"}
        assert settled.counts == row_counts(visitor, place)
        assert word.capitalize() in page(visitor, place)
        assert f'title="{word}"' in visitor.get(place).text  # in ICA's word
        odd = [row["data_id"] for row in rows(visitor, place) if row["status"] == word]
        assert odd[0] in page(visitor, f"{place}/items?status={word}")
        filtered = visitor.get(f"{place}/export.txt?status={word}").get_data(as_text=True)
        assert filtered.split() == odd


def test_v3_says_failed_for_partially_and_makes_an_item_of_each_file(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, ica_version="v3", batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        files, folders = data_ids(15), data_ids(4, ending="10", kind="fol", start=100)
        place = visitor.submit(files + folders)
        settled = settle(dashboard, place)
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
    with open_dashboard(database_url, tmp_path, rate=0.05) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(20))
        dashboard.work(5)
        _end_the_job(dashboard, place)
        dashboard.sim.forget_calls()
        dashboard.work(130, step=5.0)
        settled = submission(dashboard, place)
        assert settled.state == State.SETTLED
        assert dashboard.sim.calls()["getProjectDataLinkingBatchItems"] == 4
        assert settled.counts == row_counts(visitor, place)
        assert settled.counts.keys() & {"INITIALISED", "WAITING_RESOURCES", "RUNNING"}


def _end_the_job(dashboard, place):
    """ICA's own job never does this; the store is told what a refresh would have found."""

    now = dashboard.clock.now
    with dashboard.store.write() as connection:
        (batch,) = batch_rows(dashboard, place)
        batches.keep(
            connection, batch, now, task="walk", due_at=now, job_status="STOPPED", round_cursor=None
        )
