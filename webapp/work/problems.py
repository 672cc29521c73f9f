"""Troubles: what a failed call means for the batch and for its account."""

from typing import Any

from webapp.ica.errors import (
    Conflict,
    Forbidden,
    IcaError,
    IcaProblem,
    MalformedResponse,
    NotFound,
    RateLimited,
    Refused,
    ServerError,
    Unauthorized,
    Unreachable,
)
from webapp.store import accounts, batches
from webapp.store.batches import Batch
from webapp.store.documents import KeptError
from webapp.store.enums import AccountTrouble, Blocked, ErrorCode
from webapp.work.context import Context

LADDER = (0.5, 2.0, 10.0, 30.0)  # seconds; the official command line waits as long
BLOCKED_PAUSE = 300.0  # seconds until a blocked batch is tried again by itself
NO_TROUBLE: dict[str, Any] = {"failures": 0, "trouble": None, "blocked": Blocked.NO}
REASONS: dict[type[IcaError], Blocked] = {
    Unauthorized: Blocked.SIGN_IN,
    Forbidden: Blocked.MAY_NOT_READ,
    NotFound: Blocked.MAY_NOT_READ,
}
CODES: dict[type, ErrorCode] = {
    Unreachable: ErrorCode.UNREACHABLE,
    MalformedResponse: ErrorCode.MALFORMED_RESPONSE,
    ServerError: ErrorCode.SERVER_ERROR,
    Unauthorized: ErrorCode.UNAUTHORIZED,
    Forbidden: ErrorCode.FORBIDDEN,
    NotFound: ErrorCode.NOT_FOUND,
    Conflict: ErrorCode.CONFLICT,
    RateLimited: ErrorCode.RATE_LIMITED,
    Refused: ErrorCode.REFUSED,
}


def described(error: IcaError, now: float) -> KeptError:
    """What is kept of an error."""
    problem = error.problem if isinstance(error, IcaProblem) else {}
    return KeptError(_code(error), now, str(error), problem)


def _code(error: IcaError) -> ErrorCode:
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def pause(error: IcaError, failures: int) -> float:
    """Seconds to wait: what ICA asks for, or the next step of the ladder."""
    asked = error.retry_after if isinstance(error, IcaProblem) else None
    return asked if asked is not None else LADDER[min(failures, len(LADDER) - 1)]


def postpone(context: Context, batch: Batch, error: IcaError, **values: Any) -> None:
    """Try the batch again later: how much later, and with what mark, depends on the error.

    `values` are other columns to set, such as the task.
    """
    now = context.clock()
    reason = REASONS.get(type(error), Blocked.NO)
    seconds = BLOCKED_PAUSE if reason else pause(error, batch.failures)
    values = {"blocked": reason, "task": batch.task} | values
    values |= {"due_at": now + seconds, "failures": batch.failures + 1}
    with context.store.write() as connection:
        batches.record(connection, batch, now, trouble=described(error, now), **values)
        if not values["blocked"]:
            throttled = isinstance(error, RateLimited)
            trouble = AccountTrouble.THROTTLED if throttled else AccountTrouble.UNREACHABLE
            accounts.note_trouble(connection, batch.account_id, trouble, now + seconds, now)
    if isinstance(error, RateLimited):
        context.budget.pause(batch.account_id, now + seconds)


def block(context: Context, batch: Batch, reason: Blocked) -> None:
    """The batch waits until the cause is gone; it looks by itself every few minutes."""
    now = context.clock()
    context.record(batch, now, due_at=now + BLOCKED_PAUSE, blocked=reason)
