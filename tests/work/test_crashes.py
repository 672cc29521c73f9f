"""Workers that die, stall or come twice: nothing is lost, nothing doubled."""

import itertools
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.agreement import ByVisitor, assert_all_agree
from tests.dashboard import SECRET_KEY, data_ids, open_dashboard
from tests.processes import python
from tests.work.observation import batch_rows, row_counts, rows, settle, submission, walk_in_part
from webapp.store import batches, items, uploads
from webapp.store.enums import BatchState, Task
from webapp.store.items import Listed
from webapp.store.leases import LEASE_SECONDS
from webapp.vault import Vault
from webapp.work import batch_runner, reading
from webapp.work.clients import Clients
from webapp.work.worker import Worker

CREATE = "createProjectDataLinkingBatch"
ITEMS = "getProjectDataLinkingBatchItems"
LONG = 30_000  # ids: more than 1 MB, which the worker reads


def claim(dashboard, worker="a worker that dies"):
    with dashboard.store.write() as connection:
        return batches.claim(connection, worker, dashboard.clock.now)


class Died(BaseException):
    """A worker is killed: nothing that it does catches this."""


def dies(dashboard, *, at_call):
    """The context of a worker that dies at the answer to this call; the first is for a token."""
    answered = itertools.count(1)

    def on_call(_account_id):
        if next(answered) == at_call:
            raise Died

    clients = Clients(dashboard.settings, Vault(SECRET_KEY), clock=dashboard.clock, on_call=on_call)
    return replace(dashboard.context, clients=clients)


def test_a_crash_before_sending_sends_once(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(20))
        assert claim(dashboard).task == Task.SEND
        assert settle(dashboard, place).counts == {"LINKED": 20} == row_counts(visitor, place)
        assert dashboard.sim.calls()[CREATE] == 2


LIVE = """
import signal, sys
from pathlib import Path
from webapp import data_folder
from webapp.settings import Settings

with data_folder.present(Settings(data_dir=Path(sys.argv[1])), sys.argv[2]):
    print("It lives.", flush=True)
    signal.pause()
"""


def test_what_a_killed_worker_of_this_machine_was_doing_is_due_at_once(database_url, tmp_path):
    """And what one does that lives, or works on another machine, is not."""
    names = ["host-here", "host-that-lives", "host-elsewhere"]
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        place = dashboard.visitor().submit(data_ids(40))  # of which the first batch is sent
        killed, lives = (python(LIVE, tmp_path, name) for name in names[:2])
        with killed, lives:
            for worker in names:
                assert claim(dashboard, worker).task == Task.SEND
            for program in (killed, lives):
                program.wait_for("It lives.")
            killed.send(signal.SIGKILL)
            killed.wait_until_all_are_gone()
            dashboard.work(30)
            states = [batch.state for batch in batch_rows(dashboard, place)]
        assert [state == BatchState.WAITING for state in states] == [False, False, True, True]


@pytest.mark.slow
@pytest.mark.parametrize(("at_call", "sent"), [(1, 1), (2, 2)])
def test_a_crash_after_the_intent_sends_once(database_url, tmp_path, at_call, sent):
    """Before ICA was asked, or between its answer and the record of it: then the batch is found."""
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(20))
        with pytest.raises(Died):
            batch_runner.perform(dies(dashboard, at_call=at_call), claim(dashboard))
        assert dashboard.sim.calls()[CREATE] == sent
        assert (batch_rows(dashboard, place)[1].state, batch_rows(dashboard, place)[1].task) == (
            BatchState.SENDING,
            Task.FIND,
        )
        dashboard.clock.advance(LEASE_SECONDS)
        assert settle(dashboard, place).counts == {"LINKED": 20} == row_counts(visitor, place)
        assert dashboard.sim.calls()[CREATE] == 2
        linked = dict.fromkeys(data_ids(20), "LINKED")
        assert_all_agree(ByVisitor(visitor), dashboard.sim.root, place, linked)


@pytest.mark.slow
def test_a_crash_while_walking_goes_on_from_the_cursor(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=1e6, calls_per_second=0.5) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(3500))
        walk_in_part(dashboard, place)
        while not claim(dashboard):
            dashboard.clock.advance(1)
        dashboard.sim.forget_calls()
        assert settle(dashboard, place, within=900).counts == {"LINKED": 3500}
        assert row_counts(visitor, place) == {"LINKED": 3500}
        assert dashboard.sim.calls()["getProjectDataLinkingBatchItems"] <= 4


def test_a_worker_that_stalled_beyond_its_lease_keeps_nothing(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        stalled = claim(dashboard)
        dashboard.clock.advance(LEASE_SECONDS)
        dashboard.work()
        before = batch_rows(dashboard, place)
        batch_runner.perform(dashboard.context, stalled)
        assert batch_rows(dashboard, place) == before
        assert settle(dashboard, place).counts == {"LINKED": 100}


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_page_is_asked_for_while_the_one_before_is_written(database_url, tmp_path, is_lost):
    """But nothing of it is kept where the lease was lost meanwhile."""
    with (
        open_dashboard(database_url, tmp_path, rate=1e6) as dashboard,
        ThreadPoolExecutor(1) as pool,
    ):
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(2500))
        while (batch := batch_rows(dashboard, place)[0]).task != Task.WALK:
            if (unit := dashboard.worker._next_unit()) is None:
                dashboard.clock.advance(1)
            else:
                unit()
        batch, read = claim(dashboard), row_counts(visitor, place)
        before = dashboard.sim.calls()[ITEMS]
        with dashboard.store.write() as connection:
            batches.lock_all(connection, batch.submission_id)
            walk = pool.submit(batch_runner.perform, dashboard.context, batch)
            while dashboard.sim.calls()[ITEMS] < before + 3:
                assert not walk.done()
            if is_lost:
                batches.QUEUE.release(connection, batch.worker)
                assert batches.claim(connection, "another worker", dashboard.clock.now)
        walk.result(timeout=60)
        known, asked = batch_rows(dashboard, place)[0], dashboard.sim.calls()[ITEMS] - before
        if is_lost:
            assert (asked, known.round_cursor, known.rows_read) == (3, None, batch.rows_read)
            assert row_counts(visitor, place) == read
        else:
            assert (asked, known.state) == (3, BatchState.SETTLED)
            assert row_counts(visitor, place) == {"LINKED": 2500}


@pytest.mark.slow
def test_two_workers_share_the_work_and_double_nothing(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=100, batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(95))
        other = Worker(dashboard.context)
        for _ in range(30):
            due = [worker._next_unit() for worker in (dashboard.worker, other)]
            for do in filter(None, due):
                do()
            dashboard.clock.advance(1)
        assert submission(dashboard, place).counts == {"LINKED": 95} == row_counts(visitor, place)
        assert dashboard.sim.calls()[CREATE] == 10
        linked = dict.fromkeys(data_ids(95), "LINKED")
        assert_all_agree(ByVisitor(visitor), dashboard.sim.root, place, linked)


@pytest.mark.slow
def test_a_reading_that_died_begins_anew_and_leaves_no_half_rows(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft(data_ids(LONG))
        dead = claim_upload(dashboard)
        with dashboard.store.write() as connection:
            half = [Listed(f"half a list {n}", n, 1) for n in range(25_000)]
            items.add(connection, dead.submission_id, 1, half)
            uploads.record(connection, dead, dashboard.clock.now, read_bytes=1_000_000)
        dashboard.work(LEASE_SECONDS - 1, step=LEASE_SECONDS - 1)
        assert submission(dashboard, place).state == "reading"
        dashboard.work(1)
        assert submission(dashboard, place).state == "draft"
        assert [row["data_id"] for row in rows(visitor, place)] == data_ids(LONG)


@pytest.mark.slow
def test_a_reader_that_stalled_beyond_its_lease_drops_nothing(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft(data_ids(LONG))
        stalled = claim_upload(dashboard)
        dashboard.work(LEASE_SECONDS, step=LEASE_SECONDS)
        reading.read(dashboard.context, stalled)
        assert submission(dashboard, place).state == "draft"
        assert len(rows(visitor, place)) == LONG


@pytest.mark.slow
def test_a_reading_that_is_told_to_stop_goes_on_elsewhere(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft(data_ids(LONG))
        stopping = threading.Event()
        stopping.set()
        reading.read(replace(dashboard.context, stop=stopping), claim_upload(dashboard))
        assert submission(dashboard, place).state == "reading"
        dashboard.work()
        assert len(rows(visitor, place)) == LONG


def claim_upload(dashboard):
    with dashboard.store.write() as connection:
        return uploads.claim(connection, "a worker that dies", dashboard.clock.now)
