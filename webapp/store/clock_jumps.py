"""Clock jumps: when the database's clock is set, the moments that work waits for move along."""

from collections.abc import Mapping

from sqlalchemy import Connection, Table, select, update

from webapp.store.leases import LEASE_SECONDS
from webapp.store.tables import access, accounts, batches, chores, submissions, uploads, workers

QUEUES = (batches, chores, uploads)
MOMENTS: Mapping[Table, tuple[str, ...]] = {
    batches: ("due_at", "lease_until", "intent_at", "missing_since"),
    chores: ("due_at", "lease_until"),
    uploads: ("due_at", "lease_until"),
    accounts: ("paused_until", "ask_at"),
    access: ("due_at",),
    submissions: ("watched_at",),
    workers: ("beat_at",),
}
MOST_SECONDS = 1_000.0  # that anything waits: ICA is never waited for longer than 15 minutes
_MOVED_SECONDS = 1.0  # by which a beat differs from what its worker wrote, once it was moved


def shift(
    connection: Connection, worker_id: str, beaten_at: float, now: float, jump: float
) -> bool:
    """The clock was set by so many seconds: move all moments along, unless another worker has done
    so; whether this one did. `beaten_at` is the last beat that this worker wrote.

    What was written meanwhile, by the clock as it was, waits no longer than anything may.
    """
    connection.execute(select(workers.c.id).order_by(workers.c.id).with_for_update())
    mine = connection.execute(select(workers.c.beat_at).where(workers.c.id == worker_id)).scalar()
    is_first = mine is not None and abs(mine - beaten_at) < _MOVED_SECONDS
    if is_first:
        _move(connection, jump)
    _bring_back(connection, now)
    return is_first


def shift_former(connection: Connection, now: float, silent_seconds: float) -> float:
    """Before a worker's first beat: beats that are still to come tell that the clock was set back
    before it started; all moments are moved. Returns by how many seconds, 0.0 if it was not.
    """
    ahead = select(workers.c.beat_at).where(workers.c.beat_at > now + silent_seconds)
    newest = connection.execute(ahead.order_by(workers.c.beat_at.desc()).limit(1)).scalar()
    if newest is None:
        return 0.0
    _move(connection, now - newest)
    _bring_back(connection, now)
    return float(now - newest)


def _move(connection: Connection, seconds: float) -> None:
    for table, names in MOMENTS.items():
        moved = update(table).values({name: table.c[name] + seconds for name in names})
        if table in QUEUES:  # what has ended waits for nothing
            moved = moved.where(table.c.due_at.is_not(None))
        connection.execute(moved)


def _bring_back(connection: Connection, now: float) -> None:
    for queue in QUEUES:
        late = queue.c.due_at > now + MOST_SECONDS
        connection.execute(update(queue).where(late).values(due_at=now))
        leased = (queue.c.lease_until > now + LEASE_SECONDS) & queue.c.due_at.is_not(None)
        connection.execute(update(queue).where(leased).values(lease_until=now + LEASE_SECONDS))
