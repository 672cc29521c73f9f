"""A database that can't be written to, and what is told of it."""

import resource
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, update
from sqlalchemy import text as sql
from sqlalchemy.exc import ProgrammingError

from tests.dashboard import Visitor, data_ids, open_dashboard, text
from tests.databases import make_sqlite
from tests.security.web_server import LIST_IDS, web_server
from tests.web.confirmation import statuses
from tests.web.database_locks import locked
from tests.web.page_visits import visit_all
from webapp.store import DatabaseAway, Store, engine, tables

A_SECOND = 1.0


def make_everything_due(dashboard):
    """A visit, a watcher and ICA's answers are all to be noted by the next page."""
    now = dashboard.clock.now
    with dashboard.store.write() as connection:
        connection.execute(update(tables.sessions).values(seen_at=now - 100))
        connection.execute(update(tables.submissions).values(watched_at=0.0))
        aged = {"checked_at": now - 1000, "due_at": 0.0}
        connection.execute(update(tables.access).values(aged))


def get_under_a_lock(dashboard, get):
    """As Visitor's own `get`, of a page that comes while nobody else can write."""

    def held(visitor, path, **headers):
        get(visitor, path, **headers)  # who may see it is known from now on
        make_everything_due(dashboard)
        with locked(dashboard.settings.database):
            begun = time.monotonic()
            answer = get(visitor, path, **headers)
            taken = time.monotonic() - begun
        assert answer.status_code < 500, (path, text(answer))
        assert taken < A_SECOND, path
        return answer

    return held


@pytest.mark.long
def test_every_page_comes_at_once_and_whole_while_the_database_is_locked(dashboard, monkeypatch):
    for way in (Visitor.get, Visitor.part):
        monkeypatch.setattr(Visitor, way.__name__, get_under_a_lock(dashboard, way))
    names = [name for name, _ in visit_all(dashboard, monkeypatch)]
    assert len(names) > 80


def test_a_lock_of_rows_that_are_only_noted_holds_no_page_up(stored):
    visitor = stored.visitor()
    place = visitor.submit(data_ids(3))
    look, part = (get_under_a_lock(stored, way) for way in (Visitor.get, Visitor.part))
    for path in (place, "/submissions", "/reasons", f"{place}/items"):
        assert look(visitor, path).status_code == 200
    assert part(visitor, f"{place}/progress").status_code == 200


def test_a_visit_that_could_not_be_noted_leaves_the_session_as_it_was(stored, monkeypatch):
    monkeypatch.setattr(engine, "NOTE_AGAIN_SECONDS", 0.0)
    visitor, other = stored.visitor(), stored.visitor()
    stored.clock.advance(stored.settings.session_hours * 3600 - 10)
    with locked(stored.settings.database):
        assert [one.get("/account").status_code for one in (visitor, other)] == [200, 200]
    assert visitor.get("/account").status_code == 200
    stored.clock.advance(11)
    assert visitor.get("/account").status_code == 200, "the next visit was noted"
    assert other.get("/account").status_code == 303, "a visit that was not noted prolongs nothing"


@pytest.fixture
def impatient(tmp_path):
    """A dashboard whose forms do not wait long until they may write."""
    url = f"sqlite:///{tmp_path / 'linkboard.db'}"
    with open_dashboard(url, tmp_path, rate=100.0, patience=0.2) as dashboard:
        yield dashboard


@contextmanager
def nothing_more_fits(dashboard):
    """Files can't grow any more, as on a disk that takes nothing."""
    log_of_writes = Path(f"{dashboard.settings.data_dir}/linkboard.db-wal")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log_of_writes.stat().st_size, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def read_only(dashboard):
    """Every connection that is opened from now on may only read, root's too."""

    def refuse(connection, _record):
        connection.execute("PRAGMA query_only=ON")

    dashboard.store.close()
    event.listen(Engine, "connect", refuse)
    yield
    event.remove(Engine, "connect", refuse)
    dashboard.store.close()


@contextmanager
def a_lock(dashboard):
    with locked(dashboard.settings.database):
        yield


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (a_lock, "locked by another program"),
        (nothing_more_fits, "does not take what is written"),
        (read_only, "can't be written to"),
    ],
)
def test_pages_and_files_come_forms_say_why_and_then_all_goes_on(impatient, fault, why, caplog):
    dashboard = impatient
    visitor, nobody = dashboard.visitor(), dashboard.visitor(key=None)
    place = visitor.submit(data_ids(3))
    dashboard.work(30)
    make_everything_due(dashboard)
    with fault(dashboard):
        for path in (place, f"{place}/items", "/submissions", "/account"):
            assert visitor.get(path).status_code == 200
        for refused in (
            visitor.upload(data_ids(1)),
            visitor.post(f"{place}/edit", {"name": "another", "note": ""}),
        ):
            assert refused.status_code == 503
            assert why in text(refused)
            assert "Nothing is lost: try again in a minute" in text(refused)
        assert visitor.get(f"{place}/export.csv").text.count("LINKED") == 3
        assert "submission 1 from 127.0.0.1, which the audit trail could not keep" in caplog.text
        ready = nobody.get("/readyz")
        assert (ready.status_code, why in text(ready)) == (503, True)
    dashboard.clock.advance(6)
    dashboard.work()
    assert nobody.get("/readyz").get_data() == b"ready\n"
    assert visitor.get(f"{place}/export.csv").status_code == 200
    assert "another" not in text(visitor.get(place))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 6 MB; only root may make one, and not everywhere."""
    made = ["mount", "-t", "tmpfs", "-o", "size=6m", "linkboard-test", tmp_path]
    if subprocess.run(made, capture_output=True, check=False).returncode:
        pytest.skip("no disk of its own can be mounted here; other tests refuse writes otherwise")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_full_disk_is_told_by_this_name(small_disk):
    with open_dashboard(f"sqlite:///{small_disk / 'linkboard.db'}", small_disk) as dashboard:
        visitor, nobody = dashboard.visitor(), dashboard.visitor(key=None)
        place = visitor.submit(data_ids(3))
        dashboard.work(30)
        make_everything_due(dashboard)
        with pytest.raises(OSError, match="No space left"):
            (small_disk / "filling").write_bytes(bytes(6_500_000))
        for path in (place, "/submissions"):
            assert visitor.get(path).status_code == 200
        refused = visitor.upload(data_ids(5))
        assert (refused.status_code, "The disk is full" in text(refused)) == (503, True)
        assert "The disk is full" in text(nobody.get("/readyz"))
        (small_disk / "filling").unlink()
        dashboard.clock.advance(6)
        dashboard.work()
        assert nobody.get("/readyz").status_code == 200
        assert visitor.upload(data_ids(5)).status_code == 303


def test_ready_tells_all_that_is_wrong_a_line_each(impatient):
    impatient.work()
    nobody = impatient.visitor(key=None)
    assert nobody.get("/readyz").get_data() == b"ready\n"
    impatient.clock.advance(40)
    with locked(impatient.settings.database):
        ready = nobody.get("/readyz")
    lines = ready.get_data(as_text=True).splitlines()
    assert (ready.status_code, len(lines)) == (503, 2)
    assert "locked by another program" in lines[0]
    assert "No worker was seen for 40 s" in lines[1]


@contextmanager
def folder_moved(dashboard):
    with moved(dashboard.settings.data_dir):
        yield


@contextmanager
def file_moved(dashboard):
    with moved(dashboard.settings.data_dir / "linkboard.db"):
        yield


@contextmanager
def moved(path):
    away = path.rename(path.with_name("elsewhere"))
    yield
    assert not path.exists(), "nothing is made in its place"
    away.rename(path)


@contextmanager
def file_replaced(dashboard):
    file = dashboard.settings.data_dir / "linkboard.db"
    away = file.rename(file.with_name("elsewhere.db"))
    make_sqlite(file)
    before = file.read_bytes()
    yield
    assert file.read_bytes() == before, "nothing is written to another one"
    file.unlink()
    away.rename(file)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (folder_moved, "not there any more"),
        (file_moved, "not there any more"),
        (file_replaced, "replaced by another one"),
    ],
)
def test_a_database_that_goes_away_takes_nothing_until_it_is_back(tmp_path, caplog, fault, why):
    folder = tmp_path / "data"
    folder.mkdir()
    with open_dashboard(f"sqlite:///{folder / 'linkboard.db'}", folder, rate=100.0) as dashboard:
        visitor, nobody = dashboard.visitor(), dashboard.visitor(key=None)
        place = visitor.submit(data_ids(3))
        dashboard.sim.forget_calls()
        with fault(dashboard):
            for answer in (
                visitor.upload(data_ids(1)),
                visitor.post(f"{place}/edit", {"name": "another", "note": ""}),
                visitor.get(place),
            ):
                assert (answer.status_code, why in text(answer)) == (503, True)
            ready = nobody.get("/readyz")
            assert (ready.status_code, why in text(ready)) == (503, True)
            with pytest.raises(DatabaseAway):
                dashboard.work()
        assert why in caplog.text
        assert not dashboard.sim.calls()
        dashboard.work(30)
        assert nobody.get("/readyz").get_data() == b"ready\n"
        assert statuses(visitor, place) == dict.fromkeys(data_ids(3), "LINKED")


def test_what_a_frozen_worker_holds_is_free_again_and_it_goes_on(postgres, tmp_path, monkeypatch):
    """Stopped by SIGSTOP or by its host, it does nothing within a transaction, and is not gone."""
    with postgres.database() as url, open_dashboard(url, tmp_path, rate=100.0) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(3))
        mine = update(tables.submissions).values(note="of the frozen one")
        with closing(Store(url)) as elsewhere:
            with monkeypatch.context() as patch:
                patch.setattr(engine, "IDLE_SECONDS", 0.3)
                assert not elsewhere.trouble()  # it has a connection now
            with closing(elsewhere.engine.connect()) as frozen:
                frozen.execute(mine)
                renamed = visitor.post(f"{place}/edit", {"name": "Run 8", "note": ""})
                assert renamed.status_code == 303, "it has waited until the other one was ended"
                with pytest.raises(DatabaseAway):
                    frozen.execute(mine)
            with elsewhere.read() as connection:
                name, note = connection.execute(
                    select(tables.submissions.c.name, tables.submissions.c.note)
                ).one()
        assert (name, note) == ("Run 8", "")


def test_a_form_does_not_wait_long_for_a_locked_row(postgres, tmp_path):
    with (
        postgres.database() as url,
        open_dashboard(url, tmp_path, rate=100.0, patience=0.2) as dashboard,
    ):
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(3))
        with locked(url):
            refused = visitor.post(f"{place}/edit", {"name": "Run 8", "note": ""})
        assert (refused.status_code, "locked by another" in text(refused)) == (503, True)


def test_a_worker_whose_tables_are_broken_does_not_keep_still(stored):
    """Their version says that they are this program's: nobody would learn that nothing is done."""
    with stored.store.write() as connection:
        connection.execute(sql("ALTER TABLE chores RENAME TO other_chores"))
    with pytest.raises(ProgrammingError):
        stored.work()


@pytest.mark.slow
def test_a_real_server_breaks_a_download_off_and_answers_a_form_in_seconds(tmp_path, free_port):
    with web_server(tmp_path, free_port) as served:
        person = served.visitor()
        whole, deleted = served.draft(person), served.draft(person)
        assert person.get(f"{whole}/export.csv").text.count("\n") == 1 + LIST_IDS
        client = served.send(served.ask(person, f"{deleted}/export.csv"))
        assert client.recv(20).startswith(b"HTTP/1.1 200")
        discarded = person.post(f"{deleted}/discard", allow_redirects=False)
        assert discarded.status_code == 303
        assert not everything(client).endswith(b"\r\n0\r\n\r\n"), "the chunk that ends a file"
        with locked(f"sqlite:///{tmp_path / 'linkboard.db'}"):
            begun = time.monotonic()
            assert person.get(f"{served.url}/submissions").status_code == 200
            assert person.post(f"{whole}/discard").status_code == 503
            assert time.monotonic() - begun < 9


def everything(client):
    """All that is still to come of an answer, and how it ends."""
    return b"".join(iter(lambda: client.recv(65_536), b""))
