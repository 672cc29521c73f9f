"""Statistics for operators: how many submissions, batches and items there are, by state."""

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select, true

from webapp.store import sql
from webapp.store.enums import Blocked
from webapp.store.submissions import IS_LIST
from webapp.store.tables import accounts, batches, chores, messages, submissions, uploads


def submissions_by_state(connection: Connection) -> dict[str, int]:
    """Submissions per state, but for the kept files of forms."""
    return _by(connection, submissions.c.state, IS_LIST)


def batches_by_state(connection: Connection) -> dict[str, int]:
    """Batches per state."""
    return _by(connection, batches.c.state)


def blocked_batches(connection: Connection) -> dict[str, int]:
    """Batches that wait for somebody, per reason."""
    waits = (batches.c.blocked != Blocked.NO) & batches.c.due_at.is_not(None)
    return _by(connection, batches.c.blocked, waits)


def messages_by_state(connection: Connection) -> dict[str, int]:
    """Messages that wait to be sent, that were sent, and that were given up."""
    of = messages.c
    counted = select(
        func.count(of.due_at).label("waiting"),
        func.count(of.sent_at).label("sent"),
        func.count().label("all"),
    )
    row = connection.execute(counted).one()
    return {"waiting": row[0], "sent": row[1], "given up": row[2] - row[0] - row[1]}


def paused_accounts(connection: Connection, now: float) -> int:
    """Accounts of which ICA has asked for no calls until later."""
    paused = select(func.count()).where(accounts.c.paused_until > now)
    return connection.execute(paused).scalar_one()


def items_by_status(connection: Connection) -> dict[str, int]:
    """Items per status, by the counts of the submissions; no item's row is read.

    The database adds them up, so that other threads of this process go on meanwhile.
    """
    pairs = sql.pairs(connection, submissions.c.counts)
    found = select(pairs.c.key, func.sum(cast(pairs.c.value, BigInteger)))
    found = found.select_from(submissions.join(pairs, true())).group_by(pairs.c.key)
    return {status: int(items) for status, items in connection.execute(found)}


def oldest_due(connection: Connection) -> float | None:
    """Since when the oldest unit of all queues is due; None when there is none."""
    oldest = [
        connection.execute(select(func.min(queue.c.due_at))).scalar()
        for queue in (batches, chores, uploads, messages)
    ]
    return min((moment for moment in oldest if moment is not None), default=None)


def _by(
    connection: Connection, column: ColumnElement[str], *which: ColumnElement[bool]
) -> dict[str, int]:
    found = select(column, func.count()).where(*which).group_by(column)
    return dict(connection.execute(found).all())
