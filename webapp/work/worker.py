"""The loop: claims what is due, does it in a few threads, and beats."""

import logging
import secrets
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from webapp.settings import Settings
from webapp.store import DatabaseAway, Store, batches, chores, schema_version, uploads, workers
from webapp.store.batches import Batch
from webapp.vault import Vault, secret_key_for
from webapp.work import batch_runner, housekeeping, reading
from webapp.work import chore_runner as chores_work
from webapp.work.context import Context

THREADS = 8
BEAT_EVERY = 5.0  # seconds
IDLE = 0.2  # seconds between two looks when nothing is due
Unit = Callable[[], None]
T = TypeVar("T")

log = logging.getLogger(__name__)


def run(settings: Settings, store: Store, stop: threading.Event) -> None:
    """Work until `stop` is set; then finish what is in hand and return."""
    vault = Vault(secret_key_for(settings))
    Worker(Context.build(settings, store, vault, stop=stop)).run()


class Worker:
    """One worker: a name to claim by, and some threads."""

    def __init__(self, context: Context) -> None:
        self.id = f"{socket.gethostname()[:40]}-{secrets.token_hex(4)}"
        self._context = context
        self._started_at = context.clock()
        self._beaten_at = self._housekeeping_at = float("-inf")
        self._free = threading.Semaphore(THREADS)
        self._reading = threading.Lock()
        self._housekeeping = threading.Lock()
        self._trouble = ""

    def run(self) -> None:
        """Claim and do until the context says stop."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="work") as pool:
            while not self._context.stop.is_set():
                self._free.acquire()
                due = self._next_unit_or_none()
                if due is None:
                    self._free.release()
                    self._context.stop.wait(IDLE)
                else:
                    pool.submit(self._do_in_thread, due)

    def work_through(self) -> int:
        """Do all that is due now, one unit after the other; returns how many there were."""
        done = 0
        while (due := self._next_unit()) is not None:
            due()
            done += 1
        return done

    def _do_in_thread(self, due: Unit) -> None:
        try:
            due()
        except Exception:
            # The unit's lease runs out and it is tried again; the worker itself must go on.
            log.exception("A unit of work failed in a way nobody expected.")
        finally:
            self._free.release()

    def _next_unit_or_none(self) -> Unit | None:
        """As _next_unit, but a database that is away is waited for."""
        try:
            return self._next_unit()
        except DatabaseAway as error:
            log.warning("The database can't be used now, trying again: %s", error)
            self._context.stop.wait(1.0)
            return None

    def _next_unit(self) -> Unit | None:
        if not self._fits():
            return None
        now = self._context.clock()
        self._beat(now)
        looks = (self._housekeeping_due, self._batch_due, self._chore_due, self._upload_due)
        return next((due for look in looks if (due := look(now))), None)

    def _fits(self) -> bool:
        """Whether the tables are of this version; while they are not, it says so, and rests."""
        with self._context.store.read() as connection:
            trouble = "" if schema_version.fits(connection) else schema_version.trouble(connection)
        if trouble and trouble != self._trouble:
            log.warning("This worker does nothing: %s", trouble)
        self._trouble = trouble
        return not trouble

    def _beat(self, now: float) -> None:
        if now - self._beaten_at < BEAT_EVERY:
            return
        self._beaten_at = now
        with self._context.store.write() as connection:
            living = workers.beat(connection, self.id, self._started_at, now)
        self._context.budget.share_among(living)

    def _housekeeping_due(self, now: float) -> Unit | None:
        if now - self._housekeeping_at < housekeeping.EVERY or self._housekeeping.locked():
            return None
        self._housekeeping_at = now
        self._housekeeping.acquire()
        return partial(
            self._alone, self._housekeeping, partial(housekeeping.perform, self._context)
        )

    def _batch_due(self, now: float) -> Unit | None:
        busy = self._context.budget.busy()
        batch = self._claim(batches.is_due, batches.claim, now, not_of=busy)
        if batch is None:
            return None
        # Counted here and not in the thread: the next look comes before the thread has begun.
        self._context.budget.begin(batch.account_id)
        return partial(self._do_batch, batch)

    def _do_batch(self, batch: Batch) -> None:
        try:
            batch_runner.perform(self._context, batch)
        finally:
            self._context.budget.end(batch.account_id)

    def _chore_due(self, now: float) -> Unit | None:
        busy = self._context.budget.busy()
        chore = self._claim(chores.is_due, chores.claim, now, not_of=busy)
        return partial(chores_work.perform, self._context, chore) if chore else None

    def _upload_due(self, now: float) -> Unit | None:
        """One list at a time: reading takes the processor, and everything else must go on."""
        if self._reading.locked():
            return None
        upload = self._claim(uploads.is_due, uploads.claim, now)
        if upload is None:
            return None
        self._reading.acquire()
        return partial(self._alone, self._reading, partial(reading.read, self._context, upload))

    def _claim(
        self, is_due: Callable[..., bool], claim: Callable[..., T | None], now: float, **limits: Any
    ) -> T | None:
        """What is due next in a queue. A reader looks first: an idle worker writes nothing."""
        with self._context.store.read() as connection:
            if not is_due(connection, now, **limits):
                return None
        with self._context.store.write() as connection:
            return claim(connection, self.id, now, **limits)

    @staticmethod
    def _alone(lock: threading.Lock, do: Unit) -> None:
        """Do what the dispatcher took the lock for."""
        try:
            do()
        finally:
            lock.release()
