"""Bringing a database up to date: it is copied first, is killed and begun anew, or refuses; and a
process of another version keeps its hands off.
"""

import shutil
import signal
import sqlite3
from contextlib import closing
from itertools import count, takewhile

import pytest
from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import PendingRollbackError

from tests.processes import linkboard
from tests.store import former_database, invariants
from tests.variants import in_full
from webapp import check, serve
from webapp.settings import Settings, SettingsError
from webapp.store import NotMigrated, Store, batches, chores, submissions, uploads, visits
from webapp.vault import Vault
from webapp.work.context import Context
from webapp.work.worker import Worker

LATER = 2e9  # when everything is due
SECRET_KEY = "a secret key for tests, long enough"


class Died(BaseException):
    """The process is killed: nothing catches this."""


@pytest.fixture
def old(empty_database_url):
    """The URL of a database as 0.2.0 has left it."""
    former_database.put(empty_database_url, former_database.rows_of(empty_database_url))
    return empty_database_url


@pytest.fixture
def file(tmp_path):
    """The file of an SQLite database as 0.2.0 has left it."""
    path = tmp_path / "linkboard.db"
    former_database.put(url_of(path), former_database.rows_of(url_of(path)))
    return path


def url_of(path):
    return f"sqlite:///{path}"


def content(database_url):
    """Every row of every table, under the names of their columns."""
    engine, found = create_engine(database_url), {}
    with engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"')
            found[name] = [*rows.keys()], sorted(map(repr, rows))
    engine.dispose()
    return found


def migrate(database_url):
    store = Store(database_url)
    try:
        store.migrate()
        with store.read() as connection:
            invariants.assert_consistent(connection)
    finally:
        store.close()
    return content(database_url)


def dies_at(number):
    """A listener for which the process ends at this statement."""
    numbers = count(1)

    def before_statement(*_):
        if next(numbers) == number:
            raise Died

    return before_statement


def is_killed(database_url, number):
    """Whether a migration came to this statement, and was killed at it."""
    dies, store = dies_at(number), Store(database_url)
    event.listen(Engine, "before_cursor_execute", dies)
    try:
        store.migrate()
    except (Died, PendingRollbackError):  # the latter where Alembic cleans up after the first
        return True
    finally:
        event.remove(Engine, "before_cursor_execute", dies)
        store.close()
    return False


def test_what_ended_before_is_no_news_to_who_submitted_it(old):
    migrate(old)
    store = Store(old)
    with store.read() as connection:
        settled = connection.exec_driver_sql(
            "SELECT id, account_id, settled_at FROM submissions WHERE state = 'settled'"
        ).all()
        assert len(settled) > 1
        for submission_id, account_id, settled_at in settled:
            seen = visits.last(connection, account_id, [submission_id])[submission_id]
            counts = submissions.get(connection, submission_id).counts
            assert (seen.seen_at, seen.counts, seen.before_at) == (settled_at, counts, None)
    store.close()


@pytest.mark.slow
def test_killed_at_any_statement_it_has_changed_nothing(request, old):
    before = content(old)
    numbers = count(2, step=9 if request.config.getoption("long") else 61)
    for number in takewhile(lambda number: is_killed(old, number), numbers):
        assert content(old) == before, number
    assert next(numbers) > 80
    migrate(old)


@pytest.mark.long
@pytest.mark.parametrize("step", [*in_full(1, 3, 5), 7])
def test_a_killed_process_is_begun_anew(old, tmp_path, step):
    settings = {"database_url": old, "data_dir": tmp_path, "secret_key": SECRET_KEY}
    with linkboard("migrate", **settings) as program:
        program.wait_for(f"Migration, step {step} of 7")
        program.send(signal.SIGKILL)
    with linkboard("migrate", **settings) as program:
        assert program.wait_until_all_are_gone(within=30) == 0, program.output
    once = migrate(old)
    assert migrate(old) == once
    assert not list(tmp_path.glob("*.part"))


def test_the_file_is_copied_first_and_it_is_said_where(file, caplog):
    caplog.set_level("INFO")
    writer = Store(url_of(file))
    with writer.write() as connection:  # what is in the log of writes alone is copied too
        connection.execute(text("UPDATE submissions SET note = 'the last words' WHERE id = 1"))
    before = content(url_of(file))
    migrate(url_of(file))
    writer.close()
    copy = file.with_name("linkboard.db.before-0008")
    assert f"copied to {copy}" in caplog.text
    assert content(url_of(copy)) == before


def test_a_copy_of_a_migration_that_was_killed_gives_way(file):
    copy = file.with_name("linkboard.db.before-0008")
    copy.write_bytes(b"of another time")
    copy.with_name(f"{copy.name}.part").write_bytes(b"half of it")
    migrate(url_of(file))
    with closing(sqlite3.connect(copy)) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert found == [("0002",)]
    assert [path.name for path in file.parent.glob("*.part")] == []


def test_without_room_it_refuses_and_changes_nothing(file, monkeypatch):
    before = content(url_of(file))
    few = shutil.disk_usage(file.parent)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: few)
    settings = Settings(database_url=url_of(file), data_dir=file.parent)
    with pytest.raises(SettingsError, match=r"takes \d+ MB of room .*; 1 MB are free"):
        serve.migrate(settings)
    assert content(url_of(file)) == before
    assert not list(file.parent.glob("*before*"))


def test_a_new_database_copies_nothing(empty_database_url, tmp_path):
    for _ in range(2):
        migrate(empty_database_url)
    assert not list(tmp_path.glob("*before*"))


@pytest.fixture
def store(old):
    made = Store(old)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def set_version(store):
    """set_version("9999") makes it the database of another program."""

    def change(version):
        with store.write() as connection:
            update = text("UPDATE alembic_version SET version_num = :version")
            connection.execute(update, {"version": version})

    return change


def worker_of(store, tmp_path):
    settings = Settings(data_dir=tmp_path, secret_key=SECRET_KEY, calls_per_second=1e6)
    vault = Vault(SECRET_KEY)
    return Worker(Context.build(settings, store, vault, clock=lambda: LATER))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "why"),
    [("9999", "belongs to a newer Linkboard"), *in_full(("0002", "`linkboard migrate`"))],
)
def test_a_worker_of_another_version_claims_nothing_and_says_so(
    store, set_version, tmp_path, caplog, version, why
):
    set_version(version)
    worker = worker_of(store, tmp_path)
    assert [worker.work_through() for _ in range(3)] == [0, 0, 0]
    said = [record.getMessage() for record in caplog.records if "does nothing" in record.message]
    assert len(said) == 1
    assert why in said[0]
    set_version("0008")
    assert worker.work_through() > 0


def test_nobody_of_another_version_claims_anything(store, set_version):
    queues = (batches, chores, uploads)
    set_version("9999")
    with store.write() as connection:
        claims = [queue.claim(connection, "somebody", LATER) for queue in queues]
    assert claims == [None, None, None]
    set_version("0008")
    with store.write() as connection:
        assert batches.claim(connection, "somebody", LATER)


def test_a_newer_database_is_told_from_an_older_one(store, set_version, tmp_path):
    environ = {
        "LINKBOARD_DATABASE_URL": str(store.engine.url.render_as_string(hide_password=False)),
        "LINKBOARD_DATA_DIR": str(tmp_path),
        "LINKBOARD_SECRET_KEY": SECRET_KEY,
        "LINKBOARD_ICA_URL": "http://127.0.0.1:9/ica/rest",
    }
    for version, why in (("9999", "belongs to a newer Linkboard"), ("0002", "is not up to date")):
        set_version(version)
        told = [found.sentence for found in check.findings(environ) if not found.ok]
        assert any(why in sentence for sentence in told), told
    set_version("9999")
    with pytest.raises(NotMigrated, match="belongs to a newer Linkboard"):
        store.migrate()
