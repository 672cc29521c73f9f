"""Upkeep: a submission's name and note, its place in the archive, and its end."""

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from webapp.store.submissions import Submission
from webapp.store.tables import (
    batches,
    chores,
    items,
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


def made_from(connection: Connection, submission_id: int) -> int:
    """How many submissions were made from its items, or are being made."""
    statement = select(func.count()).where(
        submissions.c.parent_id == submission_id,
        submissions.c.state.not_in([State.DISCARDED, State.UNREADABLE]),
    )
    count: int = connection.execute(statement).scalar_one()
    return count


def throw_away(connection: Connection, submission_id: int, now: float) -> bool:
    """Take a settled submission out of everybody's sight; False when it has not ended, or when
    another one was made from it: then an attempt would be missing between the others.

    It is locked first, as by whoever is about to make another one from it.
    """
    ended = (submissions.c.id == submission_id) & (submissions.c.state == State.SETTLED)
    connection.execute(select(submissions.c.id).where(ended).with_for_update())
    if made_from(connection, submission_id):
        return False
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


def forget_retry(connection: Connection, submission: Submission, first: int, last: int) -> None:
    """Of its parent's items in a range of positions: it did not retry them after all."""
    mine = (items.c.submission_id == submission.parent_id) & items.c.position.between(first, last)
    statement = update(items).where(mine, items.c.retried_in == submission.id)
    connection.execute(statement.values(retried_in=None))


def remove(connection: Connection, submission_id: int) -> None:
    """Remove what is left of one that was thrown away, once all else of it is gone."""
    for table in (batches, reason_groups, snapshots):
        connection.execute(delete(table).where(table.c.submission_id == submission_id))
    gone = (submissions.c.id == submission_id) & (submissions.c.state == State.DISCARDED)
    connection.execute(delete(submissions).where(gone))


def _change(
    connection: Connection, condition: ColumnElement[bool], now: float, **values: object
) -> bool:
    raised = {"revision": submissions.c.revision + 1, "changed_at": now}
    statement = update(submissions).where(condition).values(raised | values)
    return connection.execute(statement).rowcount > 0
