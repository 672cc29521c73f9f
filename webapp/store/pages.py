"""Keyset paging, both ways, over whole numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Connection, Select

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind a key, before a key, or at the start (neither)."""

    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in reading order; `previous` and `next` are cursors, None at either end."""

    rows: Sequence[Row]
    previous: int | None
    next: int | None


def read(
    connection: Connection,
    statement: Select[Any],
    key: Column[int],
    make: Callable[..., Row],
    cursor: Cursor,
    size: int,
) -> Page[Row]:
    """A page of a statement's rows in the order of `key`, from 1 up; its values are the cursors."""
    if cursor.before is not None:
        statement = statement.where(key < cursor.before).order_by(key.desc())
    else:
        statement = statement.where(key > (cursor.after or 0)).order_by(key)
    found = connection.execute(statement.limit(size + 1)).mappings()
    return cut([make(**row) for row in found], cursor, size, attrgetter(key.name))


def cut(found: Sequence[Row], cursor: Cursor, size: int, key: Callable[[Row], int]) -> Page[Row]:
    """A page of `found`, which holds up to size + 1 rows in the direction of the cursor."""
    more = len(found) > size
    rows = list(found[:size])
    if cursor.before is not None:
        rows.reverse()
        has_previous, has_next = more, bool(rows)
    else:
        has_previous, has_next = cursor.after is not None and bool(rows), more
    return Page(
        rows,
        previous=key(rows[0]) if has_previous else None,
        next=key(rows[-1]) if has_next else None,
    )
