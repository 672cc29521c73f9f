"""The engine, and the two ways to use it: read() and write()."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from webapp.store import backup, schema_version
from webapp.store.schema_version import MIGRATIONS, NotMigrated

POOL = {"pool_size": 10, "max_overflow": 30, "pool_use_lifo": True}  # the warm one first
BUSY_SECONDS = 20
AFTER_COMMIT = "after_commit"  # among the options of a connection of write()
# Data ids come in no order, so a chunk of a list touches most pages of their index: large pages
# and rarer checkpoints write a third less, and take a quarter off the processor's time.
PAGE_BYTES = 16_384
CHECKPOINT_BYTES = 64_000_000
PRAGMAS = {  # of each connection by its role
    "readers": ("cache_size=-8000", "foreign_keys=ON", "temp_store=MEMORY"),
    "writer": ("cache_size=-64000", "foreign_keys=ON", "temp_store=MEMORY"),
    # to change a table, SQLite makes it anew and drops the one that others refer to
    "migrator": ("cache_size=-64000", "foreign_keys=OFF", "temp_store=FILE"),
}
BEGIN = {
    "readers": "BEGIN",
    "writer": "BEGIN IMMEDIATE",  # one that reads first could fail when it wants to write
    "migrator": "BEGIN IMMEDIATE",
}


class Store:
    """A database, SQLite or PostgreSQL. Make it after a fork; it is opened at first use.

    SQLite has one writer at a time: one connection of its own, with a large cache, for which the
    threads of a process queue up in order instead of waking each other at the file's lock.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engines: dict[str, Engine] = {}
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        """What read() uses, and write() too on PostgreSQL."""
        return self._engine("readers")

    def _engine(self, role: str) -> Engine:
        role = role if self.is_sqlite else "readers"
        with self._lock:
            if role not in self._engines:
                self._engines[role] = _make_engine(self._url, role)
            return self._engines[role]

    @property
    def is_sqlite(self) -> bool:
        return self._url.startswith("sqlite")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the store; nothing is kept of what is written within."""
        with self.engine.connect() as connection:
            if not self.is_sqlite:  # else each statement has a view of its own
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A short transaction: all of it is kept, or nothing. On SQLite it is the only writer."""
        with self._writer() as connection:
            calls: list[Callable[[], None]] = []
            connection.execution_options(**{AFTER_COMMIT: calls})
            connection.begin()
            yield connection
            connection.commit()
        for call in calls:
            call()

    def _writer(self) -> Connection:
        try:
            return self._engine("writer").connect()
        except PoolTimeout as error:  # the one connection is in use: as good as a locked file
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error

    def migrate(self) -> None:
        """Bring the database to this version's tables; makes it, and its folder, when missing.

        All of it is one transaction: killed, it has changed nothing. Raises NotMigrated.
        """
        if self.is_sqlite:
            _make_folder(self._url)
        with self._engine("migrator").connect() as connection:
            connection.begin()
            if not self.is_sqlite:
                _wait_for_our_turn(connection)
            self._upgrade(connection)
            connection.commit()

    def _upgrade(self, connection: Connection) -> None:
        trouble = schema_version.trouble(connection)
        if trouble == schema_version.NEWER:
            raise NotMigrated(trouble)
        if trouble and self.is_sqlite and _has_lists(connection):
            path = Path(make_url(self._url).database or "").absolute()
            copy = path.with_name(f"{path.name}.before-{schema_version.known()[0]}")
            backup.keep(path, copy, shutil.disk_usage(path.parent).free)
        command.upgrade(_alembic(connection), "head")

    def trouble(self) -> str:
        """Why the tables can't be used, in words. Raises sqlalchemy's errors without a database."""
        with self.read() as connection:
            return schema_version.trouble(connection)

    def now(self) -> float:
        """Seconds since 1970 by the database's clock; SQLite's is that of this machine."""
        if self.is_sqlite:
            return time.time()
        with self.engine.connect() as connection:
            moment = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)")
            return float(connection.execute(moment).scalar_one())

    def close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Have this called once the transaction of write() is kept; never, when it is not."""
    connection.get_execution_options()[AFTER_COMMIT].append(call)


def _alembic(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _wait_for_our_turn(connection: Connection) -> None:
    """Processes that start together migrate one after the other; meanwhile nobody claims anything,
    since a claim reads the version first.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(4242)"))
    if inspect(connection).has_table("alembic_version"):
        connection.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))


def _has_lists(connection: Connection) -> bool:
    if not inspect(connection).has_table("submissions"):
        return False
    return connection.execute(text("SELECT 1 FROM submissions LIMIT 1")).first() is not None


def _make_folder(url: str) -> None:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _make_engine(url: str, role: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, **POOL)
    pool = POOL if role == "readers" else {"pool_size": 1, "max_overflow": 0}
    waits = {"connect_args": {"timeout": BUSY_SECONDS}, "pool_timeout": BUSY_SECONDS}
    engine = create_engine(url, **waits, **pool)
    event.listen(engine, "connect", partial(_prepare_sqlite, PRAGMAS[role]))
    event.listen(engine, "begin", partial(_begin_sqlite, BEGIN[role]))
    event.listen(engine, "handle_error", _tell_our_mistakes_apart)
    return engine


def _tell_our_mistakes_apart(found: ExceptionContext) -> None:
    """SQLite's driver reports a wrong statement like a database that is away."""
    cause = found.original_exception
    if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode == sqlite3.SQLITE_ERROR:
        raise ProgrammingError(found.statement, found.parameters, cause) from cause


def _prepare_sqlite(pragmas: Sequence[str], connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"page_size={PAGE_BYTES}",  # of a database that is still to be made
        "journal_mode=WAL",
        f"wal_autocheckpoint={CHECKPOINT_BYTES // PAGE_BYTES}",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "synchronous=FULL",  # a lost batch id is lost for ever
        *pragmas,
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(begin: str, connection: Connection) -> None:
    connection.exec_driver_sql(begin)
