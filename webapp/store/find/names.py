"""Names, paths and labels of a query: the ids of items that are called so."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import JSON, Column, ColumnElement, Connection, or_, select, true, type_coerce

from webapp.store import sql
from webapp.store.accounts import Account
from webapp.store.enums import LISTED, Match
from webapp.store.items import beginnings_of_ids, has_beginning
from webapp.store.submissions import seen_by
from webapp.store.tables import items, submissions

_LISTED = items.join(submissions, items.c.submission_id == submissions.c.id)
# Most lists have no labels, and none of their rows is read for one.
_HAS_LABELS = type_coerce(submissions.c.review, JSON)["labelled"].as_integer() > 0


def ids_called(
    connection: Connection,
    reader: Account,
    now: float,
    names: Collection[str],
    paths: Collection[str],
    labels: Collection[str],
    most: int,
    match: Match = Match.EXACT,
) -> dict[str, list[str]]:
    """By name, by path and by label, as the items have them, the ids of all items that the reader
    may see and that are called so; of each kind at most the first `most` ids.

    One pass through those items' rows, however many names there are.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    shown = submissions.c.state.in_(LISTED) & seen_by(reader, now)
    kinds = (
        (items.c.name, names, true()),
        (items.c.path, paths, true()),
        (items.c.label, labels, _HAS_LABELS),
    )
    for column, texts, may_have in kinds:
        if texts:
            called = select(column, items.c.data_id).distinct().select_from(_LISTED)
            these = called.where(shown, may_have, _is_like(connection, column, texts, match))
            for text, data_id in sql.plain_rows(connection, these.limit(most)):
                found[text].add(data_id)
    return {text: sorted(ids) for text, ids in found.items()}


def ids_beginning(
    connection: Connection, reader: Account, now: float, text: str, most: int
) -> list[str]:
    """The data ids, `most` of a kind, that begin as this text says (items.beginnings_of_ids), of
    items that the reader may see.
    """
    found: list[str] = []
    shown = submissions.c.state.in_(LISTED) & seen_by(reader, now)
    for beginning in beginnings_of_ids(text):
        begin = select(items.c.data_id).distinct().select_from(_LISTED)
        these = begin.where(has_beginning(beginning), shown).order_by(items.c.data_id)
        found += connection.execute(these.limit(most)).scalars()
    return found


def _is_like(
    connection: Connection, cell: Column[str], texts: Collection[str], match: Match
) -> ColumnElement[bool]:
    if match == Match.EXACT:
        return sql.is_one_of(connection, cell, [*texts])
    if match == Match.ANY_CASE:
        return sql.equals_one_of(connection, cell, texts)
    return or_(*(sql.contains(connection, cell, text) for text in texts))


def folded(text: str) -> str:
    """A text as it is compared where capitals make no difference."""
    return sql.small_letters(text)


def fitting(match: Match, text: str, called: Collection[str]) -> str:
    """The first of these names, paths, labels and ids that a text asks for, as ids_called() finds
    them; "" where there is none.
    """
    if match == Match.EXACT:
        return text if text in called else ""
    small = folded(text)
    is_like = str.__contains__ if match == Match.PART else str.__eq__
    return next((one for one in called if is_like(folded(one), small)), "")


def held_ids(
    connection: Connection, reader: Account, now: float, data_ids: Collection[str]
) -> set[str]:
    """Those of these data ids that an item has which the reader may see."""
    shown = submissions.c.state.in_(LISTED) & seen_by(reader, now)
    held = select(items.c.data_id).distinct().select_from(_LISTED)
    these = held.where(shown, sql.is_one_of(connection, items.c.data_id, [*data_ids]))
    return set(connection.execute(these).scalars())
