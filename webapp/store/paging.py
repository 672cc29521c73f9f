"""Keyset paging, both ways, over whole numbers.

sqlakeyset was tried: it pages one SELECT and refuses a UNION ALL, and a set of statuses (IN) makes
SQLite read all rows of the submission in their order. Here each status is a range of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any, Generic

from sqlalchemy import Column, ColumnElement, Connection, Label, Select, select, union_all

from webapp.store import sql
from webapp.store.engine import Store
from webapp.store.sql import Row

MAX_KEY = 2**31 - 1  # that a whole number of PostgreSQL may be


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
    key: Column[int] | Label[int],
    make: Callable[..., Row],
    cursor: Cursor,
    size: int,
    given: Mapping[str, Any] | None = None,
    *,
    newest_first: bool = False,
) -> Page[Row]:
    """A page of a statement's rows in the order of `key`, from 1 up; its values are the cursors.
    `given`: values of the statement's parameters.
    """
    way = _turned(cursor) if newest_first else cursor
    limited = from_cursor(statement, key, way, size + 1)
    found = sql.fetch(connection, limited, make, given)
    return page_of(found, cursor, size, attrgetter(key.name))


def _turned(cursor: Cursor) -> Cursor:
    """The same place in the other direction; without one, at the largest key."""
    if cursor.before is not None:
        return Cursor(after=cursor.before)
    return Cursor(before=MAX_KEY if cursor.after is None else cursor.after)


def from_cursor(
    statement: Select[Any],
    key: ColumnElement[int],
    cursor: Cursor,
    limit: int,
    first: int = 1,
    last: int = MAX_KEY,
) -> Select[Any]:
    """A statement's next `limit` rows in the direction of the cursor, between two keys.

    One bound on each side, since SQLite seeks by one only; at least one, but no needless second
    one: with none, or with two, SQLite would read by the primary key and not by the index.
    """
    if cursor.before is not None:
        last = min(last, cursor.before - 1)
    elif cursor.after is not None:
        first = max(first, cursor.after + 1)
    bounded = statement if last == MAX_KEY else statement.where(key <= last)
    if first > 1 or last == MAX_KEY:
        bounded = bounded.where(key >= first)
    return bounded.order_by(key if cursor.before is None else key.desc()).limit(limit)


def merged(parts: Sequence[Select[Any]], cursor: Cursor, limit: int) -> Select[Any]:
    """The next `limit` rows of limited parts, in the order of their positions.

    Each part is one range of an index: IN with ORDER BY would read everything.
    """
    if len(parts) == 1:
        return parts[0]
    union = union_all(*(select(part.subquery()) for part in parts)).subquery()
    order = union.c.position.desc() if cursor.before is not None else union.c.position
    return select(union).order_by(order).limit(limit)


def each(
    store: Store, statement: Select[Any], key: Column[int], make: Callable[..., Row], size: int
) -> Iterator[Row]:
    """Every row of a statement in the order of `key`, by short reads of `size` rows."""

    def page(connection: Connection, cursor: Cursor) -> Page[Row]:
        return read(connection, statement, key, make, cursor, size)

    return chain.from_iterable(pages(store, page))


def pages(store: Store, page: Callable[[Connection, Cursor], Page[Row]]) -> Iterator[Sequence[Row]]:
    """The rows of all pages, by many short reads: no transaction across a yield."""
    cursor: Cursor | None = Cursor()
    while cursor:
        with store.read() as connection:
            found = page(connection, cursor)
        yield found.rows
        cursor = Cursor(after=found.next) if found.next else None


def page_of(
    found: Sequence[Row], cursor: Cursor, size: int, key: Callable[[Row], int]
) -> Page[Row]:
    """A page of `found`, which holds up to size + 1 rows in the direction of the cursor."""
    more, backwards = len(found) > size, cursor.before is not None
    rows = found[:size][::-1] if backwards else found[:size]
    has_previous = more if backwards else cursor.after is not None
    return Page(
        rows,
        previous=key(rows[0]) if rows and has_previous else None,
        next=key(rows[-1]) if rows and (more or backwards) else None,
    )
