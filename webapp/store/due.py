"""What is due: looks so cheap that a worker takes one before every claim and every round of
housekeeping, and writes nothing while it is idle.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, exists, or_, select

from webapp.store import (
    access,
    accounts,
    batches,
    chores,
    lifecycle,
    messages,
    schema_version,
    sessions,
    sql,
    uploads,
)
from webapp.store.find import queries


class Due(NamedTuple):
    """Whether claim() of messages, of batches, of chores and of uploads would find any."""

    message: bool
    batch: bool
    chore: bool
    upload: bool


_LOOK = select(
    schema_version.FOUND.scalar_subquery(),
    exists().where(messages.DUE).label("message"),
    exists().where(batches.DUE).label("batch"),
    exists().where(chores.DUE).label("chore"),
    exists().where(uploads.DUE).label("upload"),
)


def look(connection: Connection, now: float, *, not_of: Collection[int] = ()) -> Due | None:
    """What is due now; accounts of `not_of` are at their limit. Where the tables are not this
    program's, it returns None or raises WrongStatement.
    """
    version, *due = connection.execute(_LOOK, {"now": now, "not_of": [*not_of]}).one()
    return Due(*due) if version == schema_version.known()[0] else None


_HOUSEKEEPING = select(
    or_(
        exists().where(lifecycle.unfinished_since(sql.BEFORE)),
        exists().where(lifecycle.DISCARDED),
        access.DUE.exists(),
        exists().where(sessions.ENDED),
        exists().where(queries.DISCARDED),
        accounts.IDLE.exists(),
    )
)


def any_housekeeping(connection: Connection, now: float, before: float) -> bool:
    """Whether anything is to be kept in order; uploads that began before then are given up."""
    return bool(connection.execute(_HOUSEKEEPING, {"now": now, "before": before}).scalar_one())
