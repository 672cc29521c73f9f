"""The engine, and the two ways to use it: read() and write()."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

MIGRATIONS = Path(__file__).parent / "migrations"
POOL = {"pool_size": 10, "max_overflow": 30}
BUSY_SECONDS = 20


class Store:
    """A database, SQLite or PostgreSQL. Make it after a fork; the engine is opened at first use."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = _make_engine(self._url)
            return self._engine

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
        with self.engine.connect().execution_options(writes=True) as connection:
            connection.begin()
            yield connection
            connection.commit()

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
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None


def _alembic(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _make_folder(url: str) -> None:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _make_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, **POOL)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
        "synchronous=FULL",  # a lost batch id is lost for ever
        "cache_size=-64000",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: one that reads first could fail when it wants to write."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
