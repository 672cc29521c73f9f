"""History: what each attempt has found of an item, and the items of an attempt as it found them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, literal, select

from webapp.store import batches, paging, sql
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.engine import Store
from webapp.store.enums import NOT_SENT, UNREAD, UNSENT
from webapp.store.items import Item
from webapp.store.paging import Cursor, Page, page_of
from webapp.store.statuses import goes_into_row
from webapp.store.tables import history, items

CHUNK_ITEMS = 2_500  # items of one read
KEPT_COLUMNS = (  # what an attempt finds of an item, in its row or in its history
    *("status", "reason", "path", "linked_id", "reason_id"),
    *("batch_id", "ica_item_id", "changed_at"),
)
_FOUND_COLUMNS = ("attempt", *KEPT_COLUMNS)
_SAME_ITEM = (history.c.submission_id == items.c.submission_id) & (
    history.c.position == items.c.position
)


def of_item(connection: Connection, item: Item) -> list[Item]:
    """An item as each attempt has found it, in their order; its row's too."""
    mine = (history.c.submission_id == item.submission_id) & (history.c.position == item.position)
    past = select(*(history.c[name] for name in _FOUND_COLUMNS)).where(mine)
    found = [item, *sql.fetch(connection, past, partial(replace, item))]
    return [one for _, one in sorted({one.attempt: one for one in found}.items())]


def page(
    connection: Connection, attempt: Attempt, statuses: Sequence[str], cursor: Cursor, size: int
) -> Page[Item]:
    """The attempt's items in the order of the list, as it found them; no statuses mean any.

    Each is in its row, or in its history.
    """
    parts = list(_parts(connection, attempt, statuses, cursor, size + 1))
    if not parts:
        return Page([], None, None)
    limited = [
        paging.from_cursor(found, key, cursor, size + 1, *ends) for found, key, *ends in parts
    ]
    rows = sql.fetch(connection, paging.merged(limited, cursor, 2 * (size + 1)), Item)
    found = {row.position: row for row in rows}  # what was taken is in both
    return page_of(list(found.values()), cursor, size, lambda row: row.position)


def pages(store: Store, attempt: Attempt, statuses: Sequence[str]) -> Iterator[Sequence[Item]]:
    """All items of the attempt with these statuses, many at a time."""
    return paging.pages(
        store, lambda connection, cursor: page(connection, attempt, statuses, cursor, CHUNK_ITEMS)
    )


def _parts(
    connection: Connection, attempt: Attempt, statuses: Sequence[str], cursor: Cursor, limit: int
) -> Iterator[tuple[Any, ...]]:
    """For each status a range of the rows and one of the history, if there are any by the counts
    of the batches: a statement, its key and, if known, the first and the last position.
    """
    batch_rows = batches.of_submission(connection, attempt.submission_id, attempt.number)
    unread = [batch for batch in batch_rows if batch.found.get(UNREAD)]
    unsent = [batch for batch in unread if batch.state in UNSENT and batch.is_open]
    wordless = {NOT_SENT: unsent, UNREAD: [batch for batch in unread if batch not in unsent]}
    found = sum((Counter(batch.found) for batch in batch_rows), Counter[str]())
    standing = found - sum((Counter(batch.taken) for batch in batch_rows), Counter[str]())
    for status in dict.fromkeys(statuses or (*found, UNREAD, NOT_SENT)):
        for batch in _ahead(wordless.get(status, []), cursor, limit):
            ends = (batch.first_position, batch.last_position)
            yield _unread(attempt, batch, status), items.c.position, *ends
        if status != UNREAD and standing[status] and goes_into_row(attempt.kind, status):
            yield _current(attempt, status), items.c.position
        yield _past(attempt, status), history.c.position


def _ahead(held: Sequence[Batch], cursor: Cursor, limit: int) -> Iterator[Batch]:
    """As many of these batches, in the direction of the cursor, as have `limit` unread items behind
    the first one, of which the cursor may have passed a part.
    """
    backwards = cursor.before is not None
    found = -1
    for batch in reversed(held) if backwards else held:
        if backwards and batch.first_position >= (cursor.before or 0):
            continue
        if not backwards and batch.last_position <= (cursor.after or 0):
            continue
        if found >= limit:
            return
        yield batch
        found = 0 if found < 0 else found + batch.found[UNREAD]


def _current(attempt: Attempt, status: str) -> Select[Any]:
    """What it has found and is in the rows."""
    ours = (items.c.submission_id == attempt.submission_id) & (items.c.attempt == attempt.number)
    return select(items).where(ours, items.c.status == status)


def _past(attempt: Attempt, status: str) -> Select[Any]:
    """What it has found and is in its history."""
    columns = [
        (history if column.name in _FOUND_COLUMNS else items).c[column.name] for column in items.c
    ]
    found = select(*columns).join_from(history, items, _SAME_ITEM)
    ours = [table.c.submission_id == attempt.submission_id for table in (history, items)]
    return found.where(*ours, history.c.attempt == attempt.number, history.c.status == status)


def _unread(attempt: Attempt, batch: Batch, status: str) -> Select[Any]:
    """What the batch holds and the attempt has found nothing of yet."""
    blank = {"status": literal(status), "reason": literal(""), "path": literal("")}
    columns = (blank.get(column.name, column).label(column.name) for column in items.c)
    found = select(*columns).where(items.c.submission_id == attempt.submission_id)
    if attempt.number == 1:
        return found.where(items.c.status == UNREAD, items.c.batch_id.is_(None))
    held = items.c.batch_id == batch.id
    return found.where(
        held, items.c.attempt != attempt.number, ~in_history(history.c.attempt == attempt.number)
    )


def in_history(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the history of an item's row has anything that meets the condition."""
    return exists().where(_SAME_ITEM, condition)
