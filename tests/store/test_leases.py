"""The database is the queue: leases, urgency, and several workers at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import select

from tests.store.conftest import NOW
from webapp.store import Store, batches, due, sql, submissions, tables, workers
from webapp.store.enums import BatchState, Task
from webapp.store.leases import LEASE_SECONDS, LeaseLost
from webapp.store.workers import Beat

LINKED = {"LINKED": 1}


def claim(store, worker="w", now=NOW, **options):
    with store.write() as connection:
        return batches.claim(connection, worker, now, **options)


def record(store, batch, now=NOW, **values):
    with store.write() as connection:
        batches.record(connection, batch, now, **values)


def get(store, batch_id):
    with store.read() as connection:
        return _get(connection, batch_id)


def _get(connection, batch_id):
    statement = select(tables.batches).where(tables.batches.c.id == batch_id)
    return sql.fetch_one(connection, statement, batches.Batch)


def test_a_batch_is_leased_to_one_worker_for_a_minute(store, make_batches):
    (only,) = make_batches(1)
    assert claim(store).id == only
    assert claim(store, "another", NOW + LEASE_SECONDS - 1) is None
    again = claim(store, "another", NOW + LEASE_SECONDS)
    assert (again.id, again.worker, again.try_number) == (only, "another", 2)


def test_a_worker_without_its_lease_keeps_nothing(store, make_batches):
    make_batches(1)
    late = claim(store)
    claim(store, "another", NOW + LEASE_SECONDS)
    with pytest.raises(LeaseLost):
        record(store, late, state=BatchState.RUNNING, ica_batch_id="lost")
    now = get(store, late.id)
    assert (now.state, now.ica_batch_id, now.worker) == (BatchState.WAITING, None, "another")


def test_the_same_worker_of_an_earlier_try_keeps_nothing_either(store, make_batches):
    make_batches(1)
    late = claim(store)
    claim(store, now=NOW + LEASE_SECONDS)
    with pytest.raises(LeaseLost):
        record(store, late, state=BatchState.RUNNING)


def test_a_stop_takes_a_batch_from_a_worker_whose_lease_has_run_out(store, make_batches):
    make_batches(1)
    late = claim(store)
    with store.write() as connection:
        assert batches.stop(connection, late.submission_id, 1, NOW) == 0
        assert batches.stop(connection, late.submission_id, 1, NOW + LEASE_SECONDS) == 1
    with pytest.raises(LeaseLost):
        record(store, late, state=BatchState.SENDING, task=Task.FIND)


def test_what_is_not_kept_changes_no_submission(store, make_batches):
    make_batches(1)
    late = claim(store)
    claim(store, "another", NOW + LEASE_SECONDS)
    with store.read() as connection:
        before = submissions.get(connection, late.submission_id)
    with pytest.raises(LeaseLost):
        record(store, late, counts={"LINKED": 1})
    with store.read() as connection:
        assert submissions.get(connection, late.submission_id) == before


def test_only_what_is_due_is_claimed_and_the_urgent_first(store, make_batches):
    walking, refreshing, sending, later = make_batches(4)
    for batch_id, values in {
        walking: {"task": Task.WALK, "due_at": NOW},
        refreshing: {"task": Task.REFRESH, "due_at": NOW - 5},
        sending: {"task": Task.SEND, "due_at": NOW},
        later: {"task": Task.SEND, "due_at": NOW + 1},
    }.items():
        _set(store, batch_id, **values)
    assert [claim(store).id for _ in range(3)] == [sending, walking, refreshing]
    assert claim(store) is None


def test_waiting_makes_the_least_urgent_urgent(store, make_batches):
    refreshing, sending = make_batches(2)
    _set(store, refreshing, task=Task.REFRESH, priority=4, due_at=NOW - 60)
    _set(store, sending, due_at=NOW)
    assert claim(store).id == refreshing


def test_accounts_at_their_limit_are_passed_over(store, make_batches):
    make_batches(1)
    account = get(store, 1).account_id
    assert claim(store, not_of={account}) is None
    with store.read() as connection:
        assert not due.look(connection, NOW, not_of={account}).batch
        assert due.look(connection, NOW, not_of={account + 1}).batch


def test_many_workers_claim_each_batch_once(store, make_batches, database_url):
    made = make_batches(40)
    claimed = Counter()

    def work(name):
        own = Store(database_url)
        while batch := claim(own, name):
            claimed[batch.id] += 1
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, ["w1", "w2", "w3", "w4"]))
    assert claimed == Counter(made)


def test_batches_of_one_submission_change_at_the_same_time(store, make_batches, database_url):
    """Each brings the submission up to date: no count is lost and nobody waits for ever."""
    count = len(make_batches(24))

    def work(name):
        own = Store(database_url)
        while batch := claim(own, name):
            ended = {"state": BatchState.SETTLED, "task": Task.NONE, "due_at": None}
            record(own, batch, **ended, held=LINKED, found=LINKED)
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, ["w1", "w2", "w3", "w4"]))
    with store.read() as connection:
        submission = submissions.get(connection, 1)
    assert (submission.state, submission.counts) == ("settled", {"LINKED": count})


def test_nothing_changed_raises_no_revision(store, make_batches):
    make_batches(1)
    batch = claim(store)
    record(store, batch, counts={"RUNNING": 1}, task=Task.REFRESH)
    with store.read() as connection:
        revision = submissions.get(connection, batch.submission_id).revision
    batch = claim(store)
    record(store, batch, counts={"RUNNING": 1}, task=Task.REFRESH, counted_at=NOW + 1)
    with store.read() as connection:
        assert submissions.get(connection, batch.submission_id).revision == revision


def test_workers_that_beat_are_counted_and_silent_ones_are_not(store):
    with store.write() as connection:
        one, two = Beat("one", NOW), Beat("two", NOW)
        assert workers.beat(connection, one, NOW) == 1
        assert workers.beat(connection, two, NOW) == 2
        assert workers.beat(connection, two, NOW + workers.SILENT_SECONDS) == 1
        assert workers.last_beat(connection) == NOW + workers.SILENT_SECONDS


def test_a_write_that_fails_keeps_nothing(store):
    with suppress(RuntimeError), store.write() as connection:
        workers.beat(connection, Beat("w", NOW), NOW)
        raise RuntimeError
    with store.read() as connection:
        assert workers.last_beat(connection) is None


def _set(store, batch_id, **values):
    """What a worker would have recorded."""
    with store.write() as connection:
        batches.keep(connection, _get(connection, batch_id), NOW, lease_until=0.0, **values)
