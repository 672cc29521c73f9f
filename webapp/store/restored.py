"""A database that was put back: what ICA may have of it since, it does not know."""

from sqlalchemy import Connection, delete, func, select, update

from webapp.store import clock
from webapp.store.enums import AttemptState
from webapp.store.tables import attempts, audit, batches, sessions, submissions, workers

MOMENTS = (audit.c.at, submissions.c.changed_at, batches.c.intent_at, workers.c.beat_at)


def look_before_sending(connection: Connection, now: float) -> int:
    """Have each batch looked for in ICA before it is sent, of all attempts that have not ended.

    Whatever was sent after the copy was made, was sent after the last moment that it knows of; if
    time here was ahead of the database's clock then, it is less so now.
    Nobody is signed in: who signed out since must not be signed in again. Returns how many
    submissions it concerns.
    """
    known = [connection.execute(select(func.max(moment))).scalar() for moment in MOMENTS]
    since = min(now, max((moment for moment in known if moment), default=now))
    since -= max(clock.read(connection).offset, 0.0)
    open_ = attempts.c.state != AttemptState.ENDED
    connection.execute(update(attempts).where(open_).values(look_since=since))
    connection.execute(delete(sessions))
    connection.execute(delete(workers))
    concerned = select(func.count(attempts.c.submission_id.distinct())).where(open_)
    return connection.execute(concerned).scalar_one()
