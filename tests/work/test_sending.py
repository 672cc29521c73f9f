"""Sending: nothing is lost and nothing doubled, and a refusal is told word for word."""

import itertools
from dataclasses import replace

import pytest

from tests.dashboard import SECRET_KEY, data_ids, open_dashboard
from tests.simulated_ica import FIRST_PROJECT, READ_ONLY_PROJECT
from tests.work.observation import account, batch_rows, page, row_counts, rows, settle, submission
from tests.work.refusing_ica import refusing_dashboard
from webapp.store import batches
from webapp.store.enums import AccountTrouble, BatchState, Blocked, State, Task
from webapp.vault import Vault
from webapp.web.core.context import KEY
from webapp.work import batch_runner
from webapp.work.clients import Clients, Places

CREATE = "createProjectDataLinkingBatch"
POST_BATCH = ("POST", "/dataLinkingBatch")


@pytest.fixture
def sqlite_url(tmp_path):
    """For what is the same on both databases."""
    return f"sqlite:///{tmp_path / 'b.db'}"


def test_an_answer_that_was_lost_is_found_by_its_job(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, faults={"create:dropped-after": "1x"}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(40))
        assert batch_rows(dashboard, place)[0].state == BatchState.SENDING
        assert "answer to batch 1 was lost" in page(visitor, place)
        dashboard.work(5)
        assert batch_rows(dashboard, place)[0].ica_batch_id
        assert settle(dashboard, place).counts == {"LINKED": 40}
        assert dashboard.sim.calls()[CREATE] == 1


def test_a_batch_that_never_arrived_is_sent_again_after_a_minute(database_url, tmp_path):
    with open_dashboard(
        database_url, tmp_path, faults={"create:dropped-before": "1x"}
    ) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(40))
        dashboard.work(55)
        assert batch_rows(dashboard, place)[0].state == BatchState.SENDING
        assert dashboard.sim.calls()[CREATE] == 1
        dashboard.work(15)
        assert dashboard.sim.calls()[CREATE] == 2
        assert settle(dashboard, place).counts == {"LINKED": 40}


def test_two_lost_answers_of_one_project_are_told_apart(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, faults={"create:dropped-after": "2x"}) as dashboard:
        visitor = dashboard.visitor()
        places = [visitor.submit(data_ids(40, start=start)) for start in (0, 1000)]
        for place in places:
            settle(dashboard, place)
        assert [rows(visitor, place)[0]["data_id"] for place in places] == [
            data_ids(1)[0],
            data_ids(1, start=1000)[0],
        ]
        assert dashboard.sim.calls()[CREATE] == 2
        assert all(row_counts(visitor, place) == {"LINKED": 40} for place in places)


def test_what_others_send_is_not_taken_for_ours(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        settle(dashboard, visitor.submit(data_ids(40)))
        dashboard.sim.set_faults({"create:dropped-before": "1x"})
        place = visitor.submit(data_ids(41))
        dashboard.work(30)
        assert batch_rows(dashboard, place)[0].ica_batch_id is None
        assert settle(dashboard, place).counts == {"ALREADY_LINKED": 40, "LINKED": 1}


@pytest.mark.parametrize("status", [302, 408, 429, 500, 503])
def test_what_may_have_been_done_is_looked_for(sqlite_url, tmp_path, status):
    """A server before ICA answers so although ICA has the batch."""
    with refusing_dashboard(sqlite_url, tmp_path) as (dashboard, ica):
        visitor = dashboard.visitor()
        ica.carries_out, ica.says[POST_BATCH] = True, (status, "The gateway is tired.")
        place = visitor.submit(data_ids(40))
        assert batch_rows(dashboard, place)[0].state == BatchState.SENDING
        assert "othing of it was sent" not in page(visitor, place)
        ica.says.clear()
        assert settle(dashboard, place).counts == {"LINKED": 40}
        assert dashboard.sim.calls()[CREATE] == 1


@pytest.mark.parametrize("fault", ["dropped-after", "408"])
def test_what_may_have_been_done_is_not_told_as_not_sent(sqlite_url, tmp_path, fault):
    with open_dashboard(sqlite_url, tmp_path, faults={f"create:{fault}": "1x"}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(4))
        assert batch_rows(dashboard, place)[0].state == BatchState.SENDING
        assert row_counts(visitor, place) == {"UNREAD": 4}
        found = visitor.post("/find", {"ids": data_ids(1)[0]}).location
        for told in (place, f"{place}/items/1", found):
            assert "ot sent" not in page(visitor, told), told
        assert "Sent, waiting for ICA" in page(visitor, place)
        assert "4 under way" in page(visitor, "/submissions")
        assert settle(dashboard, place).counts == {"LINKED": 4}


def test_a_429_is_looked_for_once_and_sent_again_without_a_minute_of_waiting(
    database_url, tmp_path
):
    with refusing_dashboard(database_url, tmp_path) as (dashboard, ica):
        ica.says[POST_BATCH] = 429, "Too many."
        place = dashboard.visitor().submit(data_ids(40))
        ica.says.clear()
        dashboard.work(2)
        (batch,) = batch_rows(dashboard, place)
        assert (batch.ica_batch_id is not None, batch.sent_again) == (True, True)


def test_a_429_to_the_look_up_makes_it_no_shorter(sqlite_url, tmp_path):
    """It says nothing of the POST, which may be under way still."""
    with open_dashboard(sqlite_url, tmp_path, faults={"create:dropped-before": "1x"}) as dashboard:
        dashboard.visitor().submit(data_ids(40))
        dashboard.sim.set_faults({"jobs:429": "1x"})
        dashboard.work(58)
        assert dashboard.sim.faults() == {"jobs:429": "0x"}
        assert dashboard.sim.calls()[CREATE] == 1
        dashboard.work(15)
        assert dashboard.sim.calls()[CREATE] == 2


@pytest.mark.slow
@pytest.mark.parametrize("at_call", [2, 3, 4])
def test_two_lists_of_the_same_ids_do_not_share_a_batch(database_url, tmp_path, at_call):
    """Both answers were lost, and while the first is looked for, the second finds it."""
    with open_dashboard(database_url, tmp_path, faults={"create:dropped-after": "2x"}) as dashboard:
        visitor = dashboard.visitor()
        places = [visitor.submit(data_ids(40)) for _ in range(2)]
        first, second = (batch_rows(dashboard, place)[0] for place in places)
        dashboard.clock.advance(1)
        with dashboard.store.write() as connection:
            claimed = batches.claim(connection, "a slow worker", dashboard.clock.now)
        assert claimed.id in {first.id, second.id}
        batch_runner.perform(interrupted(dashboard, at_call, dashboard.work), claimed)
        for place in places:
            settle(dashboard, place)
        theirs = [batch_rows(dashboard, place)[0].ica_batch_id for place in places]
        assert None not in theirs
        assert len(set(theirs)) == 2
        assert dashboard.sim.calls()[CREATE] == 2


def interrupted(dashboard, at_call, action):
    """The context of a worker that is overtaken at its n-th call: `action` comes in between."""
    answered = itertools.count(1)

    def on_call(_account_id):
        if next(answered) == at_call:
            action()

    clients = Clients(dashboard.settings, Vault(SECRET_KEY), clock=dashboard.clock, on_call=on_call)
    return replace(dashboard.context, clients=clients)


def test_an_answer_that_comes_after_a_twin_has_found_its_batch(database_url, tmp_path):
    """While one is being sent, the other of the same ids, whose answer was lost, finds it."""
    with open_dashboard(
        database_url, tmp_path, faults={"create:dropped-before": "1x"}
    ) as dashboard:
        visitor = dashboard.visitor()
        lost = visitor.submit(data_ids(40))
        draft = visitor.draft(data_ids(40))
        here = dashboard.app.extensions[KEY]
        dashboard.clock.advance(5)
        dashboard.app.extensions[KEY] = interrupted(dashboard, 2, dashboard.work)
        assert visitor.post(f"{draft}/submit").status_code == 303
        dashboard.app.extensions[KEY] = here
        for place in (lost, draft):
            settle(dashboard, place)
        theirs = [batch_rows(dashboard, place)[0].ica_batch_id for place in (lost, draft)]
        assert None not in theirs
        assert len(set(theirs)) == 2
        assert dashboard.sim.calls()[CREATE] == 3  # the first one never arrived


def test_a_batch_that_was_adopted_by_hand_is_still_found_by_who_sent_it(sqlite_url, tmp_path):
    with open_dashboard(sqlite_url, tmp_path, faults={"create:dropped-after": "1x"}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(40))
        (job,) = dashboard.context.clients.for_key("demo-key", "").jobs().items
        named = {"project_id": FIRST_PROJECT, "batch_id": job.subject_id, "name": "by hand"}
        adopted = visitor.post("/submissions/adopt", named).location
        for one in (place, adopted):
            assert settle(dashboard, one).counts == {"LINKED": 40}
        theirs = [batch_rows(dashboard, one)[0].ica_batch_id for one in (place, adopted)]
        assert theirs == [job.subject_id] * 2
        assert dashboard.sim.calls()[CREATE] == 1


def test_no_wish_to_be_left_alone_is_ignored(database_url, tmp_path):
    with open_dashboard(
        database_url, tmp_path, faults={"create:429": "1x"}, batch_size=20
    ) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(40))
        waiting = batch_rows(dashboard, place)[0]
        assert (waiting.state, waiting.due_at) == (BatchState.SENDING, dashboard.clock.now + 2)
        assert account(dashboard).trouble == "throttled"
        assert "fewer calls" in page(visitor, place)
        settle(dashboard, place)
        assert account(dashboard).trouble == ""
        assert dashboard.sim.calls()[CREATE] == 3


def test_a_429_without_a_time_waits_longer_each_time(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, faults={"create:429-bare": 1}) as dashboard:
        place = dashboard.visitor().submit(data_ids(4))
        waits = []
        for _ in range(5):
            batch = batch_rows(dashboard, place)[0]
            waits.append(round(batch.due_at - dashboard.clock.now, 1))
            dashboard.clock.advance(waits[-1])
            dashboard.work()
        assert waits == [0.5, 2.0, 10.0, 30.0, 30.0]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["500", "503", "cut"])
def test_an_error_that_may_hide_a_batch_sends_nothing_twice(database_url, tmp_path, fault):
    with open_dashboard(database_url, tmp_path, faults={f"create:{fault}": "1x"}) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(40))
        assert batch_rows(dashboard, place)[0].state == BatchState.SENDING
        assert settle(dashboard, place).counts == {"LINKED": 40}
        assert dashboard.sim.calls()[CREATE] == (1 if fault == "cut" else 2)


def test_a_refusal_is_kept_word_for_word(database_url, tmp_path):
    with refusing_dashboard(database_url, tmp_path, batch_size=20) as (dashboard, ica):
        visitor = dashboard.visitor()
        ica.says[POST_BATCH] = 400, "Only on Tuesdays."
        place = visitor.submit(data_ids(40))
        dashboard.work()
        assert {batch.state for batch in batch_rows(dashboard, place)} == {BatchState.REFUSED}
        assert "Only on Tuesdays." in page(visitor, place)
        assert " Refused " in page(visitor, "/submissions")
        found = rows(visitor, place)
        assert {row["status"] for row in found} == {"NOT_SENT"}
        assert {row["reason"] for row in found} == {"ICA refused the batch: Only on Tuesdays."}
        assert submission(dashboard, place).state == State.SETTLED
        assert submission(dashboard, place).counts == {"NOT_SENT": 40}


def test_who_may_not_write_is_told_and_asked_again(database_url, tmp_path):
    with refusing_dashboard(database_url, tmp_path) as (dashboard, ica):
        visitor = dashboard.visitor()
        ica.says[POST_BATCH] = 403, "You are a viewer."
        place = visitor.submit(data_ids(4))
        assert submission(dashboard, place).shown_state == "blocked"
        assert "You are a viewer." in page(visitor, place)
        assert batch_rows(dashboard, place)[0].blocked == Blocked.MAY_NOT_WRITE
        dashboard.work(240)
        assert batch_rows(dashboard, place)[0].failures == 1
        ica.says.clear()
        assert settle(dashboard, place).counts == {"LINKED": 4}
        assert batch_rows(dashboard, place)[0].blocked == Blocked.NO


def test_a_project_that_may_only_be_read_blocks(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        place = dashboard.visitor().submit(data_ids(4), project=READ_ONLY_PROJECT)
        assert batch_rows(dashboard, place)[0].blocked == Blocked.MAY_NOT_WRITE


def test_a_key_that_is_no_longer_taken_waits_for_a_sign_in(database_url, tmp_path):
    with refusing_dashboard(database_url, tmp_path, rate=10) as (dashboard, ica):
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        dashboard.work(2)
        ica.says = {("POST", "/tokens"): (401, "No."), ("GET", ""): (401, "No.")}
        dashboard.work(30)
        assert batch_rows(dashboard, place)[0].blocked == Blocked.SIGN_IN
        assert "signs in here again" in page(visitor, place)
        assert account(dashboard).trouble == ""
        ica.says = {}
        assert visitor.sign_in().status_code == 303
        dashboard.work()
        assert batch_rows(dashboard, place)[0].blocked == Blocked.NO
        assert settle(dashboard, place).counts == {"LINKED": 100}


def test_work_waits_for_a_key_that_was_erased(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(100))
        visitor.post("/signout", {"forget": "1"})
        dashboard.work(10)
        assert batch_rows(dashboard, place)[0].blocked == Blocked.SIGN_IN
        visitor.sign_in()
        assert settle(dashboard, place).counts == {"LINKED": 100}


def test_what_is_stopped_is_not_sent(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(35))
        assert visitor.post(f"{place}/stop").status_code == 303
        settled = settle(dashboard, place)
        assert settled.counts == {"LINKED": 10, "NOT_SENT": 25} == row_counts(visitor, place)
        assert {row["reason"] for row in rows(visitor, place)[10:]} == {
            "Stopped before it was sent."
        }
        assert dashboard.sim.calls()[CREATE] == 1


def test_nothing_is_sent_again_after_a_stop(database_url, tmp_path):
    """A batch that is looked for when the rest is stopped would else be sent a minute later."""
    with open_dashboard(
        database_url, tmp_path, faults={"create:dropped-before": "1x"}, batch_size=10
    ) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(20))
        visitor.post(f"{place}/stop")
        assert settle(dashboard, place).counts == {"NOT_SENT": 20} == row_counts(visitor, place)
        assert dashboard.sim.calls()[CREATE] == 1


@pytest.mark.slow
def test_a_first_batch_that_finds_ica_busy_with_others_is_sent_by_the_worker(
    database_url, tmp_path
):
    """Certainly not sent, so nobody looks for it, and no trouble of ICA's is told."""
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor, places = dashboard.visitor(), Places(1)
        here = dashboard.app.extensions[KEY]
        clients = Clients(
            dashboard.settings,
            here.vault,
            clock=dashboard.clock,
            on_call=here.budget.spend,
            place=places.place,
        )
        dashboard.app.extensions[KEY] = replace(here, clients=clients)
        place = visitor.draft(data_ids(3))
        with places.place():
            assert visitor.post(f"{place}/submit").status_code == 303
        (batch,) = batch_rows(dashboard, place)
        assert (batch.state, batch.task, batch.trouble) == (BatchState.WAITING, Task.SEND, None)
        assert account(dashboard).trouble == AccountTrouble.NONE
        assert "ICA does not answer" not in page(visitor, place)
        assert CREATE not in dashboard.sim.calls()
        assert settle(dashboard, place).counts == {"LINKED": 3}
        assert dashboard.sim.calls()[CREATE] == 1
