"""History: what each attempt has found of an item, and the items of an attempt in its own words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, literal, or_, select

from webapp.store import batches, pages, sql
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.engine import Store
from webapp.store.items import Item, ranges
from webapp.store.pages import Cursor, Page, cut
from webapp.store.statuses import becomes_the_rows
from webapp.store.tables import history, items
from webapp.store.words import NOT_SENT, UNREAD, UNSENT

CHUNK = 2_500  # items of one read
_FOUND = (  # what an attempt finds of an item, in its row or in its history
    *("attempt", "status", "reason", "path", "linked_id", "reason_id"),
    *("batch_id", "ica_item_id", "changed_at"),
)
_SAME = (history.c.submission_id == items.c.submission_id) & (
    history.c.position == items.c.position
)


def of_item(connection: Connection, item: Item) -> list[Item]:
    """An item as each attempt has found it, in their order; as its row has it, too."""
    mine = (history.c.submission_id == item.submission_id) & (history.c.position == item.position)
    past = select(*(history.c[name] for name in _FOUND)).where(mine)
    found = [item, *sql.fetch(connection, past, partial(replace, item))]
    return [one for _, one in sorted({one.attempt: one for one in found}.items())]


def page(
    connection: Connection, attempt: Attempt, statuses: Sequence[str], cursor: Cursor, size: int
) -> Page[Item]:
    """The attempt's items in the order of the list, as it found them; any status for none.

    Each stands in its row, or in its history.
    """
    parts = list(_parts(connection, attempt, statuses))
    if not parts:
        return Page([], None, None)
    limited = [
        pages.from_cursor(found, key, cursor, size + 1, *ends) for found, key, *ends in parts
    ]
    rows = sql.fetch(connection, pages.merged(limited, cursor, 2 * (size + 1)), Item)
    found = {row.position: row for row in rows}  # what was taken stands in both
    return cut(list(found.values()), cursor, size, lambda row: row.position)


def each(store: Store, attempt: Attempt, statuses: Sequence[str]) -> Iterator[Item]:
    """All of them."""
    return pages.each(
        store, lambda connection, cursor: page(connection, attempt, statuses, cursor, CHUNK)
    )


def _parts(
    connection: Connection, attempt: Attempt, statuses: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """For each status a range of the rows and one of the history, where it has any by the numbers
    of the batches: a statement, its key and, if known, the first and the last position.
    """
    cut = batches.of_submission(connection, attempt.submission_id, attempt.number)
    unread = [batch for batch in cut if batch.found.get(UNREAD)]
    unsent = [batch for batch in unread if batch.state in UNSENT and batch.is_open]
    wordless = {NOT_SENT: unsent, UNREAD: [batch for batch in unread if batch not in unsent]}
    found = sum((Counter(batch.found) for batch in cut), Counter[str]())
    standing = found - sum((Counter(batch.taken) for batch in cut), Counter[str]())
    for status in dict.fromkeys(statuses or (*found, UNREAD, NOT_SENT)):
        if held := wordless.get(status):
            ends = (held[0].first_position, held[-1].last_position)
            yield _without_word(attempt, held, status), items.c.position, *ends
        if status != UNREAD and standing[status] and becomes_the_rows(attempt.kind, status):
            yield _standing(attempt, status), items.c.position
        yield _past(attempt, status), history.c.position


def _standing(attempt: Attempt, status: str) -> Select[Any]:
    """What it has found and stands in the rows."""
    ours = (items.c.submission_id == attempt.submission_id) & (items.c.attempt == attempt.number)
    return select(items).where(ours, items.c.status == status)


def _past(attempt: Attempt, status: str) -> Select[Any]:
    """What it has found and stands in its history."""
    columns = [(history if column.name in _FOUND else items).c[column.name] for column in items.c]
    found = select(*columns).join_from(history, items, _SAME)
    ours = [table.c.submission_id == attempt.submission_id for table in (history, items)]
    return found.where(*ours, history.c.attempt == attempt.number, history.c.status == status)


def _without_word(attempt: Attempt, cut: Sequence[Batch], status: str) -> Select[Any]:
    """What it holds and has found nothing of yet."""
    blank = {"status": literal(status), "reason": literal(""), "path": literal("")}
    columns = (blank.get(column.name, column).label(column.name) for column in items.c)
    found = select(*columns).where(items.c.submission_id == attempt.submission_id)
    if attempt.number == 1:
        in_range = (items.c.position.between(first, last) for first, last in ranges(cut))
        return found.where(items.c.status == UNREAD, items.c.batch_id.is_(None), or_(*in_range))
    held = items.c.batch_id.in_([batch.id for batch in cut])
    return found.where(
        held, items.c.attempt != attempt.number, ~keeps(history.c.attempt == attempt.number)
    )


def keeps(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the history of an item's row has anything that meets the condition."""
    return exists().where(_SAME, condition)
