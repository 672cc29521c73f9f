"""Sessions: a random token in the browser's cookie, kept here only as a hash."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, exists, func, insert, select, update

from webapp.store import sql
from webapp.store.accounts import Account
from webapp.store.tables import Session as SessionRow
from webapp.store.tables import accounts, sessions

TOUCH_SECONDS = 60.0  # between writes of a visit
ENDED = sessions.c.expires_at <= sql.NOW
_ACCOUNT_OF = (
    select(accounts, sessions.c.seen_at)
    .join(sessions, sessions.c.account_id == accounts.c.id)
    .where(sessions.c.token_hash == bindparam("token"), sessions.c.expires_at > sql.NOW)
)
HANDLE_CHARACTERS = 16  # of the hash, by which a form names a session: no token can be made of them


class Limits(NamedTuple):
    """When a session ends: so long after the last visit, and so long after it was opened."""

    idle_seconds: float
    most_seconds: float


class Place(NamedTuple):
    """Where a session is opened: by which browser, in words, and from which address."""

    device: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(SessionRow):
    """A row of sessions."""

    @property
    def handle(self) -> str:
        """What a form names it by."""
        return self.token_hash[:HANDLE_CHARACTERS]


def open_session(
    connection: Connection, account_id: int, now: float, limits: Limits, place: Place
) -> str:
    """A new session of the account; returns its token, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    values = {
        "token_hash": hashed(token),
        "account_id": account_id,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + min(limits),
        "device": place.device[:255],
        "address": place.address[:64],
    }
    connection.execute(insert(sessions).values(values))
    return token


def account_of(connection: Connection, token: str, now: float) -> tuple[Account, float] | None:
    """Who the token's session belongs to, and when it was last seen; None when it has ended."""
    found = connection.execute(_ACCOUNT_OF, {"token": hashed(token), "now": now})
    row = found.mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    seen_at: float = values.pop("seen_at")
    return Account(**values), seen_at


def touch(connection: Connection, token: str, now: float, limits: Limits) -> None:
    """A visit: the session lives on from now, but no longer than a session may live at all."""
    last = sessions.c.created_at + limits.most_seconds
    idle = now + limits.idle_seconds
    statement = update(sessions).where(sessions.c.token_hash == hashed(token))
    connection.execute(
        statement.values(seen_at=now, expires_at=case((last < idle, last), else_=idle))
    )


def live(
    connection: Connection, account_id: int, now: float, limit: int
) -> tuple[list[Session], int]:
    """The account's sessions, those visited last first, and how many there are in all."""
    ours = (sessions.c.account_id == account_id) & (sessions.c.expires_at > now)
    newest = select(sessions).where(ours).order_by(sessions.c.seen_at.desc()).limit(limit)
    count = select(func.count()).select_from(sessions).where(ours)
    return sql.fetch(connection, newest, Session), connection.execute(count).scalar_one()


def is_open_from(connection: Connection, since: float, address: str) -> bool:
    """Whether a session that was opened from this address since then is still there."""
    opened = (sessions.c.address == address) & (sessions.c.created_at >= since)
    return bool(connection.execute(select(exists().where(opened))).scalar())


def close(connection: Connection, token: str) -> None:
    """End the session."""
    connection.execute(delete(sessions).where(sessions.c.token_hash == hashed(token)))


def end(connection: Connection, account_id: int, handle: str) -> int:
    """End the account's session with this handle; returns how many were ended."""
    named = func.substr(sessions.c.token_hash, 1, HANDLE_CHARACTERS) == handle
    ended = delete(sessions).where(sessions.c.account_id == account_id, named)
    return connection.execute(ended).rowcount


def end_all(connection: Connection, account_id: int, now: float, *, but: str = "") -> int:
    """End the account's sessions, but for that of this token; returns how many were ended.

    Those that have ended by themselves are housekeeping's: two that delete the same rows in another
    order would wait for each other.
    """
    others = (sessions.c.expires_at > now) & (sessions.c.token_hash != hashed(but))
    ended = delete(sessions).where(sessions.c.account_id == account_id, others)
    return connection.execute(ended).rowcount


def sweep(connection: Connection, now: float) -> int:
    """Remove the sessions that have ended."""
    return connection.execute(delete(sessions).where(ENDED), {"now": now}).rowcount


def hashed(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def handle_of(token: str) -> str:
    """What a form names the token's session by."""
    return hashed(token)[:HANDLE_CHARACTERS]
