"""Results: what ICA says of a batch's items, brought into their rows and their history.

An attempt finds a status of each of its items. It goes into the item's row, or into history, and
then the row stays as it was: when a later attempt has taken the item since, when it was not
unlinked, and when the attempt ends without a result of ICA (it was stopped, refused or lost).
Every function returns the batch's columns held, found and taken, to be recorded with it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from webapp.store import reasons, sql, submissions, usage
from webapp.store.batches import Batch
from webapp.store.documents import Counts
from webapp.store.enums import EXPANDED, LEFT_OUT, UNKNOWN, UNREAD
from webapp.store.items import CHUNK_ROWS, held_by
from webapp.store.retry.history import KEPT_COLUMNS, in_history
from webapp.store.statuses import MOVING, goes_into_row
from webapp.store.tables import history, items


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ICA says of one item of a batch."""

    ica_item_id: str
    data_id: str
    status: str
    reason: str
    name: str
    path: str
    linked_id: str


def apply(
    connection: Connection, batch: Batch, outcomes: Sequence[Outcome], now: float
) -> dict[str, Counts]:
    """Bring rows up to date with a page of ICA's items.

    Each is looked for in the rows that the locked batch holds, then in its history; one that is in
    neither is appended behind the list.
    """
    outcomes = list({one.ica_item_id or one.data_id: one for one in outcomes}.values())
    known = _Known(connection, batch, [outcome.data_id for outcome in outcomes])
    groups = reasons.ids(connection, [(new.status[:60], new.reason) for new in outcomes])
    changes = _Changes(connection, batch, now, groups)
    unknown = []
    for outcome in outcomes:
        if (row := known.held(outcome)) is not None:
            changes.apply_to_row(row, known.history.get(row["position"]), outcome)
        elif (past := known.taken(outcome)) is not None:
            changes.apply_to_history(past["position"], past, changes.values(outcome), taken=True)
        else:
            unknown.append(outcome)
    changes.append(unknown)
    return changes.write()


class _Known:
    """The rows and the history in which a batch's items may be."""

    def __init__(self, connection: Connection, batch: Batch, data_ids: Collection[str]) -> None:
        self._batch = batch
        # + 0, or SQLite would read the whole submission instead of these ids by their index
        ours = items.c.submission_id + 0 == batch.submission_id
        found = connection.execute(select(items).where(items.c.data_id.in_(data_ids), ours))
        rows = found.mappings().all()
        self.history = _history(connection, batch, [row["position"] for row in rows])
        self._by_item: dict[str, RowMapping] = {}
        self._by_data: dict[str, RowMapping] = {}
        self._elsewhere: dict[str, list[RowMapping]] = defaultdict(list)
        for row in rows:
            if not _holds(batch, row):
                past = self.history.get(row["position"])
                if past is not None and past["batch_id"] == batch.id:
                    self._elsewhere[row["data_id"]].append(past)
            elif row["ica_item_id"] and row["batch_id"] == batch.id:
                self._by_item[row["ica_item_id"]] = row
            else:
                self._by_data[row["data_id"]] = row

    def held(self, outcome: Outcome) -> RowMapping | None:
        """The row that the batch holds for an item, None if it holds none."""
        row = self._by_item.get(outcome.ica_item_id)
        return row if row is not None else self._by_data.pop(outcome.data_id, None)

    def taken(self, outcome: Outcome) -> RowMapping | None:
        """The history of an item that a later attempt has taken since, None if none has."""
        for past in self._elsewhere.get(outcome.data_id, ()):
            if past["ica_item_id"] in {None, outcome.ica_item_id}:
                return past
        return None


def _holds(batch: Batch, row: RowMapping) -> bool:
    """As held_by(). In V3 a folder may contain a file that was left out: that is another item."""
    if row["batch_id"] is not None or batch.attempt > 1:
        return bool(row["batch_id"] == batch.id)
    in_range: bool = batch.first_position <= row["position"] <= batch.last_position
    return in_range and bool(row["status"] != LEFT_OUT)


def _history(
    connection: Connection, batch: Batch, positions: Collection[int]
) -> dict[int, RowMapping]:
    """What the batch's attempt has found already and is not in the rows, by position."""
    statement = select(history).where(_past_of(batch, positions))
    return {row["position"]: row for row in connection.execute(statement).mappings()}


def _past_of(batch: Batch, positions: Collection[int]) -> ColumnElement[bool]:
    ours = (history.c.submission_id == batch.submission_id) & (history.c.attempt == batch.attempt)
    return ours & history.c.position.in_(positions)


@dataclass
class _Changes:
    """What is to be written of a batch's items, and how the counts change by that."""

    connection: Connection
    batch: Batch
    now: float
    groups: Mapping[reasons.StatusReason, int]
    rows: list[dict[str, Any]] = field(default_factory=list)
    new_ids: list[dict[str, Any]] = field(default_factory=list)  # of rows whose status stays
    pasts: list[dict[str, Any]] = field(default_factory=list)
    new_pasts: int = 0  # of these, that are not in history yet
    no_longer_past: list[int] = field(default_factory=list)
    appended: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        batch = self.batch
        self.held, self.found, self.taken = map(Counter, (batch.held, batch.found, batch.taken))
        self.reasons = reasons.Changes()

    def apply_to_row(self, row: RowMapping, past: RowMapping | None, outcome: Outcome) -> None:
        """A result for an item that the batch holds; `past` is what history has of this attempt."""
        new = self.values(outcome)
        for name in ("name", "path", "linked_id"):  # an empty one leaves what is known
            new[name] = new[name] or row[name]
        ours = row["attempt"] == self.batch.attempt  # the status in the row is this attempt's
        own = past["status"] if past else row["status"] if ours else UNREAD
        if new["status"] == UNKNOWN and own not in {UNREAD, *MOVING}:
            return  # it can't be read now, and was before: its outcome does not change any more
        if not ours and not goes_into_row(self.batch.kind, new["status"]):
            if row["ica_item_id"] != new["ica_item_id"]:
                seen = {"key": row["position"], "ica_item_id": new["ica_item_id"]}
                self.new_ids.append(seen)
            self.apply_to_history(row["position"], past, new)
            return
        if past is None and all(row[key] == new[key] for key in new if key != "changed_at"):
            return
        _move(self.found, own, new["status"])
        _move(self.held, row["status"], new["status"])
        self.reasons.replaced(row, self.batch.attempt, new["reason_id"])
        if past is not None:
            self.reasons.add(self.batch.attempt, past["reason_id"], -1, 0)
            self.no_longer_past.append(row["position"])
        self.rows.append({"key": row["position"], **new})

    def apply_to_history(
        self,
        position: int,
        past: Mapping[Any, Any] | None,
        new: Mapping[Any, Any],
        *,
        taken: bool = False,
    ) -> None:
        """A result that leaves the row as it was: it was not unlinked, the attempt ends without
        a result of ICA, or a later attempt has `taken` the item.
        """
        if past and all(past[key] == new[key] for key in ("status", "reason", "ica_item_id")):
            return
        for counts in (self.found, self.taken) if taken else (self.found,):
            _move(counts, past["status"] if past else UNREAD, new["status"])
        self.reasons.moved(self.batch.attempt, past, new["reason_id"])
        self.new_pasts += past is None
        self._past(position, new, stood=bool(past and past["stood"]))

    def give_back(self, row: RowMapping, before: RowMapping) -> None:
        """The attempt ends without a final status: the row is as before the attempt again."""
        self.new_pasts += 1
        self._past(row["position"], dict(row), stood=False)
        _move(self.held, row["status"], before["status"])
        self.reasons.add(before["attempt"], before["reason_id"], 0, 1)
        result = {name: before[name] for name in ("attempt", *KEPT_COLUMNS)}
        kept = {name: row[name] for name in ("name", "batch_id", "ica_item_id")}
        self.rows.append({"key": row["position"], **result, **kept})

    def append(self, outcomes: Sequence[Outcome]) -> None:
        """Add items that ICA has and the list has not, behind the list."""
        for outcome in outcomes:
            new = self.values(outcome) | {"data_id": outcome.data_id[:255]}
            self.appended.append(new | {"submission_id": self.batch.submission_id})
            self.held[new["status"]] += 1
            self.found[new["status"]] += 1
            self.reasons.add(self.batch.attempt, new["reason_id"], 1, 1)

    def write(self) -> dict[str, Counts]:
        """Write it all; the columns of the batch."""
        connection, submission_id = self.connection, self.batch.submission_id
        one = (items.c.submission_id == submission_id) & (items.c.position == bindparam("key"))
        for rows in (self.rows, self.new_ids):
            if rows:
                connection.execute(update(items).where(one), rows)
        more_history = self._write_history()
        self.reasons.write(connection, submission_id, self.now)
        # behind the reasons: these are locked before submissions, everywhere
        if more_history:
            submissions.keep_more(connection, submission_id, more_history * usage.HISTORY_BYTES)
        if self.appended:
            size = sum(usage.ITEM_BYTES + 2 * len(new["data_id"]) for new in self.appended)
            first = submissions.grow(connection, submission_id, len(self.appended), size)
            rows = [new | {"position": at} for at, new in enumerate(self.appended, start=first)]
            connection.execute(insert(items), rows)
        return {
            name: {word: count for word, count in sorted(counts.items()) if count}
            for name, counts in (("held", self.held), ("found", self.found), ("taken", self.taken))
        }

    def _write_history(self) -> int:
        """Write what is in history from now on; returns how many more rows it has."""
        more = self.new_pasts
        if self.no_longer_past:
            gone = delete(history).where(_past_of(self.batch, self.no_longer_past))
            more -= self.connection.execute(gone).rowcount
        if self.pasts:
            _keep_history(self.connection, self.pasts)
        return more

    def values(self, outcome: Outcome) -> dict[str, Any]:
        """The columns of a row, by ICA's result."""
        status = outcome.status[:60]
        return {
            "attempt": self.batch.attempt,
            "name": outcome.name,
            "status": status,
            "reason": outcome.reason,
            "path": outcome.path,
            "linked_id": outcome.linked_id[:255],
            "ica_item_id": outcome.ica_item_id[:255] or None,
            "batch_id": self.batch.id,
            "changed_at": self.now,
            "reason_id": self.groups.get((status, outcome.reason)),
        }

    def _past(self, position: int, result: Mapping[str, Any], *, stood: bool) -> None:
        key = {"submission_id": self.batch.submission_id, "position": position}
        kept = {name: result[name] for name in KEPT_COLUMNS}
        self.pasts.append(key | kept | {"attempt": self.batch.attempt, "stood": stood})


def _move(counts: Counter[str], before: str, after: str) -> None:
    counts[before] -= 1
    counts[after] += 1


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
) -> tuple[int, dict[str, Counts]]:
    """End up to `limit` items without a result of the locked batch in this status; how many.

    `begins` is how their data ids begin: "fol." for folders only.
    """
    groups = reasons.ids(connection, [(status, reason)])
    changes = _Changes(connection, batch, now, groups)
    rows = connection.execute(_unread(batch, begins, limit)).mappings().all()
    outcome = Outcome("", "", status, reason, "", "", "")
    for row in rows:
        if batch.attempt == 1 or status == EXPANDED:
            changes.apply_to_row(row, None, outcome)
        else:
            ended = {**row, "status": status, "reason": reason, "changed_at": now}
            ended["reason_id"] = groups.get((status, reason))
            changes.apply_to_history(row["position"], None, ended)
    return len(rows), changes.write()


def _unread(batch: Batch, begins: str, limit: int) -> Select[Any]:
    found = select(items).where(held_by(batch), items.c.data_id.startswith(begins))
    if batch.attempt == 1:
        return found.where(items.c.status == UNREAD).order_by(items.c.position).limit(limit)
    past = in_history(history.c.attempt == batch.attempt)
    unread = found.where(items.c.attempt != batch.attempt, ~past)
    return unread.order_by(items.c.position).limit(limit)


def give_back_moving(
    connection: Connection, batch: Batch, now: float, limit: int = CHUNK_ROWS
) -> tuple[int, dict[str, Counts]]:
    """Up to `limit` items that this batch leaves without a final status, and an earlier attempt did
    not: their rows are as before again; how many.
    """
    moving = held_by(batch) & items.c.status.in_(MOVING) & (items.c.attempt == batch.attempt)
    wanted = select(items).where(moving, in_history(history.c.stood))
    wanted = wanted.order_by(items.c.position).limit(limit)
    rows = connection.execute(wanted).mappings().all()
    changes = _Changes(connection, batch, now, {})
    befores = _befores(connection, batch.submission_id, [row["position"] for row in rows])
    for row in rows:
        changes.give_back(row, befores[row["position"]])
    return len(rows), changes.write()


def _befores(
    connection: Connection, submission_id: int, positions: Collection[int]
) -> dict[int, RowMapping]:
    """By position, the status and the rest of the row before its last attempt."""
    theirs = (history.c.submission_id == submission_id) & history.c.position.in_(positions)
    statement = select(history).where(theirs, history.c.stood).order_by(history.c.attempt)
    return {row["position"]: row for row in connection.execute(statement).mappings()}
