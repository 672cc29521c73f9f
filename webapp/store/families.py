"""Families: the attempts at one list, and what became of each id in the last of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from webapp.store import batches, submissions
from webapp.store.items import Item, Slice, slices
from webapp.store.pages import Cursor, Page, cut
from webapp.store.scopes import DONE
from webapp.store.submissions import Submission
from webapp.store.tables import items
from webapp.store.tables import submissions as table
from webapp.store.words import BEGUN, WELL, State

STRIDE = 10_000_000  # more positions than a submission has; 214 attempts fit into a cursor


@dataclass(frozen=True, slots=True)
class Standing:
    """An item where it counts: in which submission, and as what."""

    item: Item
    member: Submission
    status: str
    key: int


def attempts(connection: Connection, family_id: int) -> list[Submission]:
    """The submissions of a family that have begun, the first attempt first."""
    family = (table.c.id == family_id) | (table.c.root_id == family_id)
    return _begun(connection, family)


def with_undos(connection: Connection, attempts: Sequence[Submission]) -> list[Submission]:
    """The attempts, and behind them the undos of any of them, with the attempts at those."""
    own = [member.id for member in attempts]
    made = select(table.c.id).where(table.c.parent_id.in_(own), table.c.root_id.is_(None))
    undos = _begun(connection, table.c.id.in_(made) | table.c.root_id.in_(made))
    return [*attempts, *undos]


def _begun(connection: Connection, which: ColumnElement[bool]) -> list[Submission]:
    found = connection.execute(select(table.c.id).where(which, table.c.state.in_(BEGUN))).scalars()
    members = submissions.many(connection, list(found))
    return sorted(members.values(), key=lambda member: (member.attempt, member.id))


def last_attempt(connection: Connection, family_id: int) -> int:
    """The number of the latest attempt, begun or not."""
    family = (table.c.id == family_id) | (table.c.root_id == family_id)
    numbers = connection.execute(select(table.c.attempt).where(family)).scalars()
    return max(numbers, default=1)


def made_from(connection: Connection, source: Submission) -> list[Submission]:
    """What was made from a submission: retries and undos of it, the oldest first."""
    statement = select(table.c.id).where(
        table.c.parent_id == source.id, table.c.state != State.DISCARDED
    )
    found = submissions.many(connection, list(connection.execute(statement).scalars()))
    return sorted(found.values(), key=lambda child: child.id)


def effective_counts(members: Sequence[Submission]) -> dict[str, int]:
    """Ids per status, each counted where the latest of the members has it; by counts alone."""
    total: Counter[str] = Counter()
    for member in members:
        for word, count in left(member, members).items():
            total[_effective(word, member, members)] += count
    return dict(sorted(total.items()))


def _effective(word: str, member: Submission, members: Sequence[Submission]) -> str:
    """What a status means for the ids: an undo that did not come off leaves them linked."""
    kind = members[0].kind
    return word if member.kind == kind or word in WELL else DONE[kind][0]


def left(source: Submission, others: Sequence[Submission]) -> Counter[str]:
    """A submission's ids per status, without those that one of the others took up."""
    found = Counter(source.counts)
    for other in others:
        if other.parent_id == source.id:
            found.subtract(other.review.get("receipt", {}).get("by_status", {}))
    return +found


def page(
    connection: Connection,
    members: Sequence[Submission],
    statuses: Sequence[str],
    cursor: Cursor,
    size: int,
) -> Page[Standing]:
    """Each id where it counts, member by member, in the order of the list; any status for none.

    A cursor is the member's place among them times STRIDE, plus the position.
    """
    backwards = cursor.before is not None
    found: list[Standing] = []
    places = list(enumerate(members))
    for place, member in reversed(places) if backwards else places:
        base = place * STRIDE
        room = size + 1 - len(found)
        if room > 0:
            rows = _rows(connection, member, members, statuses, cursor, base, room)
            found += [
                Standing(row, member, _effective(row.status, member, members), base + row.position)
                for row in rows
            ]
    return cut(found, cursor, size, lambda row: row.key)


def _rows(
    connection: Connection,
    member: Submission,
    members: Sequence[Submission],
    statuses: Sequence[str],
    cursor: Cursor,
    base: int,
    limit: int,
) -> list[Item]:
    """One limited range a status: an index alone passes over the ids that were taken up, and only
    what is shown is read.
    """
    backwards = cursor.before is not None
    later = [other.id for other in members if other.parent_id == member.id]
    untaken = items.c.retried_in.is_(None) | items.c.retried_in.not_in(later)
    places: list[int] = []
    for piece in _pieces(connection, member, members, statuses):
        statement = _range(member.id, piece, cursor, base).where(untaken).limit(limit)
        places += connection.execute(statement).scalars()
    places = sorted(places, reverse=backwards)[:limit]
    mine = (items.c.submission_id == member.id) & items.c.position.in_(places)
    found = [Item(**row) for row in connection.execute(select(items).where(mine)).mappings()]
    return sorted(found, key=lambda row: row.position, reverse=backwards)


def _pieces(
    connection: Connection,
    member: Submission,
    members: Sequence[Submission],
    statuses: Sequence[str],
) -> list[Slice]:
    if statuses and member.kind == members[0].kind:
        return slices(batches.of_submission(connection, member.id), statuses) or []
    words = _words(connection, member.id)
    return [
        Slice(word)
        for word in words
        if not statuses or _effective(word, member, members) in statuses
    ]


def _words(connection: Connection, submission_id: int) -> list[str]:
    """The statuses of its rows, each found by one step in their index."""
    found: list[str] = []
    mine = select(func.min(items.c.status)).where(items.c.submission_id == submission_id)
    while word := connection.execute(mine.where(items.c.status > (found or [""])[-1])).scalar():
        found.append(word)
    return found


def _range(submission_id: int, piece: Slice, cursor: Cursor, base: int) -> Select[Any]:
    position = items.c.position
    statement = select(position).where(
        items.c.submission_id == submission_id, items.c.status == piece.status
    )
    first, last = piece.first, piece.last or STRIDE
    if cursor.before is not None:
        last = min(last, cursor.before - base - 1)
        order = position.desc()
    else:
        first = max(first, (cursor.after or 0) - base + 1)
        order = position.asc()
    return statement.where(position >= first, position <= last).order_by(order)
