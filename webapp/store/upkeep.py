"""Upkeep: a submission's name and note, its place in the archive, and its end."""

from sqlalchemy import ColumnElement, Connection, delete, select, update

from webapp.store.tables import (
    attempts,
    batches,
    chores,
    reason_groups,
    snapshots,
    submissions,
    uploads,
)
from webapp.store.words import State


def rename(connection: Connection, submission_id: int, name: str, note: str, now: float) -> None:
    """Give it this name and this note."""
    _change(connection, submissions.c.id == submission_id, now, name=name, note=note)


def archive(connection: Connection, submission_id: int, now: float) -> bool:
    """Put it into the archive; False when it has not ended or is there already."""
    free = submissions.c.archived_at.is_(None) & (submissions.c.state == State.SETTLED)
    return _change(connection, (submissions.c.id == submission_id) & free, now, archived_at=now)


def take_out(connection: Connection, submission_id: int, now: float) -> None:
    """Take it out of the archive."""
    _change(connection, submissions.c.id == submission_id, now, archived_at=None)


def throw_away(connection: Connection, submission_id: int, now: float) -> bool:
    """Take a submission out of everybody's sight; False when it has not ended, or moves again."""
    ended = (submissions.c.id == submission_id) & (submissions.c.state == State.SETTLED)
    return _change(connection, ended, now, state=State.DISCARDED)


def thrown_away(connection: Connection, limit: int) -> list[int]:
    """Ids of submissions that were thrown away and still are in the store."""
    statement = select(submissions.c.id).where(submissions.c.state == State.DISCARDED).limit(limit)
    return list(connection.execute(statement).scalars())


def unfinished_uploads(connection: Connection, before: float, limit: int) -> list[int]:
    """Ids of submissions whose upload began before then, and whose bytes never came to an end."""
    statement = (
        select(submissions.c.id)
        .join(uploads, uploads.c.submission_id == submissions.c.id)
        .where(submissions.c.state == State.READING, submissions.c.created_at < before)
        .where(uploads.c.due_at.is_(None))
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def remove_chores(connection: Connection, submission_id: int) -> None:
    """Remove what was still to be done; who does it now finds that out at the next step."""
    connection.execute(delete(chores).where(chores.c.submission_id == submission_id))


def remove(connection: Connection, submission_id: int) -> None:
    """Remove what is left of one that was thrown away, once all else of it is gone."""
    mine = select(attempts.c.id).where(attempts.c.submission_id == submission_id)
    connection.execute(delete(snapshots).where(snapshots.c.attempt_id.in_(mine)))
    for table in (batches, reason_groups, attempts):
        connection.execute(delete(table).where(table.c.submission_id == submission_id))
    gone = (submissions.c.id == submission_id) & (submissions.c.state == State.DISCARDED)
    connection.execute(delete(submissions).where(gone))


def _change(
    connection: Connection, condition: ColumnElement[bool], now: float, **values: object
) -> bool:
    raised = {"revision": submissions.c.revision + 1, "changed_at": now}
    statement = update(submissions).where(condition).values(raised | values)
    return connection.execute(statement).rowcount > 0
