"""Answers that the contract leaves open: whatever ICA makes of it, a list comes to an end."""

from contextlib import contextmanager

import pytest

from tests.agreement import ByVisitor, by_find
from tests.dashboard import HEADERS, data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.store.invariants import assert_consistent
from tests.work.observation import (
    batch_rows,
    page,
    row_counts,
    rows,
    settle,
    submission,
    work_until,
)
from tests.work.refusing_ica import refusing_dashboard
from webapp.simulator import outcomes
from webapp.store.enums import BatchState, Blocked

pytestmark = pytest.mark.long

ITEMS = "getProjectDataLinkingBatchItems"
CREATE = "createProjectDataLinkingBatch"
SMALL_PAGES, PAGE_ROWS = {"page_items": 100}, 62  # 1,000 rows, halved until they are taken


@contextmanager
def opened(database_url, folder, **options):
    with open_dashboard(database_url, folder, **options) as dashboard:
        yield dashboard
        with dashboard.store.read() as connection:
            assert_consistent(connection)


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'b.db'}"


def calls(dashboard, operation):
    return dashboard.sim.calls().get(operation, 0)


# pages


@pytest.mark.slow
def test_pages_are_as_small_as_ica_takes_them(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=1e6, ica={"page_items": 100}) as dashboard:
        visitor = dashboard.visitor()
        needed = []
        for start in (0, 1000):
            dashboard.sim.forget_calls()
            place = visitor.submit(data_ids(500, start=start))
            settle(dashboard, place)
            assert row_counts(visitor, place) == {"LINKED": 500}
            needed.append(calls(dashboard, ITEMS))
        assert needed[0] - needed[1] == 5  # pages of 1,000 (twice), 500, 250 and 125 rows


def test_counts_come_from_the_rows_where_ica_takes_no_offsets(database_url, tmp_path):
    faults = {"items:refused-offset": 1}
    with opened(database_url, tmp_path, rate=5, faults=faults) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100) + data_ids(3, ending="00", start=500))
        dashboard.work(8)
        assert submission(dashboard, place).counts.get("LINKED", 0) > 0
        dashboard.sim.forget_calls()
        dashboard.work(10)
        assert calls(dashboard, ITEMS) == calls(dashboard, "getJob") > 0  # no vain counting
        settled = settle(dashboard, place)
        assert settled.counts == {"LINKED": 100, "FAILED": 3} == row_counts(visitor, place)


def test_a_lost_batch_is_found_where_jobs_can_not_be_sorted(sqlite_url, tmp_path):
    faults = {"create:dropped-after": "1x", "jobs:refused-offset": 1}
    with opened(sqlite_url, tmp_path, faults=faults) as dashboard:
        place = dashboard.visitor().submit(data_ids(40))
        dashboard.work(5)
        assert batch_rows(dashboard, place)[0].ica_batch_id
        assert settle(dashboard, place).counts == {"LINKED": 40}
        assert calls(dashboard, CREATE) == 1


def test_a_lost_batch_is_found_where_pages_of_jobs_are_small(sqlite_url, tmp_path):
    """On the second page, behind 14 others: a smaller page is not the last one."""
    with opened(sqlite_url, tmp_path, ica={"page_items": 20}) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"create:dropped-after": "1x"})
        place = visitor.submit(data_ids(7))
        for number in range(14):
            visitor.submit(data_ids(1, start=1000 + number))
        dashboard.work(5)
        assert batch_rows(dashboard, place)[0].ica_batch_id
        assert calls(dashboard, CREATE) == 15


# circles


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "totals"),
    [
        ("repeated-cursor", {}),
        ("circling-cursor", {"items:null-totals": 1}),
        ("circling-cursor", {"items:refused-offset": 1}),
        ("endless-cursor", {}),
        ("endless-cursor", {"items:null-totals": 1}),
    ],
)
def test_pages_that_go_round_in_a_circle_are_left(sqlite_url, tmp_path, fault, totals):
    with opened(sqlite_url, tmp_path, rate=2000, ica=SMALL_PAGES) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(250))
        dashboard.sim.set_faults({f"items:{fault}": 1} | totals)
        settled = settle(dashboard, place)
        found = row_counts(visitor, place)
        if fault == "repeated-cursor":  # all others are behind the first page, for ever
            assert found == {"LINKED": PAGE_ROWS, "UNKNOWN": 250 - PAGE_ROWS}
            assert "round in a circle" in rows(visitor, place)[-1]["reason"]
        else:
            assert found == {"LINKED": 250}
        assert settled.counts == found
        assert calls(dashboard, ITEMS) < 90
        assert batch_rows(dashboard, place)[0].state == BatchState.SETTLED


def test_a_circle_that_ends_in_time_costs_one_more_round(database_url, tmp_path):
    with opened(database_url, tmp_path, rate=1e6, ica=SMALL_PAGES) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(150))
        dashboard.sim.set_faults({"items:repeated-cursor": "2x"})
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"LINKED": 150}


@pytest.mark.slow
def test_what_folders_become_is_no_circle_however_much_it_is(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, ica_version="v3", rate=1e6, ica=SMALL_PAGES) as dashboard:
        dashboard.sim.set_faults({"items:null-totals": 1})
        visitor, folders = dashboard.visitor(), data_ids(1500, kind="fol")
        place = visitor.submit(folders)
        settle(dashboard, place)
        inside = sum(len(outcomes.contents_of(folder)) for folder in folders)
        assert row_counts(visitor, place) == {"EXPANDED": 1500, "LINKED": inside}


def test_a_circle_is_no_trouble_while_the_batch_runs(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=1, ica=SMALL_PAGES) as dashboard:
        place = dashboard.visitor().submit(data_ids(200))
        dashboard.sim.set_faults({"items:circling-cursor": 1})
        for _ in range(12):
            dashboard.work(5, step=5)
            (batch,) = batch_rows(dashboard, place)
            assert (batch.state, batch.failures, batch.trouble) == (BatchState.RUNNING, 0, None)


@pytest.mark.slow
def test_failures_in_a_circle_do_not_hold_up_the_rest(sqlite_url, tmp_path):
    """They are read first; without totals and a job the rest is what decides about the end."""
    faults = {"null-job": 1, "items:null-totals": 1, "items:circling-cursor": 1}
    with opened(sqlite_url, tmp_path, rate=20, faults=faults, ica=SMALL_PAGES) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(200, ending="00") + data_ids(150, start=4000))
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"FAILED": 200, "LINKED": 150}


def test_a_later_walk_that_is_whole_says_nothing_of_a_circle(sqlite_url, tmp_path):
    """ICA says that the job has ended while items move, so that they are walked once more."""
    with refusing_dashboard(sqlite_url, tmp_path, rate=1) as (dashboard, ica):
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(10))
        job = batch_rows(dashboard, place)[0].ica_job_id
        ica.says["GET", f"/jobs/{job}"] = 200, {"id": job, "status": "SUCCEEDED"}
        dashboard.sim.set_faults({"items:circling-cursor": 1, "items:nameless-item": 1})
        work_until(dashboard, lambda: batch_rows(dashboard, place)[0].whole_walks)
        assert batch_rows(dashboard, place)[0].state == BatchState.RUNNING
        dashboard.sim.set_faults({"items:nameless-item": 1})
        assert settle(dashboard, place).counts == {"LINKED": 9, "UNKNOWN": 1}
        assert "or none that can be read" in rows(visitor, place)[0]["reason"]


# failed items are read first, where ICA takes that


@pytest.mark.slow
@pytest.mark.parametrize("said", [(400, "No such status."), (500, "Not on Sundays.")])
def test_an_ica_that_does_not_give_failed_items_alone_holds_nothing_up(sqlite_url, tmp_path, said):
    ids = data_ids(50) + data_ids(150, ending="00", start=500)
    with refusing_dashboard(sqlite_url, tmp_path, rate=0.3) as (dashboard, ica):
        visitor = dashboard.visitor()
        place = visitor.submit(ids)
        first_page = "/items?status=FAILED&status=PARTIALLY_LINKED&pageSize=1000"
        ica.says["GET", first_page] = said
        if said[0] == 400:  # of a count too
            ica.says["GET", "status=PARTIALLY_LINKED"] = said
        for _ in range(6):
            dashboard.work(100, step=20)
            (batch,) = batch_rows(dashboard, place)
            state = (batch.state, batch.blocked, batch.vain_tries, batch.trouble)
            assert state == (BatchState.RUNNING, "", 0, None)
        assert row_counts(visitor, place)["FAILED"] > 50
        assert settle(dashboard, place).counts == {"LINKED": 50, "FAILED": 150}


# words and items that nobody has heard of


def test_a_job_status_never_seen_leaves_the_end_to_the_items(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=50, faults={"unknown-job": 1}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        dashboard.work(1)
        assert batch_rows(dashboard, place)[0].state == BatchState.RUNNING
        assert settle(dashboard, place).counts == {"LINKED": 100} == row_counts(visitor, place)
        assert batch_rows(dashboard, place)[0].job_status == "CLEANING_UP"


@pytest.mark.slow
def test_items_that_contradict_their_counts_are_read_ever_more_seldom(sqlite_url, tmp_path):
    """Counts say that none moves, the items that they do: else all were read every 5 seconds, and
    every 2 while somebody watches.
    """
    faults = {"unknown-job": 1, "items:miscounted": 1}
    with opened(sqlite_url, tmp_path, rate=1e-3, faults=faults) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(5))
        dashboard.work(300, step=5)
        dashboard.sim.forget_calls()
        for _ in range(30):
            dashboard.work(60, step=60)
            visitor.get(f"{place}/progress")
        assert 0 < dashboard.sim.total_calls() < 60  # in half an hour


def test_what_was_read_before_is_not_forgotten_when_it_can_not_be_read(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path}/b.db", tmp_path, rate=20) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(200))
        dashboard.work(5)
        assert rows(visitor, place)[0]["status"] == "LINKED"
        dashboard.sim.set_faults({"items:malformed-item": 1})
        settle(dashboard, place)
        assert row_counts(visitor, place) == {"LINKED": 200}


def test_what_is_not_known_is_not_told_as_not_linked(tmp_path):
    faults = {"items:nameless-item": 1}
    with open_dashboard(f"sqlite:///{tmp_path}/b.db", tmp_path, faults=faults) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit([*data_ids(16), *data_ids(2, ending="00", start=50)])
        settle(dashboard, place)
        assert "15 of 18 items linked; 2 not, 1 not known." in page(visitor, place)


def test_one_item_that_can_not_be_read_is_told_alone(database_url, tmp_path):
    with opened(database_url, tmp_path, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"items:malformed-item": 1})
        place = visitor.submit(data_ids(40))
        assert settle(dashboard, place).counts == {"LINKED": 39, "UNKNOWN": 1}
        first, second = rows(visitor, place)[:2]
        assert (first["data_id"], first["status"]) == (data_ids(1)[0], "UNKNOWN")
        assert first["reason"] == "ICA's entry of this id can't be read."
        assert second["status"] == "LINKED"


def test_an_item_of_which_not_even_the_id_can_be_read_is_not_listed(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=1e6) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"items:nameless-item": 1})
        place = visitor.submit(data_ids(40))
        assert settle(dashboard, place).counts == {"LINKED": 39, "UNKNOWN": 1}
        assert "or none that can be read" in rows(visitor, place)[0]["reason"]


def test_an_item_that_can_be_read_later_is_told_then(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=10) as dashboard:
        visitor = dashboard.visitor()
        dashboard.sim.set_faults({"items:malformed-item": 1})
        place = visitor.submit(data_ids(40))
        dashboard.work(3)
        assert rows(visitor, place)[0]["status"] == "UNKNOWN"
        dashboard.sim.set_faults({})
        assert settle(dashboard, place).counts == {"LINKED": 40} == row_counts(visitor, place)


# ids in capitals


def test_ids_that_ica_writes_in_capitals_are_the_same_ids(sqlite_url, tmp_path):
    ids = [*data_ids(20), *data_ids(2, kind="fol", start=100)]
    with opened(sqlite_url, tmp_path, faults={"capitals": 1}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(ids)
        assert settle(dashboard, place).counts == {"LINKED": 22}
        assert [row["data_id"] for row in rows(visitor, place)] == ids
        assert by_find(ByVisitor(visitor), ids) == dict.fromkeys(ids, "LINKED")


def test_a_lost_batch_is_found_by_ids_in_capitals(sqlite_url, tmp_path):
    faults = {"capitals": 1, "create:dropped-after": "1x"}
    with opened(sqlite_url, tmp_path, faults=faults) as dashboard:
        place = dashboard.visitor().submit(data_ids(40))
        dashboard.work(5)
        assert batch_rows(dashboard, place)[0].ica_batch_id
        settle(dashboard, place)
        assert calls(dashboard, CREATE) == 1


def test_an_adopted_batch_keeps_small_ids(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, faults={"capitals": 1}) as dashboard:
        visitor = dashboard.visitor()
        client = dashboard.context.clients.for_key("demo-key", "")
        batch = client.create_batch(FIRST_PROJECT, data_ids(5))
        fields = {"project_id": FIRST_PROJECT, "batch_id": batch.id, "name": "adopted"}
        adopted = visitor.post("/submissions/adopt", fields).location
        settle(dashboard, adopted)
        assert [row["data_id"] for row in rows(visitor, adopted)] == data_ids(5)


def test_ica_is_asked_which_ids_it_would_refuse_in_any_case(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, faults={"capitals": 1}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft(data_ids(5))
        visitor.post(f"{place}/check")
        dashboard.work(2)
        assert submission(dashboard, place).review.refused == 0
        assert "refuse" in page(visitor, place)


# stuck


PAGE = ("GET", "/items?pageSize=1000")
COUNT = ("GET", "/items?pageOffset=0&pageSize=1")
SAYS = {
    "a page of another shape": (PAGE, (200, "No page of items.")),
    "a page refused": (PAGE, (422, "Not on Sundays.")),
    "a page that fails": (PAGE, (500, "Not on Sundays.")),
    "a count of another shape": (COUNT, (200, "No count of items.")),
    "items refused": (("GET", "/items"), (400, "Not on Sundays.")),
    "a job of another shape": (("GET", "JOB"), (200, "No job.")),
    "an error on sending": (("POST", "/dataLinkingBatch"), (500, "Not on Sundays.")),
}


def pass_time(dashboard, seconds, until=lambda: False):
    """Go from one moment at which something is due to the next: no other one matters here."""
    end = dashboard.clock.now + seconds
    dashboard.work()
    while not until() and (due := dashboard.next_due()) is not None and due <= end:
        dashboard.clock.now = max(due, dashboard.clock.now)
        dashboard.work()


def get_stuck(dashboard, place):
    pass_time(dashboard, 1800, until=lambda: batch_rows(dashboard, place)[0].blocked)
    (batch,) = batch_rows(dashboard, place)
    assert (batch.blocked, batch.vain_tries) == (Blocked.STUCK, 10)


@contextmanager
def stuck_dashboard(url, folder, variant, rate=5):
    """A dashboard of which the one list is stuck, with its ICA and the address of the list."""
    with refusing_dashboard(url, folder, rate=rate) as (dashboard, ica):
        visitor = dashboard.visitor()
        (method, ending), said = SAYS[variant]
        if method == "POST":
            ica.says[method, ending] = said
        place = visitor.submit(data_ids(40))
        if method == "GET":
            job = f"/jobs/{batch_rows(dashboard, place)[0].ica_job_id}"
            ica.says[method, job if ending == "JOB" else ending] = said
        get_stuck(dashboard, place)
        yield dashboard, ica, place
        with dashboard.store.read() as connection:
            assert_consistent(connection)


def asked_of_batches(ica):
    """But for tokens, and whether the project may still be read."""
    found = [path.rpartition("/api")[2] for _, path in ica.asked]
    return [path for path in found if path not in {"/tokens", f"/projects/{FIRST_PROJECT}"}]


@pytest.mark.slow
@pytest.mark.parametrize("variant", SAYS)
def test_what_leads_no_further_costs_a_call_in_five_minutes(sqlite_url, tmp_path, variant):
    with stuck_dashboard(sqlite_url, tmp_path, variant) as (dashboard, ica, place):
        ica.asked.clear()
        pass_time(dashboard, 3600)
        assert 6 <= len(asked_of_batches(ica)) <= 12
        assert submission(dashboard, place).phase == "blocked"
        ica.says.clear()
        pass_time(dashboard, 1500)
        assert submission(dashboard, place).counts == {"LINKED": 40}
        (batch,) = batch_rows(dashboard, place)
        assert (batch.state, batch.blocked) == (BatchState.SETTLED, "")
        assert (batch.vain_tries, batch.vain_kind) == (0, "")


@pytest.mark.slow
def test_a_token_that_is_always_refused_leaves_the_walk_stuck(database_url, tmp_path):
    faults = {"items:refused-token": 1}
    with opened(database_url, tmp_path, rate=1e6, faults=faults, ica=SMALL_PAGES) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(150))
        get_stuck(dashboard, place)
        assert dashboard.sim.total_calls() < 60
        assert "refuses to go on after a page, 10 times in a row" in page(visitor, place)
        assert "pageToken is not valid" in page(visitor, place)
        dashboard.sim.forget_calls()
        pass_time(dashboard, 3600)
        assert dashboard.sim.calls().keys() <= {ITEMS, "createJwtToken", "getProject"}
        found_anew = 5  # pages of 1,000 (twice), 500, 250 and 125 rows, once an hour
        assert 10 <= calls(dashboard, ITEMS) <= 12 + found_anew
        dashboard.sim.set_faults({})
        pass_time(dashboard, 1200)
        assert submission(dashboard, place).counts == {"LINKED": 150}


def test_a_token_that_is_refused_does_not_hold_up_what_runs(sqlite_url, tmp_path):
    """Counts go on; that the items can't be read to the end matters when the job has ended."""
    faults = {"items:refused-token": 1}
    with opened(sqlite_url, tmp_path, rate=1, faults=faults, ica=SMALL_PAGES) as dashboard:
        place = dashboard.visitor().submit(data_ids(150))
        for _ in range(12):
            pass_time(dashboard, 10)
            (batch,) = batch_rows(dashboard, place)
            assert (batch.state, batch.blocked, batch.trouble) == (BatchState.RUNNING, "", None)
        assert batch.counts["LINKED"] > 50


def test_an_outage_is_waited_for_and_nothing_is_stuck(sqlite_url, tmp_path):
    with opened(sqlite_url, tmp_path, rate=5) as dashboard:
        place = dashboard.visitor().submit(data_ids(40))
        dashboard.work(1)
        dashboard.sim.set_faults({"503": 1})
        pass_time(dashboard, 1200)
        (batch,) = batch_rows(dashboard, place)
        assert (batch.blocked, batch.failures > 20) == (Blocked.NO, True)
        dashboard.sim.set_faults({})
        assert settle(dashboard, place, within=60).counts == {"LINKED": 40}


def test_whoever_began_it_or_submitted_the_list_has_it_tried_again(database_url, tmp_path):
    with stuck_dashboard(database_url, tmp_path, "a page refused") as (dashboard, ica, place):
        owner, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
        said = page(owner, place)
        assert "ICA's list of the items of batch 1 can't be read, 10 times in a row now" in said
        assert "Not on Sundays." in said
        assert "Try again now" in said
        assert "End it" in said
        assert "Try again now" not in page(colleague, place)
        assert colleague.post(f"{place}/try-again").status_code == 403
        assert owner.post(f"{place}/try-again", {"attempt": "7"}).status_code == 404
        for well in (False, True):
            if well:
                ica.says.clear()
            ica.asked.clear()
            assert owner.post(f"{place}/try-again").status_code == 303
            dashboard.work()
            assert bool(batch_rows(dashboard, place)[0].blocked) != well
            assert well or len(asked_of_batches(ica)) == 1
        assert "asked again about what was stuck" in text(owner.get(f"{place}/audit"))
        assert "Nothing of it is stuck" in text(
            owner.client.post(f"{place}/try-again", headers=HEADERS, follow_redirects=True)
        )
        assert settle(dashboard, place).counts == {"LINKED": 40}


def test_what_is_stuck_can_be_given_up(sqlite_url, tmp_path):
    with stuck_dashboard(sqlite_url, tmp_path, "a page refused") as (dashboard, ica, place):
        owner = dashboard.visitor()
        assert owner.post(f"{place}/stop", {"attempt": "1"}).status_code == 303
        dashboard.work()
        assert batch_rows(dashboard, place)[0].state == BatchState.LOST
        assert submission(dashboard, place).state == "settled"
        assert "Blocked" not in page(owner, place)
        ica.asked.clear()
        pass_time(dashboard, 1200)
        assert asked_of_batches(ica) == []
