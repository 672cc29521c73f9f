"""Snapshots: an attempt's counts over time, thinned to what a chart shows."""

from collections.abc import Collection, Mapping
from math import ceil
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, Select, bindparam, func, select

from webapp.store import sql
from webapp.store.documents import Counts
from webapp.store.rollup import SNAPSHOT_SECONDS
from webapp.store.tables import attempts, snapshots

_STATEMENTS: dict[tuple[str, int], Select[Any]] = {}  # by the database's kind and how many
_ENDED_AT = func.coalesce(attempts.c.ended_at, sql.NOW)


class Snapshot(NamedTuple):
    """An attempt's counts at one moment. held_until: until then, at least, those of the snapshot
    before held; both are seconds since 1970.
    """

    held_until: float
    at: float
    counts: Counts


def of_attempts(
    connection: Connection, attempt_ids: Collection[int], most: int, now: float
) -> Mapping[int, list[Snapshot]]:
    """By attempt at most `most` snapshots from its beginning to its end, or to now, the earliest
    first: the last ones at as many moments, which are as far apart as each other.

    However many there are, one is sought for each moment, and no other is read.
    """
    found: dict[int, list[Snapshot]] = {key: [] for key in attempt_ids}
    given = {"wanted": [*attempt_ids], "now": now}
    for attempt_id, begun_at, until, at, counts in connection.execute(
        _statement(connection, most), given
    ):
        step = (until - begun_at) / (most - 1)
        passed = ceil((at - begun_at) / step) - 1 if step > 0 else 0  # moments before it
        held_until = min(begun_at + step * max(passed, 0), at)
        moment = min(at + SNAPSHOT_SECONDS, until)  # it is the last one of these seconds
        found[attempt_id].append(Snapshot(held_until, moment, counts))
    return found


def _statement(connection: Connection, most: int) -> Select[Any]:
    """The snapshots at `most` moments; made once, since to make it takes longer than to run it."""
    key = connection.dialect.name, most
    if key not in _STATEMENTS:
        _STATEMENTS[key] = _make_statement(connection, most)
    return _STATEMENTS[key]


def _make_statement(connection: Connection, most: int) -> Select[Any]:
    step = sql.listed(connection, [*range(most)], Integer)
    older = snapshots.alias("older")
    bound = attempts.c.begun_at + step.c.value * (_ENDED_AT - attempts.c.begun_at) / float(most - 1)
    last = (
        select(func.max(older.c.at))
        .where(older.c.attempt_id == attempts.c.id, older.c.at <= bound)
        .correlate(attempts, step)
        .scalar_subquery()
    )
    kept = (
        select(
            attempts.c.id.label("attempt_id"),
            attempts.c.begun_at,
            _ENDED_AT.label("until"),
            last.label("at"),
        )
        .join_from(attempts, step, attempts.c.begun_at.is_not(None))
        .where(attempts.c.id.in_(bindparam("wanted", expanding=True)))
        .distinct()
        .subquery("kept")
    )
    its = (snapshots.c.attempt_id == kept.c.attempt_id) & (snapshots.c.at == kept.c.at)
    return (
        select(kept.c.attempt_id, kept.c.begun_at, kept.c.until, snapshots.c.at, snapshots.c.counts)
        .join_from(kept, snapshots, its)
        .order_by(kept.c.attempt_id, snapshots.c.at)
    )
