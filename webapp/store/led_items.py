"""Led items: which items the names and paths of a list led to, for the list that is handed back."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from webapp.store import items, lookups, sql
from webapp.store.items import ItemRow
from webapp.store.lookups import Wanted
from webapp.store.tables import Lookup
from webapp.store.tables import candidates as candidates_table
from webapp.store.tables import items as items_table

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Led:
    """A lookup, and what it led to: the first of its items, how many have each status, and the
    paths that these had, by their ids, when they were looked up.
    """

    lookup: Lookup
    items: list[ItemRow]
    counts: Mapping[str, int]
    paths: Mapping[str, str]


def of(
    connection: Connection, submission_id: int, wanted: Collection[Wanted], most: int
) -> dict[Wanted, Led]:
    """What lookups led to, by kind, text and project; at most `most` items of each."""
    rows = lookups.by_text(connection, submission_id, wanted)
    spans = {
        row.position: (row.first_item, row.last_item or row.first_item)
        for row in rows.values()
        if row.first_item
    }
    found = _items(connection, submission_id, set(spans.values()), most)
    paths = _paths(connection, submission_id, spans)
    led = {}
    for one, row in rows.items():
        span = spans.get(row.position)
        own = found.get(span, []) if span else []
        counts = _counts(connection, submission_id, span) if span and len(own) > 1 else {}
        led[one] = Led(row, own, counts, paths.get(row.position, {}))
    return led


def _items(
    connection: Connection, submission_id: int, spans: Iterable[Span], most: int
) -> dict[Span, list[ItemRow]]:
    """The first items of each span; nearly all spans are of one."""
    single = [first for first, last in spans if first == last]
    found = {(row.position,) * 2: [row] for row in items.at(connection, submission_id, single)}
    for first, last in spans:
        if first != last:
            found[first, last] = items.between(connection, submission_id, first, last, most)
    return found


def _counts(connection: Connection, submission_id: int, span: Span) -> dict[str, int]:
    of_span = items_table.c.position.between(*span)
    counted = select(items_table.c.status, func.count())
    theirs = counted.where(items_table.c.submission_id == submission_id, of_span)
    return dict(sql.plain_rows(connection, theirs.group_by(items_table.c.status)))


def _paths(
    connection: Connection, submission_id: int, positions: Collection[int]
) -> dict[int, dict[str, str]]:
    """The paths of the candidates of these lookups, by position and data id."""
    of = candidates_table.c
    these = sql.is_one_of(connection, of.position, [*positions])
    columns = select(of.position, of.data_id, of.path)
    found: dict[int, dict[str, str]] = {}
    rows = sql.plain_rows(connection, columns.where(of.submission_id == submission_id, these))
    for position, data_id, path in rows:
        found.setdefault(position, {})[data_id] = path
    return found
