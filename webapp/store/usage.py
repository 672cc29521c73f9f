"""Usage: what an account keeps here, in drafts, in lists that wait to be read, and in bytes.

Bytes are an estimate, kept with each submission and each query: the upload as it came, and for
each row a constant and its texts. The constants were measured on SQLite, indexes included, of items
that ICA had linked; PostgreSQL takes up to twice as much.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from webapp.store.entries import Entry
from webapp.store.enums import State
from webapp.store.items import Listed
from webapp.store.submissions import IS_LIST
from webapp.store.tables import accounts, finds, submissions

ITEM_BYTES = 280  # and its id, in the row and in an index
ENTRY_BYTES = 60  # and its text and its note
LOOKUP_BYTES = 160  # and its text; before it led to an item
CANDIDATE_BYTES = 70  # and its texts
FOUND_ID_BYTES = 65  # and the id
HISTORY_BYTES = 230
ID_CHARS = 36  # of a usual id

UNSENT = (State.READING, State.RESOLVING, State.DRAFT, State.UNREADABLE)


class Kept(NamedTuple):
    """What an account keeps: lists that were not submitted, of these such that wait to be read (the
    name of the first one too), and bytes of all that it has here.
    """

    drafts: int
    unread: int
    first_unread: str
    bytes: int


def lock(connection: Connection, account_id: int) -> None:
    """Nobody else opens a list or a query of the account until the transaction ends; rows that only
    refer to it may be added.
    """
    mine = select(accounts.c.id).where(accounts.c.id == account_id)
    connection.execute(mine.with_for_update(key_share=True))


def kept(connection: Connection, account_id: int) -> Kept:
    """What the account keeps now."""
    of = submissions.c
    theirs = (of.account_id == account_id) & (of.state != State.DISCARDED)
    unread = (of.state == State.READING) & IS_LIST
    numbers = select(
        func.count().filter(of.state.in_(UNSENT) & IS_LIST),
        func.count().filter(unread),
        func.coalesce(func.sum(of.kept_bytes), 0),
    )
    drafts, waiting, lists = connection.execute(numbers.where(theirs)).one()
    first = select(of.name).where(theirs, unread).order_by(of.id).limit(1)
    return Kept(
        drafts=drafts,
        unread=waiting,
        first_unread=connection.execute(first).scalar() or "",
        bytes=int(lists) + _of_queries(connection, account_id),
    )


def beside(connection: Connection, account_id: int, submission_id: int) -> int:
    """The bytes of all that the account keeps beside a submission."""
    own = select(submissions.c.kept_bytes).where(submissions.c.id == submission_id)
    return kept(connection, account_id).bytes - (connection.execute(own).scalar() or 0)


def _of_queries(connection: Connection, account_id: int) -> int:
    total = select(func.coalesce(func.sum(finds.c.kept_bytes), 0))
    theirs = (finds.c.account_id == account_id) & finds.c.deleted_at.is_(None)
    return int(connection.execute(total.where(theirs)).scalar_one())


def of_items(rows: Iterable[Listed]) -> int:
    """The bytes of these items, without their labels, which take as many as they have letters."""
    return sum(ITEM_BYTES + 2 * len(row.data_id) for row in rows if row.data_id)


def of_lookups(texts: Iterable[str]) -> int:
    """The bytes of names and paths, with their labels, that ICA was not asked for yet."""
    return sum(LOOKUP_BYTES + len(text) for text in texts)


def of_usual_items(count: int) -> int:
    """The bytes of so many items, whose ids are not known."""
    return count * (ITEM_BYTES + 2 * ID_CHARS)


def of_entries(rows: Iterable[Entry]) -> int:
    """The bytes of entries that did not become items."""
    return sum(ENTRY_BYTES + len(row.text) + len(row.note) for row in rows)


def of_candidates(texts: Iterable[Sequence[str]]) -> int:
    """The bytes of candidates with these texts."""
    return sum(CANDIDATE_BYTES + sum(map(len, its)) for its in texts)


def of_found_ids(rows: Iterable[tuple[str, int, str]]) -> int:
    """The bytes of the ids of a query, each with its line, and the name that led to it."""
    return sum(FOUND_ID_BYTES + len(data_id) + len(text) for data_id, _, text in rows)
