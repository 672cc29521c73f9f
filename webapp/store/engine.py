"""The engine, and the two ways to use it: read() and write()."""

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, inspect, make_url
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from webapp.store import backup, clock, schema_version
from webapp.store.faults import LOCKED, FileWatch, in_words, reason
from webapp.store.schema_version import MIGRATIONS, NotMigrated
from webapp.store.waiting import Waiting

POOL = {"pool_size": 10, "max_overflow": 30, "pool_use_lifo": True}  # the warm one first
PROBE_SECONDS = 3.0  # that a probe waits until it may write
PATIENCE_SECONDS = 20.0  # that a transaction waits until it may write
NOTE_SECONDS = 0.05  # that one waits which may as well be left
NOTE_AGAIN_SECONDS = 1.0  # after one was left, for which none is tried
SAID_SECONDS = 60.0  # between two lines in the log that something was left
IDLE_SECONDS = 60.0  # that PostgreSQL keeps a transaction whose process is frozen, and its locks
AWAY_STATES = {  # of PostgreSQL, beside those that its driver calls operational
    *("25P03", "25P04"),  # a transaction was ended since it took too long
    *("25006", "42501"),  # the server only reads; our user may not
}
TRY_MILLISECONDS = 3  # after 0, 1 and 3 of them SQLite tries again to write; then from the start
YIELD_SECONDS = 0.06  # at most, that a large write lets others go first
FOLLOW_SECONDS = 0.01  # in which who has just written writes again: one form is several writes
WAIT_UNTIL = "wait_until"  # among the options of a connection of write(), in monotonic time
AFTER_COMMIT = "after_commit"  # among the options of a connection of write()
ONE = "one"  # the role of a connection of read_one()
# Data ids come in no order, so a chunk of a list touches most pages of their index: large pages
# and rarer checkpoints write a third less, and take a quarter off the processor's time.
PAGE_BYTES = 16_384
CHECKPOINT_BYTES = 64_000_000
PRAGMAS = {  # of each connection by its role
    "readers": ("cache_size=-8000", "foreign_keys=ON", "temp_store=MEMORY"),
    "writer": ("cache_size=-48000", "foreign_keys=ON", "temp_store=MEMORY"),
    "notes": ("cache_size=-2000", "foreign_keys=ON", "temp_store=MEMORY"),
    # to change a table, SQLite makes it anew and drops the one that others refer to
    "migrator": ("cache_size=-64000", "foreign_keys=OFF", "temp_store=FILE"),
}

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


class Store:
    """A database, SQLite or PostgreSQL. Make it after a fork; it is opened at first use.

    SQLite has one writer at a time: one connection of its own, with a large cache, for which the
    threads of a process queue up in order instead of waking each other at the file's lock.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE_SECONDS) -> None:
        """`patience`: how many seconds write() waits for others who write."""
        self._url, self._patience = url, patience
        self._engines: dict[str, Engine] = {}
        self._lock = threading.RLock()
        self._file = _file_watch(url)
        self._waiting = Waiting(self._file.path if self._file else None)
        self._left_at = self._said_at = float("-inf")

    @property
    def engine(self) -> Engine:
        """What read() uses, and write() too on PostgreSQL."""
        return self._engine("readers")

    def _engine(self, role: str) -> Engine:
        role = role if self.is_sqlite or role == ONE else "readers"
        with self._lock:
            if role not in self._engines:
                self._engines[role] = self._made(role)
            return self._engines[role]

    def _made(self, role: str) -> Engine:
        if role == ONE:  # the same connections
            return _without_transactions(self.engine)
        return _make_engine(self._url, role, NOTE_SECONDS if role == "notes" else self._patience)

    @property
    def is_sqlite(self) -> bool:
        return self._url.startswith("sqlite")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the store; nothing is kept of what is written within."""
        self._demand_file()
        with self.engine.connect() as connection:
            if not self.is_sqlite:  # else each statement has a view of its own
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def read_one(self) -> Iterator[Connection]:
        """For one statement, which is a consistent view by itself: no transaction is begun and
        ended, which on PostgreSQL are two more ways there and back.
        """
        self._demand_file()
        with self._engine(ONE).connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A short transaction: all of it is kept, or nothing. On SQLite it is the only writer."""
        with self._transaction("writer", self._patience) as connection:
            yield connection

    def write_if_free(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Call a function that writes what can wait, in a transaction of its own. None, and nothing
        is kept, when it can't be written within a moment: nobody is to wait for it.
        """
        if time.monotonic() - self._left_at < NOTE_AGAIN_SECONDS:
            return None
        try:
            with self._transaction("notes", NOTE_SECONDS) as connection:
                if not self.is_sqlite:
                    wait = f"SET LOCAL lock_timeout = {NOTE_SECONDS * 1000:.0f}"
                    connection.exec_driver_sql(wait)
                return change(connection, *args, **kwargs)
        except OperationalError as error:
            self._say_what_was_left(error)
            return None

    def probe(self) -> None:
        """Write something that changes nothing. Raises sqlalchemy's OperationalError if that can't
        be done, which a database that is read as ever does not show.
        """
        with self._transaction("writer", min(PROBE_SECONDS, self._patience)) as connection:
            if self.is_sqlite:  # one page; the same value is written all the same
                found = connection.exec_driver_sql("PRAGMA user_version").scalar()
                connection.exec_driver_sql(f"PRAGMA user_version = {found}")
            else:
                connection.exec_driver_sql("SELECT txid_current()")  # its end is written

    @contextmanager
    def _transaction(self, role: str, patience: float) -> Iterator[Connection]:
        self._demand_file()
        until, calls = time.monotonic() + patience, list[Callable[[], None]]()
        with ExitStack() as held:
            with self._waiting.announced():
                connection = held.enter_context(self._connect(role))
                connection.execution_options(**{AFTER_COMMIT: calls, WAIT_UNTIL: until})
                connection.begin()
            yield connection
            connection.commit()
        for call in calls:
            call()

    def _connect(self, role: str) -> Connection:
        try:
            return self._engine(role).connect()
        except PoolTimeout as error:  # the one connection is in use: as good as a locked file
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error

    def somebody_waits(self) -> bool:
        """Whether another one waits to write, which none does on PostgreSQL."""
        return self._waiting.is_anybody()

    def let_others_write(self) -> None:
        """Called between two large writes: who waits goes first, and who comes right behind."""
        now = free_at = time.monotonic()
        end = now + YIELD_SECONDS
        while now < end:
            if self.somebody_waits():
                free_at = now + FOLLOW_SECONDS
            if now >= free_at:
                break
            time.sleep(0.001)
            now = time.monotonic()

    def _demand_file(self) -> None:
        if self._file:
            self._file.demand()

    def _say_what_was_left(self, error: OperationalError) -> None:
        now = self._left_at = time.monotonic()
        if now - self._said_at > SAID_SECONDS:
            self._said_at = now
            log.warning("What can wait was not written, since nothing can: %s", reason(error))

    def migrate(self, *, keep_copy: bool = True) -> None:
        """Bring the database to this version's tables; makes it, and its folder, when missing.

        An SQLite file is copied beside itself before. All of it is one transaction: killed, it has
        changed nothing. Raises NotMigrated.
        """
        if self.is_sqlite:
            _make_folder(self._url)
        with self._engine("migrator").connect() as connection:
            connection.begin()
            if not self.is_sqlite:
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                _wait_for_our_turn(connection)
            self._upgrade(connection, keep_copy)
            connection.commit()

    def _upgrade(self, connection: Connection, keep_copy: bool) -> None:
        trouble = schema_version.trouble(connection)
        if trouble == schema_version.NEWER:
            raise NotMigrated(trouble)
        if trouble and keep_copy and self.is_sqlite and _has_lists(connection):
            path = Path(make_url(self._url).database or "").absolute()
            copy = path.with_name(f"{path.name}.before-{schema_version.known()[0]}")
            backup.keep(path, copy, shutil.disk_usage(path.parent).free)
        _run_migrations(connection)

    def trouble(self) -> str:
        """Why the tables can't be used, in words. Raises sqlalchemy's errors without a database."""
        if self._file and self._file.is_missing:
            return schema_version.MISSING.format(self._file.path)
        with self.read() as connection:
            return schema_version.trouble(connection)

    def now(self) -> float:
        """Seconds since 1970 by the dashboard's time, see clock.py."""
        with self.read() as connection:
            return clock.now(connection)

    def checkpoint(self) -> None:
        """Have SQLite write its log of writes into the file, so that a plain copy of that has all.

        It waits for nobody, and nobody waits for it: while others read or write, the rest is left
        to the next time. PostgreSQL does so by itself.
        """
        if self._file is None:
            return
        self._file.demand()
        if not self._file.log_of_writes:
            return
        with self._connect("notes") as connection:
            cursor = connection.connection.cursor()  # by itself SQLAlchemy begins a transaction
            try:
                cursor.execute("PRAGMA busy_timeout=0")
                for how in ("PASSIVE", "TRUNCATE"):  # the second, for which others wait, is quick
                    cursor.execute(f"PRAGMA wal_checkpoint({how})")
            except sqlite3.Error as error:
                raise OperationalError("PRAGMA wal_checkpoint", None, error) from error

    def release_memory(self) -> None:
        """Give back what SQLite keeps for the next write, unless another thread writes."""
        if self.is_sqlite:
            with suppress(OperationalError, sqlite3.Error), self._connect("writer") as connection:
                connection.connection.cursor().execute("PRAGMA shrink_memory")

    def close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Have this called once the transaction of write() is kept; never, when it is not."""
    connection.get_execution_options()[AFTER_COMMIT].append(call)


def _run_migrations(connection: Connection) -> None:
    from alembic import command  # a tenth of a second, which the children need not take
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, "head")


def _wait_for_our_turn(connection: Connection) -> None:
    """Processes that start together migrate one after the other; meanwhile nobody claims anything,
    since a claim reads the version first.
    """
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4242)")
    if inspect(connection).has_table("alembic_version"):
        connection.exec_driver_sql("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")


def _has_lists(connection: Connection) -> bool:
    if not inspect(connection).has_table("submissions"):
        return False
    return connection.exec_driver_sql("SELECT 1 FROM submissions LIMIT 1").first() is not None


def _make_folder(url: str) -> None:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _file_watch(url: str) -> FileWatch | None:
    """Of a database that is a file. SQLite's own addresses (file:…) are left to who knows them."""
    database = make_url(url).database or ""
    if not url.startswith("sqlite") or not database or database.startswith((":", "file:")):
        return None
    return FileWatch(Path(database).absolute())


def _make_engine(url: str, role: str, patience: float) -> Engine:
    if not url.startswith("sqlite"):
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, **POOL)
        event.listen(engine, "connect", partial(_prepare_postgresql, patience))
        event.listen(engine, "handle_error", _tell_postgresql_away)
        return engine
    pool = POOL if role == "readers" else {"pool_size": 1, "max_overflow": 0}
    waits = {"connect_args": {"timeout": patience}, "pool_timeout": patience}
    engine = create_engine(url, hide_parameters=True, **waits, **pool)
    if role != "migrator" and (file := _file_watch(url)):
        event.listen(engine, "do_connect", partial(_open_what_is_there, file.path))
    event.listen(engine, "connect", partial(_prepare_sqlite, PRAGMAS[role]))
    if role == "readers":  # with an event, which each statement looks for, all take longer
        engine.dialect.do_begin = _begin_to_read  # type: ignore[assignment]
    else:
        event.listen(engine, "begin", _begin_to_write)
    event.listen(engine, "handle_error", _tell_our_mistakes_apart)
    return engine


def _without_transactions(engine: Engine) -> Engine:
    if engine.dialect.name != "sqlite":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    one = engine.execution_options()
    one.dialect = copy(one.dialect)
    one.dialect.do_begin = _begin_nothing  # type: ignore[assignment]
    return one


def _tell_our_mistakes_apart(found: ExceptionContext) -> None:
    """SQLite's driver reports a wrong statement like a database that is away."""
    cause = found.original_exception
    if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode == sqlite3.SQLITE_ERROR:
        raise ProgrammingError(found.statement, found.parameters, cause) from cause


def _open_what_is_there(
    path: Path, _dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]
) -> None:
    """Only a migration makes a database: SQLite alone would make an empty one."""
    arguments[:], options["uri"] = [f"{path.as_uri()}?mode=rw"], True


def _prepare_sqlite(pragmas: Sequence[str], connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"page_size={PAGE_BYTES}",  # of a database that is still to be made
        "journal_mode=WAL",
        f"wal_autocheckpoint={CHECKPOINT_BYTES // PAGE_BYTES}",
        "synchronous=FULL",  # a lost batch id is lost for ever
        *pragmas,
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_nothing(_connection: Any) -> None:
    """One statement alone has one view by itself."""


def _begin_to_read(connection: Any) -> None:
    connection.execute("BEGIN")


def _begin_to_write(connection: Connection) -> None:
    """At once: one that reads first could fail when it wants to write. Who has waited for the
    connection already waits for the file so much less.

    Left to itself, SQLite tries again ever more rarely, and always comes too late.
    """
    until = connection.get_execution_options().get(WAIT_UNTIL)
    if until is not None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={TRY_MILLISECONDS}")
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except OperationalError as error:
            if until is None or time.monotonic() >= until or in_words(error) != LOCKED:
                raise


def _prepare_postgresql(patience: float, connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {patience * 1000:.0f}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_SECONDS * 1000:.0f}")
    connection.commit()


def _tell_postgresql_away(found: ExceptionContext) -> None:
    """The driver reports what an operator has to mend like a mistake of ours."""
    cause = found.original_exception
    if getattr(cause, "sqlstate", None) in AWAY_STATES:
        raise OperationalError(found.statement, found.parameters, cause) from cause
