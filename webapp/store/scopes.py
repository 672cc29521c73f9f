"""Scopes: which items of a submission an act is about, and what becomes of them in a copy."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    false,
    func,
    or_,
    select,
    true,
    union_all,
)

from webapp.store import batches
from webapp.store.items import Slice, ranges
from webapp.store.submissions import Submission
from webapp.store.tables import items, submissions
from webapp.store.words import ENDED, MOVING, NOT_SENT, UNREAD, UNSENT, WELL, State

MOST_PICKED = 10_000
DONE = {
    "link": ("LINKED", "ALREADY_LINKED"),
    "unlink": ("UNLINKED", "ALREADY_UNLINKED"),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which items of a submission: those picked by hand, else a group of reasons, else statuses.

    at: items of a status that came later (seconds since 1970) are none of them.
    unsent: the ranges of positions that had not been sent then; None: that are not sent now.
    """

    statuses: Sequence[str] = ()
    reason_id: int | None = None
    positions: Sequence[int] = ()
    at: float | None = None
    unsent: Sequence[Sequence[int]] | None = None


@dataclass(slots=True)
class Tally:
    """What becomes of the items of a scope: so many are made again, so many skipped and why.

    skipped: "elsewhere" (a copy of them was made before), "meanwhile" (another submission has done
    it since); of a retry "well" (nothing is left to do) and "moving" (no outcome yet); of an undo
    "before" (they were linked already, not by this submission) and "never" (they are not linked).
    by_status: the statuses of those that are made again.
    """

    made: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)

    @property
    def confirmed(self) -> int:
        """All of them."""
        return self.made + self.skipped.total()

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.made + other.made,
            self.skipped + other.skipped,
            self.by_status + other.by_status,
        )


class Chosen:
    """The items of a scope, for a copy of some kind ("link", "unlink"), as SQL sees them."""

    def __init__(self, connection: Connection, source: Submission, kind: str, scope: Scope) -> None:
        self._connection, self._source = connection, source
        self._undoes, self._scope = kind != source.kind, scope
        self._cut = batches.of_submission(connection, source.id)
        self._unsent: Sequence[Sequence[int]] = (
            unsent(connection, source.id) if scope.unsent is None else scope.unsent
        )
        self._pieces = self._sliced()
        self.free = free(connection, source)

    @property
    def all(self) -> ColumnElement[bool]:
        """Every one of them."""
        return or_(false(), *(self._within(piece) for piece in self._pieces))

    @property
    def allowed(self) -> ColumnElement[bool]:
        """What a copy is made of: troubles are tried again, links that it made are undone."""
        if self._undoes:
            return items.c.status == DONE[self._source.kind][0]
        return items.c.status.not_in(WELL | MOVING) | (items.c.status.in_(MOVING) & self._over())

    def tally(self, within: ColumnElement[bool] | None = None) -> Tally:
        """What would become of them, as far as the source knows.

        Counted piece by piece: a piece is a range of an index, which alone answers.
        """
        found = Tally()
        for piece in self._pieces:
            where = self._within(piece) & (true() if within is None else within)
            every, over = self._count(where), {}
            if not self._undoes and every.keys() & MOVING:
                over = self._count(where & self._over())
            for status, (count, _) in every.items():
                may, made = self._may(status, every, over)
                found.made += made
                found.skipped["elsewhere"] += may - made
                found.skipped[self._why_not(status)] += count - may
        return found

    def end_of_chunk(self, after: int, size: int) -> int | None:
        """The position of the last of the next `size` of them behind a position; None: no more."""
        if not self._pieces:
            return None
        parts = [
            select(items.c.position)
            .where(self._within(piece, after))
            .order_by(items.c.position)
            .limit(size)
            .subquery()
            for piece in self._pieces
        ]
        union = union_all(*(select(part.c.position) for part in parts)).subquery()
        first = select(union.c.position).order_by(union.c.position).limit(size).subquery()
        end: int | None = self._connection.execute(select(func.max(first.c.position))).scalar()
        return end

    def by_status(self, where: ColumnElement[bool]) -> Counter[str]:
        """How many items there are of each status; what waited to be sent was not sent."""
        waited = (items.c.status == UNREAD) & _in_any(self._unsent)
        word = case((waited, NOT_SENT), else_=items.c.status)
        statement = select(word, func.count()).where(where).group_by(word)
        return Counter(dict(self._connection.execute(statement).all()))

    def _sliced(self) -> list[Slice]:
        if self._scope.positions:
            return [Slice(None)]
        if self._scope.reason_id is not None:
            return self._of_reason(self._scope.reason_id)
        return [piece for word in self._scope.statuses for piece in self._of_status(word)]

    def _of_status(self, word: str) -> list[Slice]:
        """A row that was not read yet is one that was not sent, or one that ICA never told of."""
        if word == NOT_SENT:
            return [
                Slice(status, first, last)
                for first, last in self._unsent
                for status in (UNREAD, NOT_SENT)
            ]
        if word == UNREAD:
            sent = ranges(batch for batch in self._cut if batch.state not in UNSENT)
            return [Slice(UNREAD, first, last) for first, last in sent]
        return [Slice(word)]

    def _of_reason(self, reason_id: int) -> list[Slice]:
        """A group has one status; with it an index counts the group without sorting."""
        mine = (items.c.submission_id == self._source.id) & (items.c.reason_id == reason_id)
        status = self._connection.execute(select(items.c.status).where(mine).limit(1)).scalar()
        if status is None or status not in (self._scope.statuses or (status,)):
            return []
        return [Slice(status, reason_id=reason_id)]

    def _within(self, piece: Slice, after: int = 0) -> ColumnElement[bool]:
        return and_(*self._conditions(piece, after))

    def _conditions(self, piece: Slice, after: int) -> Iterable[ColumnElement[bool]]:
        yield items.c.submission_id == self._source.id
        yield items.c.position >= max(piece.first, after + 1)
        if piece.last is not None:
            yield items.c.position <= piece.last
        if piece.status is not None:
            yield items.c.status == piece.status
        if piece.reason_id is not None:
            yield items.c.reason_id == piece.reason_id
        if self._scope.positions:
            yield items.c.position.in_(self._scope.positions)
        elif self._scope.at is not None and piece.status not in {NOT_SENT, UNREAD}:
            yield items.c.changed_at <= self._scope.at

    def _over(self) -> ColumnElement[bool]:
        """ICA will say no more about them: their batch has ended."""
        return _in_any(ranges(batch for batch in self._cut if batch.state in ENDED))

    def _count(self, where: ColumnElement[bool]) -> dict[str, tuple[int, int]]:
        """By status: how many there are, and how many of which no copy was made."""
        statement = (
            select(items.c.status, func.count(), func.count().filter(self.free))
            .where(where)
            .group_by(items.c.status)
        )
        return {
            status: (every, left) for status, every, left in self._connection.execute(statement)
        }

    def _may(
        self,
        status: str,
        every: dict[str, tuple[int, int]],
        over: dict[str, tuple[int, int]],
    ) -> tuple[int, int]:
        """How many of a status a copy may be made of, and of how many it is."""
        if self._undoes:
            return every[status] if status == DONE[self._source.kind][0] else (0, 0)
        if status in MOVING:
            return over.get(status, (0, 0))
        return (0, 0) if status in WELL else every[status]

    def _why_not(self, status: str) -> str:
        if self._undoes:
            return "before" if status in WELL else "never"
        return "well" if status in WELL else "moving"


def tally(connection: Connection, source: Submission, kind: str, scope: Scope) -> Tally:
    """What would become of these items in a copy of this kind, as far as the source knows."""
    return Chosen(connection, source, kind, scope).tally()


def unsent(connection: Connection, submission_id: int) -> list[tuple[int, int]]:
    """The ranges of positions that were not sent, and will not be."""
    cut = batches.of_submission(connection, submission_id)
    return ranges(batch for batch in cut if batch.state in UNSENT & ENDED)


def _in_any(found: Iterable[Sequence[int]]) -> ColumnElement[bool]:
    return or_(false(), *(items.c.position.between(first, last) for first, last in found))


def free(connection: Connection, source: Submission) -> ColumnElement[bool]:
    """No copy of the source's item was made, or the submission that had it was thrown away."""
    gone = connection.execute(
        select(submissions.c.id).where(
            submissions.c.parent_id == source.id, submissions.c.state == State.DISCARDED
        )
    ).scalars()
    return or_(items.c.retried_in.is_(None), items.c.retried_in.in_(list(gone)))
