"""Reasons: the items that ended without success, grouped by why."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select, union_all

from webapp.store import sql
from webapp.store.paging import Cursor, from_cursor
from webapp.store.reason_masking import masked
from webapp.store.statuses import meaning
from webapp.store.tables import items, reason_groups, reasons, submissions

EXAMPLES_PER_GROUP = 3

Which = ColumnElement[bool]
"""A condition on submissions, such as submissions.begun_in() makes."""

StatusReason = tuple[str, str]
"""A status and the reason that came with it."""


@dataclass(frozen=True, slots=True)
class Example:
    """An item of a group."""

    submission_id: int
    position: int
    data_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Holder:
    """A submission that has items of a group."""

    submission_id: int
    name: str
    count: int
    first_seen: float


@dataclass(frozen=True, slots=True)
class Group:
    """Items with one status and one masked reason; the submission with most of them comes first."""

    reason_id: int
    status: str
    text: str
    holders: list[Holder]
    examples: list[Example]

    @property
    def count(self) -> int:
        """How many items."""
        return sum(holder.count for holder in self.holders)

    @property
    def first_seen(self) -> float:
        """When the first of them was found."""
        return min(holder.first_seen for holder in self.holders)


def ids(connection: Connection, pairs: Iterable[StatusReason]) -> dict[StatusReason, int]:
    """The ids of the groups that these belong to; a status without trouble has no group."""
    texts = {pair: masked(pair[1]) for pair in set(pairs) if meaning(pair[0]).trouble}
    digests = {pair: _digest(pair[0], text) for pair, text in texts.items()}
    found = _find(connection, digests.values())
    new = {
        digest: {"digest": digest, "text": texts[pair], "status": pair[0]}
        for pair, digest in digests.items()
        if digest not in found
    }
    if new:
        rows = [new[digest] for digest in sorted(new)]  # always in the same order: no deadlock
        connection.execute(sql.insert(connection, reasons).on_conflict_do_nothing(), rows)
        found |= _find(connection, new)
    return {pair: found[digest] for pair, digest in digests.items()}


@lru_cache(256)
def _digest(status: str, text: str) -> str:
    return hashlib.sha256(f"{status}\n{text}".encode()).hexdigest()


def _find(connection: Connection, digests: Collection[str]) -> dict[str, int]:
    statement = select(reasons.c.digest, reasons.c.id).where(reasons.c.digest.in_(digests))
    return dict(connection.execute(statement).all()) if digests else {}


_KEY_COLUMNS = ("submission_id", "reason_id", "attempt")
_GROUP_COLUMNS = (*_KEY_COLUMNS, "first_seen", "count", "standing")


class Changes:
    """How a change of rows changes the counts of their reasons."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, attempt: int, reason_id: int | None, count: int, standing: int) -> None:
        """An attempt has found `count` more with a reason; `standing` more rows have it now."""
        if reason_id is not None:
            numbers = self._by_key[attempt, reason_id]
            numbers[0] += count
            numbers[1] += standing

    def replaced(
        self, finder: int, was: int | None, attempt: int, reason_id: int | None, rows: int
    ) -> None:
        """What an attempt has found is in so many rows from now on, not what `finder` had found."""
        self.add(finder, was, -rows if finder == attempt else 0, -rows)
        self.add(attempt, reason_id, rows, rows)

    def moved(self, attempt: int, past: Any, reason_id: int | None) -> None:
        """An attempt has found another reason of an item whose row stays as it is."""
        if past is not None:
            self.add(attempt, past.reason_id, -1, 0)
        self.add(attempt, reason_id, 1, 0)

    def write(self, connection: Connection, submission_id: int, now: float) -> None:
        """Add them to the table, always in the same order, so that there is no deadlock."""
        rows = [
            dict(zip(_GROUP_COLUMNS, (submission_id, key[1], key[0], now, *numbers), strict=True))
            for key, numbers in sorted(self._by_key.items())
            if any(numbers)
        ]
        if rows:
            insert = sql.insert(connection, reason_groups)
            added = {n: reason_groups.c[n] + insert.excluded[n] for n in ("count", "standing")}
            connection.execute(
                insert.on_conflict_do_update(index_elements=_KEY_COLUMNS, set_=added), rows
            )


def text_of(connection: Connection, submission_id: int, reason_id: int) -> str | None:
    """The masked text of a group, None if the submission has no such group."""
    theirs = reason_groups.c.submission_id == submission_id
    statement = select(reasons.c.text).join(reason_groups).where(theirs, reasons.c.id == reason_id)
    return connection.execute(statement.limit(1)).scalar()


def named(connection: Connection, reason_id: int) -> tuple[str, str] | None:
    """The status and the masked text of a group, None if there is no such group."""
    return _status_and_text(connection, [reason_id]).get(reason_id)


def standing(connection: Connection, submission_id: int, reason_id: int) -> dict[str, int]:
    """By status, which a group has one of, how many items of the submission have its reason now."""
    theirs = (reason_groups.c.submission_id == submission_id) & (reasons.c.id == reason_id)
    statement = select(reasons.c.status, func.sum(reason_groups.c.standing)).join(reason_groups)
    found = connection.execute(statement.where(theirs).group_by(reasons.c.status))
    return {status: int(number) for status, number in found}


def groups(
    connection: Connection, submission_id: int, most: int, attempt: int | None = None
) -> tuple[list[Group], int]:
    """The submission's largest groups as of now, `most` of them, and how many there are in all.

    With an attempt, the groups of what it has found, with its counts.
    """
    mine = submissions.c.id == submission_id
    in_all = select(func.count()).select_from(_counted(mine, attempt, _BY_REASON).subquery())
    return across(connection, mine, most, attempt), connection.execute(in_all).scalar_one()


def across(
    connection: Connection, chosen: Which, most: int, attempt: int | None = None
) -> list[Group]:
    """The largest groups over all submissions that meet a condition, `most` of them."""
    largest = _counted(chosen, attempt, _BY_REASON).limit(most)
    reason_ids = [row[0] for row in connection.execute(largest)]
    texts = _status_and_text(connection, reason_ids)
    held = _holders(connection, chosen & reason_groups.c.reason_id.in_(reason_ids), attempt)
    examples = _examples(connection, {key: held[key][0].submission_id for key in reason_ids})
    return [Group(key, *texts[key], held[key], examples[key]) for key in reason_ids]


def holders(connection: Connection, chosen: Which, reason_id: int) -> list[Holder]:
    """The submissions that meet a condition and have items of a group, those with most first."""
    return _holders(connection, chosen & (reason_groups.c.reason_id == reason_id))[reason_id]


_BY_REASON = (reason_groups.c.reason_id,)
_BY_HOLDER = (reason_groups.c.reason_id, reason_groups.c.submission_id, submissions.c.name)


def _counted(chosen: Which, attempt: int | None, by: Sequence[Column[Any]]) -> Select[Any]:
    """How many items there are of each group of rows, and when the first came; most come first."""
    of = reason_groups.c
    number = func.sum(of.standing if attempt is None else of.count)
    counted = select(*by, number, func.min(of.first_seen)).join_from(reason_groups, submissions)
    if attempt is not None:
        counted = counted.where(of.attempt == attempt)
    counted = counted.where(chosen).group_by(*by).having(number > 0)
    return counted.order_by(number.desc(), *(column.desc() for column in by))


def _holders(
    connection: Connection, chosen: Which, attempt: int | None = None
) -> dict[int, list[Holder]]:
    """Of each reason the submissions that have items of it, those with most first."""
    found: dict[int, list[Holder]] = defaultdict(list)
    for reason_id, *row in connection.execute(_counted(chosen, attempt, _BY_HOLDER)):
        submission_id, name, count, first_seen = row
        found[reason_id].append(Holder(submission_id, name, int(count), first_seen))
    return found


def _status_and_text(
    connection: Connection, reason_ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    """Status and masked text of groups."""
    of = reasons.c
    statement = select(of.id, of.status, of.text).where(of.id.in_(reason_ids))
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement)}


def _examples(connection: Connection, wanted: Mapping[int, int]) -> dict[int, list[Example]]:
    """Of each reason the first items of a submission, each found by an index."""
    of = items.c
    found: dict[int, list[Example]] = {reason_id: [] for reason_id in wanted}
    shown = select(of.reason_id, of.submission_id, of.position, of.data_id, of.status)
    first_few = [
        from_cursor(
            shown.where(of.submission_id == submission_id, of.reason_id == reason_id),
            of.position,
            Cursor(),
            EXAMPLES_PER_GROUP,
        ).subquery()
        for reason_id, submission_id in wanted.items()
    ]
    if first_few:
        for reason_id, *row in connection.execute(union_all(*map(select, first_few))):
            found[reason_id].append(Example(*row))
    return found
