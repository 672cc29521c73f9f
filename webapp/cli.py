"""The commands. Each imports what it needs when it runs, so that no process loads more."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NoReturn

import click

from webapp import __version__, data_folder, logs
from webapp.data_folder import OF_OTHERS
from webapp.settings import Settings, SettingsError
from webapp.supervisor import STOP_SECONDS, end_signals, end_with_parent
from webapp.vault import secret_key_for

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]


class _Commands(click.Group):
    """Reports a SettingsError as one sentence on stderr, with exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands)
@click.version_option(__version__)
def main() -> None:
    """A dashboard for data linking batches of Illumina Connected Analytics.

    Every setting is an environment variable; README.md lists them.
    """
    os.umask(OF_OTHERS)


_port_option = click.option(
    "--port", type=int, help="Port to listen on, instead of LINKBOARD_PORT."
)


@main.command()
@_port_option
@click.option("--no-worker", is_flag=True, help="Serve pages only; `linkboard work` does the rest.")
def serve(port: int | None, no_worker: bool) -> None:
    """Serve the dashboard, with a worker beside it."""
    from webapp import serve as dashboard

    environ = _environment(port)
    _log_as("serve", Settings.from_environment(environ))
    dashboard.serve(environ, with_worker=not no_worker)


@main.command()
@_port_option
def demo(port: int | None) -> None:
    """Try the dashboard: simulated ICA, worker and examples, all on this machine."""
    from webapp.demo import serve as dashboard

    environ = _environment(port)
    _log_as("demo", Settings.from_environment(environ), "WARNING")
    dashboard.serve_demo(environ)


@main.command()
def work() -> None:
    """Run a worker alone: it sends, refreshes and reads what is due."""
    settings = _start_child("worker")
    from webapp.store import Store
    from webapp.work import worker

    with data_folder.in_use(settings), closing(Store(settings.database)) as store:
        _run_until_end_signal(lambda stop: worker.run(settings, store, stop))


@main.command(hidden=True)
@click.option("--listener", type=int, required=True, help="File descriptor to serve.")
@click.option("--app", required=True, help="Function that makes the application: MODULE:NAME.")
def web(listener: int, app: str) -> None:
    """Serve pages on a socket that `linkboard serve` hands over."""
    settings = _start_child("web")
    from webapp.webserver import WebServer

    WebServer(settings, listener, resolve_name(app)).run()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on.")
@click.option("--rate", type=float, help="Items that a batch brings to an end in a second.")
@click.option("--latency", "latency_ms", type=float, help="Milliseconds that each answer waits.")
@click.option("--token-seconds", type=float, help="How long a token is good for.")
@click.option("--page-items", type=int, help="Items that a page may have.")
@click.option("--batch-items", type=int, help="Items that a batch may have, by a fault too-large.")
@click.option("--values", type=int, help="Values of one parameter, by a fault too-many-values.")
@click.option("--catalogue-files", type=int, help="Files of each project that has some of its own.")
@click.option(
    "--state", "state_file", type=click.Path(path_type=Path), help="File that survives a restart."
)
@click.option("--fault", "faults", multiple=True, help="[OPERATION:]NAME=RATE, as often as needed.")
def simulate(host: str, port: int, faults: tuple[str, ...], **options: Any) -> None:
    """Serve a simulated ICA."""
    from webapp.simulator import server
    from webapp.simulator.faults import FaultError, Faults
    from webapp.simulator.options import Options

    end_with_parent()
    given = {name: value for name, value in options.items() if value is not None}
    try:
        chosen = Options(faults=Faults.parse(faults), **given)
    except FaultError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from error
    said = "ICA is simulated at http://{}:{}/ica/rest"
    server.run(host, port, chosen, ready=lambda port: click.echo(said.format(host, port)))


@main.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    from webapp import serve as dashboard

    dashboard.migrate(_log_as("migrate", Settings.from_environment()))
    click.echo("The database is up to date.")


@main.command()
def check() -> None:
    """Say in words what is wrong with the settings, the database, ICA or the worker."""
    from webapp.check import findings

    all_ok = True
    for finding in findings(os.environ):
        click.echo(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.sentence}")
        all_ok = all_ok and finding.ok
    sys.exit(0 if all_ok else 1)


@main.command()
@click.argument("action", type=click.Choice(["stop", "archive", "delete"]))
@click.argument("submission_id", type=int)
def submissions(action: str, submission_id: int) -> None:
    """Stop, archive or delete a submission whose submitter has left."""
    from webapp.submissions_command import carry_out

    _say_and_exit(*carry_out(Settings.from_environment(), action, submission_id))


@main.command()
@click.option("--since", type=click.DateTime(_MOMENTS), help="From this day or moment on, in UTC.")
@click.option("--submission", type=int, help="What was done with this submission alone.")
def audit(since: datetime | None, submission: int | None) -> None:
    """Print who did what, a document of JSON a line, the oldest first."""
    from webapp.audit_command import lines

    for line in lines(Settings.from_environment(), since, submission):
        click.echo(line)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the database to a new FILE, also while Linkboard runs."""
    from webapp.backup_command import back_up

    _say_and_exit(*back_up(_log_as("backup", Settings.from_environment(), "WARNING"), file))


@main.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--put-back", is_flag=True, help="A copy is in its place already: mind what it lacks."
)
def restore(file: Path | None, put_back: bool) -> None:
    """Put a FILE of `linkboard backup` in the place of the database, while nothing runs."""
    from webapp import backup_command

    if (file is None) != put_back:
        raise click.UsageError("Name a FILE, or say --put-back.")
    settings = _log_as("restore", Settings.from_environment(), "WARNING")
    if file is None:
        _say_and_exit(*backup_command.put_back(settings))
    _say_and_exit(*backup_command.restore(settings, file))


@main.command()
@click.option("--all", is_flag=True, required=True, help="Every list, with all outcomes.")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
def export(all: bool, folder: Path | None) -> None:
    """Print every list and outcome, a document of JSON a line; with FOLDER a file a list."""
    from webapp import export_command

    settings = Settings.from_environment()
    if folder:
        _say_and_exit(True, export_command.write(settings, folder))
    for line in export_command.lines(settings):
        sys.stdout.buffer.write(f"{line}\n".encode())


@main.command()
def rekey() -> None:
    """Seal the users' keys anew, after LINKBOARD_SECRET_KEY has changed."""
    from webapp.rekey_command import carry_out

    _say_and_exit(*carry_out(Settings.from_environment()))


def _say_and_exit(ok: bool, sentence: str) -> NoReturn:
    click.echo(sentence, err=not ok)
    sys.exit(0 if ok else 1)


def _environment(port: int | None) -> dict[str, str]:
    """The environment, with the port of the command line if there is one."""
    return os.environ | ({} if port is None else {"LINKBOARD_PORT": str(port)})


def _log_as(process: str, settings: Settings, level: str = "") -> Settings:
    """Log as the settings say, from `level` on if it is given."""
    logs.setup(process, level or settings.log_level, form=settings.log_format)
    return settings


def _start_child(process: str) -> Settings:
    """Prepare a child process. Done before other imports, so that their errors are logged too."""
    has_supervisor = end_with_parent()
    settings = Settings.from_environment()
    if has_supervisor and not settings.secret_key and not settings.data_dir.exists():
        # it was there when the supervisor began; a new key would open nothing
        raise SettingsError("The data folder, LINKBOARD_DATA_DIR, is not there any more.")
    secrets = [secret_key_for(settings), settings.former_secret_key]
    logs.setup(process, settings.log_level, secrets, settings.log_format)
    from webapp import metrics

    metrics.forget_the_gone()
    return settings


def _run_until_end_signal(run: Callable[[threading.Event], None]) -> None:
    """Call `run` in a thread with an event that SIGTERM or SIGINT sets, and wait for its end.

    If it takes longer than STOP_SECONDS, SIGALRM ends the process.
    """
    stop = threading.Event()
    signals = end_signals()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, stop)
        running.add_done_callback(signals.put)
        signals.get()
        stop.set()
        signal.alarm(STOP_SECONDS)
        running.result()


if __name__ == "__main__":
    main()
