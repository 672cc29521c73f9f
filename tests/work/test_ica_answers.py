"""Answers that the contract leaves open: whatever ICA makes of it, a list comes to an end."""

from contextlib import contextmanager

import pytest

from tests.agreement import ByVisitor, by_find
from tests.dashboard import data_ids, open_dashboard
from tests.simulated_ica import FIRST_PROJECT
from tests.store.invariants import assert_consistent
from tests.work.observation import batch_rows, page, row_counts, rows, settle, submission
from webapp.store.enums import BatchState

ITEMS = "getProjectDataLinkingBatchItems"
CREATE = "createProjectDataLinkingBatch"
JOBS = "getJobs"


@contextmanager
def opened(database_url, folder, **options):
    with open_dashboard(database_url, folder, **options) as dashboard:
        yield dashboard
        with dashboard.store.read() as connection:
            assert_consistent(connection)


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'b.db'}"


def calls(dashboard, operation):
    return dashboard.sim.calls().get(operation, 0)


# pages


@pytest.mark.slow
def test_pages_are_as_small_as_ica_takes_them(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=1e6, ica={"page_items": 100}) as dashboard:
        visitor = dashboard.visitor()
        needed = []
        for start in (0, 1000):
            dashboard.sim.forget_calls()
            place = visitor.submit(data_ids(500, start=start))
            settle(dashboard, place)
            assert row_counts(visitor, place) == {"LINKED": 500}
            needed.append(calls(dashboard, ITEMS))
        assert needed[0] - needed[1] == 4  # pages of 1,000, 500, 250 and 125 rows were tried once


def test_counts_come_from_the_rows_where_ica_takes_no_offsets(database_url, tmp_path):
    faults = {"items:refused-offset": 1}
    with opened(database_url, tmp_path, rate=5, faults=faults) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100) + data_ids(3, ending="00", start=500))
        dashboard.work(8)
        assert submission(dashboard, place).counts.get("LINKED", 0) > 0
        dashboard.sim.forget_calls()
        dashboard.work(10)
        assert calls(dashboard, ITEMS) == calls(dashboard, "getJob") > 0  # no vain counting
        settled = settle(dashboard, place)
        assert settled.counts == {"LINKED": 100, "FAILED": 3} == row_counts(visitor, place)


def test_a_lost_batch_is_found_where_jobs_can_not_be_sorted(database_url, tmp_path):
    faults = {"create:dropped-after": "1x", "jobs:refused-offset": 1}
    with opened(database_url, tmp_path, faults=faults) as dashboard:
        place = dashboard.visitor().submit(data_ids(40))
        dashboard.work(5)
        assert batch_rows(dashboard, place)[0].ica_batch_id
        assert settle(dashboard, place).counts == {"LINKED": 40}
        assert calls(dashboard, CREATE) == 1


def test_a_lost_batch_is_found_where_pages_of_jobs_are_small(sqlite_url, tmp_path):
    """On the second page, behind 30 others: a smaller page is not the last one."""
    with opened(sqlite_url, tmp_path, ica={"page_items": 20}) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"create:dropped-after": "1x"})
        place = visitor.submit(data_ids(7))
        for number in range(30):
            visitor.submit(data_ids(1, start=1000 + number))
        dashboard.work(5)
        assert batch_rows(dashboard, place)[0].ica_batch_id
        assert calls(dashboard, CREATE) == 31


# circles


@pytest.mark.slow
@pytest.mark.parametrize("totals", [{}, {"items:null-totals": 1}, {"items:refused-offset": 1}])
@pytest.mark.parametrize("fault", ["repeated-cursor", "circling-cursor", "endless-cursor"])
def test_pages_that_go_round_in_a_circle_are_left(database_url, tmp_path, fault, totals):
    with opened(database_url, tmp_path, rate=2000) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(2500))
        dashboard.sim.set_faults({f"items:{fault}": 1} | totals)
        settled = settle(dashboard, place)
        found = row_counts(visitor, place)
        seen = 2000 if fault == "repeated-cursor" else 2500  # the third page is in no circle
        assert found == {
            status: count
            for status, count in {"LINKED": seen, "UNKNOWN": 2500 - seen}.items()
            if count
        }
        assert settled.counts == found
        if seen < 2500:
            assert "round in a circle" in rows(visitor, place)[-1]["reason"]
        assert calls(dashboard, ITEMS) < 120
        assert batch_rows(dashboard, place)[0].state == BatchState.SETTLED


def test_a_circle_that_ends_in_time_costs_one_more_round(database_url, tmp_path):
    with opened(database_url, tmp_path, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(2500))
        dashboard.sim.set_faults({"items:repeated-cursor": "2x"})
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"LINKED": 2500}


def test_a_circle_is_no_trouble_while_the_batch_runs(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=100) as dashboard:
        place = dashboard.visitor().submit(data_ids(3500))
        dashboard.sim.set_faults({"items:circling-cursor": 1})
        for _ in range(15):
            dashboard.work(2)
            (batch,) = batch_rows(dashboard, place)
            assert (batch.state, batch.failures, batch.trouble) == (BatchState.RUNNING, 0, None)


@pytest.mark.slow
def test_failures_in_a_circle_do_not_hold_up_the_rest(sqlite_url, tmp_path):
    """They are read first; without totals and a job the rest is what decides about the end."""
    faults = {"null-job": 1, "items:null-totals": 1, "items:circling-cursor": 1}
    with opened(sqlite_url, tmp_path, rate=300, faults=faults) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(3000, ending="00") + data_ids(2000, start=4000))
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"FAILED": 3000, "LINKED": 2000}


# words and items that nobody has heard of


def test_a_job_status_never_seen_leaves_the_end_to_the_items(database_url, tmp_path):
    with opened(database_url, tmp_path, rate=50, faults={"unknown-job": 1}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        dashboard.work(1)
        assert batch_rows(dashboard, place)[0].state == BatchState.RUNNING
        assert settle(dashboard, place).counts == {"LINKED": 100} == row_counts(visitor, place)
        assert batch_rows(dashboard, place)[0].job_status == "CLEANING_UP"


@pytest.mark.slow
@pytest.mark.parametrize("watched", [False, True])
def test_items_that_contradict_their_counts_are_read_ever_more_seldom(
    sqlite_url, tmp_path, watched
):
    """Counts say that none moves, the items that they do: else all were read every 5 seconds."""
    with opened(sqlite_url, tmp_path, rate=1e-3, faults={"unknown-job": 1}) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"unknown-job": 1, "items:miscounted": 1})
        place = visitor.submit(data_ids(5))
        dashboard.work(60)
        dashboard.sim.forget_calls()
        for _ in range(60):
            dashboard.work(60, step=10)
            if watched:
                visitor.get(f"{place}/progress")
        assert dashboard.sim.total_calls() < 300


def test_one_item_that_can_not_be_read_is_told_alone(database_url, tmp_path):
    with opened(database_url, tmp_path, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"items:malformed-item": 1})
        place = visitor.submit(data_ids(40))
        assert settle(dashboard, place).counts == {"LINKED": 39, "UNKNOWN": 1}
        first, second = rows(visitor, place)[:2]
        assert (first["data_id"], first["status"]) == (data_ids(1)[0], "UNKNOWN")
        assert first["reason"].startswith("ICA's entry of this id can't be read: Expected `str`")
        assert second["status"] == "LINKED"


def test_an_item_of_which_not_even_the_id_can_be_read_is_not_listed(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"items:nameless-item": 1})
        place = visitor.submit(data_ids(40))
        assert settle(dashboard, place).counts == {"LINKED": 39, "UNKNOWN": 1}
        assert "or none that can be read" in rows(visitor, place)[0]["reason"]


def test_an_item_that_can_be_read_later_is_told_then(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=10) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"items:malformed-item": 1})
        place = visitor.submit(data_ids(40))
        dashboard.work(3)
        assert rows(visitor, place)[0]["status"] == "UNKNOWN"
        dashboard.sim.set_faults({})
        assert settle(dashboard, place).counts == {"LINKED": 40} == row_counts(visitor, place)


# ids in capitals


def test_ids_that_ica_writes_in_capitals_are_the_same_ids(database_url, tmp_path):
    ids = [*data_ids(20), *data_ids(2, kind="fol", start=100)]
    with opened(database_url, tmp_path, faults={"capitals": 1}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(ids)
        assert settle(dashboard, place).counts == {"LINKED": 22}
        assert [row["data_id"] for row in rows(visitor, place)] == ids
        assert by_find(ByVisitor(visitor), ids) == dict.fromkeys(ids, "LINKED")


def test_a_lost_batch_is_found_by_ids_in_capitals(sqlite_url, tmp_path):
    faults = {"capitals": 1, "create:dropped-after": "1x"}
    with opened(sqlite_url, tmp_path, faults=faults) as dashboard:
        place = dashboard.visitor().submit(data_ids(40))
        dashboard.work(5)
        assert batch_rows(dashboard, place)[0].ica_batch_id
        settle(dashboard, place)
        assert calls(dashboard, CREATE) == 1


def test_an_adopted_batch_keeps_small_ids(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, faults={"capitals": 1}) as dashboard:
        visitor = dashboard.visitor()
        client = dashboard.context.clients.for_key("demo-key", "")
        batch = client.create_batch(FIRST_PROJECT, data_ids(5))
        fields = {"project_id": FIRST_PROJECT, "batch_id": batch.id, "name": "adopted"}
        adopted = visitor.post("/submissions/adopt", fields).location
        settle(dashboard, adopted)
        assert [row["data_id"] for row in rows(visitor, adopted)] == data_ids(5)


def test_ica_is_asked_which_ids_it_would_refuse_in_any_case(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, faults={"capitals": 1}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft(data_ids(5))
        visitor.post(f"{place}/check")
        dashboard.work(2)
        assert submission(dashboard, place).review.refused == 0
        assert "refuse" in page(visitor, place)
