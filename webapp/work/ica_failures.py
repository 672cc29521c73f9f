"""What a failed call to ICA means for the batch, for its account and for the budget."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from webapp.ica import errors
from webapp.ica.errors import IcaError, IcaProblem, RateLimited
from webapp.store import Connection, accounts, batches
from webapp.store.accounts import Account
from webapp.store.batches import Batch
from webapp.store.documents import KeptError
from webapp.store.enums import AccountTrouble, Blocked, ErrorCode
from webapp.work.context import Context

RETRY_SECONDS = (0.5, 2.0, 10.0, 30.0)  # after each failure; ICA's own command line waits as long
BLOCKED_SECONDS = 300.0  # until a blocked batch is tried again without a sign-in
STUCK_TRIES = 10  # vain ones of one kind in a row, after which a batch is stuck
REFUSED_TOKEN = "token"  # the step of a page that is refused though ICA itself led to it
OUTAGES = frozenset({502, 503, 504})  # answers of a proxy, or of an ICA that will be back
NO_PROBLEM: dict[str, Any] = {"failures": 0, "trouble": None, "blocked": Blocked.NO}
ERROR_CODES: dict[type, ErrorCode] = {
    errors.Unreachable: ErrorCode.UNREACHABLE,
    errors.Busy: ErrorCode.UNREACHABLE,
    errors.MalformedResponse: ErrorCode.MALFORMED_RESPONSE,
    errors.ServerError: ErrorCode.SERVER_ERROR,
    errors.Unauthorized: ErrorCode.UNAUTHORIZED,
    errors.Forbidden: ErrorCode.FORBIDDEN,
    errors.NotFound: ErrorCode.NOT_FOUND,
    errors.Conflict: ErrorCode.CONFLICT,
    errors.RateLimited: ErrorCode.RATE_LIMITED,
    errors.Refused: ErrorCode.REFUSED,
}


def kept_error(error: IcaError, now: float) -> KeptError:
    """What is kept of an error."""
    code = next(ERROR_CODES[kind] for kind in type(error).__mro__ if kind in ERROR_CODES)
    problem = error.problem if isinstance(error, IcaProblem) else {}
    return KeptError(code, now, str(error), problem)


def blocked_by(error: IcaError, forbidden: Blocked = Blocked.MAY_NOT_READ) -> Blocked:
    """What a person has to change after this error; `forbidden`: if a project is closed to us."""
    if isinstance(error, errors.Unauthorized):
        return Blocked.SIGN_IN
    return forbidden if isinstance(error, (errors.Forbidden, errors.NotFound)) else Blocked.NO


def retry_seconds(context: Context, account_id: int, error: IcaError, failures: int) -> float:
    """How long to wait after an error: as long as ICA asks for, or longer with each failure.

    After a 429 the account's other calls wait as long, and come slower for a while.
    """
    asked = error.retry_after
    seconds = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)] if asked is None else asked
    if isinstance(error, RateLimited):
        now = context.clock()
        pace = context.write(accounts.slow_down, account_id, now + seconds, now)
        context.budget.learn(account_id, pace, seconds)
    return seconds


def paused_until(context: Context, account: Account) -> float | None:
    """Until when ICA wants no calls of the account, None: it takes them. The budget learns at which
    pace.
    """
    now = context.clock()
    context.budget.learn(account.id, accounts.pace(account, now), account.paused_until - now)
    return account.paused_until if account.paused_until > now else None


@contextmanager
def step(name: str) -> Iterator[None]:
    """What is done within is this step of a task: an error of ICA says so, if it doesn't yet."""
    try:
        yield
    except IcaError as error:
        error.step = error.step or name
        raise


def step_of(batch: Batch) -> tuple[str, str]:
    """The step in which a batch was tried in vain, and what more the step's name says."""
    name, _, more = batch.vain_kind.partition(" ")[0].partition(":")
    return name, more


def passed(batch: Batch, *steps: str) -> dict[str, Any]:
    """What to set after these steps: vain tries of another one still count."""
    return {"vain_tries": 0, "vain_kind": ""} if step_of(batch)[0] in steps else {}


def is_vain(error: IcaError) -> bool:
    """Whether time alone does not mend what the error tells of."""
    if isinstance(error, errors.ServerError):
        return error.status not in OUTAGES
    return isinstance(error, (errors.MalformedResponse, errors.Refused, errors.Conflict))


def _vain_tries(batch: Batch, error: IcaError) -> dict[str, Any]:
    """What to set after an error that time alone does not mend; nothing after another one."""
    if not is_vain(error):
        return {}
    kind = f"{error.step or batch.task} {kept_error(error, 0).code}"
    in_a_row = batch.vain_kind == kind or batch.blocked == Blocked.STUCK
    return {"vain_kind": kind, "vain_tries": batch.vain_tries + 1 if in_a_row else 1}


def postpone(context: Context, batch: Batch, error: IcaError, **values: Any) -> None:
    """Try the batch again later; the error decides how much later, and whether it is blocked.

    `values` are other columns to set, such as the task.
    """
    now = context.clock()
    values = {"blocked": blocked_by(error), "task": batch.task} | values
    values |= _vain_tries(batch, error)
    vain_tries = values.get("vain_tries", 0)
    seconds = BLOCKED_SECONDS
    if not values["blocked"]:
        failures = max(batch.failures, vain_tries - 1)
        seconds = retry_seconds(context, batch.account_id, error, failures)
        if vain_tries >= STUCK_TRIES or batch.blocked == Blocked.STUCK:
            values["blocked"], seconds = Blocked.STUCK, max(seconds, BLOCKED_SECONDS)
    if error.step == REFUSED_TOKEN:  # it is of no use any more; to get another one is a call too
        values |= {"round_cursor": None, "round_pages": 0, "round_mark": None}
        seconds *= 2 if values["blocked"] == Blocked.STUCK else 1
    values |= {"due_at": now + seconds, "failures": batch.failures + 1}
    with context.store.write() as connection:
        batches.record(connection, batch, now, trouble=kept_error(error, now), **values)
        if not values["blocked"]:
            throttled = isinstance(error, RateLimited)
            trouble = AccountTrouble.THROTTLED if throttled else AccountTrouble.UNREACHABLE
            accounts.note_trouble(connection, batch.account_id, trouble, now + seconds, now)


def block(context: Context, batch: Batch, blocked: Blocked, **values: Any) -> None:
    """The batch waits until the cause is gone; it is tried again every few minutes. `values` are
    other columns to set.
    """
    now = context.clock()
    values |= {"due_at": now + BLOCKED_SECONDS, "blocked": blocked}
    context.write(batches.record, batch, now, **values)


def record_success(
    connection: Connection, /, batch: Batch, now: float, *steps: str, **values: Any
) -> Batch:
    """As batches.keep(), after ICA has answered: neither the batch nor its account has a problem
    any more. `steps` are those that have passed.
    """
    kept = batches.keep(connection, batch, now, **NO_PROBLEM | passed(batch, *steps) | values)
    accounts.clear_trouble(connection, batch.account_id)
    return kept
