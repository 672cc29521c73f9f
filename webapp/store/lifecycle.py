"""Lifecycle: a submission's name and note, its place in the archive, and its end."""

from sqlalchemy import ColumnElement, Connection, delete, exists, select

from webapp.store import sql, tables, usage
from webapp.store.enums import State
from webapp.store.items import CHUNK_ROWS
from webapp.store.submissions import keep_more, touch
from webapp.store.tables import (
    attempts,
    batches,
    messages,
    reason_groups,
    snapshots,
    submissions,
    uploads,
    visits,
)
from webapp.store.uploads import drop_pieces

ENDED = submissions.c.state == State.SETTLED
DISCARDED = submissions.c.state == State.DISCARDED
_ROWS = (
    *(tables.history.c.position, tables.items.c.position, tables.entries.c.ordinal),
    *(tables.candidates.c.position, tables.lookups.c.position),
)


def rename(connection: Connection, submission_id: int, name: str, note: str, now: float) -> None:
    """Give it this name and this note."""
    touch(connection, submission_id, now, name=name, note=note)


def archive(connection: Connection, submission_id: int, now: float) -> bool:
    """Put it into the archive; False when it has not ended or is there already."""
    free = submissions.c.archived_at.is_(None) & ENDED
    return touch(connection, submission_id, now, free, archived_at=now)


def take_out(connection: Connection, submission_id: int, now: float) -> bool:
    """Take it out of the archive; False when it is not there."""
    archived = submissions.c.archived_at.is_not(None)
    return touch(connection, submission_id, now, archived, archived_at=None)


def discard(
    connection: Connection,
    submission_id: int,
    now: float,
    condition: ColumnElement[bool] = ENDED,
) -> bool:
    """Hide a submission from everybody; False when it does not meet the condition any more."""
    return touch(connection, submission_id, now, condition, state=State.DISCARDED)


def unfinished_since(before: float | ColumnElement[float]) -> ColumnElement[bool]:
    """Its upload began before then and was never finished."""
    begun = (submissions.c.state == State.READING) & (submissions.c.created_at < before)
    waits = (uploads.c.submission_id == submissions.c.id) & uploads.c.due_at.is_(None)
    return begun & exists().where(waits)


def unsent_since(before: float) -> ColumnElement[bool]:
    """It was not submitted, and not changed since then."""
    unsent = submissions.c.state.in_((State.DRAFT, State.RESOLVING, State.UNREADABLE))
    return unsent & (submissions.c.changed_at < before)


def archived_since(before: float) -> ColumnElement[bool]:
    """It has been in the archive since then."""
    return ENDED & (submissions.c.archived_at < before)


def ended_before(before: float) -> ColumnElement[bool]:
    """It has ended before then."""
    return ENDED & (submissions.c.settled_at < before)


def with_upload(before: float) -> ColumnElement[bool]:
    """It has ended before then, and its list is kept as it came."""
    kept = (uploads.c.submission_id == submissions.c.id) & uploads.c.dropped_at.is_(None)
    return ended_before(before) & exists().where(kept)


def with_history(before: float) -> ColumnElement[bool]:
    """It has ended before then, and has history."""
    return ended_before(before) & exists().where(tables.history.c.submission_id == submissions.c.id)


def ids_of(
    connection: Connection, condition: ColumnElement[bool], limit: int | None = None
) -> list[int]:
    """Ids of the submissions that meet a condition, the first `limit` of them."""
    found = select(submissions.c.id).where(condition).order_by(submissions.c.id).limit(limit)
    return list(connection.execute(found).scalars())


def drop_history(
    connection: Connection, submission_id: int, before: float, now: float, limit: int = CHUNK_ROWS
) -> int:
    """Delete up to `limit` positions' history of a submission that has ended before then; how many
    rows: 0 when all are gone, or an attempt has begun.
    """
    if not _lock_ended(connection, submission_id, before):
        return 0
    ours = tables.history.c.submission_id == submission_id
    dropped = sql.drop_last(connection, ours, tables.history.c.position, limit)
    touch(connection, submission_id, now, history_dropped_at=now)
    keep_more(connection, submission_id, -dropped * usage.HISTORY_BYTES)
    return dropped


def drop_upload(connection: Connection, submission_id: int, before: float, now: float) -> bool:
    """Delete the list as it came, of a submission that has ended before then; else False."""
    ended = _lock_ended(connection, submission_id, before)
    return ended and drop_pieces(connection, submission_id, now)


def _lock_ended(connection: Connection, submission_id: int, before: float) -> bool:
    """Whether it has ended before then; no attempt begins until the transaction ends."""
    ended = select(submissions.c.id).where(submissions.c.id == submission_id, ended_before(before))
    return connection.execute(ended.with_for_update()).scalar() is not None


def drop_rows(connection: Connection, submission_id: int, limit: int = CHUNK_ROWS) -> int:
    """Delete up to `limit` rows of one kind, the last first; how many: 0 when all are gone."""
    for key in _ROWS:
        ours = key.table.c.submission_id == submission_id
        if dropped := sql.drop_last(connection, ours, key, limit):
            return dropped
    return 0


def remove(connection: Connection, submission_id: int) -> None:
    """Remove what is left of a discarded submission, once all its rows are gone."""
    mine = select(attempts.c.id).where(attempts.c.submission_id == submission_id)
    connection.execute(delete(snapshots).where(snapshots.c.attempt_id.in_(mine)))
    for table in (batches, reason_groups, visits, messages, attempts):
        connection.execute(delete(table).where(table.c.submission_id == submission_id))
    connection.execute(delete(submissions).where(submissions.c.id == submission_id, DISCARDED))
