"""Commands on a database of another version, or without tables: a sentence, and nothing is done."""

import signal
from contextlib import closing

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.processes import linkboard
from webapp.cli import main
from webapp.store import Store

NO_ICA = "http://127.0.0.1:9/ica/rest"  # the discard port: nobody answers
COMMANDS = ("serve", "migrate", "check", "audit", "rekey", "submissions stop 1")


@pytest.fixture
def settings(tmp_path, free_port):
    return {"data_dir": tmp_path, "port": free_port, "ica_url": NO_ICA, "web_processes": 1}


def set_version(url, version):
    with closing(Store(url)) as store, store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": version})


def said(command, settings):
    environ = {f"LINKBOARD_{name.upper()}": str(value) for name, value in settings.items()}
    done = CliRunner().invoke(main, command.split(), env=environ)
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit), "a sentence, and no traceback"
    return done.output


@pytest.mark.parametrize("command", COMMANDS)
def test_a_newer_database_is_a_sentence(database_url, settings, command):
    set_version(database_url, "9999")
    output = said(command, settings | {"database_url": database_url})
    assert "belongs to a newer Linkboard than this one: run that one instead" in output
    assert "linkboard migrate" not in output


@pytest.mark.parametrize("command", ["check", "audit", "rekey", "submissions stop 1"])
def test_a_database_without_tables_is_a_sentence(empty_database_url, settings, command):
    output = said(command, settings | {"database_url": empty_database_url})
    assert "run `linkboard migrate`" in output


@pytest.mark.long
def test_a_worker_waits_for_the_tables_and_then_goes_on(empty_database_url, settings):
    settings |= {"database_url": empty_database_url}
    with linkboard("work", **settings) as worker:
        worker.wait_for("This worker does nothing: .*run `linkboard migrate`")
        with closing(Store(empty_database_url)) as store:
            store.migrate()
        worker.wait_for("This worker goes on")
        set_version(empty_database_url, "9999")
        worker.wait_for("This worker does nothing: .*belongs to a newer Linkboard")
        worker.send(signal.SIGTERM)
        assert worker.wait_until_all_are_gone(within=20) == 0
        assert "Traceback" not in worker.output
