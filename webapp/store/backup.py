"""Copies of an SQLite file, by SQLite's own backup: before its tables are changed, and for keeping.

A copy has another name until it is whole and on the disk, so killed, this leaves no half of one.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, make_url

from webapp.store.schema_version import NotMigrated

ROOM_FACTOR = 4  # times the file: a copy of it, the new tables, and their pages in the log
STEP_PAGES = 1_000  # copied at a time
PROGRESS_SECONDS = 5.0
BUSY_SECONDS = 20.0
FREE_SECONDS = 1.0  # that others may take to leave a file
IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
PART, PRIVATE = ".part", 0o600

log = logging.getLogger(__name__)


class BackupError(Exception):
    """Why there is no copy, or why none can be put back, in a sentence."""


class InUse(BackupError):
    """Another process uses the file."""


def keep(path: Path, copy: Path, free: int) -> None:
    """Copy a database that nobody changes meanwhile; `free` bytes are left on its disk.

    An older copy of that name is replaced: it was made before a migration that was killed, and so
    changed nothing, or before the database was put back. Raises NotMigrated without enough room.
    """
    part = copy.with_name(f"{copy.name}{PART}")
    part.unlink(missing_ok=True)
    _demand_room(path, free + (copy.stat().st_size if copy.exists() else 0))
    copy.unlink(missing_ok=True)
    log.info("Before the database is changed it is copied to %s.", copy)
    try:
        _copy(path, part)
    except sqlite3.Error as error:
        part.unlink(missing_ok=True)
        raise NotMigrated(f"The database could not be copied to {copy}: {error}.") from error
    part.rename(copy)


def _demand_room(path: Path, free: int) -> None:
    needed = ROOM_FACTOR * _size(path)
    if free < needed:
        raise NotMigrated(
            f"To bring the database up to date takes {needed / 1e6:,.0f} MB of room beside {path}, "
            f"for a copy of it and for the new tables; {free / 1e6:,.0f} MB are free. "
            "Nothing was changed."
        )


def _size(path: Path) -> int:
    log_of_writes = path.with_name(f"{path.name}-wal")
    return sum(file.stat().st_size for file in (path, log_of_writes) if file.exists())


def save(path: Path, copy: Path) -> None:
    """Copy a database as it is at one moment, whoever works with it meanwhile. Raises BackupError.

    The copy is one file, which its owner alone may read, and it replaces none.
    """
    if copy.exists():
        raise BackupError(f"{copy} is there already, and is not replaced.")
    with whole_or_none(copy) as part:
        _copy(path, part)
        if copy.exists():
            raise BackupError(f"{copy} is there since a moment ago, and is not replaced.")


@contextmanager
def whole_or_none(place: Path, aside: Path | None = None) -> Iterator[Path]:
    """A file to fill; at the end of the `with` it is on the disk, and takes its place at once. What
    was there is kept as `aside`.

    After an error it is gone. Raises BackupError for what SQLite and the system report.
    """
    part = place.with_name(f"{place.name}{PART}")
    try:
        remove(part)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        yield part
        _flush(part)
        if aside and place.exists():
            _set_aside(place, aside)
        os.replace(part, place)
        _flush(place.parent)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{place} could not be written: {error}.") from error
    finally:
        remove(part)


def copy_of(backup: Path, part: Path) -> None:
    """Copy what is to be put back; `backup` is found whole before. Raises BackupError."""
    if not backup.is_file():
        raise BackupError(f"There is no file {backup}.")
    try:
        _copy(backup, part)
        with closing(sqlite3.connect(part)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            connection.execute("SELECT version_num FROM alembic_version")
    except sqlite3.Error as error:
        raise BackupError(f"{backup} is no database of Linkboard: {error}.") from error
    if found != "ok":
        raise BackupError(f"{backup} is damaged: {found}.")


def leave_alone(path: Path) -> None:
    """Bring all of a database into its one file. Raises InUse while anybody has it open.

    What can't be read as a database at all is left as it is: it is to be replaced.
    """
    try:
        with closing(_open(path, timeout=FREE_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in IN_USE:
            raise InUse(f"Another process uses {path}.") from error


def remove(part: Path) -> None:
    """Remove a file that was not finished, and what SQLite and waiting.py have beside it."""
    for ending in ("", "-journal", "-wal", "-shm", "-waiting"):
        part.with_name(f"{part.name}{ending}").unlink(missing_ok=True)


def without_password(url: str) -> str:
    """The address of a PostgreSQL as its own programs take it, without the password."""
    of = make_url(url)
    shown = URL.create("postgresql", of.username, None, of.host, of.port, of.database, of.query)
    return shown.render_as_string()


def _set_aside(path: Path, aside: Path) -> None:
    """Keep a file under another name too, and the log of its writes, if it has one, only there."""
    aside.unlink(missing_ok=True)  # of one that was killed here a moment ago
    os.link(path, aside)
    for ending in ("-wal", "-shm"):  # whose pages must not get into what takes its place
        with suppress(FileNotFoundError):
            os.rename(f"{path}{ending}", f"{aside}{ending}")


def _open(path: Path, timeout: float) -> sqlite3.Connection:
    """A database that is there: a missing one is not made."""
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", timeout=timeout, uri=True)


def _flush(path: Path) -> None:
    """Have what is in a file, or a folder, on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _copy(path: Path, part: Path) -> None:
    with closing(_open(path, BUSY_SECONDS)) as source, closing(sqlite3.connect(part)) as target:
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_schema").fetchone()  # holds this moment: else a
        # writer would have the copy begin anew, again and again
        source.backup(target, pages=STEP_PAGES, progress=_say_how_far())
        target.execute("PRAGMA journal_mode=DELETE")  # one file, whoever opens it


def _say_how_far() -> Callable[[int, int, int], None]:
    said_at = time.monotonic()

    def say(_status: int, remaining: int, total: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at > PROGRESS_SECONDS:
            said_at = time.monotonic()
            log.info("%d %% of the database are copied.", 100 - 100 * remaining // total)

    return say
