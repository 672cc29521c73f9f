"""Sending: one POST a batch, with its intent recorded before and its ids after."""

from datetime import UTC, datetime
from functools import partial

from webapp.ica.client import IcaClient
from webapp.ica.errors import Forbidden, IcaError, NotFound, Refused, Unauthorized
from webapp.ica.models import Batch as IcaBatch
from webapp.ica.models import Job
from webapp.store import accounts, batches, items, results
from webapp.store.batches import Batch
from webapp.store.enums import NOT_SENT, BatchState, Blocked, Task
from webapp.store.submissions import Submission
from webapp.work import problems, walk
from webapp.work.clients import ICA_KIND
from webapp.work.context import Context

FIND_FOR = 60.0  # seconds after which a batch that isn't found is sent again
FIND_AGAIN = 5.0  # seconds between two looks
MARGIN = 120.0  # seconds by which clocks, or ICA's own, may differ
JOBS_PAGES = 20  # pages of jobs that a look goes back at most
JOBS_PAGE = 100
BLOCKING: dict[type[IcaError], Blocked] = {
    Unauthorized: Blocked.SIGN_IN,
    Forbidden: Blocked.MAY_NOT_WRITE,
    NotFound: Blocked.MAY_NOT_WRITE,
}


def send(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """Send a waiting batch. Whatever happens to us meanwhile, it will be looked for."""
    now = context.clock()
    with context.store.write() as connection:
        if batches.is_stopped(connection, batch):
            # It was under way when the others were stopped, and did not arrive.
            stopped = {"state": BatchState.STOPPED, "task": Task.CLOSE, "due_at": now}
            batches.record(connection, batch, now, **stopped, **problems.NO_TROUBLE)
            return
        data_ids = items.ids_to_send(connection, batch)
        intent = {"state": BatchState.SENDING, "task": Task.FIND, "due_at": now, "intent_at": now}
        batches.keep(connection, batch, now, **intent)
    try:
        created = client.create_batch(submission.project_id, data_ids, kind=ICA_KIND[batch.kind])
    except IcaError as error:
        _not_sent(context, batch, error)
    else:
        _sent(context, batch, created)


def _sent(context: Context, batch: Batch, created: IcaBatch) -> None:
    now = context.clock()
    sent = {"state": BatchState.RUNNING, "task": Task.REFRESH, "due_at": now, "sent_at": now}
    made = {
        "ica_batch_id": created.id,
        "ica_job_id": created.job.id if created.job else None,
        "job_status": created.job.status if created.job else "",
    }
    with context.store.write() as connection:
        batches.record(connection, batch, now, **sent, **made, **problems.NO_TROUBLE)
        accounts.note_well(connection, batch.account_id)


def _not_sent(context: Context, batch: Batch, error: IcaError) -> None:
    if error.maybe_done:
        problems.postpone(context, batch, error, state=BatchState.SENDING, task=Task.FIND)
    elif error.worth_trying_again or type(error) in BLOCKING:
        waiting = {"state": BatchState.WAITING, "task": Task.SEND}
        blocked = BLOCKING.get(type(error), Blocked.NO)
        problems.postpone(context, batch, error, **waiting, blocked=blocked)
    else:  # ICA doesn't take the batch as it stands: nothing of it was sent
        now = context.clock()
        refused = {"state": BatchState.REFUSED, "task": Task.CLOSE, "due_at": now}
        refused["problem"] = problems.described(error, now)
        context.record(batch, now, **refused, **problems.NO_TROUBLE)


def find(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """Was a batch whose answer never came made all the same? Found, it goes on; else it is sent
    again after a minute. A repeat is harmless (ALREADY_LINKED), a loss is not.
    """
    found = _look_for(context, client, submission, batch)
    now = context.clock()
    if found:
        _sent(context, batch, found)
    elif now - (batch.intent_at or now) < FIND_FOR:
        context.record(batch, now, due_at=now + FIND_AGAIN, blocked=Blocked.NO)
    else:
        again = {"state": BatchState.WAITING, "task": Task.SEND, "due_at": now}
        context.record(batch, now, **again, sent_again=True)


def _look_for(
    context: Context, client: IcaClient, submission: Submission, batch: Batch
) -> IcaBatch | None:
    jobs = _jobs_since(client, (batch.intent_at or 0.0) - MARGIN)
    ours = [job for job in jobs if job.project_id == submission.project_id and job.subject_id]
    with context.store.read() as connection:
        known = batches.known_ids(connection, [str(job.subject_id) for job in ours])
        data_ids = set(items.ids_to_send(connection, batch))
    for job in ours:
        if job.subject_id not in known and _holds(context, client, job, batch, data_ids):
            return IcaBatch(id=str(job.subject_id), job=job)
    return None


def _jobs_since(client: IcaClient, moment: float) -> list[Job]:
    """ICA's jobs made since a moment of our clock, the newest first."""
    found: list[Job] = []
    for number in range(JOBS_PAGES):
        page = client.jobs(offset=number * JOBS_PAGE, page_size=JOBS_PAGE)
        since = datetime.fromtimestamp(moment + (client.clock_offset or 0.0), UTC)
        recent = [job for job in page.items if job.time_created and job.time_created >= since]
        found += recent
        if len(recent) < JOBS_PAGE:
            break
    return found


def _holds(context: Context, client: IcaClient, job: Job, batch: Batch, data_ids: set[str]) -> bool:
    """Whether the job's batch is made of our ids, by its first page and its total."""
    kind = ICA_KIND[batch.kind]
    place = (str(job.project_id), str(job.subject_id))
    try:
        page = client.items(*place, kind=kind)
        total = client.count_items(*place, kind=kind)
    except (NotFound, Refused):
        return False  # another kind of job
    known = [item.data_id in data_ids for item in page.items]
    if context.settings.ica_version == "v3":  # one item for each file of a folder: not all are ours
        return any(known)
    return bool(known) and all(known) and total in {None, len(data_ids)}


def close(context: Context, batch: Batch) -> None:
    """Say in the rows of a batch that was never sent that it was not, and why."""
    not_sent = partial(results.end_unread, status=NOT_SENT, reason=_why_not_sent(batch))
    batch = walk.by_chunks(context, batch, not_sent)
    now = context.clock()
    closed = {"task": Task.NONE, "due_at": None, "settled_at": now}
    context.record(batch, now, **closed, **problems.NO_TROUBLE)


def _why_not_sent(batch: Batch) -> str:
    if batch.state == BatchState.STOPPED:
        return "Stopped before it was sent."
    said = batch.problem.short if batch.problem else ""
    return f"ICA refused the batch: {said or 'no reason given'}"
