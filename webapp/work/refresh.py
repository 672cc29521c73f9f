"""The refresh: the job, the total and one count a status; at most 9 calls, whatever the size."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from webapp.ica.client import IcaClient
from webapp.ica.errors import NotFound, Refused
from webapp.ica.models import FINAL_JOB, MOVING, Job
from webapp.store.batches import Batch
from webapp.store.documents import Counts
from webapp.store.enums import UNKNOWN, UNREAD, WATCHED_PRIORITY, Blocked, ErrorCode, Task
from webapp.store.submissions import Submission
from webapp.work import ica_failures, walk
from webapp.work.clients import ICA_KIND
from webapp.work.context import Context

WATCHED_SECONDS = 2.0  # between two refreshes while somebody watches
MIN_SECONDS, MAX_SECONDS = 5.0, 60.0  # while nobody does
JOB, COUNT = "job", "count"  # steps


@dataclass(frozen=True, slots=True)
class Progress:
    """What a refresh found. `total` is None where ICA gives none; then the rows are counted.

    all_was_read: rounds led in a circle or no further, so what is unread will not be read.
    """

    job: Job | None
    total: int | None
    counts: Counts
    all_was_read: bool = False

    @property
    def has_ended(self) -> bool:
        """By the job's own status; without a job, or one of these, by the counts."""
        if self.job and (self.job.is_final or self.job.is_moving):
            return self.job.is_final
        statuses = MOVING if self.all_was_read else (*MOVING, UNREAD)
        return bool(self.counts) and not any(self.counts.get(status) for status in statuses)


def refresh(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """Ask for the counts of a running batch, and read a page of its items too."""
    if batch.blocked == Blocked.STUCK:
        _try_what_failed(client, submission, batch)
    progress = ask(client, submission, batch)
    now = context.clock()
    values = _values(progress, now)
    if progress.has_ended:
        values |= {"task": Task.WALK, "due_at": now, "lease_until": 0.0} | walk.ANEW
        if progress.job and progress.job.is_final and batch.job_status not in FINAL_JOB:
            values["whole_walks"] = 0
    else:
        values |= _next_refresh(submission, now)
    batch = context.write(ica_failures.record_success, batch, now, JOB, COUNT, **values)
    if not progress.has_ended:
        walk.read_page(context, client, submission, batch)


def ask(client: IcaClient, submission: Submission, batch: Batch) -> Progress:
    """The job, the total, and one count per status, until they make up the total."""
    place = (submission.project_id, str(batch.ica_batch_id))
    kind = ICA_KIND[batch.kind]
    with ica_failures.step(JOB):
        job = _job(client, submission, batch)
    with ica_failures.step(COUNT):
        total = client.count_items(*place, kind=kind)
    by_rows = Progress(job, total, batch.found, batch.circles >= walk.MAX_CIRCLES)
    if total is None:
        return by_rows
    counts: Counts = {}
    # Final statuses are asked for first: an item that moves on meanwhile is then missed rather than
    # counted twice, and what is missing is shown as such.
    for status in reversed(client.statuses(kind)):
        if sum(counts.values()) >= total:
            break
        try:
            with ica_failures.step(f"{COUNT}:{status}"):
                count = client.count_items(*place, status=status, kind=kind)
        except Refused:  # ICA does not take this status
            return by_rows
        if count:
            counts[status] = count
    lacking = total - sum(counts.values())
    if lacking > 0:
        counts[UNKNOWN] = lacking
    return Progress(job, total, counts)


def _try_what_failed(client: IcaClient, submission: Submission, batch: Batch) -> None:
    """Make the call at which a batch is stuck before all others: while that fails, it costs no
    more. The job is asked for first anyway.
    """
    name, status = ica_failures.step_of(batch)
    if name == walk.PAGE:
        walk.read_round(client, submission, batch)
    elif name == COUNT:
        place, kind = (submission.project_id, str(batch.ica_batch_id)), ICA_KIND[batch.kind]
        with ica_failures.step(name):
            if batch.vain_kind.endswith(ErrorCode.REFUSED):  # with an offset and without
                client.items(*place, page_size=1, kind=kind)
            else:
                client.count_items(*place, status=status or None, kind=kind)


def _job(client: IcaClient, submission: Submission, batch: Batch) -> Job | None:
    """The batch's job. If ICA has removed it, the batch may still be there."""
    if batch.ica_job_id:
        with suppress(NotFound):
            return client.job(batch.ica_job_id)
    kind = ICA_KIND[batch.kind]
    return client.batch(submission.project_id, str(batch.ica_batch_id), kind=kind).job


def _values(progress: Progress, now: float) -> dict[str, Any]:
    values: dict[str, Any] = {"total": progress.total, "counts": progress.counts}
    values |= {"counted_at": now, "missing_count": 0, "missing_since": None}
    if job := progress.job:
        values |= {
            "ica_job_id": job.id,
            "job_status": job.status[:40],
            "job_information": job.information or "",
            "job_finished_at": job.time_finished.timestamp() if job.time_finished else None,
        }
    return values


def _next_refresh(submission: Submission, now: float) -> dict[str, Any]:
    """Soon while somebody watches; else the later, the longer nothing has changed."""
    if submission.is_watched(now):
        return {"due_at": now + WATCHED_SECONDS, "priority": WATCHED_PRIORITY, "task": Task.REFRESH}
    unchanged = (now - submission.changed_at) / 4
    return {"due_at": now + min(max(unchanged, MIN_SECONDS), MAX_SECONDS), "task": Task.REFRESH}
