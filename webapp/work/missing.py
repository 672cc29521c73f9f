"""A batch that ICA no longer knows: after three times in ten minutes it is taken at its word."""

from typing import Any

from webapp.ica.errors import NotThere
from webapp.store import batches, results
from webapp.store.batches import Batch
from webapp.store.words import BatchState, Blocked, Task
from webapp.work import troubles
from webapp.work.context import Context

AFTER, TIMES, PAUSE = 600.0, 3, 300.0  # seconds, answers, seconds between two of them


def note(context: Context, batch: Batch, error: NotThere) -> None:
    """ICA answered 404: ask again later, or give the batch up. Its rows stay as they are."""
    now = context.clock()
    since = batch.missing_since or now
    count = batch.missing_count + 1
    values: dict[str, Any] = {
        "missing_count": count,
        "missing_since": since,
        "trouble": troubles.described(error, now),
        "blocked": Blocked.NO,
    }
    if count >= TIMES and now - since >= AFTER:
        values |= _lost(context, batch, now)
    else:
        last = since + AFTER
        values |= {"due_at": min(now + PAUSE, last) if now < last else now + PAUSE}
    with context.store.write() as connection:
        batches.record(connection, batch, now, **values)


def _lost(context: Context, batch: Batch, now: float) -> dict[str, Any]:
    """What was counted last gives way to what the rows say: they are all that is left of it."""
    with context.store.read() as connection:
        counts = results.counts(connection, batch)
    return {
        "state": BatchState.LOST,
        "task": Task.NONE,
        "due_at": None,
        "settled_at": now,
        "counts": counts,
    }
