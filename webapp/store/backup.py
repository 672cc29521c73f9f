"""A copy of an SQLite file beside it, by SQLite's own backup, before its tables are changed."""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from webapp.store.schema_version import NotMigrated

ROOM_FACTOR = 4  # times the file: a copy of it, the new tables, and their pages in the log
STEP_PAGES = 1_000  # copied at a time
PROGRESS_SECONDS = 5.0

log = logging.getLogger(__name__)


def keep(path: Path, copy: Path, free: int) -> None:
    """Copy a database that nobody changes meanwhile; `free` bytes are left on its disk.

    An older copy of that name is replaced: it was made before a migration that was killed, and so
    changed nothing, or before the database was put back. Raises NotMigrated without enough room.
    """
    part = copy.with_name(f"{copy.name}.part")
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


def _copy(path: Path, part: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target, pages=STEP_PAGES, progress=_say_how_far())


def _say_how_far() -> Callable[[int, int, int], None]:
    said_at = time.monotonic()

    def say(_status: int, remaining: int, total: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at > PROGRESS_SECONDS:
            said_at = time.monotonic()
            log.info("%d %% of the database are copied.", 100 - 100 * remaining // total)

    return say
