"""The board: the submissions that an account may see, a page at a time."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, String, func, or_, select, type_coerce

from webapp.store import paging, sql
from webapp.store.accounts import Account
from webapp.store.enums import BoardWord, State
from webapp.store.paging import Cursor, Page
from webapp.store.submissions import SEEN, Submission, viewed_by, with_submitter
from webapp.store.tables import accounts, attempts, submissions

_SHOWN = SEEN & (submissions.c.state != State.DISCARDED)
_ROWS = with_submitter().where(_SHOWN)
_KEY = attempts.c.id.label("last_attempt_id")
_ALONG_ATTEMPTS = _ROWS.join(  # so that only the rows of the page are read
    attempts,
    (attempts.c.submission_id == submissions.c.id) & (submissions.c.last_attempt_id == _KEY),
)
_ANY = select(submissions.c.id).where(_SHOWN).limit(1)
_KINDS = (
    submissions.c.board_word,
    submissions.c.archived_at.is_not(None).label("archived"),
    (submissions.c.account_id == sql.ACCOUNT).label("mine"),
)
_GROUPS = (
    select(*_KINDS, func.count())
    .join(accounts, accounts.c.id == submissions.c.account_id)
    .where(_SHOWN)
    .group_by(*_KINDS)
)


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
    # PostgreSQL takes the pairs for far rarer than they are, and joins all of both tables.
    along = connection.dialect.name == "sqlite"
    statement = (_ALONG_ATTEMPTS if along else _ROWS).where(*_conditions(wanted))
    key, given = _KEY if along else submissions.c.last_attempt_id, viewed_by(account, now)
    return paging.read(
        connection, statement, key, Submission, cursor, size, given, newest_first=True
    )


def any_visible(connection: Connection, account: Account, now: float) -> bool:
    """Whether the account sees any submission at all."""
    return connection.execute(_ANY, viewed_by(account, now)).first() is not None


class Group(NamedTuple):
    """Submissions of one word of the board, and how many there are. mine: the viewer's own."""

    word: BoardWord
    archived: bool
    mine: bool
    total: int


def groups(connection: Connection, account: Account, wanted: Filter, now: float) -> Sequence[Group]:
    """What there is of the wanted project and text; the rest of what is wanted does not matter."""
    found = connection.execute(_GROUPS.where(*_matches(wanted)), viewed_by(account, now))
    return [Group(*row) for row in found]


def _conditions(wanted: Filter) -> Iterable[ColumnElement[bool]]:
    archived = submissions.c.archived_at
    yield archived.is_not(None) if wanted.archived else archived.is_(None)
    if wanted.account_id:
        yield submissions.c.account_id == wanted.account_id
    if wanted.words:
        yield type_coerce(submissions.c.board_word, String).in_(wanted.words)  # others find none
    yield from _matches(wanted)


def _matches(wanted: Filter) -> Iterable[ColumnElement[bool]]:
    if wanted.project_id:
        yield submissions.c.project_id == wanted.project_id
    if wanted.text:
        shown = (submissions.c.name, submissions.c.project_name, accounts.c.name)
        yield or_(*(column.icontains(wanted.text, autoescape=True) for column in shown))
