"""Batches: ICA's data linking batches, and the queue of what is to be done for each."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from webapp.store import attempts, sql
from webapp.store.accounts import Account
from webapp.store.attempts import Attempt
from webapp.store.documents import KeptError
from webapp.store.enums import (
    ENDED,
    PRIORITY,
    UNREAD,
    WATCHED_PRIORITY,
    BatchState,
    Blocked,
    ErrorCode,
    Task,
)
from webapp.store.leases import NOT_OF, Queue
from webapp.store.rollup import roll_up
from webapp.store.submissions import SEEN, Submission, viewed_by
from webapp.store.tables import BatchRow, batches
from webapp.store.tables import submissions as submissions_table

AGING_SECONDS = 10.0  # of waiting that weigh as much as one step of priority
LACK_OF_RIGHTS = {ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(BatchRow):
    """A batch as it is in the store."""

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done for it, saying in its rows how it ended too."""
        return self.state not in ENDED or self.task != Task.NONE

    @property
    def lacked_rights(self) -> bool:
        """Whether it was never sent since ICA does not let its account do that."""
        code = self.problem.code if self.problem else None
        return self.state == BatchState.REFUSED and code in LACK_OF_RIGHTS

    @property
    def took(self) -> float | None:
        """Seconds from when it was sent to the end of its job, by ICA's clock if that agrees with
        ours; None of one that has no end yet, was never sent, or was made elsewhere and ICA does
        not tell its times.
        """
        if self.sent_at is None or self.settled_at is None:
            return None
        if self.intent_at is None and (self.job_finished_at or 0.0) <= self.sent_at:
            return None
        finished_at, settled_at = self.job_finished_at or 0.0, self.settled_at
        ended_at = finished_at if self.sent_at < finished_at < settled_at else settled_at
        return max(ended_at - self.sent_at, 0.0)


QUEUE = Queue(batches, Batch, batches.c.id)
DUE = QUEUE.due() & batches.c.account_id.not_in(NOT_OF)
_CLAIM = QUEUE.lease_first(DUE, batches.c.due_at + batches.c.priority * AGING_SECONDS)
_CLAIM_TASK = QUEUE.lease_first(
    (batches.c.submission_id == sql.SUBMISSION)
    & (batches.c.attempt == bindparam("number"))
    & (batches.c.task == bindparam("for_task"))
    & QUEUE.due(),
    batches.c.ordinal,
)
_OF_SUBMISSION = (
    select(batches)
    .where(batches.c.submission_id == sql.SUBMISSION)
    .order_by(batches.c.attempt, batches.c.first_position, batches.c.ordinal)
)
_OF_ATTEMPT = _OF_SUBMISSION.where(batches.c.attempt == bindparam("number"))
lock = QUEUE.lock
SHOWN = {  # what a page shows of a batch: a change raises the submission's revision
    *("state", "task", "blocked", "trouble", "ica_batch_id", "job_status", "job_information"),
    *("problem", "counts", "held", "found", "taken", "total", "rows_read", "rows_changed"),
}


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """A range of positions that becomes a batch: `size` of its items are to be sent."""

    first_position: int
    last_position: int
    size: int


def add(
    connection: Connection,
    submission: Submission,
    planned_batches: Sequence[PlannedBatch],
    now: float | None,
) -> None:
    """Make batches of the first attempt, due to be sent by its account's key; None: not yet."""
    first = attempts.get(connection, submission.id, 1)
    for ordinal, cut in enumerate(planned_batches, start=1):
        unread = {UNREAD: cut.size}
        numbers = asdict(cut) | {"held": unread, "found": unread}
        new(connection, first, ordinal=ordinal, due_at=now, **numbers)


def new(connection: Connection, attempt: Attempt, **values: Any) -> Batch:
    """Make a batch of an attempt with these columns, the others as of one that waits to be sent."""
    its = {
        "submission_id": attempt.submission_id,
        "attempt": attempt.number,
        "account_id": attempt.account_id,
        "kind": attempt.kind,
    }
    statement = insert(batches).values(its | values).returning(batches)
    return Batch(**connection.execute(statement).mappings().one())


def adopt(
    connection: Connection,
    submission: Submission,
    ica_batch_id: str,
    ica_job_id: str | None,
    made_at: float,
    now: float,
) -> None:
    """Make the one batch of a submission that was made elsewhere, at that time by ICA; its items
    come by walking.
    """
    empty = {"ordinal": 1, "first_position": 1, "last_position": 0}
    queued = {"task": Task.REFRESH, "priority": WATCHED_PRIORITY, "due_at": now}
    sent = {"ica_batch_id": ica_batch_id, "ica_job_id": ica_job_id, "sent_at": made_at}
    first = attempts.get(connection, submission.id, 1)
    new(connection, first, state=BatchState.RUNNING, **empty, **queued, **sent)


def waits(connection: Connection, account_id: int, now: float) -> bool:
    """Whether a batch of the account is due that is to be sent, or that somebody watches."""
    urgent = (batches.c.account_id == account_id) & (batches.c.priority <= WATCHED_PRIORITY)
    found = select(batches.c.id).where(QUEUE.due() & urgent).limit(1)
    return connection.execute(found, {"now": now}).first() is not None


def claim(
    connection: Connection, worker: str, now: float, *, not_of: Collection[int] = ()
) -> Batch | None:
    """Lease the most urgent due batch to the worker; accounts of `not_of` are at their limit."""
    return QUEUE.take(connection, _CLAIM, worker, now, not_of=[*not_of])


def claim_task(
    connection: Connection, submission_id: int, attempt: int, task: Task, worker: str, now: float
) -> Batch | None:
    """Lease the first batch of an attempt for which this is to be done now."""
    of = {"submission": submission_id, "number": attempt, "for_task": task}
    return QUEUE.take(connection, _CLAIM_TASK, worker, now, **of)


class AlreadyTaken(Exception):
    """Another batch here has this batch of ICA's already."""


def record(connection: Connection, /, batch: Batch, now: float, **values: Any) -> None:
    """Record what was found out, end the lease, and bring the submission up to date.

    `values` are columns of batches; a new `task` brings its priority along.
    Raises LeaseLost, and keeps nothing, when the batch is no longer this worker's; AlreadyTaken,
    when another one has this `ica_batch_id`.
    """
    keep(connection, batch, now, lease_until=0.0, **values)


def keep(connection: Connection, batch: Batch, now: float, **values: Any) -> Batch:
    """Record what was found out so far, and keep the lease; returns the batch as it is now.

    Raises LeaseLost and AlreadyTaken as record() does.
    """
    if "task" in values:
        values.setdefault("priority", PRIORITY[values["task"]])
    try:
        kept = QUEUE.keep(connection, batch, values)
    except IntegrityError as error:
        if "ica_batch_id" not in values:
            raise
        raise AlreadyTaken from error
    if any(getattr(batch, name) != values[name] for name in SHOWN & values.keys()):
        roll_up(connection, batch.submission_id, now)
    return kept


def change(connection: Connection, batch_id: int, **values: Any) -> None:
    """Set columns of a batch that the caller has locked."""
    connection.execute(update(batches).where(batches.c.id == batch_id).values(values))


def of_submission(
    connection: Connection, submission_id: int, attempt: int | None = None
) -> list[Batch]:
    """The submission's batches, or those of one attempt, attempt by attempt, by their positions."""
    statement = _OF_SUBMISSION if attempt is None else _OF_ATTEMPT
    given = {"submission": submission_id, "number": attempt}
    return sql.fetch(connection, statement, Batch, given)


def known_ids(connection: Connection, ica_batch_ids: Collection[str]) -> set[str]:
    """Those of the given ICA batch ids that a batch here was sent as; one that was adopted by hand
    may have been sent by another.
    """
    statement = select(batches.c.ica_batch_id).where(
        batches.c.ica_batch_id.in_(ica_batch_ids), batches.c.intent_at.is_not(None)
    )
    return set(connection.execute(statement).scalars())


def ids_here(connection: Connection, ica_batch_ids: Collection[str]) -> set[str]:
    """Those of the given ICA batch ids that a batch here has, sent or adopted."""
    statement = select(batches.c.ica_batch_id).where(batches.c.ica_batch_id.in_(ica_batch_ids))
    return set(connection.execute(statement).scalars())


def submission_of(connection: Connection, ica_batch_id: str) -> int | None:
    """The submission that has this ICA batch, None if there is none."""
    statement = select(batches.c.submission_id).where(batches.c.ica_batch_id == ica_batch_id)
    return connection.execute(statement.limit(1)).scalar()


def holder(connection: Connection, account: Account, ica_id: str, now: float) -> int | None:
    """The last submission that the account may see with this batch or job of ICA, None without."""
    statement = (
        select(submissions_table.c.id)
        .join(batches, batches.c.submission_id == submissions_table.c.id)
        .where(SEEN, (batches.c.ica_batch_id == ica_id) | (batches.c.ica_job_id == ica_id))
        .order_by(submissions_table.c.id.desc())
        .limit(1)
    )
    return connection.execute(statement, viewed_by(account, now)).scalar()


def stop(connection: Connection, submission_id: int, attempt: int, now: float) -> int:
    """Take back what an attempt has not sent yet; returns how many batches that were.

    A worker whose lease has run out unnoticed loses the batch, and sends it no more.
    """
    waits = batches.c.state == BatchState.WAITING
    return _close(connection, submission_id, attempt, waits, now, state=BatchState.STOPPED)


def give_up(connection: Connection, submission_id: int, attempt: int, now: float) -> int:
    """Follow no longer what an attempt has sent, or may have, and what is blocked; how many."""
    sent = batches.c.state.in_([BatchState.SENDING, BatchState.RUNNING])
    given_up = {"state": BatchState.LOST, "problem": KeptError(ErrorCode.STOPPED, now)}
    blocked = sent & (batches.c.blocked != Blocked.NO)
    return _close(connection, submission_id, attempt, blocked, now, **given_up)


def refuse(connection: Connection, batch: Batch, problem: KeptError, now: float) -> None:
    """What this one's attempt has not sent yet is refused with it."""
    waits = batches.c.state == BatchState.WAITING
    refused = {"state": BatchState.REFUSED, "problem": problem}
    _close(connection, batch.submission_id, batch.attempt, waits, now, **refused)


def _close(
    connection: Connection,
    submission_id: int,
    attempt: int,
    which: ColumnElement[bool],
    now: float,
    **values: Any,
) -> int:
    """Set these columns of an attempt's batches that no worker has; they are to be closed."""
    mine = (batches.c.submission_id == submission_id) & (batches.c.attempt == attempt)
    closing = {"task": Task.CLOSE, "priority": PRIORITY[Task.CLOSE], "due_at": now}
    values |= closing | {"blocked": Blocked.NO, "trouble": None} | QUEUE.ended()
    closed = update(batches).where(mine, which, QUEUE.free(now))
    return connection.execute(closed.values(values)).rowcount


def is_stopped(connection: Connection, batch: Batch) -> bool:
    """Whether any batch of this one's attempt was stopped: then no other is to be sent either."""
    statement = select(batches.c.id).where(
        batches.c.submission_id == batch.submission_id,
        batches.c.attempt == batch.attempt,
        batches.c.state == BatchState.STOPPED,
    )
    return sql.any_row(connection, statement)


def look_since(connection: Connection, batch: Batch) -> float | None:
    """Since when ICA may have the batch, which was never sent by what is known here; None: it has
    not. So it is in a restored copy: what was sent after it was made, it does not know.
    """
    if batch.intent_at is not None:
        return None
    return attempts.get(connection, batch.submission_id, batch.attempt).look_since


def lock_all(connection: Connection, submission_id: int) -> list[Batch]:
    """The submission's batches as of_submission() has them, which nobody else changes until the
    transaction ends.

    Before its chores, and these before the submission itself: everybody locks in this order.
    """
    mine = select(batches).where(batches.c.submission_id == submission_id).order_by(batches.c.id)
    connection.execute(mine.with_for_update())
    # Again: while this waited for a lock, another attempt may have made batches.
    found = sql.fetch(connection, mine.with_for_update(), Batch)
    return sorted(found, key=lambda one: (one.attempt, one.first_position, one.ordinal))


def try_again(connection: Connection, submission_id: int, attempt: int, now: float) -> int:
    """Make due now what of an attempt is stuck; how many batches. They stay so until one try leads
    further.
    """
    mine = (batches.c.submission_id == submission_id) & (batches.c.attempt == attempt)
    stuck = mine & (batches.c.blocked == Blocked.STUCK) & batches.c.state.not_in(ENDED)
    return _make_due(connection, stuck, due_at=now)


def unblock(connection: Connection, account_id: int, now: float, reason: Blocked) -> None:
    """Make due now what was blocked for this reason."""
    theirs = (batches.c.account_id == account_id) & (batches.c.blocked == reason)
    _make_due(connection, theirs & batches.c.state.not_in(ENDED), due_at=now, failures=0)


def _make_due(connection: Connection, which: ColumnElement[bool], **values: Any) -> int:
    """Set these columns of batches, which are locked in the order of lock_all(); how many."""
    found = select(batches.c.id).where(which).order_by(batches.c.id).with_for_update()
    ids = connection.execute(found).scalars().all()
    connection.execute(update(batches).where(batches.c.id.in_(ids)).values(values))
    return len(ids)
