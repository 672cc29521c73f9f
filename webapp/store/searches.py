"""Searches: what somebody looked for on a page, under a random key that stands in its address.

One of a list's items is kept with the list's number before the key. Whoever may see the list may
have it: so its link is good for them as it is for who typed it. All others are their askers' alone,
until they share them with those of the same ICA.
"""

from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, insert, select, update

from webapp.store.accounts import Account
from webapp.store.submissions import seen_by
from webapp.store.tables import accounts, searches, submissions

SWEPT_ROWS = 1_000  # in one transaction


class Kept(NamedTuple):
    """What stands under a key. mine: the reader typed it."""

    text: str
    mine: bool
    shared: bool


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


def get(
    connection: Connection, key: str, reader: Account, now: float, submission_id: int | None = None
) -> Kept | None:
    """What stands under this key: what the reader looked for, or somebody of the same ICA who
    shares it, or, on a page of a list that they may see now, what anybody looked for in that list.
    None where there is no such search.
    """
    mine, is_shared = searches.c.account_id == reader.id, searches.c.shared_at.is_not(None)
    shared = is_shared & (accounts.c.ica_url == reader.ica_url)
    may_have = (searches.c.id == key) & (mine | shared)
    if submission_id:
        sees = exists().where(submissions.c.id == submission_id, seen_by(reader, now))
        may_have |= (searches.c.id == _of_list(key, submission_id)) & sees
    found = select(searches.c.text, mine, is_shared).join(accounts).where(may_have)
    row = connection.execute(found).first()
    return Kept(*row) if row else None


def share(connection: Connection, key: str, asker_id: int, shared_at: float | None) -> bool:
    """From then on others may have what the asker looked for; None: not any more. False where it is
    not theirs, or a search of a list.
    """
    theirs = (searches.c.id == key) & (searches.c.account_id == asker_id)
    return bool(
        connection.execute(update(searches).where(theirs).values(shared_at=shared_at)).rowcount
    )


def _of_list(key: str, submission_id: int) -> str:
    return f"{submission_id}.{key}"  # no key has a dot


def sweep(connection: Connection, before: float) -> int:
    """Delete some that are older; of how many."""
    old = select(searches.c.id).where(searches.c.created_at < before).limit(SWEPT_ROWS)
    return connection.execute(delete(searches).where(searches.c.id.in_(old))).rowcount
