"""A throwaway PostgreSQL cluster on loopback, for one test run."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.databases import migrate
from tests.ports import free_port

NO_DURABILITY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
USER = "linkboard"


class NoPostgresError(Exception):
    """There is no PostgreSQL to test with; the message says how to get one."""


class Cluster:
    """A running cluster; `url` is SQLAlchemy's, without a database's name."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._made = 0
        self._template = ""
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a database with this version's tables, dropped afterwards."""
        if not self._template:
            self._template = self._create()
            migrate(f"{self.url}/{self._template}")
        with self._created(f"TEMPLATE {self._template}") as url:
            yield url

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The URL of a database without tables, dropped afterwards."""
        with self._created() as url:
            yield url

    def close(self) -> None:
        """Leave nothing behind on a server that goes on."""
        if self._template:
            self._drop(self._template)
        if self._connection:
            self._connection.close()

    @contextmanager
    def _created(self, how: str = "") -> Iterator[str]:
        name = self._create(how)
        try:
            yield f"{self.url}/{name}"
        finally:
            self._drop(name)

    def _create(self, how: str = "") -> str:
        self._made += 1
        name = f"test_{os.getpid()}_{self._made}"
        self._run(f"CREATE DATABASE {name} {how}")
        return name

    def _drop(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, sql: str) -> None:
        """On one connection: to begin one takes half as long again as what is asked for."""
        if self._connection is None:
            plain = self.url.replace("postgresql+psycopg://", "postgresql://")
            self._connection = psycopg.connect(f"{plain}/postgres", autocommit=True)
        self._connection.execute(sql)


@contextmanager
def throwaway_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """A cluster of its own, gone afterwards; `durable` as in service, else faster. Raises
    NoPostgresError.
    """
    programs = _programs()
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="linkboard-postgres-"))
    if owner:
        shutil.chown(folder, owner)
    try:
        with _running(programs, folder, owner, durable=durable) as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(
    programs: Path, folder: Path, owner: str | None, *, durable: bool
) -> Iterator[Cluster]:
    data, port = folder / "data", free_port()
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "-N"],
        check=True,
        capture_output=True,
        **_as(owner),
    )
    options = [] if durable else [f"-c{setting}" for setting in NO_DURABILITY]
    where: list[str | Path] = ["-p", str(port), "-h", "127.0.0.1", "-k", folder]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *where, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **_as(owner),
        )
    try:
        _wait_until_it_answers(port, server, folder / "log")
        with closing(Cluster(f"postgresql+psycopg://{USER}@127.0.0.1:{port}")) as cluster:
            yield cluster
    finally:
        server.send_signal(signal.SIGINT)  # does not wait for clients to leave
        server.wait(30)


def _wait_until_it_answers(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"postgresql://{USER}@127.0.0.1:{port}/postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise NoPostgresError(f"PostgreSQL does not start:\n{log.read_text()}") from None
            time.sleep(0.05)


def _programs() -> Path:
    """The folder of initdb and postgres: Debian keeps them off the PATH, the newest last."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    for folder in reversed(folders):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgresError(
        "The tests need a PostgreSQL server: tests/run installs it as root, or install Debian's "
        "postgresql, or set LINKBOARD_TEST_POSTGRES to the SQLAlchemy URL of one."
    )


def _owner() -> str | None:
    """Whom the server runs as: initdb refuses root, so Debian's own user then."""
    return "postgres" if os.geteuid() == 0 else None


def _as(owner: str | None) -> dict[str, Any]:
    if owner is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": owner, "group": owner, "extra_groups": []}
