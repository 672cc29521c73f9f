"""A unit that workers die of: after the third it is given up or set aside, and a page says so."""

import threading
from dataclasses import replace

import pytest

from tests.dashboard import data_ids, open_dashboard
from tests.work.observation import batch_rows, page, row_counts, settle, submission
from webapp.store import batches, chores, uploads
from webapp.store.enums import Task
from webapp.store.leases import LEASE_SECONDS
from webapp.work import batch_runner, ica_check, reading

pytestmark = pytest.mark.long

LONG = 30_000  # ids: more than 1 MB, which the worker reads
STUCK = "3 workers in a row did not come to its end"
PAUSE = 300


@pytest.fixture
def dashboard(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=1e6, batch_size=10) as dashboard:
        yield dashboard


def die(dashboard, queue, times):
    """So many workers take what is due in the queue, and are never heard of again."""
    for _ in range(times):
        with dashboard.store.write() as connection:
            assert queue.claim(connection, "a worker that dies", dashboard.clock.now)
        dashboard.clock.advance(LEASE_SECONDS)


def test_a_list_that_workers_die_of_becomes_unreadable(dashboard):
    visitor = dashboard.visitor()
    place = visitor.draft(data_ids(LONG))
    die(dashboard, uploads, 3)
    dashboard.work()
    assert submission(dashboard, place).state == "unreadable"
    assert "3 times Linkboard died or failed while it read this list" in page(visitor, place)


def test_a_list_whose_readers_were_stopped_in_order_is_read(dashboard):
    place = dashboard.visitor().draft(data_ids(LONG))
    stopping = threading.Event()
    stopping.set()
    for _ in range(3):
        die(dashboard, uploads, 2)
        with dashboard.store.write() as connection:
            upload = uploads.claim(connection, "a worker of an older version", dashboard.clock.now)
        reading.read(replace(dashboard.context, stop=stopping), upload)
    dashboard.work()
    assert submission(dashboard, place).state == "draft"


def test_a_list_that_was_given_up_can_be_read_again(dashboard):
    visitor = dashboard.visitor()
    place = visitor.draft(data_ids(LONG))
    die(dashboard, uploads, 3)
    dashboard.work()
    visitor.post(f"{place}/reread", {})
    die(dashboard, uploads, 2)
    dashboard.work()
    assert submission(dashboard, place).state == "draft"


def test_a_chore_that_workers_die_of_ends(dashboard):
    visitor = dashboard.visitor()
    place = visitor.draft(data_ids(5))
    visitor.post(f"{place}/check")
    die(dashboard, chores, 3)
    dashboard.work()
    assert "ICA could not be asked which ids it would refuse." in page(visitor, place)
    assert visitor.post(f"{place}/submit").status_code == 303


def test_a_chore_goes_on_that_was_given_back_in_order(dashboard):
    visitor = dashboard.visitor()
    place = visitor.draft(data_ids(5))
    visitor.post(f"{place}/check")
    for _ in range(3):
        die(dashboard, chores, 2)
        with dashboard.store.write() as connection:
            chore = chores.claim(connection, "another", dashboard.clock.now)
            chores.give_back(connection, chore, dashboard.clock.now, due_at=dashboard.clock.now)
    dashboard.work()
    assert "Asked" in page(visitor, place)


@pytest.mark.slow
@pytest.mark.parametrize("size", [10, 20])
def test_a_batch_that_workers_die_of_is_set_aside_and_not_lost(dashboard, size):
    """The first, which was sent with the click, or the second, which was not sent yet."""
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(size))
    die(dashboard, batches, 3)
    dashboard.work()
    assert STUCK in page(visitor, place)
    assert "Blocked" in page(visitor, place)
    dashboard.clock.advance(PAUSE)
    die(dashboard, batches, 1)
    dashboard.work()
    assert STUCK in page(visitor, place)
    assert settle(dashboard, place).counts == {"LINKED": size} == row_counts(visitor, place)
    assert STUCK not in page(visitor, place)


def test_deaths_that_are_not_in_a_row_are_not_added_up(dashboard):
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(10))
    for _ in range(3):
        die(dashboard, batches, 2)
        with dashboard.store.write() as connection:
            batch = batches.claim(connection, "another", dashboard.clock.now)
            batches.record(connection, batch, dashboard.clock.now, due_at=dashboard.clock.now)
    dashboard.work()
    assert STUCK not in page(visitor, place)
    settle(dashboard, place)


def test_a_chore_that_makes_progress_may_cost_more_workers(dashboard):
    visitor = dashboard.visitor()
    place = visitor.draft(data_ids(1_500))
    visitor.post(f"{place}/check")
    for _ in range(5):
        with dashboard.store.write() as connection:
            chore = chores.claim(connection, "a worker that dies", dashboard.clock.now)
        assert ica_check.step(dashboard.context, chore).done > chore.done
        dashboard.clock.advance(LEASE_SECONDS)
    dashboard.work()
    assert "Asked" in page(visitor, place)


def test_a_worker_that_is_stopped_gives_its_batch_back(dashboard):
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(80))  # more batches than are closed within the request
    visitor.post(f"{place}/stop")
    stopping = threading.Event()
    stopping.set()
    with dashboard.store.write() as connection:
        batch = batches.claim(connection, "a worker", dashboard.clock.now)
    batch_runner.perform(replace(dashboard.context, stop=stopping), batch)
    assert batch.task == Task.CLOSE
    assert [left.lease_until for left in batch_rows(dashboard, place) if left.id == batch.id] == [
        0.0
    ]
