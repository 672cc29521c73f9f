"""A batch that ICA no longer tells of: after three such answers in ten minutes it is given up."""

from functools import partial
from typing import Any

from webapp.ica.errors import Forbidden, IcaError, NotFound
from webapp.store import batches, item_updates
from webapp.store.batches import Batch
from webapp.store.enums import UNKNOWN, BatchState, Blocked, Task
from webapp.work import ica_failures, walk
from webapp.work.context import Context

LOST_REASON = "ICA no longer knows the batch that it was sent in."
CLOSED_REASON = "ICA does not let this attempt's account see the batch that it was sent in."
ENDED_REASON = "The attempt was ended here before ICA told the outcome."
MIN_ANSWERS, MIN_SECONDS = 3, 600.0  # before a batch counts as lost
PAUSE_SECONDS = 300.0  # between two questions


def is_lost_by(batch: Batch, error: IcaError) -> bool:
    """Whether the batch is to be given up if ICA goes on so: it says that there is no such batch,
    or lets the account of a later attempt not see it. That of the first is waited for.
    """
    if batch.attempt > 1:
        return isinstance(error, (Forbidden, NotFound))
    return isinstance(error, NotFound) and batch.ica_batch_id is not None


def note(context: Context, batch: Batch, error: IcaError) -> None:
    """ICA answered so: ask again later, or give the batch up."""
    now = context.clock()
    since = batch.missing_since or now
    count = batch.missing_count + 1
    values: dict[str, Any] = {"missing_count": count, "missing_since": since}
    closed = isinstance(error, Forbidden)
    blocked = Blocked.MAY_NOT_READ if closed else Blocked.NO
    values |= {"trouble": ica_failures.kept_error(error, now), "blocked": blocked}
    if count >= MIN_ANSWERS and now - since >= MIN_SECONDS:
        values["blocked"] = Blocked.NO
        end(context, batch, CLOSED_REASON if closed else LOST_REASON, **values)
        return
    last = since + MIN_SECONDS
    due_at = min(now + PAUSE_SECONDS, last) if now < last else now + PAUSE_SECONDS
    context.write(batches.record, batch, now, due_at=due_at, **values)


def end(context: Context, batch: Batch, reason: str, **values: Any) -> None:
    """Follow the batch no longer. Its rows stay as they are; those that an earlier attempt had read
    become again what they were before. `values` are other columns to set.
    """
    lost = partial(item_updates.end_unread, status=UNKNOWN, reason=reason)
    changes = [lost] if batch.attempt > 1 else []
    batch = walk.change_rows(context, batch, *changes, item_updates.give_back_moving)
    now = context.clock()
    ended = {"state": BatchState.LOST, "task": Task.NONE, "due_at": None, "settled_at": now}
    context.write(batches.record, batch, now, **values, **ended, counts=batch.found)
