"""Families: the attempts at one list, and what became of each id in the last of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from webapp.store import batches, submissions
from webapp.store.copies import free
from webapp.store.items import Item, Slice, slices
from webapp.store.pages import Cursor, Page, cut
from webapp.store.submissions import Submission
from webapp.store.tables import items
from webapp.store.tables import submissions as table
from webapp.store.words import WELL, State

STRIDE = 10_000_000  # more positions than a submission has; 214 attempts fit into a cursor
BEGUN = (State.ACTIVE, State.SETTLED)


@dataclass(frozen=True, slots=True)
class Standing:
    """An item where it counts, and its attempt."""

    item: Item
    attempt: int
    key: int


def attempts(connection: Connection, family_id: int) -> list[Submission]:
    """The submissions of a family that have begun, the first attempt first."""
    family = (table.c.id == family_id) | (table.c.root_id == family_id)
    found = connection.execute(select(table.c.id).where(family, table.c.state.in_(BEGUN))).scalars()
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
        table.c.project_id == source.project_id,
        table.c.id > source.id,
        table.c.parent_id == source.id,
        table.c.state != State.DISCARDED,
    )
    found = submissions.many(connection, list(connection.execute(statement).scalars()))
    return sorted(found.values(), key=lambda child: child.id)


def effective_counts(members: Sequence[Submission]) -> dict[str, int]:
    """Ids per status over all attempts, the latest attempt at each id counting; by counts alone."""
    total: Counter[str] = Counter()
    for counts in _where_they_count(members).values():
        total += counts
    return dict(sorted(total.items()))


def _where_they_count(members: Sequence[Submission]) -> dict[int, Counter[str]]:
    """Submission -> its ids per status, without those that a later attempt took up."""
    found = {member.id: Counter(member.counts) for member in members}
    for member in members:
        if member.parent_id in found:
            found[member.parent_id].subtract(member.review.get("receipt", {}).get("by_status", {}))
    return {key: +counts for key, counts in found.items()}


def page(
    connection: Connection,
    members: Sequence[Submission],
    statuses: Sequence[str],
    cursor: Cursor,
    size: int,
) -> Page[Standing]:
    """Each id where it counts, attempt by attempt, in the order of the list; any status for none.

    A cursor is the attempt's place in the family times STRIDE, plus the position.
    """
    backwards = cursor.before is not None
    found: list[Standing] = []
    held = _where_they_count(members)
    places = list(enumerate(members))
    for place, member in reversed(places) if backwards else places:
        base = place * STRIDE
        room = size + 1 - len(found)
        holds = held[member.id].keys()
        if room > 0 and holds & (statuses or holds):
            rows = _rows(connection, member, statuses, cursor, base, room)
            found += [Standing(row, member.attempt, base + row.position) for row in rows]
    return cut(found, cursor, size, lambda row: row.key)


def _rows(
    connection: Connection,
    member: Submission,
    statuses: Sequence[str],
    cursor: Cursor,
    base: int,
    limit: int,
) -> list[Item]:
    backwards = cursor.before is not None
    pieces = slices(batches.of_submission(connection, member.id), statuses) or [Slice(None)]
    found: list[Item] = []
    for piece in pieces:  # one limited range a status: IN with ORDER BY would read everything
        statement = _range(member.id, piece, cursor, base).limit(limit)
        found += [Item(**row) for row in connection.execute(statement).mappings()]
    found.sort(key=lambda row: row.position, reverse=backwards)
    return found[:limit]


def _range(submission_id: int, piece: Slice, cursor: Cursor, base: int) -> Select[Any]:
    position = items.c.position
    # An undo leaves its mark on what was linked; the id stays where it is.
    statement = select(items).where(
        items.c.submission_id == submission_id, free(submission_id) | items.c.status.in_(WELL)
    )
    if piece.status is not None:
        statement = statement.where(items.c.status == piece.status)
    first, last = piece.first, piece.last or STRIDE
    if cursor.before is not None:
        last = min(last, cursor.before - base - 1)
        order = position.desc()
    else:
        first = max(first, (cursor.after or 0) - base + 1)
        order = position.asc()
    return statement.where(position >= first, position <= last).order_by(order)
