"""Reasons: the items that did not end well, grouped by why."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, false, func, or_, select

from webapp.store import sql
from webapp.store.masking import masked
from webapp.store.tables import items, reason_groups, reasons, submissions
from webapp.store.words import is_trouble

EXAMPLES = 3

Which = ColumnElement[bool]
"""A condition on submissions, such as submissions.begun_in() makes."""

Told = tuple[str, str]
"""A status and the reason that came with it."""

Key = tuple[int, int]
"""A submission and, of its own, a group of reasons or a position."""

UNTAKEN = items.c.retried_in.is_(None)  # no later attempt has the item; an index answers it too


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
    text: str
    count: int
    first_seen: float
    examples: list[Example]

    @property
    def status(self) -> str:
        """The one status of its items."""
        return self.examples[0].status if self.examples else ""


def ids(
    connection: Connection, submission_id: int, told: Iterable[Told], now: float
) -> dict[Told, int]:
    """The ids of the groups that these belong to; what is no trouble belongs to none.

    Groups that the submission meets for the first time are noted, in this transaction.
    """
    digests = _digests(told)
    if not digests:
        return {}
    found = _find_or_add(connection, dict(digests.values()))
    _note(connection, submission_id, sorted(set(found.values())), now)
    return {pair: found[digest] for pair, (digest, _) in digests.items()}


def _digests(told: Iterable[Told]) -> dict[Told, tuple[str, str]]:
    """For each that is trouble: its group's digest and text. A group has one status."""
    found = {}
    for status, reason in set(told):
        if is_trouble(status):
            text = masked(reason)
            digest = hashlib.sha256(f"{status}\n{text}".encode()).hexdigest()
            found[status, reason] = (digest, text)
    return found


def _find_or_add(connection: Connection, texts: dict[str, str]) -> dict[str, int]:
    found = _find(connection, texts)
    missing = sorted(texts.keys() - found.keys())  # in one order everywhere: no deadlock
    if missing:
        rows = [{"digest": digest, "text": texts[digest]} for digest in missing]
        connection.execute(sql.insert(connection, reasons).on_conflict_do_nothing(), rows)
        found |= _find(connection, missing)
    return found


def _find(connection: Connection, digests: Collection[str]) -> dict[str, int]:
    statement = select(reasons.c.digest, reasons.c.id).where(reasons.c.digest.in_(digests))
    return dict(connection.execute(statement).all())


def _note(
    connection: Connection, submission_id: int, reason_ids: Collection[int], now: float
) -> None:
    rows = [
        {"submission_id": submission_id, "reason_id": reason_id, "first_seen": now}
        for reason_id in reason_ids
    ]
    connection.execute(sql.insert(connection, reason_groups).on_conflict_do_nothing(), rows)


def text_of(connection: Connection, submission_id: int, reason_id: int) -> str | None:
    """The masked words of a group, None if the submission has no such group."""
    statement = (
        select(reasons.c.text)
        .join(reason_groups, reason_groups.c.reason_id == reasons.c.id)
        .where(reason_groups.c.submission_id == submission_id, reasons.c.id == reason_id)
    )
    text: str | None = connection.execute(statement).scalar()
    return text


def groups(connection: Connection, submission_id: int, most: int) -> tuple[list[Group], int]:
    """The submission's largest groups, `most` of them, and how many there are in all.

    Counted by an index alone; a row is read for each example.
    """
    mine = (items.c.submission_id == submission_id) & items.c.reason_id.is_not(None)
    key = items.c.reason_id
    counted = select(key, func.count()).where(mine).group_by(key)
    largest = dict(_largest(connection, counted, most))
    known = _known(connection, [(submission_id, reason_id) for reason_id in largest])
    found = []
    for reason_id, count in largest.items():
        text, first_seen, examples = known[submission_id, reason_id]
        found.append(Group(reason_id, text, count, first_seen, examples))
    in_all = select(func.count(key.distinct())).where(mine)
    return found, connection.execute(in_all).scalar_one()


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
    text: str
    count: int
    first_seen: float
    holders: list[Holder]
    examples: list[Example]

    @property
    def status(self) -> str:
        """The one status of its items."""
        return self.examples[0].status if self.examples else ""


def across(connection: Connection, chosen: Which, most: int) -> list[Spread]:
    """The largest groups over all submissions that meet a condition, `most` of them.

    An id that was tried again counts where its latest attempt has it, and there alone.
    """
    key = items.c.reason_id
    counted = (
        select(key, func.count())
        .join_from(submissions, items, items.c.submission_id == submissions.c.id)
        .where(chosen, key.is_not(None), UNTAKEN)
        .group_by(key)
    )
    largest = dict(_largest(connection, counted, most))
    holders = _holders(connection, chosen, largest)
    keys = [(held[0].submission_id, key) for key, held in holders.items()]
    known = _known(connection, keys, UNTAKEN)
    found = []
    for reason_id, count in largest.items():
        held = holders[reason_id]
        text, _, examples = known[held[0].submission_id, reason_id]
        first_seen = min(holder.first_seen for holder in held)
        found.append(Spread(reason_id, text, count, first_seen, held, examples))
    return found


def holders(connection: Connection, chosen: Which, reason_id: int) -> list[Holder]:
    """The submissions that meet a condition and have items of a group, those with most first."""
    return _holders(connection, chosen, [reason_id]).get(reason_id, [])


def _largest(connection: Connection, counted: Select[Any], most: int) -> list[tuple[int, int]]:
    """Of reasons and their counts, the first `most`; the database sorts what may be thousands."""
    ordered = counted.order_by(func.count().desc(), items.c.reason_id).limit(most)
    return [(reason_id, count) for reason_id, count in connection.execute(ordered)]


def _holders(
    connection: Connection, chosen: Which, reason_ids: Collection[int]
) -> dict[int, list[Holder]]:
    """Of each reason the submissions that have items of it, those with most first."""
    of = reason_groups.c
    count = (
        select(func.count())
        .where(items.c.submission_id == of.submission_id, items.c.reason_id == of.reason_id)
        .where(UNTAKEN)
        .scalar_subquery()
    )
    statement = (
        select(of.reason_id, of.submission_id, submissions.c.name, count, of.first_seen)
        .join_from(submissions, reason_groups, of.submission_id == submissions.c.id)
        .where(chosen, of.reason_id.in_(reason_ids))
    )
    found: dict[int, list[Holder]] = {}
    for row in connection.execute(statement):
        found.setdefault(row[0], []).append(Holder(*row[1:]))
    return {
        reason_id: sorted(
            (holder for holder in held if holder.count),
            key=lambda holder: (-holder.count, -holder.submission_id),
        )
        for reason_id, held in found.items()
    }


def _known(
    connection: Connection, wanted: Collection[Key], *among: ColumnElement[bool]
) -> dict[Key, tuple[str, float, list[Example]]]:
    """Text, first seen and examples of groups, in two statements however many they are.

    The examples are items that meet the conditions `among`.
    """
    of = reason_groups.c
    key = (of.submission_id, of.reason_id)
    statement = (
        select(*key, reasons.c.text, of.first_seen, *_first_positions(*among))
        .join(reasons, reasons.c.id == of.reason_id)
        .where(_any_of(*key, wanted))
    )
    rows = connection.execute(statement).all()
    places = [(row[0], position) for row in rows for position in row[4:] if position]
    items_at = _items_at(connection, places)
    return {
        (row[0], row[1]): (
            row[2],
            row[3],
            [items_at[row[0], position] for position in row[4:] if position],
        )
        for row in rows
    }


def _first_positions(*among: ColumnElement[bool]) -> list[ScalarSelect[int]]:
    """Where the first items of a group stand: each by a look into an index, none by a scan."""
    of = reason_groups.c
    ordered = (
        select(items.c.position)
        .where(items.c.submission_id == of.submission_id, items.c.reason_id == of.reason_id)
        .where(*among)
        .order_by(items.c.position)
        .limit(1)
    )
    return [ordered.offset(number).scalar_subquery() for number in range(EXAMPLES)]


def _items_at(connection: Connection, places: Collection[Key]) -> dict[Key, Example]:
    """The items at submissions and positions."""
    key = (items.c.submission_id, items.c.position)
    statement = select(*key, items.c.data_id, items.c.status).where(_any_of(*key, places))
    return {(row[0], row[1]): Example(*row) for row in connection.execute(statement)}


def _any_of(
    submission_id: ColumnElement[int], other: ColumnElement[int], keys: Iterable[Key]
) -> ColumnElement[bool]:
    """The row has one of these keys; said by submission, since SQLite scans for pairs IN a list."""
    by_submission: dict[int, list[int]] = {}
    for holder, number in keys:
        by_submission.setdefault(holder, []).append(number)
    each = ((submission_id == holder) & other.in_(them) for holder, them in by_submission.items())
    return or_(false(), *each)
