"""Leases: which worker has a row of a queue, until when, and whether it has it still.

A queue is a table with the columns due_at, lease_until, worker and try_number. Each lease raises
the try number by one; a lease that ends in order raises it to the next multiple of ten. So its last
digit says how many leases in a row ran out, because their workers died or took too long.

No library does this. Celery and Dramatiq need a broker (Redis, RabbitMQ), which a laptop has not;
Procrastinate needs PostgreSQL; Huey runs on SQLite, but was tried and forgets the running task on
SIGTERM and SIGKILL. Here a result and the end of its lease are one transaction.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Table, select, update

from webapp.store import schema_version, sql
from webapp.store.tables import Queued

LEASE_SECONDS = 60.0  # a unit is done within 8
MAX_DEATHS = 3  # of workers in a row, before a unit is not tried any more
_ROUND_TRIES = 10


class LeaseLost(Exception):
    """Another worker has taken the unit since, so the result is not recorded."""


Held = TypeVar("Held", bound=Queued)


def free(table: Table, now: float) -> ColumnElement[bool]:
    """No worker has the row now."""
    return table.c.lease_until <= now


def due(table: Table, now: float) -> ColumnElement[bool]:
    """The row is due, and no worker has it."""
    return (table.c.due_at <= now) & free(table, now)


def exists(connection: Connection, condition: ColumnElement[bool]) -> bool:
    """Whether any row meets the condition; so cheap that it is asked before a claim."""
    return sql.any_row(connection, select(1).where(condition))


def first(
    key: Column[int], condition: ColumnElement[bool], order: ColumnElement[Any]
) -> ColumnElement[bool]:
    """The row is the first that meets the condition and that no other worker is about to take."""
    found = select(key).where(condition).order_by(order).limit(1)
    return key == found.with_for_update(skip_locked=True).scalar_subquery()


def take(
    connection: Connection,
    table: Table,
    make: Callable[..., Held],
    condition: ColumnElement[bool],
    worker: str,
    now: float,
    **values: Any,
) -> Held | None:
    """Lease the one row that meets the condition, and return what is made of it; None when there
    is none, or the tables are of another version than this program. `values`: more columns to set.
    """
    if not schema_version.fits(connection):
        return None
    values = {"lease_until": now + LEASE_SECONDS, "try_number": table.c.try_number + 1} | values
    statement = update(table).where(condition).values(worker=worker, **values).returning(table)
    return sql.fetch_one(connection, statement, make)


def is_deadly(held: Queued) -> bool:
    """Whether so many workers died of it that it is not tried any more."""
    return deaths(held) >= MAX_DEATHS


def deaths(held: Queued) -> int:
    """How many leases before this one ran out in a row."""
    return held.try_number % _ROUND_TRIES - 1


def ended(table: Table) -> dict[str, Any]:
    """What to set where a lease ends in order, or is taken away while it runs."""
    return {"lease_until": 0.0, "try_number": _next_round(table)}


def advanced(table: Table) -> dict[str, Any]:
    """What to set where a unit makes progress and its lease goes on, as if it were a new one."""
    return {"try_number": _next_round(table) + 1}


def _next_round(table: Table) -> ColumnElement[int]:
    number = table.c.try_number
    return number + _ROUND_TRIES - number % _ROUND_TRIES


def is_held(table: Table, held: Queued) -> ColumnElement[bool]:
    """The row still has the lease under which it was taken."""
    return (table.c.worker == held.worker) & (table.c.try_number == held.try_number)


def keep(
    connection: Connection,
    row: ColumnElement[bool],
    table: Table,
    held: Held,
    values: dict[str, Any],
) -> Held:
    """Write to a leased row, and return it as it stands now; `lease_until` 0 ends the lease.

    Raises LeaseLost, and keeps nothing of the transaction, when another worker has the lease.
    """
    if values.get("lease_until") == 0:
        values = values | ended(table)
    statement = update(table).where(row, is_held(table, held)).values(values).returning(table)
    return still_held(connection, sql.fetch_one(connection, statement, type(held)))


def still_held(connection: Connection, found: Held | None) -> Held:
    """The row. Raises LeaseLost, and keeps nothing of the transaction, when it was not found."""
    if found is None:
        connection.rollback()
        raise LeaseLost
    return found
