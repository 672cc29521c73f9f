"""A unit that workers die of: after the third it is given up or set aside, and a page says so."""

import threading
from dataclasses import replace

import pytest

from tests.stage import data_ids, stage
from tests.work.observation import batch_rows, page, row_counts, settle, submission
from webapp.store import batches, chores, uploads
from webapp.store.enums import Task
from webapp.store.leases import LEASE_SECONDS
from webapp.work import batch_runner, ica_check, reading

LONG = 30_000  # ids: more than 1 MB, which the worker reads
STUCK = "3 workers in a row did not come to its end"
PAUSE = 300


@pytest.fixture
def st(database_url, tmp_path):
    with stage(database_url, tmp_path, rate=1e6, batch_size=10) as set_up:
        yield set_up


def die(st, queue, times):
    """So many workers take what is due in the queue, and are never heard of again."""
    for _ in range(times):
        with st.store.write() as connection:
            assert queue.claim(connection, "a worker that dies", st.clock.now)
        st.clock.advance(LEASE_SECONDS)


def test_a_list_that_workers_die_of_becomes_unreadable(st):
    visitor = st.visitor()
    place = visitor.draft(data_ids(LONG))
    die(st, uploads, 3)
    st.work()
    assert submission(st, place).state == "unreadable"
    assert "3 times Linkboard died or failed while it read this list" in page(visitor, place)


def test_a_list_whose_readers_were_stopped_in_order_is_read(st):
    place = st.visitor().draft(data_ids(LONG))
    stopping = threading.Event()
    stopping.set()
    for _ in range(3):
        die(st, uploads, 2)
        with st.store.write() as connection:
            upload = uploads.claim(connection, "a worker of an older version", st.clock.now)
        reading.read(replace(st.context, stop=stopping), upload)
    st.work()
    assert submission(st, place).state == "draft"


def test_a_list_that_was_given_up_can_be_read_again(st):
    visitor = st.visitor()
    place = visitor.draft(data_ids(LONG))
    die(st, uploads, 3)
    st.work()
    visitor.post(f"{place}/reread", {})
    die(st, uploads, 2)
    st.work()
    assert submission(st, place).state == "draft"


def test_a_chore_that_workers_die_of_ends(st):
    visitor = st.visitor()
    place = visitor.draft(data_ids(5))
    visitor.post(f"{place}/check")
    die(st, chores, 3)
    st.work()
    assert "ICA could not be asked which ids it would refuse." in page(visitor, place)
    assert visitor.post(f"{place}/submit").status_code == 303


def test_a_chore_goes_on_that_was_given_back_in_order(st):
    visitor = st.visitor()
    place = visitor.draft(data_ids(5))
    visitor.post(f"{place}/check")
    for _ in range(3):
        die(st, chores, 2)
        with st.store.write() as connection:
            chore = chores.claim(connection, "another", st.clock.now)
            chores.give_back(connection, chore, st.clock.now, due_at=st.clock.now)
    st.work()
    assert "Asked" in page(visitor, place)


@pytest.mark.parametrize("size", [10, 20])
def test_a_batch_that_workers_die_of_is_set_aside_and_not_lost(st, size):
    """The first, which was sent with the click, or the second, which was not sent yet."""
    visitor = st.visitor()
    place = visitor.submit(data_ids(size))
    die(st, batches, 3)
    st.work()
    assert STUCK in page(visitor, place)
    assert "Blocked" in page(visitor, place)
    st.clock.advance(PAUSE)
    die(st, batches, 1)
    st.work()
    assert STUCK in page(visitor, place)
    assert settle(st, place).counts == {"LINKED": size} == row_counts(visitor, place)
    assert STUCK not in page(visitor, place)


def test_deaths_that_are_not_in_a_row_are_not_added_up(st):
    visitor = st.visitor()
    place = visitor.submit(data_ids(10))
    for _ in range(3):
        die(st, batches, 2)
        with st.store.write() as connection:
            batch = batches.claim(connection, "another", st.clock.now)
            batches.record(connection, batch, st.clock.now, due_at=st.clock.now)
    st.work()
    assert STUCK not in page(visitor, place)
    settle(st, place)


def test_a_chore_that_makes_progress_may_cost_more_workers(st):
    visitor = st.visitor()
    place = visitor.draft(data_ids(1_500))
    visitor.post(f"{place}/check")
    for _ in range(5):
        with st.store.write() as connection:
            chore = chores.claim(connection, "a worker that dies", st.clock.now)
        assert ica_check.step(st.context, chore).done > chore.done
        st.clock.advance(LEASE_SECONDS)
    st.work()
    assert "Asked" in page(visitor, place)


def test_a_worker_that_is_stopped_gives_its_batch_back(st):
    visitor = st.visitor()
    place = visitor.submit(data_ids(80))  # more batches than are closed within the request
    visitor.post(f"{place}/stop")
    stopping = threading.Event()
    stopping.set()
    with st.store.write() as connection:
        batch = batches.claim(connection, "a worker", st.clock.now)
    batch_runner.perform(replace(st.context, stop=stopping), batch)
    assert batch.task == Task.CLOSE
    assert [left.lease_until for left in batch_rows(st, place) if left.id == batch.id] == [0.0]
