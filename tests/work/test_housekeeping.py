"""Housekeeping: access, keys, leftovers, the heartbeat, and how little an idle worker costs."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, func, select, text

from tests.dashboard import data_ids, open_dashboard
from tests.simulated_ica import FIRST_PROJECT
from tests.web.confirmation import confirm
from tests.work.observation import account, page, settle, submission
from tests.work.refusing_ica import refusing_dashboard
from webapp.store import items, statistics, submissions, tables, uploads
from webapp.store.enums import State
from webapp.store.items import Listed
from webapp.store.submissions import New
from webapp.work import reading
from webapp.work.clock import Clock
from webapp.work.worker import Worker

DAY = 86_400
PROJECT = ("GET", f"/projects/{FIRST_PROJECT}")


@pytest.mark.slow
def test_access_is_renewed_every_five_minutes_for_those_who_are_here(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        settle(dashboard, visitor.submit(data_ids(4)))
        dashboard.sim.forget_calls()
        dashboard.work(1500, step=10)
        assert dashboard.sim.calls()["getProject"] == 5
        visitor.post("/signout")
        dashboard.sim.forget_calls()
        dashboard.work(1500, step=10)
        assert "getProject" not in dashboard.sim.calls()


@pytest.mark.slow
@pytest.mark.parametrize("status", [403, 404])
def test_access_is_withdrawn_when_ica_says_so(database_url, tmp_path, status):
    with refusing_dashboard(database_url, tmp_path) as (dashboard, ica):
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(4))
        settle(dashboard, place)
        ica.says[PROJECT] = status, "Gone."
        dashboard.work(310, step=10)
        assert visitor.get(place).status_code == 404
        assert visitor.part(f"{place}/progress").status_code == 404
        ica.says.clear()
        dashboard.work(310, step=10)
        assert visitor.get(place).status_code == 200


@pytest.mark.slow
def test_without_an_answer_the_last_one_holds_for_a_day(database_url, tmp_path):
    with refusing_dashboard(database_url, tmp_path, session_hours=72) as (dashboard, ica):
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(4))
        settle(dashboard, place)
        ica.says[PROJECT] = 500, "Not now."
        dashboard.work(DAY - 600, step=600)
        assert visitor.get(place).status_code == 200
        dashboard.work(1200, step=600)
        assert visitor.get(place).status_code == 503  # hidden, and said why
        ica.says.clear()
        dashboard.work(120, step=60)
        assert visitor.get(place).status_code == 200


def test_a_key_is_kept_while_there_is_work_and_erased_after_it(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(200))
        visitor.post("/signout")
        dashboard.work(10)
        assert account(dashboard).sealed_key
        settle(dashboard, place)
        dashboard.work(10)
        assert account(dashboard).sealed_key is None


def test_a_key_is_kept_for_who_is_signed_in_and_erased_when_the_session_ends(
    database_url, tmp_path
):
    with open_dashboard(database_url, tmp_path, session_hours=2) as dashboard:
        dashboard.visitor()
        dashboard.work(7190, step=600)
        assert account(dashboard).sealed_key
        dashboard.work(20)
        assert account(dashboard).sealed_key is None


def test_what_is_discarded_leaves_nothing(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft([*data_ids(30), *data_ids(5), "no id"])
        visitor.post(f"{place}/discard")
        dashboard.work(10)
        assert leftovers(dashboard) == {}


def test_a_reader_whose_list_is_discarded_meanwhile_leaves_nothing(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft(data_ids(30_000))
        with dashboard.store.write() as connection:
            upload = uploads.claim(connection, "a slow reader", dashboard.clock.now)
            items.add(connection, upload.submission_id, 1, [Listed("half a list", 1, 1)])
        visitor.post(f"{place}/discard")
        dashboard.work(10)
        reading.read(dashboard.context, upload)
        assert leftovers(dashboard) == {}


def test_an_upload_that_broke_off_is_swept_away(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        dashboard.visitor()
        with dashboard.store.write() as connection:
            new = New(account(dashboard), FIRST_PROJECT, "", "broken off", "upload", 10)
            broken = submissions.create(connection, new, dashboard.clock.now)
            uploads.add(connection, broken, ["list.txt"])
            uploads.keep_piece(connection, broken, 0, 0, b"fil.")
        dashboard.work(1800, step=300)
        kept = {"submissions": 1, "attempts": 1, "uploads": 1, "upload_pieces": 1}
        assert leftovers(dashboard) == kept
        dashboard.work(2100, step=300)
        assert leftovers(dashboard) == {}


def test_it_goes_on_while_retention_has_much_to_do(database_url, tmp_path):
    begun = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith("DELETE FROM audit"):
            begun.append(statement)

    def clock():
        if len(begun) == 1:  # retention looks whether its turn is over
            begun.append("and seen")
            dashboard.visitor()
            dashboard.clock.advance(2 * 3600)
            worker.work_through()
            swept.append(count(dashboard, tables.sessions) == 0)
        return dashboard.clock.now

    with open_dashboard(database_url, tmp_path, audit_days=1, session_hours=1) as dashboard:
        dashboard.visitor()
        dashboard.clock.advance(2 * DAY)
        worker, swept = Worker(replace(dashboard.context, clock=Clock.alone(clock))), []
        event.listen(Engine, "before_cursor_execute", note)
        try:
            worker.work_through()
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        assert swept == [True]


def count(dashboard, table):
    with dashboard.store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def leftovers(dashboard):
    """Rows that hang on submissions, by table."""
    names = (
        *("submissions", "attempts", "uploads", "upload_pieces", "entries", "items", "history"),
        *("batches", "chores", "snapshots", "reason_groups"),
    )
    with dashboard.store.read() as connection:
        counts = {
            name: connection.execute(
                select(func.count()).select_from(tables.metadata.tables[name])
            ).scalar_one()
            for name in names
        }
    return {name: count for name, count in counts.items() if count}


def test_a_worker_that_is_silent_is_missed_and_one_that_beats_is_not(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=1) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(50))
        dashboard.work(5)
        awake = page(visitor, place)
        tag = visitor.part(f"{place}/progress").headers.get("HX-PTag")
        dashboard.clock.advance(31)
        asleep = page(visitor, place)
        assert "worker" in asleep.lower()
        assert len(asleep) > len(awake)
        assert visitor.part(f"{place}/progress").headers.get("HX-PTag") != tag
        dashboard.work(1)
        assert submission(dashboard, place).state == State.ACTIVE


def test_an_idle_worker_writes_nothing_but_its_heartbeat(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as dashboard:
        visitor = dashboard.visitor()
        settle(dashboard, visitor.submit(data_ids(20)))
        dashboard.work(10)
        watch = sqlite3.connect(tmp_path / "b.db")
        before = watch.execute("PRAGMA data_version").fetchone()
        beats = watch.execute("SELECT max(beat_at) FROM workers").fetchone()
        dashboard.work(4.5, step=0.25)
        assert watch.execute("PRAGMA data_version").fetchone() == before
        dashboard.work(5, step=0.25)
        assert watch.execute("SELECT max(beat_at) FROM workers").fetchone() > beats
        watch.close()


def test_a_settled_list_of_many_costs_a_new_worker_nothing(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        settle(dashboard, visitor.submit(data_ids(20)))
        other = Worker(dashboard.context)
        dashboard.sim.forget_calls()
        assert other.work_through() == 2, "only the house is looked after, and what is too old"
        assert dashboard.sim.total_calls() == 0


def test_an_opened_key_is_kept_only_while_it_is_used(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path / 'store.db'}", tmp_path) as dashboard:
        demo = dashboard.visitor()

        def tokens_for_a_submission(start):
            before = dashboard.sim.calls()["createJwtToken"]
            demo.submit(data_ids(3, start=start))
            dashboard.work(10)
            return dashboard.sim.calls()["createJwtToken"] - before

        assert tokens_for_a_submission(0) == 2  # one each for the app and the worker
        assert tokens_for_a_submission(10) == 0
        dashboard.clock.advance(1000)
        assert tokens_for_a_submission(20) == 2


def rows_of(copy):
    with closing(sqlite3.connect(copy)) as connection:
        count = "SELECT (SELECT count(*) FROM submissions), (SELECT count(*) FROM items)"
        return connection.execute(count).fetchone()


def test_a_plain_copy_of_a_settled_dashboard_has_all(tmp_path):
    """Nobody is held up by it, and who reads meanwhile only puts it off."""
    file, copy = tmp_path / "linkboard.db", tmp_path / "copy.db"
    with open_dashboard(f"sqlite:///{file}", tmp_path) as dashboard:
        dashboard.work()
        visitor = dashboard.visitor()
        for _ in range(2):
            settle(dashboard, visitor.submit(data_ids(4)))
        shutil.copy(file, copy)
        assert rows_of(copy) == (0, 0), "else this test could not fail"
        with dashboard.store.read() as connection:
            connection.execute(select(func.count()).select_from(tables.items)).all()
            visitor.submit(data_ids(4))
            dashboard.work(70)
        dashboard.work(70)
        shutil.copy(file, copy)
        assert rows_of(copy) == (3, 12)
        assert (tmp_path / "linkboard.db-wal").stat().st_size < 200_000, "beats alone"


def test_a_large_table_has_statistics_soon_after_it_has_grown(postgres, tmp_path, monkeypatch):
    """Else PostgreSQL plans for the few rows that were there, up to a minute and more."""
    monkeypatch.setattr(statistics, "MIN_PAGES", 8)
    told = text("SELECT count(*) FROM pg_stats WHERE tablename = :name")
    with postgres.database() as url, open_dashboard(url, tmp_path) as dashboard:
        visitor = dashboard.visitor()

        def columns_known(name):
            with dashboard.store.read() as connection:
                return connection.execute(told, {"name": name}).scalar_one()

        assert not columns_known("items")
        place = visitor.draft(data_ids(1_000, ending="00"))
        assert columns_known("items")
        visitor.post(f"{place}/submit")
        settle(dashboard, place)
        confirm(visitor, f"{place}/retry")
        settle(dashboard, place)
        dashboard.work(10)
        assert columns_known("history")
        with dashboard.store.write() as connection:
            assert not statistics.refresh(connection), "only what has grown"
