"""The walk: the items' own rows are brought up to date, page by page, by cursor."""

from collections.abc import Callable
from functools import partial
from typing import Any

from webapp.ica.client import IcaClient
from webapp.ica.errors import PagingLoop, Refused
from webapp.ica.models import FINAL_JOB, MOVING, Item, Page
from webapp.idlist import ids
from webapp.store import batches, item_updates, leases
from webapp.store.batches import Batch
from webapp.store.enums import EXPANDED, UNKNOWN, BatchState, Task
from webapp.store.item_updates import Outcome
from webapp.store.submissions import Submission
from webapp.work import ica_failures
from webapp.work.clients import ICA_KIND
from webapp.work.context import Context

PAGE_ROWS = 1000
UNIT_SECONDS = 5.0  # after which a unit gives its lease back
FAILED_STATUSES = ("FAILED", "PARTIALLY_LINKED", "PARTIALLY_UNLINKED")
FAILED_SECONDS, FAILED_GROWTH = 60.0, 1.2  # failed items are read again after either
MAX_REPEATED_WALKS, REPEAT_SECONDS = 3, 40.0  # when the job has ended and items still move
REFRESH_SECONDS = 5.0  # when there is no job, and items still move
EXPANDED_REASON = "ICA (V3) made one item of each file in this folder; they stand after the list."
NOT_LISTED = "Among the batch's items, ICA lists none with this id, or none that can be read."

Change = Callable[..., tuple[int, dict[str, Any]]]
"""Changes a chunk of a locked batch's rows; returns how many, and columns of batches to set."""


def read_page(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """While a batch runs: a page of its failed items if they are due, else of the next round."""
    if _is_failed_due(batch, context.clock()):
        known = client.statuses(ICA_KIND[batch.kind])
        statuses = tuple(status for status in FAILED_STATUSES if status in known)
        page, _ = _read(client, submission, batch, batch.failed_cursor, statuses)
        values: dict[str, Any] = {"failed_cursor": page.next_token}
        if page.next_token is None:
            values |= {"failed_count": _failed_count(batch), "failed_walked_at": context.clock()}
    else:
        page, is_first = _read(client, submission, batch, batch.round_cursor)
        values = _after_page(batch, page, is_first, context.clock())
    _keep(context, batch, page, lease_until=0.0, **values)


def walk(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """When the job has ended: a whole walk, a page a transaction, as fast as the budget allows."""
    started = context.clock.steady()
    while True:
        page, is_first = _read(client, submission, batch, batch.round_cursor)
        now = context.clock()
        values = _after_page(batch, page, is_first, now)
        if page.next_token and context.is_turn_over(started, UNIT_SECONDS, batch.account_id):
            _keep(context, batch, page, lease_until=0.0, due_at=now, **values)
            return
        batch = _keep(context, batch, page, lease_until=now + leases.LEASE_SECONDS, **values)
        if page.next_token is None:
            _finish(context, batch)
            return


def change_rows(context: Context, batch: Batch, *changes: Change) -> Batch:
    """Make each change to a leased batch's rows, a chunk a transaction, until none is left."""
    for change in changes:
        changed = None
        while changed != 0:
            now = context.clock()
            with context.store.write() as connection:
                batch = batches.lock(connection, batch)
                changed, values = change(connection, batch, now=now)
                values = {"lease_until": now + leases.LEASE_SECONDS} | values
                batch = batches.keep(connection, batch, now, **values)
    return batch


def outcome(item: Item) -> Outcome:
    """ICA's item in the store's words."""
    created = item.created
    details = created.details if created else None
    return Outcome(
        ica_item_id=item.id,
        data_id=ids.folded(item.data_id),
        status=item.status,
        reason=item.information or "",
        name=(details.name if details else None) or "",
        path=(details.path if details else None) or "",
        linked_id=ids.folded(created.id) if created else "",
    )


def _keep(context: Context, batch: Batch, page: Page[Item], **values: Any) -> Batch:
    """Bring the page's rows up to date, and set the values of the batch, in one transaction."""
    now = context.clock()
    with context.store.write() as connection:
        batch = batches.lock(connection, batch)
        counts = item_updates.apply(connection, batch, [outcome(item) for item in page.items], now)
        return ica_failures.record_success(connection, batch, now, **values, **counts)


def _finish(context: Context, batch: Batch) -> None:
    """After a whole walk: settle the batch, or look again while items still move."""
    now = context.clock()
    moves = any(batch.found.get(status) for status in MOVING)
    if moves and batch.job_status not in FINAL_JOB:  # there is no job that has ended
        values: dict[str, Any] = {"task": Task.REFRESH, "due_at": now + REFRESH_SECONDS}
    elif moves and batch.whole_walks < MAX_REPEATED_WALKS:
        values = {"due_at": now + REPEAT_SECONDS, "whole_walks": batch.whole_walks + 1}
    else:
        batch = _mark_unread(context, batch)
        values = {"state": BatchState.SETTLED, "task": Task.NONE, "due_at": None}
        values["settled_at"] = now
    context.write(batches.record, batch, now, counts=batch.found, **values)


def _mark_unread(context: Context, batch: Batch) -> Batch:
    """Items that the whole walk did not find, or found moving, get their final status."""
    expanded = partial(
        item_updates.end_unread, status=EXPANDED, reason=EXPANDED_REASON, begins="fol."
    )
    not_listed = partial(item_updates.end_unread, status=UNKNOWN, reason=NOT_LISTED)
    changes = [expanded] if context.settings.ica_version == "v3" else []
    return change_rows(context, batch, *changes, not_listed, item_updates.give_back_moving)


def _read(
    client: IcaClient,
    submission: Submission,
    batch: Batch,
    cursor: str | None,
    statuses: tuple[str, ...] = (),
) -> tuple[Page[Item], bool]:
    """A page, and whether it is the first: if ICA refuses the cursor, the first page is read."""
    read = partial(
        client.items,
        submission.project_id,
        str(batch.ica_batch_id),
        statuses=statuses,
        page_size=PAGE_ROWS,
        kind=ICA_KIND[batch.kind],
    )
    if cursor is None:
        return read(), True
    try:
        page = read(page_token=cursor)
    except Refused:
        return read(), True
    # Many more items in one round than ICA says there are: then it is a longer loop.
    too_many = batch.total is not None and batch.round_read > 2 * batch.total + 10 * PAGE_ROWS
    if page.next_token == cursor or too_many:
        raise PagingLoop("ICA's pages go round in a circle: a cursor came a second time.")
    return page, False


def _is_failed_due(batch: Batch, now: float) -> bool:
    """Failures are what users wait for: they are read first, as soon as there are more of them."""
    count, before = _failed_count(batch), batch.failed_count
    if batch.failed_cursor or count == 0:
        return bool(batch.failed_cursor)
    waited = now - (batch.failed_walked_at or 0.0)
    return count > before * FAILED_GROWTH or (count != before and waited >= FAILED_SECONDS)


def _failed_count(batch: Batch) -> int:
    return sum(batch.counts.get(status, 0) for status in FAILED_STATUSES)


def _after_page(batch: Batch, page: Page[Item], is_first: bool, now: float) -> dict[str, Any]:
    """How far the round is; in the first round this is also how many rows were ever read."""
    begun = now if is_first else batch.round_started_at
    read = len(page.items) + (0 if is_first else batch.round_read)
    values: dict[str, Any] = {
        "round_cursor": page.next_token,
        "round_read": read,
        "round_started_at": begun,
        "rows_read": max(read, batch.rows_read),
    }
    if page.next_token is None or batch.rows_as_of is None:
        values["rows_as_of"] = begun
    return values
