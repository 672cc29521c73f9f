"""Batches: ICA's data linking batches, and the queue of what is to be done for each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from webapp.store import leases
from webapp.store.rollup import roll_up
from webapp.store.submissions import Submission
from webapp.store.tables import batches
from webapp.store.tables import submissions as submissions_table
from webapp.store.words import ENDED, PRIORITY, WATCHED, BatchState, Blocked, Task

AGING = 10.0  # seconds of waiting that weigh as much as one step of priority

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of batches. See tables.py for what each column means."""

    id: int
    submission_id: int
    account_id: int
    kind: str
    ordinal: int
    first_position: int
    last_position: int
    size: int
    state: str
    task: str
    priority: int
    due_at: float | None
    lease_until: float
    worker: str
    try_number: int
    failures: int
    blocked: str
    trouble: dict[str, Any] | None
    intent_at: float | None
    sent_at: float | None
    settled_at: float | None
    ica_batch_id: str | None
    ica_job_id: str | None
    job_status: str
    job_information: str
    job_finished_at: float | None
    problem: dict[str, Any] | None
    counts: Counts
    total: int | None
    counted_at: float | None
    missing_count: int
    missing_since: float | None
    round_cursor: str | None
    round_read: int
    round_started_at: float | None
    rows_read: int
    rows_as_of: float | None
    failed_cursor: str | None
    failed_count: int
    failed_walked_at: float | None
    whole_walks: int


NEW: dict[str, Any] = {
    "state": BatchState.WAITING,
    "task": Task.SEND,
    "priority": PRIORITY[Task.SEND],
    "lease_until": 0.0,
    "worker": "",
    "try_number": 0,
    "failures": 0,
    "blocked": Blocked.NO,
    "job_status": "",
    "job_information": "",
    "counts": {},
    "missing_count": 0,
    "round_read": 0,
    "rows_read": 0,
    "failed_count": 0,
    "whole_walks": 0,
}


SHOWN = {  # what a page shows of a batch: a change of these raises the submission's revision
    "state",
    "task",
    "blocked",
    "trouble",
    "ica_batch_id",
    "job_status",
    "job_information",
    "problem",
    "counts",
    "total",
    "rows_read",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """A range of positions that becomes a batch: `size` of its items are to be sent."""

    first_position: int
    last_position: int
    size: int


def add(connection: Connection, submission: Submission, cuts: Sequence[Cut], now: float) -> None:
    """Make the submission's batches, waiting to be sent by its account's key."""
    shared = NEW | {
        "submission_id": submission.id,
        "account_id": submission.account_id,
        "kind": submission.kind,
        "due_at": now,
    }
    rows = [
        shared
        | {
            "ordinal": ordinal,
            "first_position": cut.first_position,
            "last_position": cut.last_position,
            "size": cut.size,
        }
        for ordinal, cut in enumerate(cuts, start=1)
    ]
    connection.execute(insert(batches), rows)


def adopt(
    connection: Connection,
    submission: Submission,
    ica_batch_id: str,
    ica_job_id: str | None,
    now: float,
) -> None:
    """Make the one batch of a submission that was made elsewhere; its items come by walking."""
    values = NEW | {
        "submission_id": submission.id,
        "account_id": submission.account_id,
        "kind": submission.kind,
        "ordinal": 1,
        "first_position": 1,
        "last_position": 0,
        "size": 0,
        "state": BatchState.RUNNING,
        "task": Task.REFRESH,
        "priority": WATCHED,
        "due_at": now,
        "ica_batch_id": ica_batch_id,
        "ica_job_id": ica_job_id,
        "sent_at": now,
    }
    connection.execute(insert(batches), values)


def claim(
    connection: Connection, worker: str, now: float, *, not_of: Collection[int] = ()
) -> Batch | None:
    """Lease the most urgent due batch to the worker; accounts of `not_of` are at their limit."""
    urgency = batches.c.due_at + batches.c.priority * AGING
    return _lease(connection, leases.first(batches.c.id, _due(now, not_of), urgency), worker, now)


def claim_first(
    connection: Connection, submission_id: int, worker: str, now: float
) -> Batch | None:
    """Lease the submission's first batch, if it waits to be sent."""
    condition = (
        (batches.c.submission_id == submission_id)
        & (batches.c.ordinal == 1)
        & (batches.c.task == Task.SEND)
        & leases.free(batches, now)
    )
    return _lease(connection, condition, worker, now)


def _lease(
    connection: Connection, condition: ColumnElement[bool], worker: str, now: float
) -> Batch | None:
    row = leases.take(connection, batches, condition, worker, now)
    return Batch(**row) if row else None


def is_due(connection: Connection, now: float, *, not_of: Collection[int] = ()) -> bool:
    """Whether claim() would find a batch."""
    return leases.exists(connection, _due(now, not_of))


def _due(now: float, not_of: Collection[int]) -> ColumnElement[bool]:
    return leases.due(batches, now) & batches.c.account_id.not_in(not_of)


def record(connection: Connection, batch: Batch, now: float, **values: Any) -> None:
    """Keep what was found out, end the lease, and bring the submission up to date.

    `values` are columns of batches; a new `task` brings its priority along.
    Raises LeaseLost, and keeps nothing, when the batch is no longer this worker's.
    """
    keep(connection, batch, now, lease_until=0.0, **values)


def keep(connection: Connection, batch: Batch, now: float, **values: Any) -> None:
    """Keep what was found out so far, and the lease too. Raises LeaseLost as record() does."""
    if "task" in values:
        values.setdefault("priority", PRIORITY[values["task"]])
    leases.keep(connection, batches, batches.c.id == batch.id, batch, values)
    if any(getattr(batch, name) != values[name] for name in SHOWN & values.keys()):
        roll_up(connection, batch.submission_id, now)


def get(connection: Connection, batch_id: int) -> Batch:
    """The batch. Raises sqlalchemy.exc.NoResultFound when there is none."""
    statement = select(batches).where(batches.c.id == batch_id)
    return Batch(**connection.execute(statement).mappings().one())


def of_submission(connection: Connection, submission_id: int) -> list[Batch]:
    """The submission's batches in their order."""
    statement = (
        select(batches).where(batches.c.submission_id == submission_id).order_by(batches.c.ordinal)
    )
    return [Batch(**row) for row in connection.execute(statement).mappings()]


def speeds(connection: Connection, ica_url: str, kind: str, limit: int = 50) -> list[float]:
    """Items a second of the batches that this ICA finished last, the slowest first."""
    ended = func.coalesce(batches.c.job_finished_at, batches.c.settled_at)
    statement = (
        select(batches.c.size / (ended - batches.c.sent_at))
        .join(submissions_table, submissions_table.c.id == batches.c.submission_id)
        .where(submissions_table.c.ica_url == ica_url, batches.c.kind == kind)
        .where(batches.c.state == BatchState.SETTLED, ended > batches.c.sent_at, batches.c.size > 0)
        .order_by(batches.c.id.desc())
        .limit(limit)
    )
    return sorted(float(speed) for speed in connection.execute(statement).scalars())


def known_ids(connection: Connection, ica_batch_ids: Collection[str]) -> set[str]:
    """Those of the given ICA batch ids that a batch here has."""
    statement = select(batches.c.ica_batch_id).where(batches.c.ica_batch_id.in_(ica_batch_ids))
    return {found for found in connection.execute(statement).scalars() if found}


def submission_of(connection: Connection, ica_batch_id: str) -> int | None:
    """The submission that has this ICA batch, None if there is none."""
    statement = select(batches.c.submission_id).where(batches.c.ica_batch_id == ica_batch_id)
    submission_id: int | None = connection.execute(statement.limit(1)).scalar()
    return submission_id


def stop(connection: Connection, submission_id: int, now: float) -> int:
    """Take back what was not sent yet; returns how many batches that were.

    A worker whose lease has run out unnoticed loses the batch, and sends it no more.
    """
    statement = (
        update(batches)
        .where(batches.c.submission_id == submission_id)
        .where(batches.c.state == BatchState.WAITING, leases.free(batches, now))
        .values(
            state=BatchState.STOPPED,
            task=Task.CLOSE,
            priority=PRIORITY[Task.CLOSE],
            blocked=Blocked.NO,
            trouble=None,
            due_at=now,
            **leases.ended(batches),
        )
    )
    return connection.execute(statement).rowcount


def is_stopped(connection: Connection, submission_id: int) -> bool:
    """Whether any of the submission's batches was stopped: then no other is to be sent either."""
    statement = select(batches.c.id).where(
        batches.c.submission_id == submission_id, batches.c.state == BatchState.STOPPED
    )
    return connection.execute(statement.limit(1)).first() is not None


def unblock(connection: Connection, account_id: int, now: float, reason: Blocked) -> None:
    """What was blocked for this reason is tried again now."""
    statement = update(batches).where(
        batches.c.account_id == account_id,
        batches.c.blocked == reason,
        batches.c.state.not_in(ENDED),
    )
    connection.execute(statement.values(due_at=now, failures=0))
