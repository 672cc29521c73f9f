"""Statistics for operators: how many submissions, batches and items there are, by state."""

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select, true

from webapp.store import sql
from webapp.store.tables import batches, chores, submissions, uploads


def submissions_by_state(connection: Connection) -> dict[str, int]:
    """Submissions per state."""
    return _by(connection, submissions.c.state)


def batches_by_state(connection: Connection) -> dict[str, int]:
    """Batches per state."""
    return _by(connection, batches.c.state)


def items_by_status(connection: Connection) -> dict[str, int]:
    """Items per status, by the counts of the submissions; no item's row is read.

    The database adds them up, so that other threads of this process go on meanwhile.
    """
    pairs = sql.pairs(connection, submissions.c.counts)
    count = func.sum(cast(pairs.c.value, BigInteger))
    found = connection.execute(
        select(pairs.c.key, count)
        .select_from(submissions.join(pairs, true()))
        .group_by(pairs.c.key)
    )
    return {status: int(items) for status, items in found}


def oldest_due(connection: Connection) -> float | None:
    """Since when the oldest unit of all queues is due; None when there is none."""
    oldest = [
        connection.execute(select(func.min(queue.c.due_at))).scalar()
        for queue in (batches, chores, uploads)
    ]
    return min((moment for moment in oldest if moment is not None), default=None)


def _by(connection: Connection, column: ColumnElement[str]) -> dict[str, int]:
    found = connection.execute(select(column, func.count()).group_by(column))
    return {row[0]: row[1] for row in found}
