"""Faults: why a database can't be used, in words, by the codes of SQLite and PostgreSQL."""

import sqlite3
from pathlib import Path

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DISK_FULL = "The disk is full: the database can't grow."
LOCKED = "The database is locked by another program, or by work that does not come to its end."
READ_ONLY = (
    "The database can't be written to: its file, its folder or its disk is read-only, or belongs "
    "to another user."
)
DISK = "The disk of the database does not take what is written to it."
GONE = "Its file is not there any more. Put it back."
NEVER_THERE = (
    "Its file is not there: run `linkboard migrate` to make one or, if there was one, put it back."
)
OF_SQLITE = {
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_IOERR: DISK,
}
OF_POSTGRESQL = {
    "53100": DISK_FULL,
    "55P03": LOCKED,  # lock_timeout
    "25006": READ_ONLY,  # a standby server
    "42501": "The database's user may not do this: tables and their schema have to be its own.",
    "58030": DISK,
}


class NoFile(Exception):
    """The file of the database is not there, or is another one than it was; in words."""


class FileWatch:
    """Watches that the file of a SQLite database is still the one that was opened first.

    What is written to a file that was deleted or replaced is lost; and SQLite would make a new,
    empty one in its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: tuple[int, int] | None = None

    def demand(self) -> None:
        """Raises OperationalError, as the driver does, when it is gone or another one."""
        found = self._found()
        if found is None:
            raise _without_file(NEVER_THERE if self._opened is None else GONE)
        if self._opened is None:
            self._opened = found
        elif found != self._opened:
            raise _without_file(
                "Its file was replaced by another one while it was in use. Put the former one "
                "back, or start Linkboard again to use the new one."
            )

    @property
    def is_missing(self) -> bool:
        """Whether there never was a file, as far as is known here."""
        return self._opened is None and self._found() is None

    @property
    def log_of_writes(self) -> int:
        """How many bytes SQLite's log of writes has."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return log.stat().st_size if log.exists() else 0

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _without_file(words: str) -> OperationalError:
    return OperationalError(None, None, NoFile(words))


def in_words(error: OperationalError) -> str:
    """Why the database can't be used, as a sentence; "" when no more is known than that."""
    cause = error.orig
    if isinstance(cause, PoolTimeout):
        return LOCKED
    if isinstance(cause, NoFile):
        return str(cause)
    if isinstance(cause, sqlite3.Error):
        return OF_SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, "")
    return OF_POSTGRESQL.get(getattr(cause, "sqlstate", None) or "", "")


def reason(error: OperationalError) -> str:
    """As in_words() or, where no more is known, as the driver says it; one line, for logs."""
    return in_words(error) or " ".join(str(error.orig).split())
