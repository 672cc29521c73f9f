"""Messages: what recipients are told when an attempt has ended, and the queue of what is unsent."""

import hashlib
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from webapp.store import sql
from webapp.store.documents import KeptError
from webapp.store.leases import Queue
from webapp.store.tables import MessageRow, messages

QUEUE = Queue(messages, MessageRow, messages.c.id)
DUE = QUEUE.due()
_CLAIM = QUEUE.lease_first(DUE, messages.c.due_at)
_OF_SUBMISSION = (
    select(messages).where(messages.c.submission_id == sql.SUBMISSION).order_by(messages.c.id)
)


def add(connection: Connection, submission: RowMapping, attempt: RowMapping, now: float) -> None:
    """Tell all recipients of the submission that the attempt has ended; both are rows.

    The key of a message follows from what it is about, so it is the same in a restored copy; but
    not that of an attempt which begins anew there, under the same number.
    """
    submission_id, number = submission["id"], attempt["number"]
    its = {"submission_id": submission_id, "attempt": number, "created_at": now, "due_at": now}
    about = f"{submission['created_at']!r} {submission_id} {number} {attempt['begun_at']!r}"
    rows = [
        its | {"recipient": one, "key": hashlib.sha256(f"{about} {one}".encode()).hexdigest()[:32]}
        for one in submission["recipients"]
    ]
    if rows:
        connection.execute(sql.insert(connection, messages).on_conflict_do_nothing(), rows)


def claim(connection: Connection, worker: str, now: float) -> MessageRow | None:
    """Lease the message that waits longest to the worker."""
    return QUEUE.take(connection, _CLAIM, worker, now)


def sent(connection: Connection, message: MessageRow, now: float) -> None:
    """It has arrived, and is not sent again. Raises LeaseLost when another worker has it."""
    QUEUE.keep(connection, message, _ENDED | {"sent_at": now, "problem": None})


def give_up(connection: Connection, message: MessageRow, problem: KeptError | None) -> None:
    """It is not tried again. Raises LeaseLost when another worker has it."""
    QUEUE.keep(connection, message, _ENDED | {"problem": problem})


def put_off(connection: Connection, message: MessageRow, problem: KeptError, until: float) -> None:
    """It is tried again then, and so is, not before, what else waits for the same recipient.

    Raises LeaseLost when another worker has it.
    """
    failed = {"failures": message.failures + 1, "problem": problem}
    QUEUE.keep(connection, message, failed | {"due_at": until, "lease_until": 0.0})
    same = (messages.c.recipient == message.recipient) & (messages.c.due_at < until)
    held_back = update(messages).where(same & QUEUE.free()).values(due_at=until)
    connection.execute(held_back, {"now": problem.at})


def of_submission(connection: Connection, submission_id: int) -> list[MessageRow]:
    """The submission's messages, the oldest first."""
    return sql.fetch(connection, _OF_SUBMISSION, MessageRow, {"submission": submission_id})


_ENDED: dict[str, Any] = {"due_at": None, "lease_until": 0.0}
