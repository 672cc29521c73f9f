"""Entries of a list that did not become an item: repeated ones and rejected ones."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, select

from webapp.store import paging, sql
from webapp.store.engine import Store
from webapp.store.enums import EntryKind
from webapp.store.paging import Cursor, Page
from webapp.store.tables import entries

EXPORT_ROWS = 1_000
MAX_KEPT = 10_000  # of a kind, of one list; the others are only counted


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of entries; `first_line` is where a repeated id is first."""

    ordinal: int
    kind: EntryKind
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
    connection: Connection, submission_id: int, kind: EntryKind, cursor: Cursor, size: int
) -> Page[Entry]:
    """Entries of one kind in the order of the list; cursors are their ordinals."""
    mine = _of(submission_id, kind)
    return paging.read(connection, mine, entries.c.ordinal, Entry, cursor, size)


def each(store: Store, submission_id: int) -> Iterator[Entry]:
    """Every entry that is kept of a list, kind by kind, in the order of the list."""
    for kind in EntryKind:
        mine = _of(submission_id, kind)
        yield from paging.each(store, mine, entries.c.ordinal, Entry, EXPORT_ROWS)


def _of(submission_id: int, kind: EntryKind) -> Select[Any]:
    columns = [column for column in entries.c if column.name != "submission_id"]
    mine = (entries.c.submission_id == submission_id) & (entries.c.kind == kind)
    return select(*columns).where(mine)
