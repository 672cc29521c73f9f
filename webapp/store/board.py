"""The board: the submissions that an account may see, a page at a time."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, String, func, or_, select, type_coerce

from webapp.store import paging, sql
from webapp.store.accounts import Account
from webapp.store.enums import State
from webapp.store.paging import Cursor, Page
from webapp.store.submissions import Submission, seen_by, with_submitter
from webapp.store.tables import accounts, submissions


@dataclass(frozen=True, slots=True)
class Filter:
    """What is wanted: any of it empty wants all.

    account_id: of the submitter. archived: what is in the archive, and that alone.
    """

    project_id: str = ""
    words: Collection[str] = ()
    text: str = ""
    account_id: int | None = None
    archived: bool = False


def page(
    connection: Connection,
    account: Account,
    wanted: Filter,
    cursor: Cursor,
    size: int,
    now: float,
) -> Page[Submission]:
    """Submissions that the account may see, those attempted last first; cursors are the ids of
    their last attempts.
    """
    statement = with_submitter().where(
        seen_by(account, now), submissions.c.state != State.DISCARDED, *_conditions(wanted)
    )
    key = submissions.c.last_attempt_id
    return paging.read(connection, statement, key, Submission, cursor, size, newest_first=True)


def any_visible(connection: Connection, account: Account, now: float) -> bool:
    """Whether the account sees any submission at all."""
    kept = submissions.c.state != State.DISCARDED
    return sql.any_row(connection, select(submissions.c.id).where(seen_by(account, now), kept))


def counts(connection: Connection, account: Account, wanted: Filter, now: float) -> Counter[str]:
    """How many submissions there are of each word of the board; what is wanted names none."""
    statement = (
        select(submissions.c.board_word, func.count())
        .join(accounts, accounts.c.id == submissions.c.account_id)
        .where(seen_by(account, now), submissions.c.state != State.DISCARDED, *_conditions(wanted))
        .group_by(submissions.c.board_word)
    )
    return Counter(dict(connection.execute(statement).all()))


def _conditions(wanted: Filter) -> Iterable[ColumnElement[bool]]:
    archived = submissions.c.archived_at
    yield archived.is_not(None) if wanted.archived else archived.is_(None)
    if wanted.project_id:
        yield submissions.c.project_id == wanted.project_id
    if wanted.account_id:
        yield submissions.c.account_id == wanted.account_id
    if wanted.words:
        yield type_coerce(submissions.c.board_word, String).in_(wanted.words)  # others find none
    if wanted.text:
        shown = (submissions.c.name, submissions.c.project_name, accounts.c.name)
        yield or_(*(column.icontains(wanted.text, autoescape=True) for column in shown))
