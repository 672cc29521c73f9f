"""Runs a unit of a batch: its next task, put off when ICA fails."""

import logging
from collections.abc import Callable, Mapping

from webapp.ica.client import IcaClient
from webapp.ica.errors import IcaError
from webapp.store import accounts, batches, leases, submissions
from webapp.store.batches import Batch
from webapp.store.enums import Blocked, Task
from webapp.store.leases import LeaseLost
from webapp.store.submissions import Submission
from webapp.work import ica_failures, lost_batches, refresh, sending, walk
from webapp.work.clients import NoKey
from webapp.work.context import Context

TASKS: Mapping[Task, Callable[[Context, IcaClient, Submission, Batch], None]] = {
    Task.SEND: sending.send,
    Task.FIND: sending.find,
    Task.REFRESH: refresh.refresh,
    Task.WALK: walk.walk,
}

log = logging.getLogger(__name__)


def perform(context: Context, batch: Batch) -> None:
    """Do the next task of a leased batch and record the result; no failure of ICA is raised."""
    started = context.clock.steady()
    try:
        outcome = _perform(context, batch)
    except LeaseLost:
        outcome = "somebody else does it"
    took, place = context.clock.steady() - started, (batch.submission_id, batch.ordinal)
    log.info("submission %d batch %d: %s, %s, %.2f s", *place, batch.task, outcome, took)


def _perform(context: Context, batch: Batch) -> str:
    if leases.is_deadly(batch) or (batch.blocked == Blocked.DEADLY and leases.deaths(batch)):
        ica_failures.block(context, batch, Blocked.DEADLY)
        return "set aside: workers died of it"
    if batch.task == Task.CLOSE:
        sending.close(context, batch)
        return "done"
    account = context.read(accounts.get, batch.account_id)
    submission = context.read(submissions.get, batch.submission_id)
    now = context.clock()
    context.budget.learn(account.id, accounts.pace(account, now), account.paused_until - now)
    if account.paused_until > now:
        context.write(batches.record, batch, now, due_at=account.paused_until)
        return "waits, as ICA has asked"
    try:
        client = context.clients.of(account)
        TASKS[batch.task](context, client, submission, batch)
    except NoKey:
        ica_failures.block(context, batch, Blocked.SIGN_IN)
        return "waits for a sign-in"
    except IcaError as error:
        if lost_batches.is_lost_by(batch, error):
            lost_batches.note(context, batch, error)
        else:
            ica_failures.postpone(context, batch, error)
        return f"put off: {error}"
    return "done"
