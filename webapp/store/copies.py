"""Copies: items of a submission that another one, made from it, sends again or takes back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from webapp.store import batches
from webapp.store.batches import Batch
from webapp.store.items import CHUNK, Slice, slices
from webapp.store.submissions import Submission
from webapp.store.tables import items, submissions
from webapp.store.words import ENDED, MOVING, NOT_SENT, UNREAD, UNSENT, WELL, State

MOST_PICKED = 10_000
DONE = {
    "link": ("LINKED", "ALREADY_LINKED"),
    "unlink": ("UNLINKED", "ALREADY_UNLINKED"),
}
OTHER = {"link": "unlink", "unlink": "link"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which items of a submission: those picked by hand, else a group of reasons, else statuses.

    at: items of a status that came later (seconds since 1970) are none of them.
    """

    statuses: Sequence[str] = ()
    reason_id: int | None = None
    positions: Sequence[int] = ()
    at: float | None = None


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


def tally(connection: Connection, source: Submission, kind: str, scope: Scope) -> Tally:
    """What would become of these items in a copy of this kind, as far as the source knows."""
    cut = batches.of_submission(connection, source.id)
    return _tally(connection, source, kind, cut, _chosen(source, cut, scope))


def copy_chunk(
    connection: Connection,
    source: Submission,
    target: Submission,
    scope: Scope,
    *,
    after: int,
    made: int,
) -> tuple[int, Tally] | None:
    """Copy the next items of the scope, behind position `after`, to the target, which has `made`.

    Returns the last position that was looked at and what became of them; None: there are no more.
    The source's items are marked first and the marked ones copied, so two at once never copy one
    item twice.
    """
    cut = batches.of_submission(connection, source.id)
    end = _end_of_chunk(connection, source, cut, scope, after)
    if end is None:
        return None
    within = items.c.position.between(after + 1, end)
    chosen = _chosen(source, cut, scope) & within
    allowed = _allowed(source, target.kind, cut)
    found = _tally(connection, source, target.kind, cut, chosen)
    mark = update(items).where(chosen, allowed, free(source.id), ~_done_since(source, target.kind))
    marked = connection.execute(mark.values(retried_in=target.id)).rowcount
    ours = (items.c.submission_id == source.id) & within & (items.c.retried_in == target.id)
    found.by_status = _by_status(connection, ours)
    found.skipped["meanwhile"] += found.made - marked
    found.made = marked
    _insert(connection, ours, target, made)
    return end, found


def shared(connection: Connection, source: Submission, scope: Scope) -> int:
    """How many of these (of the first 10,000) other submissions have linked into the project too:
    unlinking takes them away there as well.
    """
    cut = batches.of_submission(connection, source.id)
    few = (
        select(items.c.data_id)
        .where(_chosen(source, cut, scope), _allowed(source, "unlink", cut), free(source.id))
        .limit(CHUNK)
        .subquery()
    )
    theirs, holder = items.alias("theirs"), submissions.alias("holder")
    also = exists().where(
        theirs.c.data_id == few.c.data_id,
        theirs.c.submission_id != source.id,
        theirs.c.status.in_(DONE["link"]),
        *_same_project(holder, theirs, source),
    )
    count: int = connection.execute(select(func.count()).select_from(few).where(also)).scalar_one()
    return count


def free(source_id: int) -> ColumnElement[bool]:
    """No copy of the source's item was made, or the submission that had it is gone."""
    child = submissions.alias("child")
    taken = select(child.c.id).where(
        child.c.parent_id == source_id, child.c.state != State.DISCARDED
    )
    return or_(items.c.retried_in.is_(None), items.c.retried_in.not_in(taken))


def _chosen(source: Submission, cut: Sequence[Batch], scope: Scope) -> ColumnElement[bool]:
    mine = items.c.submission_id == source.id
    if scope.positions:
        return mine & items.c.position.in_(scope.positions)
    pieces = [and_(*_within(piece, scope)) for piece in _pieces(cut, scope)]
    return mine & (or_(*pieces) if pieces else false())


def _pieces(cut: Sequence[Batch], scope: Scope) -> list[Slice]:
    """What waits to be sent is none of what was not sent."""
    ended = [batch for batch in cut if batch.state in UNSENT & ENDED]
    if NOT_SENT in scope.statuses and not ended:
        others = [word for word in scope.statuses if word != NOT_SENT]
        return [*(slices([], others, scope.reason_id) or []), Slice(NOT_SENT)]
    return slices(ended, scope.statuses, scope.reason_id) or []


def _within(piece: Slice, scope: Scope, after: int = 0) -> Iterable[ColumnElement[bool]]:
    if piece.status is not None:
        yield items.c.status == piece.status
    if piece.reason_id is not None:
        yield items.c.reason_id == piece.reason_id
    yield items.c.position >= max(piece.first, after + 1)
    if piece.last is not None:
        yield items.c.position <= piece.last
    if scope.at is not None and piece.status not in {NOT_SENT, UNREAD}:
        yield items.c.changed_at <= scope.at


def _allowed(source: Submission, kind: str, cut: Sequence[Batch]) -> ColumnElement[bool]:
    """What a copy of this kind is made of: troubles are tried again, links that it made undone."""
    status = items.c.status
    if kind != source.kind:
        return status == DONE[source.kind][0]
    over = [
        items.c.position.between(batch.first_position, batch.last_position)
        for batch in cut
        if batch.state in ENDED
    ]
    return status.not_in(WELL | MOVING) | (status.in_(MOVING) & or_(false(), *over))


def _tally(
    connection: Connection,
    source: Submission,
    kind: str,
    cut: Sequence[Batch],
    chosen: ColumnElement[bool],
) -> Tally:
    """Counted status by status: that is an index's own order, so nothing has to be sorted."""
    allowed = chosen & _allowed(source, kind, cut)
    every, may = _by_status(connection, chosen), _by_status(connection, allowed)
    # Without a copy there are none to leave out, and an index alone answers.
    copied = _has_copies(connection, source)
    makes = _by_status(connection, allowed & free(source.id)) if copied else may
    why = _why_not_undone if kind != source.kind else _why_not_retried
    found = Tally(made=makes.total())
    found.skipped["elsewhere"] = may.total() - makes.total()
    for status, count in every.items():
        found.skipped[why(status)] += count - may[status]
    return found


def _has_copies(connection: Connection, source: Submission) -> bool:
    statement = select(submissions.c.id).where(
        submissions.c.project_id == source.project_id,
        submissions.c.id > source.id,
        submissions.c.parent_id == source.id,
        submissions.c.state != State.DISCARDED,
    )
    return connection.execute(statement.limit(1)).first() is not None


def _why_not_retried(status: str) -> str:
    return "well" if status in WELL else "moving"


def _why_not_undone(status: str) -> str:
    return "before" if status in WELL else "never"


def _end_of_chunk(
    connection: Connection, source: Submission, cut: Sequence[Batch], scope: Scope, after: int
) -> int | None:
    if scope.positions:
        left = sorted(position for position in scope.positions if position > after)
        return left[:CHUNK][-1] if left else None
    pieces = _pieces(cut, scope)
    if not pieces:
        return None
    parts = [
        select(items.c.position)
        .where(items.c.submission_id == source.id, *_within(piece, scope, after))
        .order_by(items.c.position)
        .limit(CHUNK)
        .subquery()
        for piece in pieces
    ]
    union = union_all(*(select(part.c.position) for part in parts)).subquery()
    first = select(union.c.position).order_by(union.c.position).limit(CHUNK).subquery()
    end: int | None = connection.execute(select(func.max(first.c.position))).scalar()
    return end


def _done_since(source: Submission, kind: str) -> ColumnElement[bool]:
    """Another submission has brought about in this project what the copy would, and no other has
    undone that since.
    """
    theirs, holder = items.alias("theirs"), submissions.alias("holder")
    later, undoer = items.alias("later"), submissions.alias("undoer")
    undone = exists().where(
        later.c.data_id == theirs.c.data_id,
        later.c.status.in_(DONE[OTHER[kind]]),
        later.c.changed_at > theirs.c.changed_at,
        *_same_project(undoer, later, source),
    )
    return exists().where(
        theirs.c.data_id == items.c.data_id,
        theirs.c.submission_id != items.c.submission_id,
        theirs.c.status.in_(DONE[kind]),
        theirs.c.changed_at > func.coalesce(items.c.changed_at, 0.0),
        *_same_project(holder, theirs, source),
        ~undone,
    )


def _same_project(holder: Any, held: Any, source: Submission) -> Iterable[ColumnElement[bool]]:
    return (
        holder.c.id == held.c.submission_id,
        holder.c.project_id == source.project_id,
        holder.c.ica_url == source.ica_url,
    )


def _by_status(connection: Connection, condition: ColumnElement[bool]) -> Counter[str]:
    statement = select(items.c.status, func.count()).where(condition).group_by(items.c.status)
    found: Counter[str] = Counter()
    for status, count in connection.execute(statement):
        found[NOT_SENT if status == UNREAD else status] += count
    return found


def _insert(
    connection: Connection, marked: ColumnElement[bool], target: Submission, made: int
) -> None:
    number = func.row_number().over(order_by=items.c.position)
    values: dict[str, Any] = {
        "submission_id": literal(target.id, Integer),
        "position": number + made,
        "data_id": items.c.data_id,
        "line": items.c.line,
        "column": items.c.column,
        "flags": items.c.flags,
        "status": literal(UNREAD),
    } | dict.fromkeys(("reason", "name", "path", "linked_id"), literal(""))
    connection.execute(
        insert(items).from_select(
            list(values),
            select(*(value.label(name) for name, value in values.items())).where(marked),
        )
    )
