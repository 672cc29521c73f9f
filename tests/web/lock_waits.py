"""Seeing that somebody waits for a lock that a test holds, so that none is released too early."""

from sqlalchemy import text

WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


def someone_waits(store):
    """Whether anybody waits for a lock of the database."""
    if store.is_sqlite:
        return store.somebody_waits()
    with store.read() as connection:
        return connection.execute(text(WAITING)).scalar_one() > 0
