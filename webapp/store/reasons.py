"""Reasons: the items that did not end well, grouped by why."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, true, union_all

from webapp.store import sql
from webapp.store.masking import masked
from webapp.store.statuses import meaning
from webapp.store.tables import items, reason_groups, reasons, submissions

EXAMPLES = 3

Which = ColumnElement[bool]
"""A condition on submissions, such as submissions.begun_in() makes."""

Told = tuple[str, str]
"""A status and the reason that came with it."""

Key = tuple[int, int]
"""A submission and, of its own, a group of reasons or a position."""


@dataclass(frozen=True, slots=True)
class Example:
    """An item of a group."""

    submission_id: int
    position: int
    data_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Group:
    """The items of a submission with one status and, but for what is masked, one reason."""

    reason_id: int
    status: str
    text: str
    count: int
    first_seen: float
    examples: list[Example]


def ids(connection: Connection, told: Iterable[Told]) -> dict[Told, int]:
    """The ids of the groups that these belong to; what is no trouble belongs to none."""
    digests = _digests(told)
    if not digests:
        return {}
    found = _find_or_add(connection, dict(digests.values()))
    return {pair: found[digest] for pair, (digest, _) in digests.items()}


class Changes:
    """What a change of rows does to the numbers of their reasons: more, or fewer, of each."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, attempt: int, reason_id: int | None, count: int, standing: int) -> None:
        """An attempt has found so many more with a reason; of so many more does it stand now."""
        if reason_id is not None:
            numbers = self._by_key[attempt, reason_id]
            numbers[0] += count
            numbers[1] += standing

    def replaced(self, row: Mapping[Any, Any], attempt: int, reason_id: int | None) -> None:
        """What an attempt has found of an item stands in its row from now on."""
        self.add(row["attempt"], row["reason_id"], -(row["attempt"] == attempt), -1)
        self.add(attempt, reason_id, 1, 1)

    def moved(self, attempt: int, past: Mapping[Any, Any] | None, reason_id: int | None) -> None:
        """An attempt has found another reason for an item whose row it does not change."""
        if past is not None:
            self.add(attempt, past["reason_id"], -1, 0)
        self.add(attempt, reason_id, 1, 0)

    def write(self, connection: Connection, submission_id: int, now: float) -> None:
        """Add them up; in one order everywhere, so that nobody waits for ever."""
        rows = [
            {
                "submission_id": submission_id,
                "reason_id": reason_id,
                "attempt": attempt,
                "first_seen": now,
                "count": count,
                "standing": standing,
            }
            for (attempt, reason_id), (count, standing) in sorted(self._by_key.items())
            if count or standing
        ]
        if rows:
            statement = sql.insert(connection, reason_groups)
            added = {
                name: reason_groups.c[name] + statement.excluded[name]
                for name in ("count", "standing")
            }
            key = ["submission_id", "reason_id", "attempt"]
            connection.execute(
                statement.on_conflict_do_update(index_elements=key, set_=added), rows
            )


def _digests(told: Iterable[Told]) -> dict[Told, tuple[str, tuple[str, str]]]:
    """For each that is trouble: its group's digest, and text and status. A group has one status."""
    found = {}
    for status, reason in set(told):
        if meaning(status).trouble:
            text = masked(reason)
            digest = hashlib.sha256(f"{status}\n{text}".encode()).hexdigest()
            found[status, reason] = (digest, (text, status))
    return found


def _find_or_add(connection: Connection, groups: dict[str, tuple[str, str]]) -> dict[str, int]:
    found = _find(connection, groups)
    missing = sorted(groups.keys() - found.keys())  # in one order everywhere: no deadlock
    if missing:
        rows = [
            {"digest": digest, "text": groups[digest][0], "status": groups[digest][1]}
            for digest in missing
        ]
        connection.execute(sql.insert(connection, reasons).on_conflict_do_nothing(), rows)
        found |= _find(connection, missing)
    return found


def _find(connection: Connection, digests: Collection[str]) -> dict[str, int]:
    statement = select(reasons.c.digest, reasons.c.id).where(reasons.c.digest.in_(digests))
    return dict(connection.execute(statement).all())


def text_of(connection: Connection, submission_id: int, reason_id: int) -> str | None:
    """The masked words of a group, None if the submission has no such group."""
    statement = (
        select(reasons.c.text)
        .join(reason_groups, reason_groups.c.reason_id == reasons.c.id)
        .where(reason_groups.c.submission_id == submission_id, reasons.c.id == reason_id)
        .limit(1)
    )
    text: str | None = connection.execute(statement).scalar()
    return text


def groups(
    connection: Connection, submission_id: int, most: int, attempt: int | None = None
) -> tuple[list[Group], int]:
    """The submission's largest groups as they stand, `most` of them, and how many there are in all.

    With an attempt, those that it has found, in its own numbers.
    """
    of, number = reason_groups.c, func.sum(_number(attempt))
    mine = (of.submission_id == submission_id) & _of_attempt(attempt)
    counted = (
        select(of.reason_id, number, func.min(of.first_seen))
        .where(mine)
        .group_by(of.reason_id)
        .having(number > 0)
    )
    largest = counted.order_by(number.desc(), of.reason_id).limit(most)
    rows = connection.execute(largest).all()
    told = _told(connection, [row[0] for row in rows])
    examples = _examples(connection, [(submission_id, row[0]) for row in rows])
    found = [
        Group(
            reason_id, *told[reason_id], int(count), first_seen, examples[submission_id, reason_id]
        )
        for reason_id, count, first_seen in rows
    ]
    in_all = select(func.count()).select_from(counted.subquery())
    return found, connection.execute(in_all).scalar_one()


def _number(attempt: int | None) -> ColumnElement[int]:
    return reason_groups.c.standing if attempt is None else reason_groups.c.count


def _of_attempt(attempt: int | None) -> ColumnElement[bool]:
    return true() if attempt is None else reason_groups.c.attempt == attempt


@dataclass(frozen=True, slots=True)
class Holder:
    """A submission that has items of a group."""

    submission_id: int
    name: str
    count: int
    first_seen: float


@dataclass(frozen=True, slots=True)
class Spread:
    """One group over several submissions, those with most of it first."""

    reason_id: int
    status: str
    text: str
    count: int
    first_seen: float
    holders: list[Holder]
    examples: list[Example]


def across(connection: Connection, chosen: Which, most: int) -> list[Spread]:
    """The largest groups over all submissions that meet a condition, `most` of them."""
    of, number = reason_groups.c, func.sum(reason_groups.c.standing)
    counted = (
        select(of.reason_id, number)
        .join(submissions, submissions.c.id == of.submission_id)
        .where(chosen)
        .group_by(of.reason_id)
        .having(number > 0)
        .order_by(number.desc(), of.reason_id)
        .limit(most)
    )
    largest = dict(connection.execute(counted).all())
    told = _told(connection, largest)
    held = _holders(connection, chosen, largest)
    examples = _examples(connection, [(held[key][0].submission_id, key) for key in largest])
    return [
        Spread(
            reason_id,
            *told[reason_id],
            int(count),
            min(holder.first_seen for holder in held[reason_id]),
            held[reason_id],
            examples[held[reason_id][0].submission_id, reason_id],
        )
        for reason_id, count in largest.items()
    ]


def holders(connection: Connection, chosen: Which, reason_id: int) -> list[Holder]:
    """The submissions that meet a condition and have items of a group, those with most first."""
    return _holders(connection, chosen, [reason_id]).get(reason_id, [])


def _holders(
    connection: Connection, chosen: Which, reason_ids: Collection[int]
) -> dict[int, list[Holder]]:
    """Of each reason the submissions that have items of it, those with most first."""
    of, number = reason_groups.c, func.sum(reason_groups.c.standing)
    statement = (
        select(of.reason_id, of.submission_id, submissions.c.name, number, func.min(of.first_seen))
        .join(submissions, submissions.c.id == of.submission_id)
        .where(chosen, of.reason_id.in_(reason_ids))
        .group_by(of.reason_id, of.submission_id, submissions.c.name)
        .having(number > 0)
        .order_by(number.desc(), of.submission_id.desc())
    )
    found: dict[int, list[Holder]] = {}
    for reason_id, submission_id, name, count, first_seen in connection.execute(statement):
        holder = Holder(submission_id, name, int(count), first_seen)
        found.setdefault(reason_id, []).append(holder)
    return found


def _told(connection: Connection, reason_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Status and masked words of groups."""
    of = reasons.c
    statement = select(of.id, of.status, of.text).where(of.id.in_(reason_ids))
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement)}


def _examples(connection: Connection, wanted: Collection[Key]) -> dict[Key, list[Example]]:
    """The first items of each group: by looks into an index, none by a scan."""
    of = items.c
    found: dict[Key, list[Example]] = {key: [] for key in wanted}
    first_few = [
        select(of.submission_id, of.position, of.data_id, of.status, of.reason_id)
        .where(of.submission_id == submission_id, of.reason_id == reason_id)
        .order_by(of.position)
        .limit(EXAMPLES)
        .subquery()
        for submission_id, reason_id in wanted
    ]
    if first_few:
        for *row, reason_id in connection.execute(union_all(*map(select, first_few))):
            found[row[0], reason_id].append(Example(*row))
    return found
