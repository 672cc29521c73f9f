"""Runs a unit of a batch: its next task, put off when ICA fails."""

from collections.abc import Callable, Mapping
from functools import partial

from webapp.ica.client import IcaClient
from webapp.ica.errors import IcaError
from webapp.store import accounts, batches, leases, submissions
from webapp.store.batches import Batch
from webapp.store.documents import KeptError
from webapp.store.enums import Blocked, ErrorCode, Task
from webapp.store.submissions import Submission
from webapp.work import ica_failures, lost_batches, refresh, sending, units, walk
from webapp.work.clients import NoKey
from webapp.work.context import Context
from webapp.work.units import Ended

# each returns the error that it has met and recorded by itself
TASKS: Mapping[Task, Callable[[Context, IcaClient, Submission, Batch], IcaError | None]] = {
    Task.SEND: sending.send,
    Task.FIND: sending.find,
    Task.REFRESH: refresh.refresh,
    Task.WALK: walk.walk,
}


def perform(context: Context, batch: Batch) -> None:
    """Do the next task of a leased batch and record the result; no failure of ICA is raised."""
    place = {"attempt": batch.attempt, "batch": batch.ordinal}
    unit, submission = partial(_perform, context, batch), batch.submission_id
    units.perform(context.clock, batch.task, unit, submission=submission, **place)


def _perform(context: Context, batch: Batch) -> Ended:
    if leases.is_deadly(batch) or (batch.blocked == Blocked.DEADLY and leases.deaths(batch)):
        ica_failures.block(context, batch, Blocked.DEADLY)
        return Ended(units.GIVEN_UP)
    if batch.task == Task.CLOSE:
        sending.close(context, batch)
        return Ended()
    account = context.read(accounts.get, batch.account_id)
    submission = context.read(submissions.get, batch.submission_id)
    if until := ica_failures.paused_until(context, account):
        context.write(batches.record, batch, context.clock(), due_at=until)
        return Ended(units.ICA_ASKED)
    try:
        client = context.clients.of(account)
        met = TASKS[batch.task](context, client, submission, batch)
    except NoKey:
        no_key = KeptError(ErrorCode.NO_KEY, context.clock())
        ica_failures.block(context, batch, Blocked.SIGN_IN, trouble=no_key)
        return Ended(units.NO_KEY)
    except IcaError as error:
        if lost_batches.is_lost_by(batch, error):
            lost_batches.note(context, batch, error)
        else:
            ica_failures.postpone(context, batch, error)
        return Ended(units.PUT_OFF, error)
    return Ended(units.PUT_OFF, met) if met else Ended()
