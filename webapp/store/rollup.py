"""The roll-up: what a submission comes to, worked out from its batches."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from webapp.store import sql
from webapp.store.tables import batches, snapshots, submissions
from webapp.store.words import (
    ENDED,
    LEFT_OUT,
    NOT_SENT,
    UNREAD,
    UNSENT,
    BatchState,
    Phase,
    State,
    Task,
)

SNAPSHOT_EVERY = 10.0  # seconds
PARTS = ("state", "task", "blocked", "counts", "size", "problem")  # of each batch


def roll_up(connection: Connection, submission_id: int, now: float) -> None:
    """Work out counts, phase and state from the batches, and raise the revision.

    Called in the transaction that changed a batch, after that change (batches are locked before
    submissions, everywhere).
    """
    lock = select(submissions).where(submissions.c.id == submission_id).with_for_update()
    before = connection.execute(lock).mappings().one()
    parts = connection.execute(
        select(*(batches.c[name] for name in PARTS)).where(batches.c.submission_id == submission_id)
    ).all()
    counts = _sum(parts, before["left_out"])
    after: dict[str, Any] = {"counts": counts, **_standing(parts)}
    if before["counts"] != after["counts"]:
        _snapshot(connection, submission_id, after["counts"], now)
    if after["state"] == State.SETTLED:
        after["settled_at"] = before["settled_at"] or now
        after["problem"] = _refusal(parts)
    after |= {"revision": before["revision"] + 1, "changed_at": now}
    connection.execute(update(submissions).where(submissions.c.id == submission_id).values(after))


def _snapshot(
    connection: Connection, submission_id: int, counts: dict[str, int], now: float
) -> None:
    """One each SNAPSHOT_EVERY at the most, the last that came in it; days of linking add up."""
    values = {"submission_id": submission_id, "at": now - now % SNAPSHOT_EVERY, "counts": counts}
    statement = sql.insert(connection, snapshots).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["submission_id", "at"], set_={"counts": counts}
        )
    )


def _sum(parts: Sequence[Any], left_out: int) -> dict[str, int]:
    """Items per status, over all batches; what was not sent and not counted has words of ours."""
    total: Counter[str] = Counter({LEFT_OUT: left_out})
    for part in parts:
        if part.state in UNSENT:
            total[NOT_SENT] += part.size
        else:
            total.update(part.counts or {UNREAD: part.size})
    return {status: count for status, count in sorted(total.items()) if count}


def _refusal(parts: Sequence[Any]) -> str:
    """Why ICA refused a batch, "" when it refused none."""
    refused = (part.problem for part in parts if part.state == BatchState.REFUSED)
    return next((str(problem["message"]) for problem in refused), "")


def _standing(parts: Sequence[Any]) -> dict[str, str]:
    """State and phase of a submission with these batches."""
    states = {part.state for part in parts}
    if all(part.state in ENDED and part.task == Task.NONE for part in parts):
        return {"state": State.SETTLED, "phase": ""}
    if any(part.blocked for part in parts):
        phase = Phase.BLOCKED
    elif states == {BatchState.WAITING}:
        phase = Phase.WAITING
    elif states & {BatchState.WAITING, BatchState.SENDING}:
        phase = Phase.SENDING
    elif BatchState.RUNNING in states:
        phase = Phase.LINKING
    else:
        phase = Phase.STOPPING
    return {"state": State.ACTIVE, "phase": phase}
