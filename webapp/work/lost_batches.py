"""A batch that ICA no longer knows: after three times in ten minutes it is taken at its word."""

from functools import partial
from typing import Any

from webapp.ica.errors import NotFound
from webapp.store import results
from webapp.store.batches import Batch
from webapp.store.enums import UNKNOWN, BatchState, Blocked, Task
from webapp.work import problems, walk
from webapp.work.context import Context

LOST = "ICA no longer knows the batch that it was sent in."
AFTER, TIMES, PAUSE = 600.0, 3, 300.0  # seconds, answers, seconds between two of them


def note(context: Context, batch: Batch, error: NotFound) -> None:
    """ICA answered 404: ask again later, or give the batch up. Its rows stay as they are."""
    now = context.clock()
    since = batch.missing_since or now
    count = batch.missing_count + 1
    values: dict[str, Any] = {"missing_count": count, "missing_since": since}
    values |= {"trouble": problems.described(error, now), "blocked": Blocked.NO}
    if count >= TIMES and now - since >= AFTER:
        batch = _given_back(context, batch)
        ended = {"state": BatchState.LOST, "task": Task.NONE, "due_at": None, "settled_at": now}
        values |= ended | {"counts": batch.found}
    else:
        last = since + AFTER
        values |= {"due_at": min(now + PAUSE, last) if now < last else now + PAUSE}
    context.record(batch, now, **values)


def _given_back(context: Context, batch: Batch) -> Batch:
    """What an attempt before had a word on stands as before again; the rest as it was last seen."""
    if batch.attempt > 1:
        lost = partial(results.end_unread, status=UNKNOWN, reason=LOST)
        batch = walk.by_chunks(context, batch, lost)
    return walk.by_chunks(context, batch, results.give_back_moving)
