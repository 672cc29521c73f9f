"""Another program that holds the database, so that nobody else can write to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from sqlalchemy import make_url

WRITTEN = "sessions, access, accounts, submissions, batches, audit, clock"


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    """For the length of a `with` everybody may read, and nobody else may write."""
    if database_url.startswith("sqlite"):
        path = make_url(database_url).database or ""
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with psycopg.connect(database_url.replace("+psycopg", "")) as other:
        other.execute(f"LOCK TABLE {WRITTEN} IN SHARE ROW EXCLUSIVE MODE")
        yield
        other.rollback()
