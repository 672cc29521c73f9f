"""`linkboard backup` and `restore`: a copy at any moment, which goes on and sends nothing twice."""

import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from tests.dashboard import data_ids, open_dashboard
from tests.processes import linkboard as program
from tests.processes import output_of, python
from tests.store import former_database
from tests.store.invariants import assert_consistent
from tests.web.confirmation import confirm
from tests.work.ica_state import assert_as_in_ica
from tests.work.observation import batch_rows, row_counts
from webapp.cli import main
from webapp.store import messages, tables, workers

CREATE = "createProjectDataLinkingBatch"
KILLED = -signal.SIGKILL
COMMAND = """
import os, signal, sys
from webapp.store import backup

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

backup.STEP_PAGES = 1
exec(sys.argv.pop(1))
from webapp.cli import main
from webapp.store import tables, workers
main()
"""
IN_THE_COPY = "backup._say_how_far = lambda: die"
BETWEEN_THE_NAMES = "os.replace = die"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def dashboard(folder):
    with open_dashboard(
        f"sqlite:///{folder / 'linkboard.db'}", folder, rate=100.0, batch_size=10
    ) as dashboard:
        yield dashboard


@pytest.fixture
def file(tmp_path):
    return tmp_path / "kept.db"


def linkboard(dashboard, *words):
    """The command's exit code, and what it says."""
    settings = dashboard.settings
    return command(settings.data_dir, *words, LINKBOARD_DATABASE_URL=settings.database_url)


def command(folder, *words, **environ):
    environ |= {"LINKBOARD_DATA_DIR": str(folder)}
    done = CliRunner().invoke(main, [str(word) for word in words], env=environ)
    return done.exit_code, done.output


def back_up(dashboard, file):
    code, said = linkboard(dashboard, "backup", file)
    assert (code, "has the database as it is now" in said) == (0, True), said


def put_back(dashboard, file):
    """Stop it, restore the copy, start it again, and sign in: nobody is signed in by a copy."""
    dashboard.store.close()
    code, said = linkboard(dashboard, "restore", file)
    assert (code, "are looked for in ICA before they are sent" in said) == (0, True), said
    start_again(dashboard)
    return dashboard.visitor()


def start_again(dashboard):
    """With another process's eyes: a running one sees that the file was replaced, and stops."""
    settings = dashboard.settings
    at = (settings.database_url, settings.data_dir)
    dashboard.__init__(dashboard.sim, *at, dashboard.clock, batch_size=settings.batch_size)


def same_browser(visitor, dashboard):
    again = dashboard.visitor(None)
    again.client.set_cookie("linkboard", visitor.client.get_cookie("linkboard").value)
    return again


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def sent(dashboard):
    return dashboard.sim.calls()[CREATE]


def assert_right(dashboard):
    with dashboard.store.read() as connection:
        assert_consistent(connection)
    assert_as_in_ica(dashboard)


@pytest.mark.slow
def test_a_restored_copy_goes_on_and_sends_nothing_twice(dashboard, file):
    """It was made when one batch of four was sent; by the end ICA had all, and the draft's two."""
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(35))
    draft = visitor.draft(data_ids(20, start=100))
    back_up(dashboard, file)
    dashboard.work(30)
    visitor.post(f"{draft}/submit")
    dashboard.work(30)
    assert sent(dashboard) == 6
    again = put_back(dashboard, file)
    assert same_browser(visitor, dashboard).get(place).status_code == 303
    dashboard.work(30)
    again.post(f"{draft}/submit")  # it is a draft again; to ICA it is none
    dashboard.work(30)
    assert sent(dashboard) == 6
    assert row_counts(again, place) == {"LINKED": 35}
    assert row_counts(again, draft) == {"LINKED": 20}
    assert not any(batch.sent_again for batch in batch_rows(dashboard, place))
    assert_right(dashboard)


def test_its_messages_have_the_same_keys_but_of_what_begins_anew(folder, file):
    """A receiver drops what it has had, and not what another attempt of that number has come to."""
    mail = {"mail_to": ("lab@example.org",), "mail_from": "us@example.org", "smtp_host": "::1"}
    database_url = f"sqlite:///{folder / 'linkboard.db'}"
    with open_dashboard(database_url, folder, smtp_port=1, **mail) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft(data_ids(2, ending="00"))
        visitor.post(f"{place}/submit", {"telling": "1", "recipient": ["lab@example.org"]})
        back_up(dashboard, file)

        def keys(visitor):
            dashboard.work(30)
            confirm(visitor, f"{place}/retry?status=FAILED")
            dashboard.work(30)
            with dashboard.store.read() as connection:
                return [one.key for one in messages.of_submission(connection, 1)]

        first, second = keys(visitor)
        again, other = keys(put_back(dashboard, file))
        assert (again == first, other == second) == (True, False)


def test_what_ica_has_not_is_sent_after_one_look(dashboard, file):
    place = dashboard.visitor().submit(data_ids(30))
    back_up(dashboard, file)
    dashboard.clock.advance(300)
    again = put_back(dashboard, file)
    dashboard.work(30)
    assert sent(dashboard) == 3
    assert row_counts(again, place) == {"LINKED": 30}
    doubted = [batch.sent_again for batch in batch_rows(dashboard, place)]
    assert doubted == [False, True, True]
    assert_right(dashboard)


@pytest.mark.long
def test_what_ica_has_in_halves_is_looked_for_in_halves(folder, file):
    """It found the batch too large after the copy was made."""
    url, ica = f"sqlite:///{folder / 'linkboard.db'}", {"batch_items": 6}
    with open_dashboard(url, folder, faults={"create:too-large": 1}, ica=ica) as dashboard:
        visitor = dashboard.visitor()
        draft = visitor.draft(data_ids(20))
        back_up(dashboard, file)
        visitor.post(f"{draft}/submit")
        dashboard.work(60)
        taken = sorted(one.ica_batch_id for one in batch_rows(dashboard, draft))
        again = put_back(dashboard, file)
        again.post(f"{draft}/submit")
        dashboard.work(300)
        assert sorted(one.ica_batch_id for one in batch_rows(dashboard, draft)) == taken
        assert row_counts(again, draft) == {"LINKED": 20}
        assert_right(dashboard)


@pytest.mark.long
def test_an_attempt_that_still_gathered_its_items_is_looked_for_too(dashboard, file, monkeypatch):
    """Its batches were made after the copy was."""
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(30, ending="00"))
    dashboard.work(30)
    monkeypatch.setattr("webapp.web.retry.start.CHUNK_ROWS", 0)  # the worker gathers them
    confirm(visitor, f"{place}/retry")
    back_up(dashboard, file)
    dashboard.work(30)
    assert sent(dashboard) == 6
    put_back(dashboard, file)
    dashboard.work(30)
    assert sent(dashboard) == 6
    assert_right(dashboard)


def test_what_was_there_is_kept_and_the_record_tells(dashboard, folder, file):
    visitor = dashboard.visitor()
    visitor.submit(data_ids(3), name="before the copy")
    back_up(dashboard, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert names(file.parent) == ["data", "kept.db"]
    visitor.submit(data_ids(3, start=50), name="since the copy")
    put_back(dashboard, file)
    (aside,) = [name for name in names(folder) if ".before-restore-" in name]
    with closing(sqlite3.connect(folder / aside)) as former:
        assert former.execute("SELECT name FROM submissions ORDER BY id").fetchall()[-1] == (
            "since the copy",
        )
    acts = [json.loads(line) for line in linkboard(dashboard, "audit")[1].splitlines()]
    assert [act["action"] for act in acts[-2:]] == ["restore", "sign in"]
    assert not [name for name in names(folder) if "part" in name]


def test_a_copy_is_of_one_moment_whoever_writes_meanwhile(dashboard, file, monkeypatch):
    """SQLite would begin it anew with each write, and never end."""
    dashboard.visitor().submit(data_ids(3))

    def write(*_):
        with dashboard.store.write() as connection:
            connection.execute(tables.submissions.update().values(name=next(names)))

    names = (f"since the copy began, {number}" for number in range(1000))
    monkeypatch.setattr("webapp.store.backup.STEP_PAGES", 5)
    monkeypatch.setattr("webapp.store.backup._say_how_far", lambda: write)
    back_up(dashboard, file)
    assert next(names) > "since the copy began, 1"
    with closing(sqlite3.connect(file)) as copy:
        (name,) = copy.execute("SELECT name FROM submissions").fetchone()
        assert "since the copy" not in name
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_is_there_is_not_replaced(dashboard, file):
    file.write_text("of great worth")
    code, said = linkboard(dashboard, "backup", file)
    assert (code, "is there already" in said) == (1, True)
    assert file.read_text() == "of great worth"


def test_what_can_not_be_written_is_told(dashboard, tmp_path):
    code, said = linkboard(dashboard, "backup", tmp_path / "nowhere" / "kept.db")
    assert (code, "could not be written: " in said) == (1, True)


@pytest.mark.parametrize("damage", ["none there", "text", "foreign", "cut", "newer"])
def test_what_is_no_whole_copy_is_not_restored(dashboard, folder, file, damage):
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(3))
    if damage == "text":
        file.write_text("no database " * 1000)
    elif damage == "foreign":
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE something (id)")
    elif damage in {"cut", "newer"}:
        back_up(dashboard, file)
        if damage == "cut":
            os.truncate(file, file.stat().st_size // 2)
        else:
            with closing(sqlite3.connect(file)) as copy, copy:
                copy.execute("UPDATE alembic_version SET version_num = '9999'")
    dashboard.store.close()
    code, said = linkboard(dashboard, "restore", file)
    assert (code, "Nothing was changed." in said) == (1, True), said
    assert not [name for name in names(folder) if "part" in name or "before" in name]
    assert visitor.get(place).status_code == 200


def test_nothing_is_restored_while_anybody_uses_the_database(dashboard, folder, file):
    visitor = dashboard.visitor()
    back_up(dashboard, file)
    visitor.get("/submissions")
    code, said = linkboard(dashboard, "restore", file)
    assert (code, "Linkboard runs with this database" in said) == (1, True), said
    assert not [name for name in names(folder) if "before-restore" in name]


@pytest.mark.slow
def test_nor_while_it_is_served(folder, file, free_port):
    """A web server that nobody has asked yet has no file open."""
    with program("serve", "--no-worker", data_dir=folder, port=free_port) as served:
        served.wait_for("The web server runs")
        assert command(folder, "backup", file)[0] == 0
        code, said = command(folder, "restore", file)
    assert (code, "Linkboard runs with this database" in said) == (1, True), said
    assert command(folder, "restore", file)[0] == 0


def test_a_copy_of_an_older_version_is_brought_up_to_date(folder, tmp_path):
    old, url = tmp_path / "old.db", f"sqlite:///{tmp_path / 'old.db'}"
    former_database.put(url, former_database.rows_of(url))
    code, said = command(folder, "restore", old)
    assert code == 0, said
    assert names(folder) == ["linkboard.db"]
    with closing(sqlite3.connect(folder / "linkboard.db")) as restored:
        looked_for = "SELECT count(*) FROM attempts WHERE look_since IS NOT NULL"
        assert restored.execute(looked_for).fetchone()[0] > 0


def run_and_die(where, folder, *words):
    environ = {"LINKBOARD_DATA_DIR": str(folder)}
    code = f"import os\nos.environ.update({environ!r})\n{COMMAND}"
    with python(code, where, *words) as dying:
        assert dying.wait_until_all_are_gone() == KILLED, dying.output


@pytest.mark.long
def test_a_backup_that_is_killed_leaves_no_half_of_one(dashboard, folder, file):
    dashboard.visitor().submit(data_ids(3))
    run_and_die(IN_THE_COPY, folder, "backup", file)
    assert not file.exists()
    back_up(dashboard, file)
    assert names(file.parent) == ["data", "kept.db"]


@pytest.mark.slow
@pytest.mark.parametrize("where", [IN_THE_COPY, BETWEEN_THE_NAMES])
def test_a_restore_that_is_killed_has_changed_nothing(dashboard, folder, file, where):
    visitor = dashboard.visitor()
    back_up(dashboard, file)
    place = visitor.submit(data_ids(3))
    dashboard.store.close()
    run_and_die(where, folder, "restore", file)
    assert visitor.get(place).status_code == 200
    put_back(dashboard, file)
    assert not [name for name in names(folder) if "part" in name]


def test_a_damaged_database_is_replaced_without_its_log(dashboard, folder, file):
    """Whose pages would get into the restored one."""
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(3))
    back_up(dashboard, file)
    database = folder / "linkboard.db"
    shutil.copy(f"{database}-wal", file.with_name("log"))
    dashboard.store.close()
    database.write_text("no database any more " * 100)
    shutil.copy(file.with_name("log"), f"{database}-wal")
    again = put_back(dashboard, file)
    assert again.get(place).status_code == 200
    assert_right(dashboard)


def test_postgresql_has_commands_of_its_own():
    url = "postgresql+psycopg://board:s3cr3t-word@db.example:5433/linkboard?sslmode=require"
    environ = {"LINKBOARD_DATABASE_URL": url}
    for command, tool in (("backup", "pg_dump"), ("restore", "pg_restore")):
        done = CliRunner().invoke(main, [command, "kept one.dump"], env=environ)
        assert done.exit_code == 1
        assert f"{tool} --" in done.output
        assert "postgresql://board@db.example:5433/linkboard?sslmode=require" in done.output
        assert "'kept one.dump'" in done.output
        assert "s3cr3t" not in done.output


@pytest.mark.long
def test_what_was_put_back_by_other_means_is_looked_for_as_well(database_url, tmp_path):
    """As after pg_restore."""
    with open_dashboard(database_url, tmp_path, rate=100.0, batch_size=10) as dashboard:
        place = dashboard.visitor().submit(data_ids(30))
        with dashboard.store.write() as connection:
            workers.beat(connection, workers.Beat("one that runs", 0.0), dashboard.clock.now)
        code, said = linkboard(dashboard, "restore", "--put-back")
        assert (code, "Stop Linkboard" in said) == (1, True), said
        with dashboard.store.write() as connection:
            connection.execute(tables.workers.update().values(beat_at=0.0))
        code, said = linkboard(dashboard, "restore", "--put-back")
        assert (code, "are looked for in ICA" in said) == (0, True), said
        dashboard.visitor()
        dashboard.work(90)
        assert [one.sent_again for one in batch_rows(dashboard, place)] == [False, True, True]
        assert_right(dashboard)


def test_nothing_is_put_back_where_there_is_nothing(empty_database_url, tmp_path):
    """A folder that was misspelt, or a database before pg_restore: none is made."""
    settings = {"data_dir": tmp_path / "wrong", "secret_key": "a secret key for tests, long enough"}
    if not empty_database_url.startswith("sqlite"):
        settings["database_url"] = empty_database_url
    code, said = output_of("restore", settings, "--put-back")
    assert (code, "Nothing was changed" in said) == (1, True), said
    assert not (tmp_path / "wrong" / "linkboard.db").exists()
