"""Searches: what somebody looked for on a page, under a random key that stands in its address.

One of a list's items is kept with the list's number before the key. Whoever may see the list may
have it: so its link is good for them as it is for who typed it. All others are their askers' alone.
"""

from sqlalchemy import Connection, delete, exists, insert, select

from webapp.store.accounts import Account
from webapp.store.submissions import seen_by
from webapp.store.tables import searches, submissions

SWEPT_ROWS = 1_000  # in one transaction


def keep(
    connection: Connection,
    key: str,
    account_id: int,
    text: str,
    now: float,
    submission_id: int | None = None,
) -> None:
    """Keep a text under this key, for who looks for it; with a list, for who may see that, too."""
    kept = _of_list(key, submission_id) if submission_id else key
    row = {"id": kept, "account_id": account_id, "text": text, "created_at": now}
    connection.execute(insert(searches).values(row))


def text_of(
    connection: Connection, key: str, reader: Account, now: float, submission_id: int | None = None
) -> str | None:
    """What stands under this key: what the reader looked for or, on a page of a list that they may
    see now, what anybody looked for in that list. None where there is no such search.
    """
    may_have = (searches.c.id == key) & (searches.c.account_id == reader.id)
    if submission_id:
        sees = exists().where(submissions.c.id == submission_id, seen_by(reader, now))
        may_have |= (searches.c.id == _of_list(key, submission_id)) & sees
    found: str | None = connection.execute(select(searches.c.text).where(may_have)).scalar()
    return found


def _of_list(key: str, submission_id: int) -> str:
    return f"{submission_id}.{key}"  # no key has a dot


def sweep(connection: Connection, before: float) -> int:
    """Delete some that are older; of how many."""
    old = select(searches.c.id).where(searches.c.created_at < before).limit(SWEPT_ROWS)
    return connection.execute(delete(searches).where(searches.c.id.in_(old))).rowcount
