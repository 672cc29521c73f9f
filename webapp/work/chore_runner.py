"""A chore: done by its kind for some seconds at a time, and put off when ICA has trouble."""

import logging
from collections.abc import Callable, Mapping

from webapp.ica.errors import IcaError, RateLimited
from webapp.store import batches, chores, drafts, leases
from webapp.store.chores import Chore
from webapp.store.documents import KeptError
from webapp.store.enums import ASKING, ChoreKind, ErrorCode
from webapp.store.leases import LeaseLost
from webapp.work import assignment, eligibility, exclusion, problems
from webapp.work.clients import NoKey
from webapp.work.context import Context

MOST_FAILURES = 10  # of ICA's in a row, then a chore is given up
BREATH = 0.03  # seconds between two chunks: others look for a gap to write in every 25 ms
SECONDS = 8.0  # that a unit works before it gives its lease back, so that others get their turn

ITS_LOG = "Linkboard failed several times in a row; the log of its worker says why."

Step = Callable[[Context, Chore], Chore]
"""Does the next chunk in one transaction and returns the chore as chores.keep() or end() does."""

STEPS: Mapping[ChoreKind, Step] = {
    ChoreKind.TAKE: assignment.step,
    ChoreKind.LEAVE_OUT: exclusion.step,
    ChoreKind.TAKE_BACK: exclusion.step,
    ChoreKind.CHECK: eligibility.step,
}

log = logging.getLogger(__name__)


def perform(context: Context, chore: Chore) -> None:
    """Do a unit of a leased chore and record it; nothing that ICA does makes this raise.

    What raises all the same is tried again when the lease has run out, as if the worker had died.
    """
    asks = chore.kind in ASKING
    if asks:
        context.budget.begin(chore.account_id)
    try:
        outcome = _perform(context, chore)
    except LeaseLost:
        outcome = "somebody else does it"
    finally:
        if asks:
            context.budget.end(chore.account_id)
    log.info("submission %d: %s, %s", chore.submission_id, chore.kind, outcome)


def _perform(context: Context, chore: Chore) -> str:
    """Step after step, until it has ended or others shall have their turn."""
    if leases.is_deadly(chore):
        _give_up(context, chore)
        return "given up: it failed again and again in a way nobody expected"
    started = context.clock()
    while chore.ended_at is None:
        try:
            chore = STEPS[chore.kind](context, chore)
        except NoKey:
            _wait_for_sign_in(context, chore)
            return "waits for a sign-in"
        except IcaError as error:
            _ica_has_trouble(context, chore, error)
            return f"put off or given up: {error}"
        context.stop.wait(BREATH)
        if chore.ended_at is None and _pauses(context, chore, started):
            now = context.clock()
            with context.store.write() as connection:
                chores.give_back(connection, chore, now, due_at=now)
            return f"{chore.done} of {chore.total} done"
    return "done"


def _pauses(context: Context, chore: Chore, started: float) -> bool:
    return (
        context.stop.is_set()
        or context.clock() - started > SECONDS
        or (chore.kind in ASKING and context.budget.is_spent(chore.account_id))
    )


def _give_up(context: Context, chore: Chore) -> None:
    """End it; pages say so. What was done before stays: each chunk was recorded as a whole."""
    now = context.clock()
    problem = KeptError(ErrorCode.UNEXPECTED, now, ITS_LOG)
    with context.store.write() as connection:
        batches.lock_all(connection, chore.submission_id)
        chores.end(connection, chore, now, problem=problem)
        if chore.kind == ChoreKind.TAKE:
            assignment.give_up(connection, chore, now)
        elif chore.kind == ChoreKind.CHECK:
            drafts.note_refused(connection, chore.submission_id)


def _wait_for_sign_in(context: Context, chore: Chore) -> None:
    """Signing in makes it due at once."""
    now = context.clock()
    problem = KeptError(ErrorCode.NO_KEY, now)
    later = now + problems.BLOCKED_PAUSE
    with context.store.write() as connection:
        chores.give_back(connection, chore, now, due_at=later, problem=problem)


def _ica_has_trouble(context: Context, chore: Chore, error: IcaError) -> None:
    """Try again later what may succeed then; end what seems never to, with ICA's own words."""
    now = context.clock()
    problem = problems.described(error, now)
    failures = max(chore.failures, 1)  # none when a step before in this unit succeeded
    seconds = problems.pause(error, failures - 1)
    with context.store.write() as connection:
        if failures >= MOST_FAILURES or not error.worth_trying_again:
            chores.end(connection, chore, now, problem=problem)
            drafts.note_refused(connection, chore.submission_id)
            return
        kept = {"problem": problem, "failures": failures}
        chores.give_back(connection, chore, now, due_at=now + seconds, **kept)
    if isinstance(error, RateLimited):
        context.budget.pause(chore.account_id, now + seconds)
