"""What `linkboard serve` does: migrate the database, then keep web server and worker running."""

import errno
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from webapp import data_folder, metrics
from webapp.settings import Settings, SettingsError, demand_safe, unknown_names
from webapp.store import DatabaseAway, NotMigrated, Store, audit, clock, faults
from webapp.store.enums import AuditAction
from webapp.supervisor import Child, supervise
from webapp.vault import secret_key_for

LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # to reach what listens on all addresses
BACKLOG_CONNECTIONS = 2048

log = logging.getLogger(__name__)


def serve(
    environ: Mapping[str, str],
    *,
    with_worker: bool = True,
    app: str = "webapp.web:create_app",
    also: Sequence[Child] = (),
) -> None:
    """Serve the dashboard until SIGTERM or SIGINT.

    `environ` has the settings; the child processes get it. `app` (`module:function`) makes the web
    application. `also` are more children to keep running. Raises SettingsError when a setting
    can't be used, which includes a port that is in use.
    """
    settings = Settings.from_environment(environ)
    demand_safe(settings)
    for name in unknown_names(environ):
        log.warning("%s is set, but there is no such setting.", name)
    secret_key_for(settings)  # so that it exists before two children look for it
    with (
        listen(settings.host, settings.port) as listener,
        data_folder.in_use(settings),
        metrics.counting(environ) as counted,
    ):
        migrate(settings)
        _record_start(settings)
        file = listener.fileno()
        options = ["--listener", str(file), "--app", app]
        children = [*also, command("web server", counted, "web", *options, files=[file])]
        if with_worker:
            children.append(command("worker", counted, "work"))
        threading.Thread(target=_announce, args=(settings,), daemon=True).start()
        supervise(children)


def _record_start(settings: Settings) -> None:
    """With which settings it starts, for the audit trail."""
    with opened_store(settings) as store, store.write() as connection:
        now, record = clock.now(connection), settings.to_record()
        audit.record(connection, AuditAction.START, audit.PROGRAM, now, settings=record)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SettingsError when the address can't be used.

    The supervisor keeps it open. So connections wait, and do not fail, while a web child restarts.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG_CONNECTIONS)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {port} of {host} is taken: another program, or another Linkboard, listens "
                "there. Stop that one, or choose another port with LINKBOARD_PORT."
            ) from error
        raise SettingsError(
            f"Linkboard can't listen on port {port} of {host}: {error.strerror}. "
            "LINKBOARD_HOST and LINKBOARD_PORT say where it listens."
        ) from error


def migrate(settings: Settings) -> None:
    """Migrate the database to this version. Raises SettingsError when it can't be used."""
    try:
        data_folder.protect(settings)
        with closing(Store(settings.database)) as store:
            store.migrate()
    except NotMigrated as error:
        raise SettingsError(str(error)) from error
    except (DatabaseAway, ModuleNotFoundError, OSError) as error:
        raise SettingsError(database_problem(error)) from error


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The store, for a command. Raises SettingsError, in words, when its tables are of another
    version or the database can't be used, then or later.
    """
    try:
        with closing(Store(settings.database)) as store:
            if trouble := store.trouble():
                raise SettingsError(trouble)
            yield store
    except (DatabaseAway, ModuleNotFoundError) as error:
        raise SettingsError(database_problem(error)) from error


def database_problem(error: DatabaseAway | ModuleNotFoundError | OSError) -> str:
    """Why the database can't be used, as a sentence."""
    if isinstance(error, ModuleNotFoundError):
        return (
            "LINKBOARD_DATABASE_URL names a PostgreSQL, but its driver is not installed: "
            "pip install 'linkboard[postgres]'."
        )
    why = "" if isinstance(error, OSError) else faults.in_words(error)
    if not why:
        cause = error if isinstance(error, OSError) else error.orig
        why = f"{' '.join(str(cause).split())}."
    return (
        f"The database can't be used: {why} "
        "LINKBOARD_DATABASE_URL names it; without that it lies in LINKBOARD_DATA_DIR."
    )


def command(
    name: str, environ: Mapping[str, str], *arguments: str, files: Sequence[int] = ()
) -> Child:
    """A child process that runs a `linkboard` command."""
    return Child(name, [sys.executable, "-m", "webapp.cli", *arguments], environ, files)


def _announce(settings: Settings) -> None:
    """Print the address of the dashboard as soon as it answers."""
    while ask(settings, "/healthz")[0] != HTTPStatus.OK:
        time.sleep(0.2)
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"Linkboard is at http://{shown}:{settings.port}", flush=True)


def ask(settings: Settings, path: str) -> tuple[int, str]:
    """What the web server that runs by these settings answers: status and text; 0 if none does."""
    host = LOOPBACK_OF.get(settings.host, settings.host)
    connection = HTTPConnection(host, settings.port, timeout=30)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    return 0, ""
