"""Items: one data id each, with its place in the list and its outcome."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    true,
)

from webapp.store import paging, sql
from webapp.store.batches import Batch
from webapp.store.engine import Store
from webapp.store.enums import LEFT_OUT, NOT_SENT, UNREAD, UNSENT
from webapp.store.paging import MAX_KEY, Cursor, Page, from_cursor, merged, page_of
from webapp.store.tables import Item as Item
from webapp.store.tables import items, submissions

_ID = re.compile(r"f[io]l\.[0-9a-f]{4,}")
_DIGITS_OF_ID = re.compile(r"[0-9a-f]{4,32}")
# Rows in one transaction. With half as many a list of 1,000,000 ids takes 40 % longer, since each
# writes most pages of the index of ids.
CHUNK_ROWS = 10_000
PIECE_ROWS = 1_000  # in one statement while somebody else waits to write; else up to a chunk
PAGE_ROWS = 2_000  # that are read at once for a file


class Listed(Struct, frozen=True, array_like=True, gc=False):
    """A good entry of a list, on its way to become an item."""

    data_id: str
    line: int
    column: int
    flags: int = 0


class Labelled(Listed, frozen=True, array_like=True, gc=False):
    """One with a label. Most lists have none, and need not be slower for it."""

    label: str = ""


GAP = Listed("", 0, 0)  # where a chunk has a name or path, whose position has no item yet


class ItemRow(NamedTuple):
    """An item's position, and what files tell of it; a row whole takes five times as long."""

    position: int
    line: int | None
    data_id: str
    status: str
    reason: str
    name: str
    path: str
    linked_id: str
    attempt: int
    label: str


_ROW = tuple(items.c[name] for name in ItemRow._fields)
_item_row = partial(tuple.__new__, ItemRow)  # as ItemRow._make, which takes three times as long


def _item_rows(connection: Connection, statement: Select[Any]) -> list[ItemRow]:
    return list(map(_item_row, sql.plain_rows(connection, statement)))


@dataclass(frozen=True, slots=True)
class Slice:
    """The items with one status whose positions lie in a range, ends included; by default, all.

    `status` None is any; `reason_id` keeps those of one group of reasons.
    """

    status: str | None = None
    first: int = 1
    last: int = MAX_KEY
    reason_id: int | None = None


_NEW_COLUMNS = (
    *("submission_id", "position", "data_id", "line", "column", "flags", "status"),
    *("reason", "name", "path", "linked_id", "attempt"),
)
_ADD = f"""
INSERT INTO items ({", ".join(f'"{name}"' for name in _NEW_COLUMNS)}{{column}})
SELECT ?, ? + key, json_extract(value, '$[0]'), json_extract(value, '$[1]'),
       json_extract(value, '$[2]'), json_extract(value, '$[3]'), '{UNREAD}',
       '', '', '', '', 1{{value}}
FROM json_each(?)
"""
_ADD_UNLABELLED = _ADD.format(column="", value="")
_ADD_LABELLED = _ADD.format(column=", label", value=", coalesce(json_extract(value, '$[4]'), '')")
_BUT_GAPS = " WHERE json_extract(value, '$[0]') <> ''"


def add(
    connection: Connection,
    submission_id: int,
    first: int,
    rows: Sequence[Listed],
    *,
    has_gaps: bool = False,
    has_labels: bool = False,
) -> None:
    """Add a chunk of good entries at positions `first` and up, but for those of a GAP.

    `has_gaps` and `has_labels`: some may be a GAP, or Labelled.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        # One statement for all: executemany comes back to Python with every row.
        chunk = msgspec.json.encode(rows).decode()
        statement = (_ADD_LABELLED if has_labels else _ADD_UNLABELLED) + _BUT_GAPS * has_gaps
        connection.exec_driver_sql(statement, (submission_id, first, chunk))
        return
    values: Iterator[tuple[Any, ...]] = (
        (submission_id, place, *astuple(row)[:4], UNREAD, "", "", "", "", 1)
        for place, row in enumerate(rows, start=first)
        if row.data_id
    )
    columns: tuple[str, ...] = _NEW_COLUMNS
    if has_labels:
        labels = (row.label if isinstance(row, Labelled) else "" for row in rows if row.data_id)
        columns = (*columns, "label")
        values = ((*value, label) for value, label in zip(values, labels, strict=True))
    sql.insert_many(connection, items, columns, values)


def labelled_at(
    connection: Connection, submission_id: int, positions: Collection[int], limit: int
) -> list[tuple[str, str]]:
    """The data id and the label, "" for none, at the first of these positions, up to so many."""
    at = (items.c.submission_id == submission_id) & items.c.position.in_(positions)
    found = select(items.c.data_id, items.c.label).where(at).order_by(items.c.position)
    return [(data_id, label) for data_id, label in connection.execute(found.limit(limit))]


def ids_to_send(connection: Connection, batch: Batch) -> list[str]:
    """The data ids of the batch, in the order of the list."""
    unread = items.c.status == UNREAD if batch.attempt == 1 else true()
    statement = select(items.c.data_id).where(held_by(batch), unread).order_by(items.c.position)
    return list(connection.execute(statement).scalars())


def get(connection: Connection, submission_id: int, position: int) -> Item | None:
    """The item at a position, None if there is none."""
    statement = select(items).where(
        items.c.submission_id == submission_id, items.c.position == position
    )
    return sql.fetch_one(connection, statement, Item)


def by_data_id(
    connection: Connection, submission_id: int, data_ids: Set[str], first: int = 1
) -> dict[str, ItemRow]:
    """The list's own items with these data ids, most of which stand from position `first` on: to
    read rows in their order takes a fifth of the time.
    """
    own = select(*_ROW).where(items.c.line.is_not(None))
    ahead = own.where(items.c.submission_id == submission_id, items.c.position >= first)
    ahead = ahead.order_by(items.c.position).limit(len(data_ids))
    rows = _item_rows(connection, ahead)
    found = {row.data_id: row for row in rows if row.data_id in data_ids}
    if left := data_ids - found.keys():
        # + 0, or SQLite would read the whole submission instead of these ids by their index
        ours = items.c.submission_id + 0 == submission_id
        rows = _item_rows(connection, own.where(ours, items.c.data_id.in_(left)))
        found |= {row.data_id: row for row in rows}
    return found


def held_in(
    connection: Connection, submission_ids: Collection[int], data_ids: Collection[str]
) -> set[str]:
    """Those of the data ids that any of these submissions has an item of."""
    # + 0, or SQLite would read whole submissions instead of these ids by their index
    theirs = (items.c.submission_id + 0).in_(submission_ids)
    asked = sql.is_one_of(connection, items.c.data_id, list(data_ids))
    return set(connection.execute(select(items.c.data_id).where(theirs, asked)).scalars())


def at(connection: Connection, submission_id: int, positions: Sequence[int]) -> list[ItemRow]:
    """The items at these positions."""
    these = sql.is_one_of(connection, items.c.position, positions)
    ours = select(*_ROW).where(items.c.submission_id == submission_id, these)
    return _item_rows(connection, ours)


def between(
    connection: Connection, submission_id: int, first: int, last: int, most: int
) -> list[ItemRow]:
    """The first `most` items from position `first` to `last`."""
    ours = (items.c.submission_id == submission_id) & items.c.position.between(first, last)
    rows = select(*_ROW).where(ours).order_by(items.c.position).limit(most)
    return _item_rows(connection, rows)


def slices(
    batches: Sequence[Batch], statuses: Sequence[str], reason_id: int | None = None
) -> list[Slice]:
    """The items with these statuses, or with any, and of this group of reasons.

    A row that was not read yet counts as NOT_SENT while its batch is not sent.
    """
    found = []
    for status in dict.fromkeys(statuses) or [None]:
        if status not in {NOT_SENT, UNREAD} or not batches or reason_id is not None:
            found.append(Slice(status, reason_id=reason_id))
            continue
        first = [batch for batch in batches if batch.attempt == 1]
        ours = [batch for batch in first if (batch.state in UNSENT) == (status == NOT_SENT)]
        found += [Slice(UNREAD, first, last) for first, last in ranges(ours)]
        if status == NOT_SENT:
            found.append(Slice(NOT_SENT))
    return found


def total(batches: Sequence[Batch], statuses: Sequence[str], left_out: int) -> int:
    """How many rows have any of these statuses, as slices() has them: by what the batches hold,
    and how many were left out.
    """
    found = left_out if LEFT_OUT in statuses else 0
    for batch in batches:
        waits = batch.attempt == 1 and batch.state in UNSENT
        for status, count in batch.held.items():
            found += count * ((NOT_SENT if waits and status == UNREAD else status) in statuses)
    return found


def count_before(
    connection: Connection, submission_id: int, wanted: Sequence[Slice], position: int, most: int
) -> int | None:
    """How many items of these slices stand before a position; None: more than `most`."""
    return _count(connection, submission_id, wanted, Cursor(before=position), most)


def count_after(
    connection: Connection, submission_id: int, wanted: Sequence[Slice], position: int, most: int
) -> int | None:
    """How many items of these slices stand behind a position; None: more than `most`."""
    return _count(connection, submission_id, wanted, Cursor(after=position), most)


def _count(
    connection: Connection,
    submission_id: int,
    wanted: Sequence[Slice],
    cursor: Cursor,
    most: int,
) -> int | None:
    total, place = 0, (items.c.position,)
    for one in wanted:  # each by itself: to merge them would sort what is only counted
        ahead = _found(connection, submission_id, [one], "", cursor, most + 1, place).subquery()
        total += connection.execute(select(func.count()).select_from(ahead)).scalar_one()
        if total > most:
            return None
    return total


def ranges(batches: Iterable[Batch]) -> list[tuple[int, int]]:
    """The positions of batches, in their order, as few ranges; neighbours make one."""
    found: list[tuple[int, int]] = []
    for batch in batches:
        if found and found[-1][1] + 1 == batch.first_position:
            found[-1] = (found[-1][0], batch.last_position)
        else:
            found.append((batch.first_position, batch.last_position))
    return found


def page(
    connection: Connection,
    submission_id: int,
    wanted: Sequence[Slice],
    text: str,
    cursor: Cursor,
    size: int,
) -> Page[Item]:
    """Items of these slices in the order of the list. Cursors are positions.

    `text` is a data id, the beginning of one, or a part of a label, of a name or, with a slash, of
    a path.
    """
    statement = _found(connection, submission_id, wanted, text, cursor, size + 1)
    return page_of(sql.fetch(connection, statement, Item), cursor, size, attrgetter("position"))


def _found(
    connection: Connection,
    submission_id: int,
    wanted: Sequence[Slice],
    text: str,
    cursor: Cursor,
    limit: int,
    columns: Sequence[ColumnElement[Any] | FromClause] = (items,),
) -> Select[Any]:
    """The next `limit` of these items in the direction of the cursor."""
    place, found = items.c.position, select(*columns)
    if not wanted:
        return found.where(false())
    if text:  # one pass through the list finds it in all slices
        in_any = or_(*(and_(true(), *_in_slice(one)) for one in wanted))
        found = found.where(found_by(connection, submission_id, text), in_any)
        first, last = min(one.first for one in wanted), max(one.last for one in wanted)
        return from_cursor(found, place, cursor, limit, first, last)
    found = found.where(items.c.submission_id == submission_id)
    parts = [
        from_cursor(
            found.where(*_marked(one, items.c.status)), place, cursor, limit, one.first, one.last
        )
        for one in wanted
    ]
    return merged(parts, cursor, limit)


def _in_slice(piece: Slice) -> Iterator[ColumnElement[bool]]:
    """Conditions for a search, which has to read names: by no index, since to go from one to a
    million rows takes twice as long as to read them in their order, from the cursor on.
    """
    if (piece.first, piece.last) != (1, MAX_KEY):
        yield (items.c.position + 0).between(piece.first, piece.last)
    yield from _marked(piece, items.c.status.concat(""))


def _marked(piece: Slice, status: ColumnElement[str]) -> Iterator[ColumnElement[bool]]:
    """Conditions for the status and the reason of a slice."""
    if piece.status is not None:
        yield status == piece.status
    if piece.reason_id is not None:
        yield items.c.reason_id == piece.reason_id


def beginnings_of_ids(text: str) -> list[str]:
    """How data ids begin that a text may mean, which has at least four digits of one, after fil. or
    fol. or without it; of any other text none.
    """
    small = sql.small_letters(text)
    if _ID.fullmatch(small):
        return [small]
    return [f"{kind}.{small}" for kind in ("fil", "fol") if _DIGITS_OF_ID.fullmatch(small)]


def has_beginning(text: str) -> ColumnElement[bool]:
    """Whether an item's data id begins like this, one of ICA's shape: found by the index of ids."""
    begins = items.c.data_id.startswith(text, autoescape=True)
    return items.c.data_id.between(text, text + "zzzz") & begins


def found_by(connection: Connection, submission_id: int, text: str) -> ColumnElement[bool]:
    """The submission's items that a text finds: by their data id or its beginning, found by the
    index where it has fil. or fol., or by a part of their label, of their name or, with a slash, of
    their path.
    """
    if not _ID.fullmatch(text):
        beginnings = {text, *beginnings_of_ids(text)}
        begins = or_(*(items.c.data_id.startswith(one, autoescape=True) for one in beginnings))
        ours = items.c.submission_id == submission_id
        place = items.c.path if "/" in text else items.c.name
        found = begins | sql.contains(connection, place, text)
        if _is_labelled(connection, submission_id):
            found |= sql.contains(connection, items.c.label, text)
        return ours & found
    # With the sum, no index that begins with the submission is used: to read one in its order looks
    # cheap to a planner, and reads a million rows to find one.
    ours = items.c.submission_id + 0 == submission_id
    return ours & has_beginning(text)


def _is_labelled(connection: Connection, submission_id: int) -> bool:
    """Whether any of its items may have a label: else none is read."""
    review = select(submissions.c.review).where(submissions.c.id == submission_id)
    found = connection.execute(review).scalar()
    return bool(found and found.labelled)


def each(store: Store, submission_id: int) -> Iterator[Item]:
    """Every item in the order of the list."""
    ours = select(items).where(items.c.submission_id == submission_id)
    return paging.each(store, ours, items.c.position, Item, PAGE_ROWS)


def rows(
    store: Store, submission_id: int, wanted: Sequence[Slice], text: str = ""
) -> Iterator[Sequence[ItemRow]]:
    """What files tell of every matching item in the order of the list, many at a time."""

    def one_page(connection: Connection, cursor: Cursor) -> Page[ItemRow]:
        found = _found(connection, submission_id, wanted, text, cursor, PAGE_ROWS + 1, _ROW)
        return page_of(_item_rows(connection, found), cursor, PAGE_ROWS, itemgetter(0))

    return paging.pages(store, one_page)


def ids(store: Store, submission_id: int, wanted: Sequence[Slice], text: str = "") -> Iterator[str]:
    """The data ids of every matching item in the order of the list, as lines, many at a time.

    The database joins them: a row of its own for each takes three times as long.
    """
    columns, cursor = (items.c.position, items.c.data_id), Cursor()
    while True:
        with store.read() as connection:
            found = _found(connection, submission_id, wanted, text, cursor, CHUNK_ROWS, columns)
            of = found.subquery().c
            joined = select(func.max(of.position), func.aggregate_strings(of.data_id, "\n"))
            last, lines = connection.execute(joined).one()
        if last is None:
            return
        yield f"{lines}\n"
        cursor = Cursor(after=last)


def held_by(batch: Batch) -> ColumnElement[bool]:
    """The list's items that the batch holds. A row that names no batch belongs to the first
    attempt's by its position.
    """
    ours = items.c.submission_id == batch.submission_id
    if batch.attempt > 1:
        return ours & (items.c.batch_id == batch.id)
    in_range = items.c.position.between(batch.first_position, batch.last_position)
    named = or_(items.c.batch_id.is_(None), items.c.batch_id == batch.id)
    return ours & in_range & named & (items.c.status != LEFT_OUT)
