"""Selections: which items of a submission an action is about, and what becomes of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, true

from webapp.store import batches, reasons
from webapp.store.batches import Batch
from webapp.store.enums import LEFT_OUT, AttemptKind
from webapp.store.items import found_by, ranges
from webapp.store.paging import Cursor, merged
from webapp.store.retry.history import in_history
from webapp.store.statuses import (
    IN_PROJECT,
    MOVING,
    SUCCESSFUL,
    UNDOABLE,
    UNLINKED,
    goes_into_row,
    meaning,
)
from webapp.store.submissions import Submission
from webapp.store.tables import history, items

MAX_PICKED_ITEMS = 10_000
DOUBTED = "ALREADY_LINKED"  # when a batch was sent twice, it may have linked the item itself


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items of a submission: those picked by hand, else all with one of the statuses, of a
    group of reasons, and found by a text, as far as these are given.

    attempt: the statuses are those that this attempt found, of items whose rows it left unchanged.
    at: items whose status came later (seconds since 1970) are not selected.
    """

    statuses: Sequence[str] = ()
    reason_id: int | None = None
    positions: Sequence[int] = ()
    attempt: int | None = None
    at: float | None = None
    text: str = ""


@dataclass(slots=True)
class SelectionCounts:
    """What becomes of the selected items: how many are taken, how many are skipped, and why.

    skipped: "elsewhere" (an attempt that runs has them), "meanwhile" (another submission has done
    it since); of a retry "well" (nothing is left to do) and "moving" (no outcome yet); of an undo
    "before" (they were linked already, not by this submission), "unlinked" (they are, already) and
    "never" (they were not linked).
    by_status: the statuses of those that are taken.
    """

    made: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)

    @property
    def confirmed(self) -> int:
        """All of them."""
        return self.made + self.skipped.total()

    def __add__(self, other: "SelectionCounts") -> "SelectionCounts":
        skipped, by_status = self.skipped + other.skipped, self.by_status + other.by_status
        return SelectionCounts(self.made + other.made, skipped, by_status)


class SelectedItems:
    """The selected items, for an attempt of some kind, as conditions on the table of items."""

    def __init__(
        self,
        connection: Connection,
        source: Submission,
        kind: AttemptKind,
        selection: Selection,
        batch_rows: Sequence[Batch] | None = None,
    ) -> None:
        self._connection, self.source = connection, source
        self._kind, self._selection = kind, selection
        self.batch_rows = (
            batches.of_submission(connection, source.id) if batch_rows is None else batch_rows
        )
        self._waiting = [one for one in self.batch_rows if one.is_open and one.attempt > 1]
        self._doubted = [batch.id for batch in self.batch_rows if batch.sent_again]
        self._within = and_(items.c.submission_id == source.id, *self._conditions())
        self._statuses = () if selection.positions or selection.attempt else selection.statuses
        self.all = self._within
        if self._statuses:
            self.all &= items.c.status.in_(self._statuses)
        self.allowed = self._allowed() & self._free()

    def count(self, within: ColumnElement[bool] | None = None) -> SelectionCounts:
        """What would become of them, as far as the submission knows: by the counts of its batches
        or reasons where these suffice, however many items there are; else by counting rows.
        """
        chosen = self._selection
        if within is None and chosen.at is None and not chosen.text:
            if self._statuses and chosen.reason_id is None:
                return self._by_status()
            narrower = chosen.positions or chosen.statuses or chosen.attempt
            if chosen.reason_id and not (narrower or self._waiting):
                return self._by_reason(chosen.reason_id)
        return self._counted(true() if within is None else within)

    def _by_reason(self, reason_id: int) -> SelectionCounts:
        found = SelectionCounts()
        for status, count in reasons.standing(self._connection, self.source.id, reason_id).items():
            self._add(found, status, count, count)  # each has ended, and no attempt holds any
        return found

    def _by_status(self) -> SelectionCounts:
        found = SelectionCounts()
        for status in self._statuses:
            if self._kind == AttemptKind.UNLINK and status == DOUBTED and self._doubted:
                found += self._counted(items.c.status == status)  # another batch may hold it now
                continue
            left_out = self.source.left_out if status == LEFT_OUT else 0
            every = left_out + sum(batch.held.get(status, 0) for batch in self.batch_rows)
            free = left_out + sum(self._free_in(batch, status) for batch in self.batch_rows)
            self._add(found, status, every, free)
        return found

    def _free_in(self, batch: Batch, status: str) -> int:
        """How many of the items that a batch holds are allowed, as `allowed` has it for rows."""
        held = batch.held.get(status, 0)
        if status in MOVING:
            return 0 if batch.is_open else held
        if not (batch.is_open and batch.attempt > 1):
            return held
        in_row = goes_into_row(batch.kind, status)
        own = batch.found.get(status, 0) - batch.taken.get(status, 0) if in_row else 0
        return min(held, own)

    def _counted(self, within: ColumnElement[bool]) -> SelectionCounts:
        """Counted status by status: each is a range of an index, which alone answers."""
        statement = (
            select(items.c.status, func.count(), func.count().filter(self.allowed))
            .where(self.all, within)
            .group_by(items.c.status)
        )
        found = SelectionCounts()
        for status, every, allowed in self._connection.execute(statement):
            self._add(found, status, every, allowed)
        return found

    def _add(self, found: SelectionCounts, status: str, every: int, allowed: int) -> None:
        allowed = allowed if self._may_be(status) else 0
        found.made += allowed
        found.skipped[self._why_not(status)] += every - allowed
        found.by_status[status] += allowed

    def end_of_chunk(self, after: int, size: int) -> int | None:
        """The position of the last of the next `size` of them behind a position; None: no more."""
        ahead = select(items.c.position).where(self._within, items.c.position > after)
        ahead = ahead.order_by(items.c.position).limit(size)
        parts = [ahead.where(items.c.status == status) for status in self._statuses] or [ahead]
        first = merged(parts, Cursor(after), size).subquery()
        end: int | None = self._connection.execute(select(func.max(first.c.position))).scalar()
        return end

    def _conditions(self) -> Iterable[ColumnElement[bool]]:
        """All conditions of the selection but the statuses of rows."""
        selection = self._selection
        if selection.positions:
            yield items.c.position.in_(selection.positions)
            return
        if selection.reason_id is not None:
            yield items.c.reason_id == selection.reason_id
        if selection.attempt is not None:
            yield items.c.position.in_(self._found_by(selection.attempt))
        if selection.text:
            yield found_by(self._connection, self.source.id, selection.text)
        if selection.at is not None:
            yield or_(items.c.changed_at.is_(None), items.c.changed_at <= selection.at)

    def _found_by(self, attempt: int) -> Select[int]:
        """The positions of the items that an attempt found so without changing their rows."""
        return select(history.c.position).where(
            history.c.submission_id == self.source.id,
            history.c.attempt == attempt,
            history.c.status.in_(self._selection.statuses),
            ~history.c.stood,
        )

    def _may_be(self, status: str) -> bool:
        meant = meaning(status)
        if self._kind == AttemptKind.UNLINK:
            return meant.undo or (status == DOUBTED and bool(self._doubted))
        return meant.again or meant.relink or not meant.final

    def _allowed(self) -> ColumnElement[bool]:
        """What an attempt may take: a retry what did not succeed, an undo what was linked."""
        if self._kind == AttemptKind.UNLINK:
            return items.c.status.in_(UNDOABLE) | ((items.c.status == DOUBTED) & self._in_doubt())
        done = SUCCESSFUL - {status for status in SUCCESSFUL if self._may_be(status)}
        return items.c.status.not_in(done) & (items.c.status.not_in(MOVING) | self._over())

    def _in_doubt(self) -> ColumnElement[bool]:
        """The batch that found it so was sent twice, even if an unlinking batch holds it now."""
        found = (history.c.attempt == items.c.attempt) & history.c.batch_id.in_(self._doubted)
        return items.c.batch_id.in_(self._doubted) | in_history(found)

    def _over(self) -> ColumnElement[bool]:
        """Their batch has ended, so ICA has nothing more to say about them."""
        ended = [batch for batch in self.batch_rows if not batch.is_open]
        named = items.c.batch_id.in_([batch.id for batch in ended])
        first = ranges(batch for batch in ended if batch.attempt == 1)
        in_range = (items.c.position.between(start, end) for start, end in first)
        return named | (items.c.batch_id.is_(None) & or_(*in_range)) if first else named

    def _free(self) -> ColumnElement[bool]:
        """No running attempt holds it without a result yet: only one attempt takes an item."""
        return and_(true(), *(_free_of(batch) for batch in self._waiting))

    def _why_not(self, status: str) -> str:
        if self._may_be(status) and status not in MOVING:
            return "elsewhere" if status != DOUBTED else "before"
        if self._kind == AttemptKind.UNLINK:
            not_linked = "unlinked" if status in UNLINKED else "never"
            return "before" if status in IN_PROJECT else not_linked
        return "moving" if status in MOVING else "well"


def _free_of(batch: Batch) -> ColumnElement[bool]:
    """The batch does not hold it, or its attempt has found what is in the row."""
    other = items.c.batch_id.is_(None) | (items.c.batch_id != batch.id)
    return other | (items.c.attempt == batch.attempt)
