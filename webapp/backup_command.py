"""`linkboard backup` and `linkboard restore`: a copy of the database, and one put back."""

import os
import shlex
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from webapp import data_folder
from webapp.settings import Settings
from webapp.store import (
    DatabaseAway,
    NotMigrated,
    Store,
    audit,
    backup,
    clock,
    restored,
    schema_version,
    workers,
)
from webapp.store.backup import BackupError, InUse
from webapp.store.enums import AuditAction
from webapp.web.core.formatting import plural

RUNS = "Linkboard runs with this database. Stop it (serve and work) and try again."
EMPTY = "There are no tables in the database: put the copy back first. Nothing was changed."
HEARD = "A worker was heard of a moment ago. Stop Linkboard, and try again in half a minute."
BACK_UP_POSTGRESQL = (
    "The database is a PostgreSQL, which has a command of its own, and asks for the password:\n"
    "pg_dump --format=custom --file={file} {url}"
)
RESTORE_POSTGRESQL = (
    "The database is a PostgreSQL, which has a command of its own. Stop Linkboard, and run:\n"
    "pg_restore --clean --if-exists --single-transaction --dbname={url} {file}\n"
    "linkboard restore --put-back"
)
PUT_BACK = (
    "Batches of {lists} that had not ended are looked for in ICA before they are sent. "
    "Everybody signs in again."
)


def back_up(settings: Settings, file: Path) -> tuple[bool, str]:
    """Copy the database to a new file, also while Linkboard runs; whether, and a sentence."""
    database = settings.database_file
    if database is None:
        return False, _for_postgresql(BACK_UP_POSTGRESQL, settings, file)
    if not database.exists():
        return False, f"There is no database {database} yet."
    try:
        backup.save(database, file.absolute())
    except BackupError as error:
        return False, str(error)
    size = file.stat().st_size / 1e6
    return True, f"{file} has the database as it is now, {size:,.1f} MB. Keep the secret key too."


def restore(settings: Settings, file: Path) -> tuple[bool, str]:
    """Put a copy in the place of the database, while nothing runs; whether, and a sentence."""
    database = settings.database_file
    if database is None:
        return False, _for_postgresql(RESTORE_POSTGRESQL, settings, file)
    try:
        with data_folder.alone(settings):
            return True, _restore(database, file.absolute())
    except (InUse, BlockingIOError):
        return False, RUNS
    except (BackupError, NotMigrated, DatabaseAway, OSError) as error:
        return False, f"{error} Nothing was changed."


def put_back(settings: Settings) -> tuple[bool, str]:
    """As restore(), of a database that is in its place already."""
    try:
        with data_folder.alone(settings), closing(Store(settings.database)) as store:
            with store.read() as connection:
                if schema_version.of(connection) is None:
                    return False, EMPTY
            store.migrate()
            with store.read() as connection:
                if not workers.is_silent(workers.last_beat(connection), clock.now(connection)):
                    return False, HEARD
            return True, _note(store)
    except BlockingIOError:
        return False, RUNS
    except (NotMigrated, DatabaseAway, ModuleNotFoundError, OSError) as error:
        return False, f"{error} Nothing was changed."


def _restore(database: Path, file: Path) -> str:
    """In one step at the end: killed before, this has changed nothing."""
    kept, aside = "", None
    if database.exists():
        backup.leave_alone(database)
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = database.with_name(f"{database.name}.before-restore-{moment}")
        kept = f" What was there is kept as {aside}."
    with backup.whole_or_none(database, aside) as part:
        backup.copy_of(file, part)
        with closing(Store(f"sqlite:///{part}")) as store:
            store.migrate(keep_copy=False)
            said = _note(store)
        backup.leave_alone(part)
    return f"{database} is what {file} was.{kept} {said}"


def _note(store: Store) -> str:
    with store.write() as connection:
        now = clock.now(connection)
        count = restored.look_before_sending(connection, now)
        audit.record(connection, AuditAction.RESTORE, audit.OPERATOR, now)
    return PUT_BACK.format(lists=plural(count, "list"))


def _for_postgresql(text: str, settings: Settings, file: Path) -> str:
    url = backup.without_password(settings.database)
    return text.format(url=shlex.quote(url), file=shlex.quote(os.fspath(file)))
