"""A batch that ICA no longer knows: after three such answers in ten minutes it is given up."""

from functools import partial
from typing import Any

from webapp.ica.errors import NotFound
from webapp.store import batches, item_updates
from webapp.store.batches import Batch
from webapp.store.enums import UNKNOWN, BatchState, Blocked, Task
from webapp.work import ica_failures, walk
from webapp.work.context import Context

LOST_REASON = "ICA no longer knows the batch that it was sent in."
MIN_ANSWERS, MIN_SECONDS = 3, 600.0  # before a batch counts as lost
PAUSE_SECONDS = 300.0  # between two questions


def note(context: Context, batch: Batch, error: NotFound) -> None:
    """ICA answered 404: ask again later, or give the batch up. Its rows stay as they are; those
    that an earlier attempt had read become again what they were before.
    """
    now = context.clock()
    since = batch.missing_since or now
    count = batch.missing_count + 1
    values: dict[str, Any] = {"missing_count": count, "missing_since": since}
    values |= {"trouble": ica_failures.kept_error(error, now), "blocked": Blocked.NO}
    if count >= MIN_ANSWERS and now - since >= MIN_SECONDS:
        lost = partial(item_updates.end_unread, status=UNKNOWN, reason=LOST_REASON)
        changes = [lost] if batch.attempt > 1 else []
        batch = walk.change_rows(context, batch, *changes, item_updates.give_back_moving)
        ended = {"state": BatchState.LOST, "task": Task.NONE, "due_at": None, "settled_at": now}
        values |= ended | {"counts": batch.found}
    else:
        last = since + MIN_SECONDS
        values |= {"due_at": min(now + PAUSE_SECONDS, last) if now < last else now + PAUSE_SECONDS}
    context.write(batches.record, batch, now, **values)
