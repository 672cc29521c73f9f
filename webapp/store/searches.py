"""Searches: what somebody looked for on a page, under a random key that stands in its address."""

from sqlalchemy import Connection, delete, insert, select

from webapp.store.tables import searches

SWEPT_ROWS = 1_000  # in one transaction


def keep(connection: Connection, key: str, account_id: int, text: str, now: float) -> None:
    """Keep a text under this key, for who looks for it."""
    row = {"id": key, "account_id": account_id, "text": text, "created_at": now}
    connection.execute(insert(searches).values(row))


def text_of(connection: Connection, key: str, account_id: int) -> str | None:
    """What the account looked for; None where it has no such search."""
    theirs = (searches.c.id == key) & (searches.c.account_id == account_id)
    found: str | None = connection.execute(select(searches.c.text).where(theirs)).scalar()
    return found


def sweep(connection: Connection, before: float) -> int:
    """Delete some that are older; of how many."""
    old = select(searches.c.id).where(searches.c.created_at < before).limit(SWEPT_ROWS)
    return connection.execute(delete(searches).where(searches.c.id.in_(old))).rowcount
