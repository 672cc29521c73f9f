"""Reasons: the items that did not end well, grouped by why."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from webapp.store import sql
from webapp.store.masking import masked
from webapp.store.tables import items, reason_groups, reasons, submissions
from webapp.store.words import is_trouble

EXAMPLES = 3

Told = tuple[str, str]
"""A status and the reason that came with it."""


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
    mine = items.c.submission_id == submission_id
    counted = _counted(connection, mine)
    largest = sorted(counted, key=lambda row: (-row[2], row[0]))[:most]
    texts = _texts(connection, [reason_id for reason_id, _, _ in largest])
    seen = _first_seen(connection, [submission_id])
    found = [
        Group(
            reason_id,
            texts[reason_id],
            count,
            seen[submission_id, reason_id],
            _examples(connection, submission_id, reason_id),
        )
        for reason_id, _, count in largest
    ]
    return found, len(counted)


@dataclass(frozen=True, slots=True)
class Holder:
    """A submission that has items of a group."""

    submission_id: int
    name: str
    count: int


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


def across(connection: Connection, chosen: ColumnElement[bool], most: int) -> list[Spread]:
    """The largest groups over all submissions that meet a condition, `most` of them."""
    names = dict(
        connection.execute(
            select(submissions.c.id, submissions.c.name)
            .where(chosen)
            .where(submissions.c.id.in_(select(reason_groups.c.submission_id)))
        ).all()
    )
    gathered: dict[int, list[Holder]] = {}
    for reason_id, submission_id, count in _counted(connection, items.c.submission_id.in_(names)):
        gathered.setdefault(reason_id, []).append(
            Holder(submission_id, names[submission_id], count)
        )
    largest = sorted(gathered, key=lambda key: -sum(holder.count for holder in gathered[key]))
    texts = _texts(connection, largest[:most])
    seen = _first_seen(connection, names)
    return [
        _spread(connection, reason_id, texts[reason_id], gathered[reason_id], seen)
        for reason_id in largest[:most]
    ]


def _spread(
    connection: Connection,
    reason_id: int,
    text: str,
    holders: list[Holder],
    seen: dict[tuple[int, int], float],
) -> Spread:
    holders = sorted(holders, key=lambda holder: (-holder.count, -holder.submission_id))
    return Spread(
        reason_id,
        text,
        sum(holder.count for holder in holders),
        min(seen[holder.submission_id, reason_id] for holder in holders),
        holders,
        _examples(connection, holders[0].submission_id, reason_id),
    )


def _counted(connection: Connection, condition: ColumnElement[bool]) -> list[tuple[int, int, int]]:
    """Reason, submission and how many items."""
    key = (items.c.reason_id, items.c.submission_id)
    statement = (
        select(*key, func.count())
        .where(condition, items.c.reason_id.is_not(None))
        .group_by(items.c.submission_id, items.c.reason_id)
    )
    return [(reason, holder, count) for reason, holder, count in connection.execute(statement)]


def _texts(connection: Connection, reason_ids: Collection[int]) -> dict[int, str]:
    statement = select(reasons.c.id, reasons.c.text).where(reasons.c.id.in_(reason_ids))
    return dict(connection.execute(statement).all())


def _first_seen(
    connection: Connection, submission_ids: Collection[int]
) -> dict[tuple[int, int], float]:
    statement = select(reason_groups).where(reason_groups.c.submission_id.in_(submission_ids))
    return {
        (row.submission_id, row.reason_id): row.first_seen for row in connection.execute(statement)
    }


def _examples(connection: Connection, submission_id: int, reason_id: int) -> list[Example]:
    statement = (
        select(items.c.submission_id, items.c.position, items.c.data_id, items.c.status)
        .where(items.c.submission_id == submission_id, items.c.reason_id == reason_id)
        .order_by(items.c.position)
        .limit(EXAMPLES)
    )
    return [Example(*row) for row in connection.execute(statement)]
