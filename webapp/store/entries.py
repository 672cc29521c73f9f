"""Entries of a list that did not become an item: repeated ones and rejected ones."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from sqlalchemy import Connection, delete, func, select

from webapp.store import sql
from webapp.store.pages import Cursor, Page, cut
from webapp.store.tables import entries


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of entries; `first_line` is where a repeated id stands first."""

    ordinal: int
    kind: str
    line: int
    column: int
    text: str
    note: str
    first_line: int | None = None
    first_column: int | None = None


_KEPT = ("submission_id", *(field.name for field in fields(Entry)))


def add(connection: Connection, submission_id: int, rows: Sequence[Entry]) -> None:
    """Keep a chunk of entries."""
    if rows:
        values = ((submission_id, *astuple(row)) for row in rows)
        sql.insert_many(connection, entries, _KEPT, values)


def page(
    connection: Connection, submission_id: int, kind: str, cursor: Cursor, size: int
) -> Page[Entry]:
    """Entries of one kind in the order of the list; cursors are their ordinals."""
    key = entries.c.ordinal
    columns = [column for column in entries.c if column.name != "submission_id"]
    statement = (
        select(*columns)
        .where(entries.c.submission_id == submission_id, entries.c.kind == kind)
        .limit(size + 1)
    )
    if cursor.before is not None:
        statement = statement.where(key < cursor.before).order_by(key.desc())
    else:
        statement = statement.where(key > (cursor.after or 0)).order_by(key)
    found = [Entry(**row) for row in connection.execute(statement).mappings()]
    return cut(found, cursor, size, lambda row: row.ordinal)


def drop(connection: Connection, submission_id: int, limit: int) -> int:
    """Delete up to `limit` entries; returns how many there were."""
    doomed: Any = (
        select(entries.c.ordinal)
        .where(entries.c.submission_id == submission_id)
        .order_by(entries.c.ordinal)
        .limit(limit)
    )
    last = connection.execute(select(func.max(doomed.subquery().c.ordinal))).scalar()
    if last is None:
        return 0
    statement = delete(entries).where(
        entries.c.submission_id == submission_id, entries.c.ordinal <= last
    )
    return connection.execute(statement).rowcount
