"""A unit of a batch: done by its task, and put off when ICA has trouble."""

import logging
from collections.abc import Callable, Mapping

from webapp.ica.client import IcaClient
from webapp.ica.errors import IcaError, NotFound
from webapp.store import accounts, leases, submissions
from webapp.store.batches import Batch
from webapp.store.enums import Blocked, Task
from webapp.store.leases import LeaseLost
from webapp.store.submissions import Submission
from webapp.work import lost_batches, problems, refresh, sending, walk
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
    """Do what is next for a leased batch and record it; nothing that ICA does makes this raise."""
    started = context.clock()
    try:
        outcome = _perform(context, batch)
    except LeaseLost:
        outcome = "somebody else does it"
    took, place = context.clock() - started, (batch.submission_id, batch.ordinal)
    log.info("submission %d batch %d: %s, %s, %.2f s", *place, batch.task, outcome, took)


def _perform(context: Context, batch: Batch) -> str:
    if leases.is_deadly(batch) or (batch.blocked == Blocked.DEADLY and leases.deaths(batch)):
        problems.block(context, batch, Blocked.DEADLY)
        return "set aside: workers died of it"
    if batch.task == Task.CLOSE:
        sending.close(context, batch)
        return "done"
    with context.store.read() as connection:
        account = accounts.get(connection, batch.account_id)
        submission = submissions.get(connection, batch.submission_id)
    try:
        client = context.clients.of(account)
        TASKS[batch.task](context, client, submission, batch)
    except NoKey:
        problems.block(context, batch, Blocked.SIGN_IN)
        return "waits for a sign-in"
    except IcaError as error:
        if isinstance(error, NotFound) and batch.ica_batch_id:
            lost_batches.note(context, batch, error)
        else:
            problems.postpone(context, batch, error, **walk.begun_anew(error))
        return f"put off: {error}"
    return "done"
