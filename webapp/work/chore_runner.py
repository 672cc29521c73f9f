"""Runs a unit of a chore: one step after the other for some seconds, put off when ICA fails."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from webapp.ica.errors import IcaError
from webapp.store import accounts, batches, chores, drafts, leases, submissions
from webapp.store.chores import Chore
from webapp.store.documents import KeptError
from webapp.store.enums import ASKING, ChoreKind, ErrorCode
from webapp.work import (
    assignment,
    choosing,
    exclusion,
    gathering,
    ica_check,
    ica_failures,
    resolving,
    units,
)
from webapp.work.clients import NoKey
from webapp.work.context import Context
from webapp.work.units import Ended

MAX_FAILURES = 10  # of ICA in a row; then a chore is given up
UNIT_SECONDS = 8.0  # after which a unit gives its lease back, so that others get their turn

UNEXPECTED = "Linkboard failed several times in a row; the log of its worker says why."

Step = Callable[[Context, Chore], Chore]
"""Does the next chunk in one transaction and returns the chore as chores.keep() or end() does."""

STEPS: Mapping[ChoreKind, Step] = {
    ChoreKind.TAKE: assignment.step,
    ChoreKind.LEAVE_OUT: exclusion.step,
    ChoreKind.TAKE_BACK: exclusion.step,
    ChoreKind.CHECK: ica_check.step,
    ChoreKind.GATHER: gathering.step,
    ChoreKind.CHOOSE: choosing.step,
    ChoreKind.RESOLVE: resolving.step,
}


def perform(context: Context, chore: Chore) -> None:
    """Do a unit of a leased chore and record the result; no failure of ICA is raised.

    After any other error the chore is tried again when its lease has run out, as if the worker had
    died.
    """
    unit = partial(_perform, context, chore)
    units.perform(context.clock, chore.kind, unit, submission=chore.submission_id)


def _perform(context: Context, chore: Chore) -> Ended:
    """Step after step, until the chore has ended or its turn is over."""
    started = context.clock.steady()
    if leases.is_deadly(chore):
        _give_up(context, chore, KeptError(ErrorCode.UNEXPECTED, context.clock(), UNEXPECTED))
        return Ended(units.GIVEN_UP)
    caller = chore.account_id if chore.kind in ASKING else None
    if caller and (until := ica_failures.paused_until(context, context.read(accounts.get, caller))):
        context.write(chores.give_back, chore, context.clock(), due_at=until)
        return Ended(units.ICA_ASKED)
    while True:
        try:
            chore = STEPS[chore.kind](context, chore)
        except NoKey:  # a sign-in makes it due at once
            problem = KeptError(ErrorCode.NO_KEY, context.clock())
            _put_off(context, chore, ica_failures.BLOCKED_SECONDS, problem=problem)
            return Ended(units.NO_KEY)
        except IcaError as error:
            return _handle(context, chore, error)
        if chore.ended_at is not None:
            return Ended()
        context.store.let_others_write()
        if context.is_turn_over(started, UNIT_SECONDS, caller):
            _put_off(context, chore, 0.0)
            return Ended(units.NOT_DONE)


def _handle(context: Context, chore: Chore, error: IcaError) -> Ended:
    """Try again later what may succeed then; else give it up, with ICA's own words."""
    problem = ica_failures.kept_error(error, context.clock())
    failures = max(chore.failures, 1)  # 0 if a step of this unit has succeeded
    if failures >= MAX_FAILURES or not error.worth_trying_again:
        _give_up(context, chore, problem)
        return Ended(units.GIVEN_UP, error)
    seconds = ica_failures.retry_seconds(context, chore.account_id, error, failures - 1)
    _put_off(context, chore, seconds, problem=problem, failures=failures)
    return Ended(units.PUT_OFF, error)


def _put_off(context: Context, chore: Chore, seconds: float, **values: Any) -> None:
    """Give the lease back; the chore is due after so many seconds."""
    now = context.clock()
    context.write(chores.give_back, chore, now, due_at=now + seconds, **values)


def _give_up(context: Context, chore: Chore, problem: KeptError) -> None:
    """End it; pages show the problem. Chunks that were recorded before stay recorded."""
    now = context.clock()
    with context.store.write() as connection:
        batches.lock_all(connection, chore.submission_id)
        chores.end(connection, chore, now, problem=problem)
        if chore.kind == ChoreKind.TAKE:
            assignment.give_up(connection, chore, now)
        elif chore.kind == ChoreKind.CHECK:
            drafts.note_refused(connection, chore.submission_id)
        elif chore.kind in {ChoreKind.RESOLVE, ChoreKind.GATHER}:
            submissions.end_resolving(connection, chore.submission_id, now)
