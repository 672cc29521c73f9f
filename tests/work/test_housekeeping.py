"""Housekeeping: access, keys, leftovers, the heartbeat, and how little an idle worker costs."""

import sqlite3

import pytest
from sqlalchemy import func, select

from tests.simulated import FIRST_PROJECT
from tests.stage import data_ids, stage
from tests.work.observation import account, page, settle, submission
from tests.work.refusing_ica import refusing_stage
from webapp.store import items, submissions, tables, uploads
from webapp.store.enums import State
from webapp.store.items import Listed
from webapp.store.submissions import New
from webapp.work import reading
from webapp.work.worker import Worker

DAY = 86_400
PROJECT = ("GET", f"/projects/{FIRST_PROJECT}")


@pytest.mark.slow
def test_access_is_renewed_every_five_minutes_for_those_who_are_here(database_url, tmp_path):
    with stage(database_url, tmp_path) as st:
        visitor = st.visitor()
        settle(st, visitor.submit(data_ids(4)))
        st.sim.forget_calls()
        st.work(1500, step=10)
        assert st.sim.calls()["getProject"] == 5
        visitor.post("/signout")
        st.sim.forget_calls()
        st.work(1500, step=10)
        assert "getProject" not in st.sim.calls()


@pytest.mark.parametrize("status", [403, 404])
def test_access_is_withdrawn_when_ica_says_so(database_url, tmp_path, status):
    with refusing_stage(database_url, tmp_path) as (st, ica):
        visitor = st.visitor()
        place = visitor.submit(data_ids(4))
        settle(st, place)
        ica.says[PROJECT] = status, "Gone."
        st.work(310, step=10)
        assert visitor.get(place).status_code == 404
        assert visitor.part(f"{place}/progress").status_code == 404
        ica.says.clear()
        st.work(310, step=10)
        assert visitor.get(place).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("status", [401, 500])
def test_without_an_answer_the_last_one_holds_for_a_day(database_url, tmp_path, status):
    with refusing_stage(database_url, tmp_path, session_hours=72) as (st, ica):
        visitor = st.visitor()
        place = visitor.submit(data_ids(4))
        settle(st, place)
        ica.says[PROJECT] = status, "Not now."
        st.work(DAY - 600, step=600)
        assert visitor.get(place).status_code == 200
        st.work(1200, step=600)
        assert visitor.get(place).status_code == 404
        ica.says.clear()
        st.work(120, step=60)
        assert visitor.get(place).status_code == 200


def test_a_key_is_kept_while_there_is_work_and_erased_after_it(database_url, tmp_path):
    with stage(database_url, tmp_path, rate=10) as st:
        visitor = st.visitor()
        place = visitor.submit(data_ids(200))
        visitor.post("/signout")
        st.work(10)
        assert account(st).sealed_key
        settle(st, place)
        st.work(10)
        assert account(st).sealed_key is None


def test_a_key_is_kept_for_who_is_signed_in_and_erased_when_the_session_ends(
    database_url, tmp_path
):
    with stage(database_url, tmp_path, session_hours=2) as st:
        st.visitor()
        st.work(7190, step=600)
        assert account(st).sealed_key
        st.work(20)
        assert account(st).sealed_key is None


def test_what_is_discarded_leaves_nothing(database_url, tmp_path):
    with stage(database_url, tmp_path) as st:
        visitor = st.visitor()
        place = visitor.draft([*data_ids(30), *data_ids(5), "no id"])
        visitor.post(f"{place}/discard")
        st.work(10)
        assert leftovers(st) == {}


def test_a_reader_whose_list_is_discarded_meanwhile_leaves_nothing(database_url, tmp_path):
    with stage(database_url, tmp_path) as st:
        visitor = st.visitor()
        place = visitor.draft(data_ids(30_000))
        with st.store.write() as connection:
            upload = uploads.claim(connection, "a slow reader", st.clock.now)
            items.add(connection, upload.submission_id, 1, [Listed("half a list", 1, 1)])
        visitor.post(f"{place}/discard")
        st.work(10)
        reading.read(st.context, upload)
        assert leftovers(st) == {}


def test_an_upload_that_broke_off_is_swept_away(database_url, tmp_path):
    with stage(database_url, tmp_path) as st:
        st.visitor()
        with st.store.write() as connection:
            new = New(account(st), FIRST_PROJECT, "", "broken off", "upload", 10)
            broken = submissions.create(connection, new, st.clock.now)
            uploads.add(connection, broken, ["list.txt"])
            uploads.keep_piece(connection, broken, 0, 0, b"fil.")
        st.work(1800, step=300)
        kept = {"submissions": 1, "attempts": 1, "uploads": 1, "upload_pieces": 1}
        assert leftovers(st) == kept
        st.work(2100, step=300)
        assert leftovers(st) == {}


def leftovers(st):
    """Rows that hang on submissions, by table."""
    names = (
        *("submissions", "attempts", "uploads", "upload_pieces", "entries", "items", "history"),
        *("batches", "chores", "snapshots", "reason_groups"),
    )
    with st.store.read() as connection:
        counts = {
            name: connection.execute(
                select(func.count()).select_from(tables.metadata.tables[name])
            ).scalar_one()
            for name in names
        }
    return {name: count for name, count in counts.items() if count}


def test_a_worker_that_is_silent_is_missed_and_one_that_beats_is_not(database_url, tmp_path):
    with stage(database_url, tmp_path, rate=1) as st:
        visitor = st.visitor()
        place = visitor.submit(data_ids(50))
        st.work(5)
        awake = page(visitor, place)
        tag = visitor.part(f"{place}/progress").headers.get("HX-PTag")
        st.clock.advance(31)
        asleep = page(visitor, place)
        assert "worker" in asleep.lower()
        assert len(asleep) > len(awake)
        assert visitor.part(f"{place}/progress").headers.get("HX-PTag") != tag
        st.work(1)
        assert submission(st, place).state == State.ACTIVE


def test_an_idle_worker_writes_nothing_but_its_heartbeat(tmp_path):
    with stage(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as st:
        visitor = st.visitor()
        settle(st, visitor.submit(data_ids(20)))
        st.work(10)
        watch = sqlite3.connect(tmp_path / "b.db")
        before = watch.execute("PRAGMA data_version").fetchone()
        beats = watch.execute("SELECT max(beat_at) FROM workers").fetchone()
        st.work(4.5, step=0.25)
        assert watch.execute("PRAGMA data_version").fetchone() == before
        st.work(5, step=0.25)
        assert watch.execute("SELECT max(beat_at) FROM workers").fetchone() > beats
        watch.close()


def test_a_settled_list_of_many_costs_a_new_worker_nothing(database_url, tmp_path):
    with stage(database_url, tmp_path) as st:
        visitor = st.visitor()
        settle(st, visitor.submit(data_ids(20)))
        other = Worker(st.context)
        st.sim.forget_calls()
        assert other.work_through() == 1, "only the house is looked after"
        assert st.sim.total_calls() == 0


def test_an_opened_key_is_kept_only_while_it_is_used(tmp_path):
    with stage(f"sqlite:///{tmp_path / 'store.db'}", tmp_path) as st:
        demo = st.visitor()

        def tokens_for_a_submission(start):
            before = st.sim.calls()["createJwtToken"]
            demo.submit(data_ids(3, start=start))
            st.work(10)
            return st.sim.calls()["createJwtToken"] - before

        assert tokens_for_a_submission(0) == 2  # one each for the app and the worker
        assert tokens_for_a_submission(10) == 0
        st.clock.advance(1000)
        assert tokens_for_a_submission(20) == 2
