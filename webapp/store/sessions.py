"""Sessions: a random token in the browser's cookie, kept here only as a hash."""

import hashlib
import secrets

from sqlalchemy import Connection, delete, insert, select, update

from webapp.store.accounts import Account
from webapp.store.tables import accounts, sessions

TOUCH_SECONDS = 60.0  # between writes of a visit


def open_session(connection: Connection, account_id: int, now: float, seconds: float) -> str:
    """A new session of the account; returns its token, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    values = {
        "token_hash": hashed(token),
        "account_id": account_id,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + seconds,
    }
    connection.execute(insert(sessions).values(values))
    return token


def account_of(connection: Connection, token: str, now: float) -> tuple[Account, float] | None:
    """Who the token's session belongs to, and when it was last seen; None when it has ended."""
    statement = (
        select(accounts, sessions.c.seen_at)
        .join(sessions, sessions.c.account_id == accounts.c.id)
        .where(sessions.c.token_hash == hashed(token), sessions.c.expires_at > now)
    )
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    seen_at: float = values.pop("seen_at")
    return Account(**values), seen_at


def touch(connection: Connection, token: str, now: float, seconds: float) -> None:
    """A visit: the session lives for `seconds` from now."""
    statement = update(sessions).where(sessions.c.token_hash == hashed(token))
    connection.execute(statement.values(seen_at=now, expires_at=now + seconds))


def close(connection: Connection, token: str) -> None:
    """End the session."""
    connection.execute(delete(sessions).where(sessions.c.token_hash == hashed(token)))


def sweep(connection: Connection, now: float) -> int:
    """Remove the sessions that have ended."""
    return connection.execute(delete(sessions).where(sessions.c.expires_at <= now)).rowcount


def hashed(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
