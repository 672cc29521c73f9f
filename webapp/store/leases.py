"""Leases: which worker has a row of a queue, until when, and whether it has it still.

A queue is a table with the columns due_at, lease_until, worker and try_number. Each lease raises
the try number by one; a lease that ends in order raises it to the next multiple of ten. So its last
digit says how many leases in a row ran out, because their workers died or took too long.

No library does this. Celery and Dramatiq need a broker (Redis, RabbitMQ), which a laptop has not;
Procrastinate needs PostgreSQL; Huey runs on SQLite, but was tried and forgets the running task on
SIGTERM and SIGKILL. Here a result and the end of its lease are one transaction.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    String,
    Table,
    bindparam,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from webapp.store import schema_version, sql
from webapp.store.sql import NOW
from webapp.store.tables import Queued

LEASE_SECONDS = 60.0  # a unit is done within 8
MAX_DEATHS = 3  # of workers in a row, before a unit is not tried any more
_ROUND_TRIES = 10

NOT_OF: BindParameter[Any] = bindparam("not_of", type_=Integer, expanding=True)
_CLAIMANT: BindParameter[str] = bindparam("claimant", type_=String)


class LeaseLost(Exception):
    """Another worker has taken the unit since, so the result is not recorded."""


Held = TypeVar("Held", bound=Queued)


def is_deadly(held: Queued) -> bool:
    """Whether so many workers died of it that it is not tried any more."""
    return deaths(held) >= MAX_DEATHS


def deaths(held: Queued) -> int:
    """How many leases before this one ran out in a row."""
    return held.try_number % _ROUND_TRIES - 1


@dataclass(frozen=True, slots=True)
class Queue(Generic[Held]):
    """A table of units, the class of its rows, and its key."""

    table: Table
    row: type[Held]
    key: Column[int]

    def free(self, now: float | BindParameter[float] = NOW) -> ColumnElement[bool]:
        """No worker has the row now."""
        return self.table.c.lease_until <= now

    def due(self) -> ColumnElement[bool]:
        """The row is due NOW, and no worker has it."""
        return (self.table.c.due_at <= NOW) & self.free()

    def unharmed(self) -> ColumnElement[bool]:
        """No worker died of the row: its last lease, if any, has ended in order."""
        return self.table.c.try_number % _ROUND_TRIES == 0

    def is_held(self, held: Held) -> ColumnElement[bool]:
        """It is this row, and it still has the lease under which it was taken."""
        of = self.table.c
        same_lease = (of.worker == held.worker) & (of.try_number == held.try_number)
        return (self.key == getattr(held, self.key.name)) & same_lease

    def lease_first(
        self, condition: ColumnElement[bool], order: ColumnElement[Any], **values: Any
    ) -> ReturningUpdate[Any]:
        """What take() does to lease the first row that meets the condition."""
        # but for those that another worker is about to take
        found = select(self.key).where(condition).order_by(order).limit(1)
        first = self.key == found.with_for_update(skip_locked=True).scalar_subquery()
        return self.lease(first, **values)

    def lease(self, condition: ColumnElement[bool], **values: Any) -> ReturningUpdate[Any]:
        """What take() does to lease the one row that meets the condition. `values`: more columns to
        set.
        """
        lease = {"lease_until": NOW + LEASE_SECONDS, "try_number": self.table.c.try_number + 1}
        leased = update(self.table).where(condition).values(worker=_CLAIMANT, **lease, **values)
        return leased.returning(self.table)

    def take(
        self,
        connection: Connection,
        statement: ReturningUpdate[Any],
        worker: str,
        now: float,
        **given: Any,
    ) -> Held | None:
        """Do what lease() or lease_first() has made, with what it is to be given; returns the row,
        None when there is none, or the tables are of another version than this program.
        """
        if not schema_version.fits(connection):
            return None
        given |= {"claimant": worker, "now": now}
        return sql.fetch_one(connection, statement, self.row, given)

    def keep(self, connection: Connection, held: Held, values: dict[str, Any]) -> Held:
        """Write to a leased row, and return it as it is now; `lease_until` 0 ends the lease.

        Raises LeaseLost, and keeps nothing of the transaction, when another worker has the lease.
        """
        if values.get("lease_until") == 0:
            values = values | self.ended()
        statement = update(self.table).where(self.is_held(held)).values(values)
        return self._still_held(connection, statement.returning(self.table))

    def lock(self, connection: Connection, held: Held) -> Held:
        """A leased row as it is now, which nobody else changes until the transaction ends.

        Raises LeaseLost as keep() does.
        """
        statement = select(self.table).where(self.is_held(held))
        return self._still_held(connection, statement.with_for_update())

    def _still_held(self, connection: Connection, statement: Executable) -> Held:
        found = sql.fetch_one(connection, statement, self.row)
        if found is None:
            connection.rollback()
            raise LeaseLost
        return found

    def release(self, connection: Connection, worker: str) -> None:
        """End the leases of a worker that died, as if they had run out."""
        its = (self.table.c.worker == worker) & (self.table.c.lease_until > 0)
        connection.execute(update(self.table).where(its).values(lease_until=0.0))

    def ended(self) -> dict[str, Any]:
        """What to set where a lease ends in order, or is taken away while it runs."""
        return {"lease_until": 0.0, "try_number": self._next_round()}

    def advanced(self) -> dict[str, Any]:
        """What to set where a unit makes progress, and its lease goes on like a new one."""
        return {"try_number": self._next_round() + 1}

    def _next_round(self) -> ColumnElement[int]:
        number = self.table.c.try_number
        return number + _ROUND_TRIES - number % _ROUND_TRIES
