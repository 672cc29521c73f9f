"""Seeing that somebody waits for a lock that a test holds, so that none is released too early."""

from contextlib import contextmanager

from sqlalchemy import Engine, event, text

WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


@contextmanager
def waiters(store):
    """A function that tells whether anybody waits for a lock of the database.

    SQLite's lock is asked for by BEGIN IMMEDIATE: who waits has begun that and not come through.
    """
    begun = []

    def note(_connection, _cursor, statement, *_):
        if statement == "BEGIN IMMEDIATE":
            begun.append(statement)

    def take_back(_connection, _cursor, statement, *_):
        if statement == "BEGIN IMMEDIATE":
            begun.pop()

    def someone_waits():
        if store.is_sqlite:
            return bool(begun)
        with store.read() as connection:
            return connection.execute(text(WAITING)).scalar_one() > 0

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "after_cursor_execute", take_back)
    try:
        yield someone_waits
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "after_cursor_execute", take_back)
