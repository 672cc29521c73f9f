"""Access: whether ICA lets an account read a project, by its last answer."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, delete, exists, select, update

from webapp.store import sql
from webapp.store.accounts import MAY_ASK, Account
from webapp.store.sql import NOW
from webapp.store.tables import Access as Access
from webapp.store.tables import access, accounts, sessions, submissions

RENEWAL_SECONDS = 300.0  # for accounts that are signed in
VALID_SECONDS = 86_400.0  # that an answer holds when ICA gives no other
FRESH_SECONDS = 900.0  # after which whoever reads has it asked again, if ICA can be asked


_LIVE = exists().where(sessions.c.account_id == access.c.account_id, sessions.c.expires_at > NOW)
DUE = (
    select(access)
    .join(accounts, accounts.c.id == access.c.account_id)
    .where(access.c.due_at <= NOW, MAY_ASK, _LIVE)
)


def remember(
    connection: Connection, account_id: int, project_id: str, name: str | None, now: float
) -> None:
    """Keep ICA's answer: the project's name, or None when it may not be read."""
    answer: dict[str, Any] = {
        "allowed": name is not None,
        "checked_at": now,
        "due_at": now + RENEWAL_SECONDS,
    }
    if name is not None:
        answer["project_name"] = name[:255]
    key = {"account_id": account_id, "project_id": project_id}
    statement = sql.insert(connection, access).values(key | answer)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=answer))


def ask_later(connection: Connection, account_id: int, project_id: str, due_at: float) -> None:
    """ICA gave no answer: its last one, if any, holds; ask again at `due_at`."""
    key: dict[str, Any] = {"account_id": account_id, "project_id": project_id}
    never = {"allowed": False, "checked_at": 0.0}
    statement = sql.insert(connection, access).values(key | never | {"due_at": due_at})
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_={"due_at": due_at})
    )


def put_back(connection: Connection, account_id: int, project_id: str, now: float) -> None:
    """Who has claimed the question could not ask it: the next one may, at once."""
    connection.execute(update(access).where(_of(account_id, project_id)).values(due_at=now))


def claim(
    connection: Connection, account_id: int, project_id: str, now: float, until: float
) -> bool:
    """Whether the caller is to ask ICA again; until then, nobody else does."""
    statement = update(access).where(_of(account_id, project_id), access.c.due_at <= now)
    return connection.execute(statement.values(due_at=until)).rowcount > 0


def forget(connection: Connection, account_id: int) -> None:
    """ICA is to be asked anew about all projects of the account."""
    connection.execute(delete(access).where(access.c.account_id == account_id))


def find(connection: Connection, account_id: int, project_id: str) -> Access | None:
    """What is known of the account's access to the project, None if it was never asked."""
    given = {"account": account_id, "project": project_id}
    return sql.fetch_one(connection, _FIND, Access, given)


def _of(account_id: int, project_id: str) -> ColumnElement[bool]:
    return (access.c.account_id == account_id) & (access.c.project_id == project_id)


def unanswered(connection: Connection, account: Account, now: float, limit: int) -> Sequence[str]:
    """Projects with submissions for which this account has no valid answer of ICA, but for those
    that ICA was asked about in vain a moment ago.
    """
    given = {"account": account.id, "ica_url": account.ica_url, "now": now, "most": limit}
    return connection.execute(_UNANSWERED, given).scalars().all()


def aged(
    connection: Connection, account_id: int, submission_id: int | None, now: float, limit: int
) -> list[Access]:
    """The answers that still hold, but are to be asked again before anything is read by them.

    That about the project of the submission comes first, then the oldest.
    """
    given = {"account": account_id, "submission": submission_id, "now": now, "most": limit}
    return sql.fetch(connection, _AGED, Access, given | {"before": now - FRESH_SECONDS})


def due(connection: Connection, now: float, limit: int) -> list[Access]:
    """Rows of signed-in accounts that are to be asked again, the oldest first."""
    first = DUE.order_by(access.c.due_at).limit(limit)
    return sql.fetch(connection, first, Access, {"now": now})


def projects(connection: Connection, account_id: int, now: float) -> list[Access]:
    """The projects that the account may read and that hold submissions here, by name."""
    return sql.fetch(connection, _PROJECTS, Access, {"account": account_id, "now": now})


def holds(now: float | ColumnElement[float]) -> ColumnElement[bool]:
    """The condition under which a row of access lets somebody read."""
    return access.c.allowed.is_(True) & (access.c.checked_at + VALID_SECONDS > now)


_FIND = select(access).where(
    access.c.account_id == sql.ACCOUNT, access.c.project_id == bindparam("project")
)
_KNOWN = select(access.c.project_id).where(
    access.c.account_id == sql.ACCOUNT,
    (access.c.checked_at + VALID_SECONDS > NOW) | (access.c.due_at > NOW),
)
_UNANSWERED = (
    select(submissions.c.project_id)
    .where(submissions.c.project_id.not_in(_KNOWN), submissions.c.ica_url == bindparam("ica_url"))
    .where(submissions.c.project_id != "")
    .distinct()
    .limit(bindparam("most"))
)
_READABLE = select(access).where(
    access.c.account_id == sql.ACCOUNT,
    holds(NOW),
    exists().where(submissions.c.project_id == access.c.project_id),
)
_PROJECTS = _READABLE.order_by(access.c.project_name, access.c.project_id)
_PROJECT_READ = select(submissions.c.project_id).where(submissions.c.id == sql.SUBMISSION)
_FIRST = case((access.c.project_id == _PROJECT_READ.scalar_subquery(), 0), else_=1)
_AGED = (
    _READABLE.where(access.c.checked_at <= sql.BEFORE)
    .order_by(_FIRST, access.c.checked_at)
    .limit(bindparam("most"))
)
