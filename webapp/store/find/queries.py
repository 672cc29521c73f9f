"""Queries: "where are my ids?", with the ids, kept for a while."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from webapp.store import sql
from webapp.store.accounts import Account
from webapp.store.documents import FindReview
from webapp.store.items import CHUNK_ROWS
from webapp.store.tables import FindRow, accounts, find_ids, finds


@dataclass(frozen=True, slots=True, kw_only=True)
class Find(FindRow):
    """A row of finds, and the name of its account."""

    asker: str


class Asked(NamedTuple):
    """An id of a query, and its line in the list."""

    ordinal: int
    data_id: str
    line: int


def create(
    connection: Connection,
    find_id: str,
    account: Account,
    name: str,
    review: FindReview,
    now: float,
) -> None:
    """Keep a query; its ids follow."""
    statement = insert(finds).values(
        id=find_id, account_id=account.id, created_at=now, name=name, review=review
    )
    connection.execute(statement)


def add(connection: Connection, find_id: str, first: int, rows: Sequence[tuple[str, int]]) -> None:
    """Add a chunk of ids, each with its line, at ordinals `first` and up."""
    connection.execute(
        insert(find_ids),
        [
            {"find_id": find_id, "ordinal": ordinal, "data_id": data_id, "line": line}
            for ordinal, (data_id, line) in enumerate(rows, start=first)
        ],
    )


def get(connection: Connection, find_id: str, ica_url: str) -> Find | None:
    """The query, if it was asked by somebody of the same ICA; else None."""
    statement = (
        select(finds, accounts.c.name.label("asker"))
        .join(accounts, accounts.c.id == finds.c.account_id)
        .where(finds.c.id == find_id, accounts.c.ica_url == ica_url)
    )
    return sql.fetch_one(connection, statement, Find)


def ids(connection: Connection, find_id: str, ordinals: Collection[int]) -> list[Asked]:
    """These ids of the query, in its order."""
    of = find_ids.c
    statement = select(of.ordinal, of.data_id, of.line).where(
        of.find_id == find_id, of.ordinal.in_(ordinals)
    )
    return [Asked(*row) for row in connection.execute(statement.order_by(of.ordinal))]


def sweep(connection: Connection, before: float) -> bool:
    """Delete some ids of a query that was made before then; False when there is none."""
    old = select(finds.c.id).where(finds.c.created_at < before).limit(1)
    find_id = connection.execute(old).scalar()
    if find_id is None:
        return False
    ours = find_ids.c.find_id == find_id
    if not sql.drop_last(connection, ours, find_ids.c.ordinal, CHUNK_ROWS):
        connection.execute(delete(finds).where(finds.c.id == find_id))
    return True
