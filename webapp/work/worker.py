"""The worker: claims what is due, does it in a few threads, and records that it is alive.

Queues are columns of our own tables; why no library has them, store/leases.py says.
"""

import gc
import logging
import secrets
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from webapp import data_folder, metrics
from webapp.network import deadlines
from webapp.settings import Settings
from webapp.store import (
    Connection,
    DatabaseAway,
    Store,
    WrongStatement,
    batches,
    chores,
    due,
    faults,
    messages,
    uploads,
    workers,
)
from webapp.store.due import Due
from webapp.store.enums import ASKING
from webapp.store.leases import Held
from webapp.store.workers import Beat
from webapp.vault import vault_for
from webapp.work import (
    batch_runner,
    chore_runner,
    housekeeping,
    memory,
    reading,
    retention,
    telling,
)
from webapp.work.clock import LOOK_SECONDS
from webapp.work.context import Context

THREADS = 8
HEARTBEAT_SECONDS = 5.0
IDLE_SECONDS = 0.2  # between two looks when nothing is due
QUIET_SECONDS = 5.0  # without anything due, after which there is time to tidy up
QUIET_IDLE_SECONDS = 0.4  # between two looks from then on
TIDY_SECONDS = 60.0  # between two times that this is done
NEVER = float("-inf")
ICA_SECONDS = 45.0  # for all calls of a unit: it ends before its lease
DATABASE_AWAY_SECONDS = 1.0  # between two looks when the database can't be used
Unit = Callable[[], None]

log = logging.getLogger(__name__)


def run(settings: Settings, store: Store, stop: threading.Event) -> None:
    """Work until `stop` is set; then finish the units that run, and return."""
    Worker(Context.build(settings, store, vault_for(settings), stop=stop)).run()


@dataclass
class _Regular:
    """What is done every so many seconds, never twice at once."""

    unit: Unit
    seconds: float
    done_at: float = NEVER
    lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, now: float) -> Unit | None:
        """The unit, if it is time for it; `now` by the clock that counts its seconds."""
        if now - self.done_at < self.seconds or self.lock.locked():
            return None
        self.done_at = now
        return _alone(self.lock, self.unit)


class Worker:
    """One worker: a name to claim by, and some threads."""

    def __init__(self, context: Context) -> None:
        self.id = f"{socket.gethostname()[:40]}-{secrets.token_hex(4)}"
        self._context = context
        self._started_at = context.clock()
        self._beaten_at, self._worked_at = NEVER, context.clock.steady()
        self._free = threading.Semaphore(THREADS)
        self._ended = threading.Event()  # a unit has, so another one may begin
        self._reading, self._telling = threading.Lock(), threading.Lock()
        self._regular = [  # each by itself: housekeeping goes on while much has to go
            _Regular(partial(module.perform, context), module.INTERVAL_SECONDS)
            for module in (housekeeping, retention)
        ]
        self._tidying = _Regular(self._tidy, TIDY_SECONDS, self._worked_at)
        self._trouble = ""

    def run(self) -> None:
        """Claim units and do them until the context says stop."""
        log.debug("Worker %s begins.", self.id)
        memory.share_arenas()
        gc.freeze()  # what is made once is no garbage: the collector need not look through it
        with data_folder.present(self._context.settings, self.id):
            self._run()

    def _run(self) -> None:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="work") as pool:
            while not self._context.stop.is_set():
                if not self._free.acquire(timeout=LOOK_SECONDS):
                    self._show_life()
                    continue
                unit, pause = None, QUIET_IDLE_SECONDS if self._is_quiet() else IDLE_SECONDS
                self._ended.clear()
                try:
                    unit = self._next_unit()
                except DatabaseAway as error:
                    self._tell(f"the database can't be used. {faults.reason(error)}")
                    self._context.stop.wait(DATABASE_AWAY_SECONDS)
                if unit is None:
                    self._free.release()
                    self._ended.wait(pause)  # an account may be at its limit until then
                else:
                    pool.submit(_do, partial(_do_and_log, unit), self._end)

    def _end(self) -> None:
        self._free.release()
        self._ended.set()

    def _show_life(self) -> None:
        """While all threads are at work."""
        with suppress(DatabaseAway):  # which is told once a thread is free
            self._synchronize_clock()
            self._beat(self._context.clock())

    def work_through(self) -> int:
        """Do all that is due now, one unit after the other; returns how many there were."""
        done = 0
        while (unit := self._next_unit()) is not None:
            unit()
            done += 1
        return done

    def _next_unit(self) -> Unit | None:
        found = self._look(self._context.clock())
        if found is None:
            return None
        self._synchronize_clock()
        now = self._context.clock()
        self._beat(now)
        unit = self._claimed(found, now)
        self._tell("")
        return deadlines.all_calls(ICA_SECONDS)(unit) if unit else None

    def _claimed(self, found: Due, now: float) -> Unit | None:
        """What is done next of what is due."""
        if any(found):
            self._worked_at = self._context.clock.steady()
        return (
            next(filter(None, (regular.due(now) for regular in self._regular)), None)
            or (found.message and self._claim_message(now))
            or (found.batch and self._claim_batch(now))
            or (found.chore and self._claim_chore(now))
            or (found.upload and self._claim_upload(now))
            or self._tidy_due()
        )

    def _look(self, now: float) -> Due | None:
        """What is due; None when the tables are of another version: then nothing is to be done.

        It is only read: an idle worker writes nothing.
        """
        store, found = self._context.store, None
        try:
            with store.read() as connection:
                found = due.look(connection, now, not_of=self._context.budget.busy())
        except WrongStatement:
            if not store.trouble():
                raise
        if found is None:
            self._tell(store.trouble())
        return found

    def _tell(self, trouble: str) -> None:
        """Say in the log why nothing is done, once, and when that is over."""
        if trouble and trouble != self._trouble:
            log.warning("This worker does nothing: %s", trouble)
        if self._trouble and not trouble:
            log.warning("This worker goes on.")
        self._trouble = trouble

    def _synchronize_clock(self) -> None:
        clock = self._context.clock
        clock.synchronize()
        if self._beaten_at == NEVER:
            clock.go_on_after(self._context.read(workers.last_beat) or 0.0)

    def _beat(self, now: float) -> None:
        if now - self._beaten_at >= HEARTBEAT_SECONDS:
            clock, clients = self._context.clock, self._context.clients
            its = Beat(self.id, self._started_at, clock.machine_ahead, clients.ica_ahead)
            living = self._context.write(workers.beat, its, now)
            self._beaten_at = now
            self._context.budget.share_among(living)
            self._take_over()

    def _take_over(self) -> None:
        """What a worker of this machine was doing when it died is due at once."""
        for name in data_folder.gone(self._context.settings):
            log.warning("Worker %s has died: what it was doing is done again.", name)
            for queue in (batches.QUEUE, chores.QUEUE, uploads.QUEUE, messages.QUEUE):
                self._context.write(queue.release, name)

    def _claim_message(self, now: float) -> Unit | None:
        """One at a time: whoever takes it slowly holds up no more than a thread."""
        return self._claim_alone(self._telling, messages.claim, telling.perform, now)

    def _claim_batch(self, now: float) -> Unit | None:
        busy = self._context.budget.busy()
        batch = self._context.write(batches.claim, self.id, now, not_of=busy)
        if batch is None:
            return None
        return self._counted(batch.account_id, partial(batch_runner.perform, self._context, batch))

    def _claim_chore(self, now: float) -> Unit | None:
        busy = self._context.budget.busy()
        chore = self._context.write(chores.claim, self.id, now, not_of=busy)
        if chore is None:
            return None
        unit = partial(chore_runner.perform, self._context, chore)
        return self._counted(chore.account_id, unit) if chore.kind in ASKING else unit

    def _claim_upload(self, now: float) -> Unit | None:
        """One list at a time: reading needs the processor, and everything else must go on."""
        return self._claim_alone(self._reading, uploads.claim, reading.read, now)

    def _claim_alone(
        self,
        running: threading.Lock,
        claim: Callable[[Connection, str, float], Held | None],
        perform: Callable[[Context, Held], None],
        now: float,
    ) -> Unit | None:
        """The first of a queue of which no two are done at once."""
        if running.locked():
            return None
        held = self._context.write(claim, self.id, now)
        return _alone(running, partial(perform, self._context, held)) if held else None

    def _tidy_due(self) -> Unit | None:
        """When nothing has been due for a while: a large log of writes takes a second."""
        return self._tidying.due(self._context.clock.steady()) if self._is_quiet() else None

    def _tidy(self) -> None:
        """The file of SQLite is made whole, and memory that was needed goes back."""
        self._context.store.checkpoint()
        memory.give_back(self._context.store)

    def _is_quiet(self) -> bool:
        return self._context.clock.steady() - self._worked_at >= QUIET_SECONDS

    def _counted(self, account_id: int, unit: Unit) -> Unit:
        """The unit, counted as running from now on: the next claim comes before its thread runs."""
        budget = self._context.budget
        budget.begin(account_id)
        return partial(_do, unit, partial(budget.end, account_id))


def _alone(lock: threading.Lock, unit: Unit) -> Unit:
    """The unit; the lock is taken now and released at its end."""
    lock.acquire()
    return partial(_do, unit, lock.release)


def _do(unit: Unit, finish: Callable[[], None]) -> None:
    try:
        unit()
    finally:
        finish()


def _do_and_log(unit: Unit) -> None:
    try:
        with metrics.BUSY_THREADS.labels("worker").track_inprogress():
            unit()
    except DatabaseAway as error:
        log.warning("A unit of work is left, to be done again: %s", faults.reason(error))
    except Exception:
        # The unit's lease runs out and it is tried again; the worker itself must go on.
        log.exception("A unit of work failed in a way nobody expected.")
