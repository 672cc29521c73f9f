"""The engine, and the two ways to use it: read() and write()."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

MIGRATIONS = Path(__file__).parent / "migrations"
POOL = {"pool_size": 10, "max_overflow": 30, "pool_use_lifo": True}  # the warm one first
BUSY_SECONDS = 20
# Data ids come in no order, so a chunk of a list touches most pages of their index: large pages
# and rarer checkpoints write a third less, and take a quarter off the processor's time.
PAGE_BYTES = 16_384
CHECKPOINT_BYTES = 64_000_000
CACHE_KB = {"readers": 8_000, "writer": 64_000}  # of each connection
BEGIN = {
    "readers": "BEGIN",
    "writer": "BEGIN IMMEDIATE",  # one that reads first could fail when it wants to write
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
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A short transaction: all of it is kept, or nothing. On SQLite it is the only writer."""
        with self._writer() as connection:
            connection.begin()
            yield connection
            connection.commit()

    def _writer(self) -> Connection:
        try:
            return self._engine("writer").connect()
        except PoolTimeout as error:  # the one connection is in use: as good as a locked file
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error

    def migrate(self) -> None:
        """Bring the database to this version's tables; makes it, and its folder, when missing."""
        if self.is_sqlite:
            _make_folder(self._url)
        with self.write() as connection:
            if not self.is_sqlite:  # two processes that start together migrate one after the other
                connection.execute(text("SELECT pg_advisory_xact_lock(4242)"))
            command.upgrade(_alembic(connection), "head")

    def is_current(self) -> bool:
        """Whether the tables are those of this version. Raises sqlalchemy's errors when away."""
        with self.read() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        return found == ScriptDirectory(str(MIGRATIONS)).get_current_head()

    def close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def _alembic(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _make_folder(url: str) -> None:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _make_engine(url: str, role: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, **POOL)
    pool = {"pool_size": 1, "max_overflow": 0} if role == "writer" else POOL
    waits = {"connect_args": {"timeout": BUSY_SECONDS}, "pool_timeout": BUSY_SECONDS}
    engine = create_engine(url, **waits, **pool)
    event.listen(engine, "connect", partial(_prepare_sqlite, CACHE_KB[role]))
    event.listen(engine, "begin", partial(_begin_sqlite, BEGIN[role]))
    return engine


def _prepare_sqlite(cache_kb: int, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"page_size={PAGE_BYTES}",  # of a database that is still to be made
        "journal_mode=WAL",
        f"wal_autocheckpoint={CHECKPOINT_BYTES // PAGE_BYTES}",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
        "synchronous=FULL",  # a lost batch id is lost for ever
        f"cache_size=-{cache_kb}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(begin: str, connection: Connection) -> None:
    connection.exec_driver_sql(begin)
