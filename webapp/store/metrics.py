"""Statistics for operators: how many submissions, batches and items there are, by state."""

from collections import Counter

from sqlalchemy import ColumnElement, Connection, func, select

from webapp.store.tables import batches, submissions


def submissions_by_state(connection: Connection) -> dict[str, int]:
    """Submissions per state."""
    return _by(connection, submissions.c.state)


def batches_by_state(connection: Connection) -> dict[str, int]:
    """Batches per state."""
    return _by(connection, batches.c.state)


def items_by_status(connection: Connection) -> dict[str, int]:
    """Items per status, by the counts of the submissions; no item's row is read."""
    total: Counter[str] = Counter()
    for counts in connection.execute(select(submissions.c.counts)).scalars():
        total.update(counts)
    return dict(total)


def oldest_due(connection: Connection) -> float | None:
    """Since when the oldest unit is due; None when there is none."""
    moment: float | None = connection.execute(select(func.min(batches.c.due_at))).scalar()
    return moment


def _by(connection: Connection, column: ColumnElement[str]) -> dict[str, int]:
    found = connection.execute(select(column, func.count()).group_by(column))
    return {row[0]: row[1] for row in found}
