"""Schema version: which revision of the tables a database has, and whether this program fits it."""

from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, column, inspect, select, table
from sqlalchemy.exc import ProgrammingError

MIGRATIONS = Path(__file__).parent / "migrations"
MISSING = (
    "There is no database at {}: run `linkboard migrate`, or `linkboard serve`, to make one. If "
    "there was one, put it back first."
)
OLDER = "The database is not up to date: run `linkboard migrate`."
FOUND: Select[Any] = select(column("version_num")).select_from(table("alembic_version"))
NEWER = "The database belongs to a newer Linkboard than this one: run that one instead."


class NotMigrated(Exception):
    """The database stays as it is; why, in a sentence."""


@cache
def known() -> list[str]:
    """The revisions that this program knows, its own first."""
    files = (MIGRATIONS / "versions").glob("[0-9]*_*.py")
    return sorted((file.name.partition("_")[0] for file in files), reverse=True)


def fits(connection: Connection) -> bool:
    """Whether the tables are this program's: nothing else is to be claimed.

    Without any tables the transaction can't be used any more.
    """
    try:
        return connection.execute(FOUND).scalar() == known()[0]
    except ProgrammingError:
        return False


def of(connection: Connection) -> str | None:
    """The revision of the database, None of an empty one."""
    there = inspect(connection).has_table("alembic_version")
    return connection.execute(FOUND).scalar() if there else None


def trouble(connection: Connection) -> str:
    """Why this program can't use the tables, in words; "" when it can."""
    found = of(connection)
    if found == known()[0]:
        return ""
    return OLDER if found is None or found in known() else NEWER
