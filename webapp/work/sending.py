"""Sending a batch: one POST, with the intent recorded before and ICA's ids after."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from webapp.ica.client import IcaClient
from webapp.ica.errors import Busy, IcaError, MalformedResponse, NotFound, RateLimited, Refused
from webapp.ica.models import Batch as IcaBatch
from webapp.ica.models import Job
from webapp.idlist import ids
from webapp.store import batches, item_updates, items
from webapp.store.batches import Batch
from webapp.store.enums import NOT_SENT, BatchState, Blocked, Task
from webapp.store.submissions import Submission
from webapp.work import ica_failures, lost_batches, splitting, walk
from webapp.work.clients import ICA_KIND
from webapp.work.context import Context

FIND_SECONDS = 60.0  # after which a batch that isn't found is sent again
FIND_PAUSE_SECONDS = 5.0  # between two searches
CLOCK_MARGIN_SECONDS = 120.0  # by which ICA's clocks and ours may differ
JOBS_PAGE_ROWS, MAX_JOBS_PAGES = 100, 20  # of a search
WAITS: dict[str, Any] = {"state": BatchState.WAITING, "task": Task.SEND}
MAYBE_SENT: dict[str, Any] = {"state": BatchState.SENDING, "task": Task.FIND}


def send(
    context: Context, client: IcaClient, submission: Submission, batch: Batch
) -> IcaError | None:
    """Send a waiting batch. The intent is recorded before: whatever happens to this process, the
    batch will be searched for. Returns the error that it met, which is recorded too.
    """
    now = context.clock()
    with context.store.write() as connection:
        if batches.is_stopped(connection, batch):
            # Its first POST was under way when the others were stopped, and did not arrive.
            stopped = {"state": BatchState.STOPPED, "task": Task.CLOSE, "due_at": now}
            batches.record(connection, batch, now, **stopped, **ica_failures.NO_PROBLEM)
            return None
        batch = splitting.cut_to_size(connection, batch, submission.ica_url, now)
        if since := batches.look_since(connection, batch):
            batches.record(connection, batch, now, **MAYBE_SENT, due_at=now, intent_at=since)
            return None
        data_ids = items.ids_to_send(connection, batch)
        ahead = context.clients.ica_ahead
        intent = {"intent_at": now, "intent_ica_at": None if ahead is None else now + ahead}
        batches.keep(connection, batch, now, **MAYBE_SENT, due_at=now, **intent)
    try:
        created = client.create_batch(submission.project_id, data_ids, kind=ICA_KIND[batch.kind])
    except IcaError as error:
        _record_failure(context, batch, error)
        return error
    if not _record_sent(context, batch, created):
        now = context.clock()
        context.write(batches.record, batch, now, **MAYBE_SENT, due_at=now)
    return None


def _record_sent(context: Context, batch: Batch, created: IcaBatch) -> bool:
    """ICA has it as this one; False when another list of the same ids, whose answer was lost too,
    has taken that one for its own since. Then this one has the other, or is sent again.
    """
    now = context.clock()
    sent = {"state": BatchState.RUNNING, "task": Task.REFRESH, "due_at": now, "sent_at": now}
    made = {
        "lease_until": 0.0,
        "ica_batch_id": created.id,
        "ica_job_id": created.job.id if created.job else None,
        "job_status": created.job.status if created.job else "",
    }
    done = (Task.SEND, Task.FIND)
    try:
        with context.store.write() as connection:
            splitting.note_taken(connection, batch, now)
            ica_failures.record_success(connection, batch, now, *done, **sent, **made)
    except batches.AlreadyTaken:
        return False
    return True


def _record_failure(context: Context, batch: Batch, error: IcaError) -> None:
    blocked = ica_failures.blocked_by(error, forbidden=Blocked.MAY_NOT_WRITE)
    if isinstance(error, Busy):  # ICA has nothing to do with it, and the worker sends it
        now = context.clock()
        context.write(batches.record, batch, now, **WAITS, due_at=now)
    elif error.maybe_done:
        doubt = MAYBE_SENT
        if isinstance(error, RateLimited):  # hardly ever wrong: one look is enough
            doubt = doubt | {"intent_at": context.clock() - FIND_SECONDS}
        ica_failures.postpone(context, batch, error, **doubt)
    elif error.worth_trying_again or (blocked and not _leaves_to_others(batch, blocked)):
        ica_failures.postpone(context, batch, error, **WAITS, blocked=blocked)
    else:  # ICA doesn't take the batch as it is: nothing of it was sent
        _refuse(context, batch, error, all_of_it=bool(blocked))


def _refuse(context: Context, batch: Batch, error: IcaError, *, all_of_it: bool) -> None:
    """ICA has refused the batch: its halves are sent, or it stands as refused; `all_of_it`: with
    what its attempt has not sent yet.
    """
    now = context.clock()
    problem = ica_failures.kept_error(error, now)
    refused = {"state": BatchState.REFUSED, "task": Task.CLOSE, "due_at": now}
    refused |= {"problem": problem} | ica_failures.NO_PROBLEM
    with context.store.write() as connection:
        batch_rows = batches.lock_all(connection, batch.submission_id)
        if splitting.is_to_be_halved(batch, error, batch_rows):
            splitting.halve(connection, batch, error, now)
            return
        if all_of_it or splitting.is_hopeless(batch, error, batch_rows):
            batches.refuse(connection, batch, problem, now)
        else:
            splitting.release(connection, batch, now)
        batches.record(connection, batch, now, **refused)


def _leaves_to_others(batch: Batch, blocked: Blocked) -> bool:
    """Whether its attempt ends, since others may be allowed what ICA refuses to this account. The
    first one waits for the role: nobody else can submit the list.
    """
    return blocked == Blocked.MAY_NOT_WRITE and batch.attempt > 1


def find(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """Find out whether ICA made a batch although its answer never came. If it is not found within
    a minute, it is sent again. A repeat is harmless (ALREADY_LINKED), a loss is not.
    """
    candidates = _candidates(context, client, submission, batch)
    if any(_record_sent(context, batch, candidate) for candidate in candidates):
        return
    now = context.clock()
    if now - (batch.intent_at or now) < FIND_SECONDS:
        values: dict[str, Any] = {"due_at": now + FIND_PAUSE_SECONDS, "blocked": Blocked.NO}
    else:
        pause = ica_failures.BLOCKED_SECONDS if batch.blocked == Blocked.STUCK else 0.0
        values = WAITS | {"due_at": now + pause, "sent_again": True}
    values |= ica_failures.passed(batch, Task.FIND)
    context.write(batches.record, batch, now, **values)


def _candidates(
    context: Context, client: IcaClient, submission: Submission, batch: Batch
) -> Iterator[IcaBatch]:
    """The batches at ICA that may be this one, the newest first; of none is it known here whose."""
    jobs = _jobs_since(client, batch)
    jobs = [job for job in jobs if job.project_id == submission.project_id and job.subject_id]
    with context.store.read() as connection:
        known = batches.known_ids(connection, [str(job.subject_id) for job in jobs])
        data_ids = set(items.ids_to_send(connection, batch))
    for job in jobs:
        if job.subject_id not in known and _holds(context, client, job, batch, data_ids):
            yield IcaBatch(id=str(job.subject_id), job=job)


def _jobs_since(client: IcaClient, batch: Batch) -> list[Job]:
    """ICA's jobs made since the batch was to be sent, the newest first."""
    found: list[Job] = []
    for jobs, is_newest_first in islice(client.pages_of_jobs(JOBS_PAGE_ROWS), MAX_JOBS_PAGES):
        moment = batch.intent_ica_at
        if moment is None:
            moment = (batch.intent_at or 0.0) + (client.clock_offset or 0.0)
        since = datetime.fromtimestamp(moment - CLOCK_MARGIN_SECONDS, UTC)
        recent = [job for job in jobs if job.time_created and job.time_created >= since]
        found += recent
        if is_newest_first and len(recent) < len(jobs):
            break
    return found


def _holds(context: Context, client: IcaClient, job: Job, batch: Batch, data_ids: set[str]) -> bool:
    """Whether the job's batch has the ids of ours, by its first page and its total."""
    kind = ICA_KIND[batch.kind]
    place = (str(job.project_id), str(job.subject_id))
    try:
        page = client.items(*place, kind=kind)
        total = client.count_items(*place, kind=kind)
    except (NotFound, Refused, MalformedResponse):
        return False  # another kind of job, or of others
    known = [ids.folded(item.data_id) in data_ids for item in page.items]
    if context.settings.ica_version == "v3":  # one item for each file of a folder: some are new
        return any(known)
    return bool(known) and all(known) and total in {None, len(data_ids)}


def close(context: Context, batch: Batch) -> None:
    """Record in the rows of a batch that was never sent that it was not, and why; of one that was,
    that it was ended before its outcome was known.
    """
    if batch.state == BatchState.LOST:
        lost_batches.end(context, batch, lost_batches.ENDED_REASON)
        return
    reason = "Stopped before it was sent."
    if batch.state != BatchState.STOPPED:
        said = batch.problem.short if batch.problem else ""
        reason = f"ICA refused the batch: {said or 'no reason given'}"
    not_sent = partial(item_updates.end_unread, status=NOT_SENT, reason=reason)
    batch = walk.change_rows(context, batch, not_sent)
    now = context.clock()
    closed = {"task": Task.NONE, "due_at": None, "settled_at": now}
    context.write(batches.record, batch, now, **closed, **ica_failures.NO_PROBLEM)
