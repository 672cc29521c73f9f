"""History: what each attempt has found of an item, and the items of an attempt in its own words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, literal, or_, select, union_all

from webapp.store import batches, sql
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.engine import Store
from webapp.store.items import Item, ranges
from webapp.store.pages import Cursor, Page, cut
from webapp.store.tables import history, items
from webapp.store.words import NOT_SENT, UNREAD, UNSENT


@dataclass(frozen=True, slots=True)
class Finding:
    """What an attempt has found of an item."""

    attempt: int
    status: str
    reason: str
    path: str
    batch_id: int | None
    ica_item_id: str | None
    changed_at: float | None


CHUNK = 2_500  # items of one read
_FINDING = ("attempt", "status", "reason", "path", "batch_id", "ica_item_id", "changed_at")
_ROW = tuple(Item.__dataclass_fields__)
_FOUND = (*_FINDING, "linked_id", "reason_id")


def drop(connection: Connection, submission_id: int, limit: int) -> int:
    """Delete the history of up to `limit` items, the last first; returns how many rows it had."""
    ours = history.c.submission_id == submission_id
    return sql.drop_last(connection, ours, history.c.position, limit)


def of_item(connection: Connection, item: Item) -> list[Finding]:
    """What the attempts have found of an item, in their order; what stands in its row too."""
    mine = (history.c.submission_id == item.submission_id) & (history.c.position == item.position)
    rows = connection.execute(select(*(history.c[name] for name in _FINDING)).where(mine))
    found = {row.attempt: Finding(*row) for row in rows}
    found.setdefault(item.attempt, Finding(*(getattr(item, name) for name in _FINDING)))
    return [found[number] for number in sorted(found)]


def page(
    connection: Connection, attempt: Attempt, statuses: Sequence[str], cursor: Cursor, size: int
) -> Page[Item]:
    """The attempt's items in the order of the list, as it found them; any status for none.

    Each stands in its row, or in its history.
    """
    parts = list(_parts(connection, attempt, statuses or list(attempt.counts)))
    if not parts:
        return Page([], None, None)
    limited = [select(_limited(*part, cursor, size + 1).subquery()) for part in parts]
    union = union_all(*limited).subquery()
    order = union.c.position.desc() if cursor.before is not None else union.c.position
    rows = connection.execute(select(union).order_by(order)).mappings()
    found = {row["position"]: Item(**row) for row in rows}  # what was taken stands in both
    return cut(list(found.values()), cursor, size, lambda row: row.position)


def each(store: Store, attempt: Attempt, statuses: Sequence[str]) -> Iterator[Item]:
    """All of them, by many short reads: no transaction across a yield."""
    cursor: Cursor | None = Cursor()
    while cursor:
        with store.read() as connection:
            found = page(connection, attempt, statuses, cursor, CHUNK)
        yield from found.rows
        cursor = Cursor(after=found.next) if found.next else None


def _limited(
    part: Select[Any], position: ColumnElement[int], cursor: Cursor, limit: int
) -> Select[Any]:
    if cursor.before is not None:
        return part.where(position < cursor.before).order_by(position.desc()).limit(limit)
    return part.where(position > (cursor.after or 0)).order_by(position).limit(limit)


def _parts(
    connection: Connection, attempt: Attempt, statuses: Sequence[str]
) -> Iterator[tuple[Select[Any], ColumnElement[int]]]:
    """For each status a range of the rows, and one of the history."""
    of_all = batches.of_submission(connection, attempt.submission_id)
    cut = [batch for batch in of_all if batch.attempt == attempt.number]
    unsent = [batch for batch in cut if batch.state in UNSENT and batch.is_open]
    sent = [batch for batch in cut if batch not in unsent]
    for status in dict.fromkeys(statuses):
        wordless = {NOT_SENT: unsent, UNREAD: sent}.get(status, [])
        if wordless:
            yield _without_word(attempt, wordless, status), items.c.position
        if (status, attempt.number) != (UNREAD, 1):
            yield _standing(attempt, status), items.c.position
        yield _past(attempt, status), history.c.position


def _standing(attempt: Attempt, status: str) -> Select[Any]:
    """What it has found and stands in the rows."""
    return select(*(items.c[name] for name in _ROW)).where(
        items.c.submission_id == attempt.submission_id,
        items.c.status == status,
        items.c.attempt == attempt.number,
    )


def _past(attempt: Attempt, status: str) -> Select[Any]:
    """What it has found and stands in its history."""
    columns = [history.c[name] if name in _FOUND else items.c[name] for name in _ROW]
    same = (history.c.submission_id == items.c.submission_id) & (
        history.c.position == items.c.position
    )
    return (
        select(*columns)
        .join_from(history, items, same)
        .where(
            history.c.submission_id == attempt.submission_id,
            history.c.attempt == attempt.number,
            history.c.status == status,
            items.c.submission_id == attempt.submission_id,
        )
    )


def _without_word(attempt: Attempt, cut: Sequence[Batch], status: str) -> Select[Any]:
    """What it holds and has found nothing of yet."""
    blank = {"status": literal(status), "reason": literal(""), "path": literal("")}
    found = select(*(blank.get(name, items.c[name]).label(name) for name in _ROW)).where(
        items.c.submission_id == attempt.submission_id
    )
    if attempt.number == 1:
        in_range = (items.c.position.between(first, last) for first, last in ranges(cut))
        return found.where(items.c.status == UNREAD, items.c.batch_id.is_(None), or_(*in_range))
    held = items.c.batch_id.in_([batch.id for batch in cut])
    return found.where(held, items.c.attempt != attempt.number, ~_has_past(attempt))


def _has_past(attempt: Attempt) -> ColumnElement[bool]:
    return exists().where(
        history.c.submission_id == items.c.submission_id,
        history.c.position == items.c.position,
        history.c.attempt == attempt.number,
    )
