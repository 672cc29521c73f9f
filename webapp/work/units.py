"""Units of work: how each ends, told by one line of the log and the counts of /metrics."""

import logging
from collections.abc import Callable
from typing import NamedTuple

from webapp import logs, metrics
from webapp.ica.errors import IcaError, IcaProblem
from webapp.notify.errors import Unsent
from webapp.store.leases import LeaseLost
from webapp.work.clock import Clock

DONE, PUT_OFF, LOST_LEASE = "done", "put off", "lost its lease"
NOT_DONE, GIVEN_UP, NO_KEY = "not done yet", "given up", "waits for a sign-in"
ICA_ASKED = "waits as ICA asked"

log = logging.getLogger(__name__)


class Ended(NamedTuple):
    """How a unit ended, in one of the words above, and the error that it met."""

    outcome: str = DONE
    error: IcaError | Unsent | None = None


def perform(clock: Clock, task: str, unit: Callable[[], Ended], **place: int) -> None:
    """Do a unit, and tell how it has ended; `place` is the submission, and what else tells it from
    another.

    Of an error only its class and status: the words of ICA, and of others, may have names and paths
    of data in them.
    """
    started = clock.steady()
    try:
        outcome, error = unit()
    except LeaseLost:
        outcome, error = Ended(LOST_LEASE)
    seconds = clock.steady() - started
    status = error.status if isinstance(error, IcaProblem | Unsent) else None
    name = type(error).__name__ if error else None
    said = {"outcome": outcome, "error": name, "status": status, "seconds": round(seconds, 3)}
    log.info("unit", extra=logs.fields(task=task, **place, **said))
    metrics.UNITS.labels(task, outcome).inc()
    metrics.UNIT_SECONDS.labels(task).observe(seconds)
