"""Results: what ICA says of a batch's items, brought into their rows and their history.

An attempt finds a status of each of its items. It goes into the item's row, or into history, and
then the row stays as it was: when a later attempt has taken the item since, when it was not
unlinked, and when the attempt ends without a result of ICA (it was stopped, refused or lost).
Every function returns the batch's columns held, found and taken, to be recorded with it, and
rows_changed where a row shows something else now.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, starmap
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, astuple, replace
from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select

from webapp.store import reasons, sql, submissions, usage
from webapp.store.batches import Batch
from webapp.store.enums import EXPANDED, LEFT_OUT, UNKNOWN, UNREAD
from webapp.store.items import CHUNK_ROWS, held_by
from webapp.store.retry.history import KEPT_COLUMNS, in_history
from webapp.store.statuses import MOVING, goes_into_row
from webapp.store.tables import history, items


class Outcome(Struct, frozen=True, gc=False):
    """What ICA says of one item of a batch."""

    ica_item_id: str
    data_id: str
    status: str
    reason: str
    name: str
    path: str
    linked_id: str


class _Row(Struct, frozen=True, gc=False):
    """A row, as far as it is read and written here; the first field is not written."""

    data_id: str
    position: int
    attempt: int
    name: str
    status: str
    reason: str
    path: str
    linked_id: str
    ica_item_id: str | None
    batch_id: int | None
    reason_id: int | None
    changed_at: float | None


_Move = tuple[str, str, str, tuple[int, int | None], int | None]
"""What the attempt had found, what stood in the row and what stands there now; whose finding and
reason stood there, and the reason now.
"""
_WRITTEN = _Row.__struct_fields__[1:]  # the key, and what is written
_ROWS = select(*(items.c[name] for name in _Row.__struct_fields__))


def _fetch(connection: Connection, statement: Select[Any]) -> list[_Row]:
    """The rows that a statement made of _ROWS finds."""
    return [*starmap(_Row, sql.plain_rows(connection, statement))]


def apply(
    connection: Connection, batch: Batch, outcomes: Sequence[Outcome], now: float
) -> dict[str, Any]:
    """Bring rows up to date with a page of ICA's items.

    Each is looked for in the rows that the locked batch holds, then in its history; one that is in
    neither is appended behind the list.
    """
    outcomes = list({one.ica_item_id or one.data_id: one for one in outcomes}.values())
    known = _Known(connection, batch, outcomes)
    groups = reasons.ids(connection, [(new.status[:60], new.reason) for new in outcomes])
    changes = _Changes(connection, batch, now, groups)
    unknown = []
    for outcome in outcomes:
        if (row := known.held(outcome)) is not None:
            changes.apply_to_row(row, known.history.get(row.position), outcome)
        elif (past := known.taken(outcome)) is not None:
            changes.apply_to_history(past, changes.row(outcome, past.position), taken=True)
        else:
            unknown.append(outcome)
    changes.append(unknown)
    return changes.write()


class _Known:
    """The rows and the history in which a batch's items may be."""

    def __init__(self, connection: Connection, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        self._by_item: dict[str, _Row] = {}
        self._by_data: dict[str, _Row] = {}
        self._elsewhere: dict[str, list[Any]] = defaultdict(list)
        self._add(batch, _side_by_side(connection, batch, outcomes))
        missing = [
            one.data_id
            for one in outcomes
            if one.ica_item_id not in self._by_item and one.data_id not in self._by_data
        ]
        others = self._add(batch, _anywhere(connection, batch, missing)) if missing else []
        # what is in the row of this attempt is not in its history
        held = chain(self._by_item.values(), self._by_data.values())
        others += [row for row in held if row.attempt != batch.attempt]
        ours = history.c.attempt == batch.attempt
        self.history = _history(connection, batch, [row.position for row in others], ours)
        for row in others:
            past = self.history.get(row.position)
            if past is not None and past.batch_id == batch.id and not _holds(batch, row):
                self._elsewhere[row.data_id].append(past)

    def _add(self, batch: Batch, rows: Sequence[_Row]) -> list[_Row]:
        """Keep those that the batch holds; returns the others."""
        others = []
        for row in rows:
            if not _holds(batch, row):
                others.append(row)
            elif row.ica_item_id and row.batch_id == batch.id:
                self._by_item[row.ica_item_id] = row
            else:
                self._by_data.setdefault(row.data_id, row)
        return others

    def held(self, outcome: Outcome) -> _Row | None:
        """The row that the batch holds for an item, None if it holds none."""
        row = self._by_item.get(outcome.ica_item_id)
        return row if row is not None else self._by_data.pop(outcome.data_id, None)

    def taken(self, outcome: Outcome) -> Any:
        """The history of an item that a later attempt has taken since, None if none has."""
        for past in self._elsewhere.get(outcome.data_id, ()):
            if past.ica_item_id in {None, outcome.ica_item_id}:
                return past
        return None


def _anywhere(connection: Connection, batch: Batch, data_ids: Sequence[str]) -> list[_Row]:
    """The submission's rows of these data ids, each found by the index."""
    # + 0, or SQLite would read the whole submission instead of these ids by their index
    ours = items.c.submission_id + 0 == batch.submission_id
    wanted = items.c.data_id.in_(select(sql.listed(connection, data_ids).c.value))
    return _fetch(connection, _ROWS.where(wanted, ours))


def _side_by_side(connection: Connection, batch: Batch, outcomes: Sequence[Outcome]) -> list[_Row]:
    """As many rows as there are results, from the first one's to the last one's: ICA mostly lists
    items in the order in which they were sent. Other items are looked for one by one.
    """
    ends = [outcomes[at].data_id for at in (0, -1) if outcomes]
    at = [row.position for row in _anywhere(connection, batch, ends) if _holds(batch, row)]
    if not at:
        return []
    of, columns = items.c, _ROWS.where(items.c.submission_id == batch.submission_id)
    if batch.attempt > 1:
        columns = columns.where(of.batch_id == batch.id)
    near = columns.where(of.position.between(min(at), max(at)))
    return _fetch(connection, near.order_by(of.position).limit(len(outcomes)))


def _holds(batch: Batch, row: _Row) -> bool:
    """As held_by(). In V3 a folder may contain a file that was left out: that is another item."""
    if row.batch_id is not None or batch.attempt > 1:
        return row.batch_id == batch.id
    in_range = batch.first_position <= row.position <= batch.last_position
    return in_range and row.status != LEFT_OUT


def _history(
    connection: Connection, batch: Batch, positions: Sequence[int], which: ColumnElement[bool]
) -> dict[int, Any]:
    """By position, the last of the items' histories of which this is so."""
    if not positions:
        return {}
    theirs = select(history).where(_past_of(connection, batch, positions), which)
    return {row.position: row for row in connection.execute(theirs.order_by(history.c.attempt))}


def _past_of(connection: Connection, batch: Batch, positions: Sequence[int]) -> ColumnElement[bool]:
    ours = history.c.submission_id == batch.submission_id
    return ours & sql.is_one_of(connection, history.c.position, positions)


@dataclass
class _Changes:
    """What is to be written of a batch's items, and how the counts change by that."""

    connection: Connection
    batch: Batch
    now: float
    groups: Mapping[reasons.StatusReason, int]
    rows: list[_Row] = field(default_factory=list)
    moves: Counter[_Move] = field(default_factory=Counter)  # of these rows, where counts change
    pasts: list[dict[str, Any]] = field(default_factory=list)
    new_pasts: int = 0  # of these, that are not in history yet
    no_longer_past: list[int] = field(default_factory=list)
    appended: list[dict[str, Any]] = field(default_factory=list)
    given_back: int = 0

    def __post_init__(self) -> None:
        batch = self.batch
        self.held, self.found, self.taken = map(Counter, (batch.held, batch.found, batch.taken))
        self.reasons = reasons.Changes()

    def apply_to_row(self, row: _Row, past: Any, outcome: Outcome) -> None:
        """A result for an item that the batch holds; `past` is what history has of this attempt."""
        new = self.row(outcome, row.position, row)
        ours = row.attempt == new.attempt  # the status in the row is this attempt's
        own = past.status if past else row.status if ours else UNREAD
        if new.status == UNKNOWN and own != UNREAD and own not in MOVING:
            return  # it can't be read now, and was before: its outcome does not change any more
        if not ours and not goes_into_row(self.batch.kind, new.status):
            if row.ica_item_id != new.ica_item_id:
                self.rows.append(replace(row, ica_item_id=new.ica_item_id))
            self.apply_to_history(past, new)
            return
        if past is None and new.status == row.status and new == replace(row, changed_at=self.now):
            return
        was = (row.attempt, row.reason_id)
        self.moves[own, row.status, new.status, was, new.reason_id] += 1
        if past is not None:
            self.reasons.add(self.batch.attempt, past.reason_id, -1, 0)
            self.no_longer_past.append(row.position)
        self.rows.append(new)

    def apply_to_history(self, past: Any, new: _Row, *, taken: bool = False) -> None:
        """A result that leaves the row as it was: it was not unlinked, the attempt ends without
        a result of ICA, or a later attempt has `taken` the item.
        """
        same = ("status", "reason", "ica_item_id")
        if past and all(getattr(past, name) == getattr(new, name) for name in same):
            return
        for counts in (self.found, self.taken) if taken else (self.found,):
            _move(counts, past.status if past else UNREAD, new.status)
        self.reasons.moved(self.batch.attempt, past, new.reason_id)
        self.new_pasts += past is None
        self._past(new, stood=bool(past and past.stood))

    def give_back(self, row: _Row, before: Any) -> None:
        """The attempt ends without a final status: the row is as before the attempt again."""
        self.new_pasts += 1
        self.given_back += 1
        self._past(row, stood=False)
        _move(self.held, row.status, before.status)
        self.reasons.add(before.attempt, before.reason_id, 0, 1)
        names = {"attempt", *KEPT_COLUMNS} - {"batch_id", "ica_item_id"}
        self.rows.append(replace(row, **{name: getattr(before, name) for name in names}))

    def append(self, outcomes: Sequence[Outcome]) -> None:
        """Add items that ICA has and the list has not, behind the list."""
        for outcome in outcomes:
            new = self.row(outcome)
            own = {"submission_id": self.batch.submission_id, "data_id": outcome.data_id[:255]}
            self.appended.append(asdict(new) | own)
            self.held[new.status] += 1
            self.found[new.status] += 1
            self.reasons.add(self.batch.attempt, new.reason_id, 1, 1)

    def write(self) -> dict[str, Any]:
        """Write it all; the columns of the batch."""
        connection, submission_id = self.connection, self.batch.submission_id
        for (own, before, after, was, reason_id), number in self.moves.items():
            _move(self.found, own, after, number)
            _move(self.held, before, after, number)
            self.reasons.replaced(*was, self.batch.attempt, reason_id, number)
        ours = {"submission_id": submission_id}
        sql.update_many(connection, items, ours, _WRITTEN, [astuple(row)[1:] for row in self.rows])
        more_history = self.new_pasts
        if self.no_longer_past:
            past = _past_of(connection, self.batch, self.no_longer_past)
            past &= history.c.attempt == self.batch.attempt
            more_history -= connection.execute(delete(history).where(past)).rowcount
        if self.pasts:
            _keep_history(connection, self.pasts)
        self.reasons.write(connection, submission_id, self.now)
        # behind the reasons: these are locked before submissions, everywhere
        if more_history:
            submissions.keep_more(connection, submission_id, more_history * usage.HISTORY_BYTES)
        if self.appended:
            size = sum(usage.ITEM_BYTES + 2 * len(new["data_id"]) for new in self.appended)
            first = submissions.grow(connection, submission_id, len(self.appended), size)
            rows = [new | {"position": at} for at, new in enumerate(self.appended, start=first)]
            connection.execute(insert(items), rows)
        written: dict[str, Any] = {
            name: {word: count for word, count in sorted(counts.items()) if count}
            for name, counts in (("held", self.held), ("found", self.found), ("taken", self.taken))
        }
        if changed := self.moves.total() + self.given_back + len(self.appended):
            written["rows_changed"] = self.batch.rows_changed + changed
        return written

    def row(self, outcome: Outcome, position: int = 0, before: _Row | None = None) -> _Row:
        """The row by ICA's result; what that leaves empty stays as it was `before`."""
        was, status = before or outcome, outcome.status[:60]
        return _Row(
            was.data_id,
            position,
            self.batch.attempt,
            outcome.name or was.name,
            status,
            outcome.reason,
            outcome.path or was.path,
            (outcome.linked_id or was.linked_id)[:255],
            outcome.ica_item_id[:255] or None,
            self.batch.id,
            self.groups.get((status, outcome.reason)),
            self.now,
        )

    def _past(self, row: _Row, *, stood: bool) -> None:
        key = {"submission_id": self.batch.submission_id, "position": row.position}
        kept = {name: getattr(row, name) for name in KEPT_COLUMNS}
        self.pasts.append(key | kept | {"attempt": self.batch.attempt, "stood": stood})


def _move(counts: Counter[str], before: str, after: str, number: int = 1) -> None:
    counts[before] -= number
    counts[after] += number


def _keep_history(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    statement = sql.insert(connection, history)
    new = {name: statement.excluded[name] for name in (*KEPT_COLUMNS, "stood")}
    key = ["submission_id", "position", "attempt"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=new), rows)


def end_unread(
    connection: Connection,
    batch: Batch,
    status: str,
    reason: str,
    now: float,
    *,
    begins: str = "",
    limit: int = CHUNK_ROWS,
) -> tuple[int, dict[str, Any]]:
    """End up to `limit` items without a result of the locked batch in this status; how many.

    `begins` is how their data ids begin: "fol." for folders only.
    """
    groups = reasons.ids(connection, [(status, reason)])
    changes = _Changes(connection, batch, now, groups)
    rows = _fetch(connection, _unread(batch, begins, limit))
    outcome = Outcome("", "", status, reason, "", "", "")
    for row in rows:
        if batch.attempt == 1 or status == EXPANDED:
            changes.apply_to_row(row, None, outcome)
        else:
            reason_id = groups.get((status, reason))
            ended = replace(row, status=status, reason=reason, reason_id=reason_id, changed_at=now)
            changes.apply_to_history(None, ended)
    return len(rows), changes.write()


def _unread(batch: Batch, begins: str, limit: int) -> Select[Any]:
    found = _ROWS.where(held_by(batch), items.c.data_id.startswith(begins))
    if batch.attempt == 1:
        return found.where(items.c.status == UNREAD).order_by(items.c.position).limit(limit)
    past = in_history(history.c.attempt == batch.attempt)
    unread = found.where(items.c.attempt != batch.attempt, ~past)
    return unread.order_by(items.c.position).limit(limit)


def give_back_moving(
    connection: Connection, batch: Batch, now: float, limit: int = CHUNK_ROWS
) -> tuple[int, dict[str, Any]]:
    """Up to `limit` items that this batch leaves without a final status, and an earlier attempt did
    not: their rows are as before again; how many.
    """
    moving = held_by(batch) & items.c.status.in_(MOVING) & (items.c.attempt == batch.attempt)
    wanted = _ROWS.where(moving, in_history(history.c.stood))
    rows = _fetch(connection, wanted.order_by(items.c.position).limit(limit))
    changes = _Changes(connection, batch, now, {})
    befores = _history(connection, batch, [row.position for row in rows], history.c.stood)
    for row in rows:
        changes.give_back(row, befores[row.position])
    return len(rows), changes.write()
