"""Following a batch: what ICA's troubles do to refreshing and walking."""

import random

import pytest

from tests.dashboard import data_ids, open_dashboard
from tests.variants import in_full
from tests.web.confirmation import confirm, exported
from tests.work.observation import (
    account,
    batch_rows,
    page,
    row_counts,
    rows,
    settle,
    submission,
    walk_in_part,
    work_until,
)
from tests.work.refusing_ica import refusing_dashboard
from webapp.store.enums import BatchState, Blocked, State


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["429", "cut", *in_full("429-date", "429-bare", "500", "503")])
def test_every_third_call_may_fail(tmp_path, fault):
    url = f"sqlite:///{tmp_path / 'b.db'}"
    with open_dashboard(url, tmp_path, rate=20, batch_size=50) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100) + data_ids(9, ending="00", start=1000))
        dashboard.sim.set_faults({fault: 0.33})
        dashboard.work(60)
        dashboard.sim.set_faults({})
        settled = settle(dashboard, place)
        assert settled.counts == {"LINKED": 100, "FAILED": 9} == row_counts(visitor, place)
        assert account(dashboard).trouble == ""
        assert not any(batch.trouble for batch in batch_rows(dashboard, place))


def test_trouble_is_shown_while_it_lasts(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        dashboard.work(3)
        known = submission(dashboard, place).counts
        dashboard.sim.set_faults({"503": 1})
        dashboard.work(60)
        assert account(dashboard).trouble == "unreachable"
        assert submission(dashboard, place).counts == known
        assert "What you see is what was known last" in page(visitor, place)
        dashboard.sim.set_faults({})
        settle(dashboard, place)
        assert account(dashboard).trouble == ""


@pytest.mark.slow
@pytest.mark.parametrize("status", [403, 503])
def test_trouble_in_the_last_walk_does_not_outlast_it(database_url, tmp_path, status):
    with refusing_dashboard(database_url, tmp_path, rate=1e6, calls_per_second=0.5) as (
        dashboard,
        ica,
    ):
        place = dashboard.visitor().submit(data_ids(3500))
        walk_in_part(dashboard, place)
        ica.says["GET", "/items"] = status, "Not now."
        dashboard.work(10)
        troubled = batch_rows(dashboard, place)[0]
        assert (troubled.task, troubled.trouble.problem["detail"]) == ("walk", "Not now.")
        assert (troubled.blocked, account(dashboard).trouble) != ("", "")
        ica.says.clear()
        settle(dashboard, place)
        well = batch_rows(dashboard, place)[0]
        assert (well.trouble, well.blocked, well.failures, account(dashboard).trouble) == (
            None,
            "",
            0,
            "",
        )


@pytest.mark.slow
def test_a_cursor_that_is_refused_begins_anew(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(1500))
        dashboard.sim.set_faults({"items:refused-token": "2x"})
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"LINKED": 1500}


def test_a_circle_of_failed_items_does_not_hold_for_good(database_url, tmp_path):
    """They are read first while the job runs: were the cursor kept, nothing else would be read."""
    with open_dashboard(database_url, tmp_path, rate=100) as dashboard:
        place = dashboard.visitor().submit(data_ids(3000, ending="00") + data_ids(6000, start=4000))
        dashboard.clock.advance(25)
        dashboard.work()
        assert batch_rows(dashboard, place)[0].failed_cursor
        dashboard.sim.set_faults({"items:repeated-cursor": 1})
        work_until(dashboard, lambda: not batch_rows(dashboard, place)[0].failed_cursor)
        assert batch_rows(dashboard, place)[0].task == "refresh"
        work_until(dashboard, lambda: batch_rows(dashboard, place)[0].round_read > 0)


@pytest.mark.slow
@pytest.mark.parametrize("half", ["broken off", "of another shape"])
def test_half_an_answer_does_not_begin_a_walk_anew(database_url, tmp_path, half):
    with refusing_dashboard(database_url, tmp_path, rate=1e6, calls_per_second=0.5) as (
        dashboard,
        ica,
    ):
        place = dashboard.visitor().submit(data_ids(5000))
        walk_in_part(dashboard, place)
        before = batch_rows(dashboard, place)[0]
        if half == "broken off":
            dashboard.sim.set_faults({"items:cut": 1})
        else:
            ica.says["GET", "/items"] = 200, "This is no page of items."
        dashboard.work(30)
        assert batch_rows(dashboard, place)[0].failures > 0
        assert batch_rows(dashboard, place)[0].round_cursor == before.round_cursor


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [2, 12])
def test_a_batch_that_is_gone_for_ten_minutes_is_lost(database_url, tmp_path, seconds):
    """Whether it goes while the job runs or before its end was heard of."""
    with open_dashboard(database_url, tmp_path, rate=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        dashboard.work(2)
        dashboard.clock.advance(seconds)
        dashboard.sim.set_faults({"lost-batch": 1})
        dashboard.work(290, step=10)
        assert batch_rows(dashboard, place)[0].state == BatchState.RUNNING
        assert "knows no such batch" in page(visitor, place)
        dashboard.work(400, step=10)
        assert batch_rows(dashboard, place)[0].state == BatchState.LOST
        assert submission(dashboard, place).state == State.SETTLED
        assert submission(dashboard, place).counts == row_counts(visitor, place)
        assert "no longer knows batch 1" in page(visitor, place)


def test_a_batch_that_vanishes_while_it_is_walked_is_lost_too(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=1e6, calls_per_second=0.5) as dashboard:
        place = dashboard.visitor().submit(data_ids(5000))
        walk_in_part(dashboard, place)
        dashboard.sim.set_faults({"lost-batch": 1})
        dashboard.work(700, step=10)
        assert batch_rows(dashboard, place)[0].state == BatchState.LOST
        assert submission(dashboard, place).state == State.SETTLED


@pytest.mark.slow
def test_a_batch_that_is_away_for_a_minute_is_not_lost(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=10) as dashboard:
        place = dashboard.visitor().submit(data_ids(100))
        dashboard.sim.set_faults({"lost-batch": "2x"})
        assert settle(dashboard, place, within=900).counts == {"LINKED": 100}
        assert batch_rows(dashboard, place)[0].missing_count == 0


def test_a_job_that_was_tidied_away_takes_no_batch_with_it(database_url, tmp_path):
    with refusing_dashboard(database_url, tmp_path, rate=10) as (dashboard, ica):
        place = dashboard.visitor().submit(data_ids(100))
        ica.says["GET", f"/jobs/{batch_rows(dashboard, place)[0].ica_job_id}"] = 404, "No such job."
        assert settle(dashboard, place).counts == {"LINKED": 100}


def test_who_may_not_read_any_more_is_told_until_they_may(database_url, tmp_path):
    with refusing_dashboard(database_url, tmp_path, rate=10) as (dashboard, ica):
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        ica.says["GET", "/items"] = 403, "Not you."
        dashboard.work(10)
        assert batch_rows(dashboard, place)[0].blocked == Blocked.MAY_NOT_READ
        assert "Not you." in page(visitor, place)
        ica.says.clear()
        settle(dashboard, place)
        assert batch_rows(dashboard, place)[0].blocked == Blocked.NO


def test_ica_may_list_items_in_any_order(database_url, tmp_path):
    """Of a list, and of a retry of every other item; what the list has not comes behind it."""
    ids = data_ids(40)
    with refusing_dashboard(database_url, tmp_path, rate=1e6) as (dashboard, ica):
        visitor = dashboard.visitor()
        place = visitor.submit(ids)
        for word, order in (("first", ids), ("second", ids[::2])):
            listed = random.Random(1).sample([*order, *data_ids(1, start=90)], len(order) + 1)
            ica.says["GET", "pageSize=1000"] = 200, _page(listed, word, failed=ids[::2])
            settle(dashboard, place)
            found = {row["data_id"]: row["reason"] for row in exported(visitor, place)}
            assert len(found) == 41
            assert {found[one] for one in ids[1::2]} == {""}
            assert all(found[one] == f"{word} {one}" for one in ids[::2])
            if word == "first":
                confirm(visitor, f"{place}/retry")


def _page(listed, word, failed):
    """ICA's answer with these items, in this order."""
    items = [
        {
            "id": f"{word}-{data_id}",
            "request": {"dataId": data_id},
            "processing": {"status": "FAILED", "additionalStatusInformation": f"{word} {data_id}"}
            if data_id in failed
            else {"status": "LINKED"},
        }
        for data_id in listed
    ]
    return {"items": items, "nextPageToken": None}


def test_each_change_of_a_row_is_counted(database_url, tmp_path):
    """While items are linked, tried again and linked then; nothing else counts."""
    with open_dashboard(database_url, tmp_path, rate=8) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(20) + data_ids(9, ending="00", start=1000))
        for _ in range(2):
            was, counted = rows(visitor, place), _rows_changed(dashboard, place)
            while submission(dashboard, place).state != "settled":
                dashboard.work(2)
                now, count = rows(visitor, place), _rows_changed(dashboard, place)
                shown = sum(one != other for one, other in zip(was, now, strict=True))
                assert shown <= count - counted <= 2 * shown
                was, counted = now, count
            assert counted >= 29
            confirm(visitor, f"{place}/retry")


def _rows_changed(dashboard, place):
    return sum(batch.rows_changed for batch in batch_rows(dashboard, place))
