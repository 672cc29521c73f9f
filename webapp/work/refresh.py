"""Refreshing: the job, the total and one count a status; at most 9 calls, whatever the size."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from webapp.ica.client import IcaClient
from webapp.ica.errors import NotFound
from webapp.ica.models import MOVING, Job
from webapp.store import accounts, batches
from webapp.store.batches import Batch, Counts
from webapp.store.enums import UNKNOWN, UNREAD, Task
from webapp.store.enums import WATCHED as WATCHED_PRIORITY
from webapp.store.submissions import Submission
from webapp.work import problems, walk
from webapp.work.clients import ICA_KIND
from webapp.work.context import Context

WATCHED_PAUSE = 2.0  # seconds between two refreshes while somebody watches
SHORTEST, LONGEST = 5.0, 60.0  # while nobody does


@dataclass(frozen=True, slots=True)
class News:
    """What a refresh found. `counts` is None where ICA gives no total: then the rows count."""

    job: Job | None
    total: int | None
    counts: Counts | None

    @property
    def has_ended(self) -> bool:
        """The job's own word; without a job, the counts decide."""
        if self.job:
            return self.job.is_final
        counts = self.counts or {}
        return bool(counts) and not any(counts.get(word) for word in (*MOVING, UNREAD))


def refresh(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """Ask how a running batch stands, and read a page of its items while at it."""
    news = ask(client, submission, batch)
    if news.counts is None:
        news = replace(news, counts=batch.found)
    now = context.clock()
    values = _heard(news, now)
    if news.has_ended:
        anew = {"round_cursor": None, "round_read": 0, "lease_until": 0.0}
        values |= {"task": Task.WALK, "due_at": now} | anew
    else:
        values |= _next_look(submission, now)
    with context.store.write() as connection:
        batch = batches.keep(connection, batch, now, **values)
        accounts.note_well(connection, batch.account_id)
    if not news.has_ended:
        walk.one_page(context, client, submission, batch)


def ask(client: IcaClient, submission: Submission, batch: Batch) -> News:
    """The job, the total, and one count per status, until they make up the total."""
    place = (submission.project_id, str(batch.ica_batch_id))
    kind = ICA_KIND[batch.kind]
    job = _job(client, submission, batch)
    total = client.count_items(*place, kind=kind)
    if total is None:
        return News(job, None, None)
    counts: Counts = {}
    # What has ended is asked first: an item that moves on meanwhile is then missed rather than
    # counted twice, and what is missing is shown as such.
    for status in reversed(client.statuses(kind)):
        if sum(counts.values()) >= total:
            break
        count = client.count_items(*place, status=status, kind=kind)
        if count:
            counts[status] = count
    lacking = total - sum(counts.values())
    if lacking > 0:
        counts[UNKNOWN] = lacking
    return News(job, total, counts)


def _job(client: IcaClient, submission: Submission, batch: Batch) -> Job | None:
    """The batch's job. Should ICA have tidied it away, the batch may still be there."""
    if batch.ica_job_id:
        with suppress(NotFound):
            return client.job(batch.ica_job_id)
    kind = ICA_KIND[batch.kind]
    return client.batch(submission.project_id, str(batch.ica_batch_id), kind=kind).job


def _heard(news: News, now: float) -> dict[str, Any]:
    values: dict[str, Any] = {"total": news.total, "counts": news.counts, "counted_at": now}
    values |= {"missing_count": 0, "missing_since": None} | problems.NO_TROUBLE
    if news.job:
        finished = news.job.time_finished
        values |= {
            "ica_job_id": news.job.id,
            "job_status": news.job.status[:40],
            "job_information": news.job.information or "",
            "job_finished_at": finished.timestamp() if finished else None,
        }
    return values


def _next_look(submission: Submission, now: float) -> dict[str, Any]:
    """Soon while somebody watches; else the later, the longer nothing has changed."""
    if submission.is_watched(now):
        return {"due_at": now + WATCHED_PAUSE, "priority": WATCHED_PRIORITY, "task": Task.REFRESH}
    calm = (now - submission.changed_at) / 4
    return {"due_at": now + min(max(calm, SHORTEST), LONGEST), "task": Task.REFRESH}
