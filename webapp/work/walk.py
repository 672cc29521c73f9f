"""Walking: the items' own rows are brought up to date, a page at a time, by cursor."""

from collections.abc import Callable
from functools import partial
from typing import Any

from webapp.ica.client import IcaClient
from webapp.ica.errors import IcaError, MalformedResponse, Refused
from webapp.ica.models import FINAL_JOB, MOVING, Item, Page
from webapp.store import accounts, batches, leases, results
from webapp.store.batches import Batch
from webapp.store.enums import EXPANDED, UNKNOWN, BatchState, Task
from webapp.store.results import Outcome
from webapp.store.submissions import Submission
from webapp.work import problems
from webapp.work.clients import ICA_KIND
from webapp.work.context import Context

PAGE = 1000
TROUBLED = ("FAILED", "PARTIALLY_LINKED", "PARTIALLY_UNLINKED")
SECONDS = 5.0  # that a unit may walk before it gives its lease back
TROUBLED_EVERY = 60.0  # seconds after which failed items are read again
GROWN_BY = 1.2
MORE_WALKS, MORE_WALKS_PAUSE = 3, 40.0  # when the job has ended and items still move
REFRESH_PAUSE = 5.0  # seconds, when the counts were final and the items are not
EXPANDED_REASON = "ICA (V3) made one item of each file in this folder; they stand after the list."
NOT_LISTED = "ICA does not list this id among the batch's items."


class PagingLoop(MalformedResponse):
    """ICA's cursors lead back to where they came from."""


def one_page(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """While a batch runs: a page of the failed ones when they are due, else of the next round."""
    if _troubled_due(batch, context.clock()):
        words = _troubled_words(client, batch)
        page, _ = _read(client, submission, batch, batch.failed_cursor, words)
        values = _troubled_read(batch, page, context.clock())
    else:
        page, anew = _read(client, submission, batch, batch.round_cursor)
        values = _round_read(batch, page, anew, context.clock())
    now = context.clock()
    with context.store.write() as connection:
        batch = batches.lock(connection, batch)
        numbers = results.apply(connection, batch, [outcome(item) for item in page.items], now)
        batches.record(connection, batch, now, **values, **numbers)


def walk(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """When the job has ended: a whole walk, a page a transaction, as fast as the budget allows."""
    started = context.clock()
    while True:
        page, anew = _read(client, submission, batch, batch.round_cursor)
        now = context.clock()
        pauses = bool(page.next_token) and _pauses(context, batch, started)
        values = _round_read(batch, page, anew, now) | problems.NO_TROUBLE
        values |= {"lease_until": 0.0, "due_at": now} if pauses else _leased(now)
        with context.store.write() as connection:
            batch = batches.lock(connection, batch)
            numbers = results.apply(connection, batch, [outcome(item) for item in page.items], now)
            batch = batches.keep(connection, batch, now, **values, **numbers)
            accounts.note_well(connection, batch.account_id)
        if pauses:
            return
        if page.next_token is None:
            _walked_whole(context, batch)
            return


def begun_anew(error: IcaError) -> dict[str, Any]:
    """What an error means for the cursors: one that led in a circle is not followed again."""
    return {"round_cursor": None, "failed_cursor": None} if isinstance(error, PagingLoop) else {}


def _leased(now: float) -> dict[str, Any]:
    return {"lease_until": now + leases.LEASE}


def _pauses(context: Context, batch: Batch, started: float) -> bool:
    return (
        context.clock() - started > SECONDS
        or context.stop.is_set()
        or context.budget.is_spent(batch.account_id)
    )


def _walked_whole(context: Context, batch: Batch) -> None:
    """Settle the batch, or look again while items still move."""
    now = context.clock()
    moves = any(batch.found.get(word) for word in MOVING)
    if moves and batch.job_status not in FINAL_JOB:  # no job told us that it has ended
        values: dict[str, Any] = {"task": Task.REFRESH, "due_at": now + REFRESH_PAUSE}
    elif moves and batch.whole_walks < MORE_WALKS:
        values = {"due_at": now + MORE_WALKS_PAUSE, "whole_walks": batch.whole_walks + 1}
    else:
        batch = _mark_what_was_not_listed(context, batch)
        values = {"state": BatchState.SETTLED, "task": Task.NONE, "due_at": None}
        values["settled_at"] = now
    context.record(batch, now, counts=batch.found, **values)


def _mark_what_was_not_listed(context: Context, batch: Batch) -> Batch:
    """Items that the whole walk did not meet, or left moving, get their last word."""
    if context.settings.ica_version == "v3":
        marked = partial(results.end_unread, status=EXPANDED, reason=EXPANDED_REASON, begins="fol.")
        batch = by_chunks(context, batch, marked)
    not_listed = partial(results.end_unread, status=UNKNOWN, reason=NOT_LISTED)
    return by_chunks(context, by_chunks(context, batch, not_listed), results.give_back_moving)


def by_chunks(
    context: Context, batch: Batch, change: Callable[..., tuple[int, dict[str, Any]]]
) -> Batch:
    """Change a leased batch's rows, a chunk a transaction, until none is left to change."""
    changed = None
    while changed != 0:
        now = context.clock()
        with context.store.write() as connection:
            batch = batches.lock(connection, batch)
            changed, numbers = change(connection, batch, now=now)
            batch = batches.keep(connection, batch, now, **_leased(now), **numbers)
    return batch


def _read(
    client: IcaClient,
    submission: Submission,
    batch: Batch,
    cursor: str | None,
    statuses: tuple[str, ...] = (),
) -> tuple[Page[Item], bool]:
    """A page, and whether it is the first: a cursor that ICA no longer takes begins anew."""
    read = partial(
        client.items,
        submission.project_id,
        str(batch.ica_batch_id),
        statuses=statuses,
        page_size=PAGE,
        kind=ICA_KIND[batch.kind],
    )
    if cursor is None:
        return read(), True
    try:
        page = read(page_token=cursor)
    except Refused:
        return read(), True
    if page.next_token == cursor or _goes_in_circles(batch):
        raise PagingLoop("ICA's pages go round in a circle: a cursor came a second time.")
    return page, False


def _goes_in_circles(batch: Batch) -> bool:
    """Many more items read in one round than ICA says there are."""
    return batch.total is not None and batch.round_read > 2 * batch.total + 10 * PAGE


def _troubled_words(client: IcaClient, batch: Batch) -> tuple[str, ...]:
    words = client.statuses(ICA_KIND[batch.kind])
    return tuple(word for word in TROUBLED if word in words)


def _troubled_due(batch: Batch, now: float) -> bool:
    """Failures are what users wait for: they are read first, as soon as there are more of them."""
    count, before = _troubled_count(batch), batch.failed_count
    if batch.failed_cursor or count == 0:
        return bool(batch.failed_cursor)
    waited = now - (batch.failed_walked_at or 0.0)
    return count > before * GROWN_BY or (count != before and waited >= TROUBLED_EVERY)


def _troubled_count(batch: Batch) -> int:
    return sum(batch.counts.get(word, 0) for word in TROUBLED)


def _troubled_read(batch: Batch, page: Page[Item], now: float) -> dict[str, Any]:
    if page.next_token:
        return {"failed_cursor": page.next_token}
    count = _troubled_count(batch)
    return {"failed_cursor": None, "failed_count": count, "failed_walked_at": now}


def _round_read(batch: Batch, page: Page[Item], anew: bool, now: float) -> dict[str, Any]:
    """How far the round is; while the first one goes on, it says how many rows are read at all."""
    begun = now if anew else batch.round_started_at
    read = len(page.items) + (0 if anew else batch.round_read)
    values: dict[str, Any] = {
        "round_cursor": page.next_token,
        "round_read": read,
        "round_started_at": begun,
        "rows_read": max(read, batch.rows_read),
    }
    if page.next_token is None or batch.rows_as_of is None:
        values["rows_as_of"] = begun
    return values


def outcome(item: Item) -> Outcome:
    """ICA's item in the store's words."""
    created = item.created
    details = created.details if created else None
    return Outcome(
        ica_item_id=item.id,
        data_id=item.data_id,
        status=item.status,
        reason=item.information or "",
        name=(details.name if details else None) or "",
        path=(details.path if details else None) or "",
        linked_id=created.id if created else "",
    )
