"""Polling: the one SELECT that answers a poll, and the note that somebody watches."""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    ScalarSelect,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from webapp.store import sql
from webapp.store.enums import WATCHED_PRIORITY, AttemptState, Blocked, Task
from webapp.store.sessions import hashed
from webapp.store.sql import NOW, SUBMISSION
from webapp.store.submissions import seen_by
from webapp.store.tables import accounts, attempts, batches, sessions, snapshots, submissions
from webapp.store.workers import LAST_BEAT

NOTE_SECONDS = 10.0  # between two writes that somebody watches


class PollState(NamedTuple):
    """All that decides whether a watched page is up to date.

    allowed: whether the viewer may see the submission. own_id: the viewer's account, if they
    submitted it or began an attempt; all others are shown the same. trouble: an AccountTrouble.
    paused_until: ICA asked for no more calls before then, of each account whose attempt runs or
    whose list is not submitted yet; 0.0: it never did. moved_at: when counts of what runs changed
    last, None while nothing runs.
    """

    allowed: bool
    own_id: int | None
    revision: int
    watched_at: float
    trouble: str
    paused_until: float
    beat_at: float | None
    moved_at: float | None


def _of_accounts(found: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Of the accounts whose attempts run, or whose list is not submitted yet."""
    runs = sql.one_of(attempts.c.state, [AttemptState.ACTIVE, AttemptState.DRAFT])
    return (
        select(found)
        .join_from(accounts, attempts, attempts.c.account_id == accounts.c.id)
        .where(attempts.c.submission_id == submissions.c.id, runs)
        .correlate(submissions)
        .scalar_subquery()
    )


_LAST_SNAPSHOT = (
    select(func.max(snapshots.c.at))
    .where(snapshots.c.attempt_id == attempts.c.id)
    .correlate(attempts)
    .scalar_subquery()
)
_MOVED = (
    select(func.max(_LAST_SNAPSHOT))
    .where(attempts.c.submission_id == submissions.c.id)
    .where(sql.one_of(attempts.c.state, [AttemptState.ACTIVE]))
    .correlate(submissions)
    .scalar_subquery()
)
_TROUBLE = _of_accounts(func.max(accounts.c.trouble))
_PAUSED = _of_accounts(func.min(accounts.c.paused_until))
_VIEWER = accounts.alias("viewer")
_IS_OWN = (submissions.c.account_id == _VIEWER.c.id) | (
    exists()
    .where(attempts.c.submission_id == submissions.c.id, attempts.c.account_id == _VIEWER.c.id)
    .correlate(submissions, _VIEWER)
)
_STATEMENT = (
    select(
        seen_by(_VIEWER.c, NOW).label("allowed"),
        case((_IS_OWN, _VIEWER.c.id)).label("own_id"),
        submissions.c.revision,
        submissions.c.watched_at,
        func.coalesce(_TROUBLE, literal_column("''")).label("trouble"),
        func.coalesce(_PAUSED, literal_column("0.0")).label("paused_until"),
        LAST_BEAT.scalar_subquery().label("beat_at"),
        _MOVED.label("moved_at"),
    )
    .select_from(sessions)
    .join(_VIEWER, _VIEWER.c.id == sessions.c.account_id)
    .join(submissions, submissions.c.id == SUBMISSION)
    .where(sessions.c.token_hash == bindparam("token"), sessions.c.expires_at > NOW)
)


def poll_state(
    connection: Connection, token: str, submission_id: int, now: float
) -> PollState | None:
    """What a poll needs to know; None when the session has ended or there is no submission."""
    statement, fixed = _for_driver(connection.dialect.name)
    given = {**fixed, "token": hashed(token), "submission": submission_id, "now": now}
    row = connection.exec_driver_sql(statement, given).one_or_none()
    return PollState(bool(row[0]), *row[1:]) if row else None


@cache
def _for_driver(database: str) -> tuple[str, dict[str, Any]]:
    """The statement as the driver takes it, and the parameters that are always the same. To find
    what SQLAlchemy has compiled takes longer than to execute it.
    """
    dialects: dict[str, Dialect] = {
        "sqlite": sqlite.dialect(paramstyle="named"),
        "postgresql": psycopg.dialect(),  # type: ignore[no-untyped-call]
    }
    compiled = _STATEMENT.compile(dialect=dialects[database])
    return str(compiled), dict(compiled.params)


def note(connection: Connection, submission_id: int, now: float) -> None:
    """Somebody watches: what was to be refreshed later is refreshed now.

    Of many who note it at once, the first one does: the others would have it refreshed again.
    """
    stale = (submissions.c.id == submission_id) & (submissions.c.watched_at < now - NOTE_SECONDS)
    if not connection.execute(update(submissions).where(stale).values(watched_at=now)).rowcount:
        return
    idle = (
        (batches.c.submission_id == submission_id)
        & (batches.c.task == Task.REFRESH)
        & (batches.c.blocked == Blocked.NO)
        & (batches.c.failures == 0)
        & (batches.c.whole_walks == 0)  # else each of these leads to another whole walk
        & (batches.c.due_at > now)
    )
    # Others lock batches before the submission: so none that is locked is waited for.
    free = select(batches.c.id).where(idle).with_for_update(skip_locked=True)
    soon = update(batches).where(batches.c.id.in_(free))
    connection.execute(soon.values(due_at=now, priority=WATCHED_PRIORITY))
