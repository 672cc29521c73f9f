"""What `linkboard serve` does: the database made ready, then web server and worker kept alive."""

import errno
import logging
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException

from webapp.settings import Settings, SettingsError, demand_safe, unknown_names
from webapp.store import DatabaseAway, NotMigrated, Store
from webapp.supervisor import Child, supervise
from webapp.vault import secret_key_for

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where to ask what listens everywhere
BACKLOG = 2048

log = logging.getLogger(__name__)


def serve(
    environ: Mapping[str, str],
    *,
    with_worker: bool = True,
    app: str = "webapp.web:create_app",
    also: Sequence[Child] = (),
) -> None:
    """Serve the dashboard until SIGTERM or SIGINT. The children get `environ`, so settings are
    given there; `app` (`module:function`) makes the web application; `also` are more children to
    keep alive beside web server and worker.

    Raises SettingsError when a setting can't be used; a port that is taken is one.
    """
    settings = Settings.from_environment(environ)
    demand_safe(settings)
    for name in unknown_names(environ):
        log.warning("%s is set, but there is no such setting.", name)
    secret_key_for(settings)  # made here, so that two children need not both make it
    with listen(settings.host, settings.port) as listener:
        migrate(settings)
        file = listener.fileno()
        options = ["--listener", str(file), "--app", app]
        children = [*also, command("web server", environ, "web", *options, files=[file])]
        if with_worker:
            children.append(command("worker", environ, "work"))
        threading.Thread(target=_announce, args=(settings,), daemon=True).start()
        supervise(children)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SettingsError when the address can't be had.

    The supervisor holds it, so that callers wait instead of failing while a web child restarts.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
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
    """Bring the database to this version's tables. Raises SettingsError when it can't be used."""
    store = Store(settings.database)
    try:
        store.migrate()
    except NotMigrated as error:
        raise SettingsError(str(error)) from error
    except (DatabaseAway, ModuleNotFoundError, OSError) as error:
        raise SettingsError(database_trouble(error)) from error
    finally:
        store.close()


def database_trouble(error: DatabaseAway | ModuleNotFoundError | OSError) -> str:
    """What keeps the database from being used, in one sentence."""
    if isinstance(error, ModuleNotFoundError):
        return (
            "LINKBOARD_DATABASE_URL names a PostgreSQL, but its driver is not installed: "
            "pip install 'linkboard[postgres]'."
        )
    cause = error if isinstance(error, OSError) else error.orig
    return (
        f"The database can't be used: {' '.join(str(cause).split())}. "
        "LINKBOARD_DATABASE_URL names it; without that it lies in LINKBOARD_DATA_DIR."
    )


def command(
    name: str, environ: Mapping[str, str], *arguments: str, files: Sequence[int] = ()
) -> Child:
    """A child that runs one of our own commands."""
    return Child(name, [sys.executable, "-m", "webapp.cli", *arguments], environ, files)


def _announce(settings: Settings) -> None:
    """Say where the dashboard is, once it answers."""
    while not _answers(settings):
        time.sleep(0.2)
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"Linkboard is at http://{shown}:{settings.port}", flush=True)


def _answers(settings: Settings) -> bool:
    host = EVERYWHERE.get(settings.host, settings.host)
    connection = HTTPConnection(host, settings.port, timeout=30)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
