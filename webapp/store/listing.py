"""Listing: the submissions that an account may see, a page at a time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, or_, select

from webapp.store.accounts import Account
from webapp.store.pages import Cursor, Page, cut
from webapp.store.submissions import Submission, seen_by, with_submitter
from webapp.store.tables import accounts, submissions
from webapp.store.words import State


@dataclass(frozen=True, slots=True)
class Filter:
    """What is wanted: any of it empty wants all."""

    project_id: str = ""
    states: Collection[str] = ()
    text: str = ""
    archived: bool = False  # what is in the archive, and that alone


def page(
    connection: Connection,
    account: Account,
    wanted: Filter,
    cursor: Cursor,
    size: int,
    now: float,
) -> Page[Submission]:
    """Submissions that the account may see, the newest first; cursors are their ids."""
    statement = with_submitter().where(
        seen_by(account, now), submissions.c.state != State.DISCARDED, *_conditions(wanted)
    )
    key = submissions.c.id
    if cursor.before is not None:
        statement = statement.where(key > cursor.before).order_by(key)
    else:
        statement = statement.order_by(key.desc())
        if cursor.after is not None:
            statement = statement.where(key < cursor.after)
    found = [Submission(**row) for row in connection.execute(statement.limit(size + 1)).mappings()]
    return cut(found, cursor, size, lambda row: row.id)


def any_visible(connection: Connection, account: Account, now: float) -> bool:
    """Whether the account sees any submission at all."""
    kept = submissions.c.state != State.DISCARDED
    statement = select(submissions.c.id).where(seen_by(account, now), kept).limit(1)
    return connection.execute(statement).first() is not None


def _conditions(wanted: Filter) -> Iterable[ColumnElement[bool]]:
    archived = submissions.c.archived_at
    yield archived.is_not(None) if wanted.archived else archived.is_(None)
    if wanted.project_id:
        yield submissions.c.project_id == wanted.project_id
    if wanted.states:
        yield or_(submissions.c.phase.in_(wanted.states), submissions.c.state.in_(wanted.states))
    if wanted.text:
        yield or_(
            submissions.c.name.icontains(wanted.text, autoescape=True),
            submissions.c.project_name.icontains(wanted.text, autoescape=True),
            accounts.c.name.icontains(wanted.text, autoescape=True),
        )
