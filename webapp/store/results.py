"""Results: what ICA says of a batch's items, brought into their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from webapp.store import reasons, submissions
from webapp.store.batches import Batch
from webapp.store.items import CHUNK, in_range
from webapp.store.tables import batches, items
from webapp.store.words import LEFT_OUT, UNREAD

_OUTCOME = ("status", "reason", "name", "path", "linked_id", "ica_item_id", "batch_id")


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


def apply(connection: Connection, batch: Batch, outcomes: Sequence[Outcome], now: float) -> int:
    """Bring rows up to date with a page of ICA's items; returns how many changed.

    An item that stands in no row of the batch is appended behind the list. Called while the
    batch is leased, in the transaction that records it.
    """
    outcomes = list({outcome.ica_item_id: outcome for outcome in outcomes}.values())
    known = _rows_by_ica_item(connection, batch, outcomes)
    by_data_id = _rows_by_data_id(connection, batch, outcomes)
    changed, unknown = [], []
    for outcome in outcomes:
        row = known.get(outcome.ica_item_id) or by_data_id.pop(outcome.data_id, None)
        if row is None:
            unknown.append(outcome)
        elif _differs(row, outcome, batch):
            changed.append((row["position"], outcome))
    told = [(new.status[:60], new.reason) for new in [*unknown, *(new for _, new in changed)]]
    groups = reasons.ids(connection, batch.submission_id, told, now)
    if changed:
        statement = update(items).where(
            items.c.submission_id == batch.submission_id, items.c.position == bindparam("key")
        )
        rows = [{"key": key, **_values(new, batch, now, groups)} for key, new in changed]
        connection.execute(statement, rows)
    _append(connection, batch, unknown, now, groups)
    return len(changed) + len(unknown)


def _rows_by_ica_item(
    connection: Connection, batch: Batch, outcomes: Sequence[Outcome]
) -> dict[str, RowMapping]:
    statement = select(items).where(
        items.c.batch_id == batch.id,
        items.c.ica_item_id.in_([outcome.ica_item_id for outcome in outcomes]),
    )
    return {row["ica_item_id"]: row for row in connection.execute(statement).mappings()}


def _rows_by_data_id(
    connection: Connection, batch: Batch, outcomes: Sequence[Outcome]
) -> dict[str, RowMapping]:
    statement = select(items).where(
        items.c.data_id.in_([outcome.data_id for outcome in outcomes]),
        in_range(batch),
        items.c.ica_item_id.is_(None),
        items.c.status != LEFT_OUT,  # in V3 a folder may bring along a file that was left out
    )
    return {row["data_id"]: row for row in connection.execute(statement).mappings()}


def _values(
    outcome: Outcome, batch: Batch, now: float, groups: Mapping[reasons.Told, int]
) -> dict[str, Any]:
    return {
        "status": outcome.status[:60],
        "reason": outcome.reason,
        "name": outcome.name,
        "path": outcome.path,
        "linked_id": outcome.linked_id[:255],
        "ica_item_id": outcome.ica_item_id[:255],
        "batch_id": batch.id,
        "changed_at": now,
        "reason_id": groups.get((outcome.status[:60], outcome.reason)),
    }


def _differs(row: RowMapping, outcome: Outcome, batch: Batch) -> bool:
    new = _values(outcome, batch, 0.0, {})
    return any(row[name] != new[name] for name in _OUTCOME)


def _append(
    connection: Connection,
    batch: Batch,
    outcomes: Sequence[Outcome],
    now: float,
    groups: Mapping[reasons.Told, int],
) -> None:
    if not outcomes:
        return
    first = submissions.grow(connection, batch.submission_id, len(outcomes))
    fixed = {"submission_id": batch.submission_id, "flags": 0}
    connection.execute(
        insert(items),
        [
            {
                **fixed,
                **_values(outcome, batch, now, groups),
                "position": position,
                "data_id": outcome.data_id[:255],
            }
            for position, outcome in enumerate(outcomes, start=first)
        ],
    )


def mark_unread(
    connection: Connection,
    batch: Batch,
    status: str,
    reason: str,
    now: float,
    *,
    begins: str = "",
    limit: int = CHUNK,
) -> int:
    """Give up to `limit` rows of the batch that have no outcome yet this one; returns how many.

    `begins` is how their data ids begin: "fol." for folders only.
    """
    unread = in_range(batch) & (items.c.status == UNREAD) & items.c.data_id.startswith(begins)
    first = select(items.c.position).where(unread).order_by(items.c.position).limit(limit)
    last = connection.execute(select(func.max(first.subquery().c.position))).scalar()
    if last is None:
        return 0
    groups = reasons.ids(connection, batch.submission_id, [(status, reason)], now)
    values = {
        "status": status,
        "reason": reason,
        "reason_id": groups.get((status, reason)),
        "batch_id": batch.id,
        "changed_at": now,
    }
    statement = update(items).where(unread, items.c.position <= last)
    return connection.execute(statement.values(values)).rowcount


def counts(connection: Connection, batch: Batch) -> dict[str, int]:
    """Items per status by the batch's own rows, appended ones included, left out ones not."""
    end = select(func.max(batches.c.last_position)).where(
        batches.c.submission_id == batch.submission_id
    )
    appended = (
        (items.c.submission_id == batch.submission_id)
        & (items.c.position > end.scalar_subquery())
        & (items.c.batch_id == batch.id)
    )
    found: dict[str, int] = {}
    for condition in (in_range(batch) & (items.c.status != LEFT_OUT), appended):
        statement = select(items.c.status, func.count()).where(condition).group_by(items.c.status)
        for status, count in connection.execute(statement):
            found[status] = found.get(status, 0) + count
    return found
