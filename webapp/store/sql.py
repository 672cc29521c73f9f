"""Rows of statements, and the differences between SQLite and PostgreSQL."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Double,
    Executable,
    Integer,
    Select,
    String,
    Table,
    TableValuedAlias,
    bindparam,
    cast,
    collate,
    column,
    delete,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

Row = TypeVar("Row")
_WILD = re.compile(r"([/%_])")  # in a pattern of LIKE
ROWS_A_STATEMENT = 100  # of SQLite, which keeps many of these, compiled

# Parameters of statements that are made once: to make one takes longer than to execute it.
NOW: BindParameter[float] = bindparam("now", type_=Double)
BEFORE: BindParameter[float] = bindparam("before", type_=Double)
SUBMISSION: BindParameter[int] = bindparam("submission", type_=Integer)
ACCOUNT: BindParameter[int] = bindparam("account", type_=Integer)


def fetch(
    connection: Connection,
    statement: Executable,
    make: Callable[..., Row],
    given: Mapping[str, Any] | None = None,
) -> list[Row]:
    """All rows of a statement, each made of its columns by their names. `given`: values of the
    statement's parameters.
    """
    return [make(**row) for row in connection.execute(statement, given).mappings()]


def fetch_one(
    connection: Connection,
    statement: Executable,
    make: Callable[..., Row],
    given: Mapping[str, Any] | None = None,
) -> Row | None:
    """The one row of a statement, made as fetch() does; None when there is none."""
    row = connection.execute(statement, given).mappings().one_or_none()
    return make(**row) if row else None


def one_of(cell: ColumnElement[Any], words: Iterable[str]) -> ColumnElement[bool]:
    """Whether a cell has one of these words of ours: part of the statement, and no parameters,
    which would be worked out at each execution.
    """
    return cell.in_([literal_column(f"'{word}'") for word in sorted(words)])


def plain_rows(connection: Connection, statement: Select[Any]) -> Sequence[tuple[Any, ...]]:
    """All rows as the driver has them, for columns that both know alike: thousands at once."""
    with connection.execute(statement) as result:
        cursor: Any = result.cursor
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return rows


def any_row(connection: Connection, statement: Select[Any]) -> bool:
    """Whether the statement finds any row."""
    return connection.execute(statement.limit(1)).first() is not None


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that has ON CONFLICT, in the dialect of this connection."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def listed(
    connection: Connection, values: Sequence[Any], kind: type[TypeEngine[Any]] = String
) -> TableValuedAlias:
    """Texts, or values of another kind, as a table to join with, of one column, `value`; one
    parameter, however many.
    """
    value = column("value", kind)
    if connection.dialect.name == "sqlite":
        return func.json_each(json.dumps(values)).table_valued(value, name="listed")
    table = func.unnest(cast(list(values), ARRAY(kind))).table_valued(value, name="listed")
    return table.render_derived()


def is_one_of(
    connection: Connection, given: Column[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """As given.in_(values), for thousands of values: one parameter, however many."""
    return given.in_(select(listed(connection, values, type(given.type)).c.value))


def pairs(connection: Connection, document: ColumnElement[Any]) -> TableValuedAlias:
    """The names and numbers of a JSON document as a table of `key` and `value`."""
    columns = column("key", String), column("value", String)
    if connection.dialect.name == "sqlite":
        return func.json_each(document).table_valued(*columns, name="pairs")
    return func.json_each_text(document).table_valued(*columns, name="pairs").render_derived()


def contains(connection: Connection, cell: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether a cell contains a text, small and capital letters of ASCII being equal.

    SQLite's LIKE makes no difference between them; on PostgreSQL, ILIKE and a language's rules
    for all letters would take twice as long.
    """
    if connection.dialect.name == "sqlite":
        return cell.contains(text, autoescape=True)
    return func.lower(collate(cell, "C")).contains(small_letters(text), autoescape=True)


def equals_one_of(
    connection: Connection, cell: Column[str], texts: Collection[str]
) -> ColumnElement[bool]:
    """Whether a cell is one of thousands of texts as a whole, letters being equal as in
    contains(): SQLite's lower() knows those of ASCII alone, and takes as long as three LIKEs.
    """
    small = listed(connection, [*{small_letters(text) for text in texts}])
    if connection.dialect.name != "sqlite":
        return func.lower(collate(cell, "C")).in_(select(small.c.value))
    if len(texts) <= 3:
        return or_(*(cell.like(_WILD.sub(r"/\1", text), escape="/") for text in texts))
    return func.lower(cell).in_(select(small.c.value))


def small_letters(text: str) -> str:
    """A text without capital letters of ASCII: of bytes, lower() means these."""
    return text.encode(errors="surrogatepass").lower().decode(errors="surrogatepass")


def drop_last(
    connection: Connection, ours: ColumnElement[bool], key: Column[int], limit: int
) -> int:
    """Delete our rows with the last `limit` keys; returns how many rows there were."""
    last: int | None = connection.execute(select(func.max(key)).where(ours)).scalar()
    if last is None:
        return 0
    return connection.execute(delete(key.table).where(ours, key > last - limit)).rowcount


def insert_many(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Insert thousands of rows in the fastest way of the driver: by many an INSERT, or by COPY.

    `rows` are plain values in the order of `columns`; the others stay null.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "sqlite":
        _execute_by_many(connection, f"INSERT INTO {table.name} ({names}) {{}}", [*rows])
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def update_many(
    connection: Connection,
    table: Table,
    ours: Mapping[str, int],
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Set columns of thousands of rows, each by one of `rows`: its key, then plain values in the
    order of `columns`, of which the first one is the key. `ours`: the columns of the key that all
    have in common.
    """
    key, *changed = columns
    sets = ", ".join(f"{name} = new.{name}" for name in changed)
    same = " AND ".join(f"{table.name}.{name} = {int(value)}" for name, value in ours.items())
    update = f"UPDATE {table.name} SET {sets} FROM "
    which = f" WHERE {same} AND {table.name}.{key} = new.{key}"
    names = f"new({', '.join(columns)})"
    if connection.dialect.name == "sqlite":
        _execute_by_many(connection, f"WITH {names} AS ({{}}) {update} new {which}", rows)
    elif rows:
        kinds = [table.c[name].type.compile(connection.dialect) for name in columns]
        arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
        statement = f"{update} unnest({arrays}) AS {names} {which}"
        connection.exec_driver_sql(statement, tuple(map(list, zip(*rows, strict=True))))


def _execute_by_many(
    connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Execute a statement of SQLite's that has {} where the VALUES of many rows are to stand.

    By few statements: at each step of one, a thread of SQLite lets go of the interpreter's lock,
    and waits for it again.
    """
    done = 0
    for size in (ROWS_A_STATEMENT, 10, 1):
        while len(rows) - done >= size:
            chunk = rows[done : done + size]
            values = ", ".join([f"({', '.join('?' * len(chunk[0]))})"] * size)
            whole = statement.format(f"VALUES {values}")
            connection.exec_driver_sql(whole, tuple(chain.from_iterable(chunk)))
            done += size
