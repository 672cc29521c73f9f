"""Queries: "where are my ids?", with the ids, kept for a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, case, delete, insert, select, update

from webapp.store import sql
from webapp.store.accounts import Account
from webapp.store.documents import FindReview
from webapp.store.items import CHUNK_ROWS
from webapp.store.tables import FindRow, accounts, find_ids, finds

DISCARDED = finds.c.deleted_at.is_not(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Find(FindRow):
    """A row of finds, and the name of its account. first: the id, name, path or label that it asks
    for first.
    """

    asker: str
    first: str


class Asked(NamedTuple):
    """An id of a query, and its line in the list. text: the name or path that led to it, "" of an
    id; where it led to nothing, data_id is "". Of an id of an unusual shape both are the same.
    """

    ordinal: int
    data_id: str
    line: int
    text: str = ""


Row = tuple[str, int, str]  # data id, line, text


def create(
    connection: Connection,
    find_id: str,
    account: Account,
    name: str,
    review: FindReview,
    kept_bytes: int,
    now: float,
) -> None:
    """Keep a query of so many bytes; its ids follow."""
    asked = {"account_id": account.id, "created_at": now, "name": name, "review": review}
    connection.execute(insert(finds).values(id=find_id, kept_bytes=kept_bytes, **asked))


def add(connection: Connection, find_id: str, first: int, rows: Sequence[Row]) -> None:
    """Add a chunk of ids at ordinals `first` and up."""
    numbered = ((find_id, ordinal, *row) for ordinal, row in enumerate(rows, start=first))
    columns = ("find_id", "ordinal", "data_id", "line", "text")
    sql.insert_many(connection, find_ids, columns, numbered)


def get(connection: Connection, find_id: str, reader: Account) -> Find | None:
    """The query, if the reader asked it, or it is shared with those of the same ICA; else None."""
    shared = finds.c.shared_at.is_not(None) & (accounts.c.ica_url == reader.ica_url)
    seen = (finds.c.account_id == reader.id) | shared
    return sql.fetch_one(connection, _kept().where(finds.c.id == find_id, seen), Find)


def newest(connection: Connection, account_id: int, limit: int) -> list[Find]:
    """The account's last queries, the newest first."""
    theirs = _kept().where(finds.c.account_id == account_id)
    return sql.fetch(connection, theirs.order_by(finds.c.created_at.desc()).limit(limit), Find)


def _kept() -> Select[Any]:
    found = select(finds, accounts.c.name.label("asker"), _FIRST.label("first"))
    asked = found.join(accounts, accounts.c.id == finds.c.account_id)
    return asked.where(~DISCARDED)


_FIRST = (
    select(case((find_ids.c.text != "", find_ids.c.text), else_=find_ids.c.data_id))
    .where(find_ids.c.find_id == finds.c.id, find_ids.c.ordinal == 1)
    .scalar_subquery()
)


def share(connection: Connection, find_id: str, shared_at: float | None) -> None:
    """From then on others may see it; None: not any more."""
    connection.execute(update(finds).where(finds.c.id == find_id).values(shared_at=shared_at))


def discard(connection: Connection, find_id: str, now: float) -> None:
    """Hide the query from everybody; sweep() removes it."""
    connection.execute(update(finds).where(finds.c.id == find_id).values(deleted_at=now))


def is_kept(connection: Connection, find_id: str) -> bool:
    """Whether it was not deleted: all that was read of its ids until now was whole."""
    return sql.any_row(connection, select(finds.c.id).where(finds.c.id == find_id, ~DISCARDED))


def ids(connection: Connection, find_id: str, ordinals: Sequence[int]) -> list[Asked]:
    """These ids of the query, in its order."""
    return [Asked(*row) for row in connection.execute(_IDS, given(find_id, ordinals))]


OURS = find_ids.c.find_id == bindparam("find")
# Also between two of them: by a list alone PostgreSQL may read all ids of the query.
THESE = find_ids.c.ordinal.in_(bindparam("ordinals", expanding=True)) & (
    find_ids.c.ordinal.between(bindparam("first"), bindparam("last"))
)
_ASKED = select(*(find_ids.c[name] for name in Asked._fields))
_IDS = _ASKED.where(OURS, THESE).order_by(find_ids.c.ordinal)


def given(find_id: str, ordinals: Sequence[int]) -> dict[str, Any]:
    """The parameters of OURS and THESE, for ordinals that ascend."""
    return {"find": find_id, "ordinals": ordinals, "first": ordinals[0], "last": ordinals[-1]}


def sweep(connection: Connection, before: float) -> bool:
    """Delete some ids of a query that was discarded, or is older; False when there is none. From
    then on nobody sees it.
    """
    old = select(finds.c.id).where((finds.c.created_at < before) | DISCARDED).limit(1)
    find_id = connection.execute(old).scalar()
    if find_id is None:
        return False
    discard(connection, find_id, before)
    ours = find_ids.c.find_id == find_id
    if not sql.drop_last(connection, ours, find_ids.c.ordinal, CHUNK_ROWS):
        connection.execute(delete(finds).where(finds.c.id == find_id))
    return True
