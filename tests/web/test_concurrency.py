"""What happens at the same moment, by two requests or by a request and a worker, happens once."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import pytest
from sqlalchemy import Engine, event

from tests.dashboard import data_ids, text
from tests.simulated_ica import FIRST_PROJECT
from tests.web.confirmation import attempts, confirm, exported, fields, statuses
from tests.web.lock_waits import someone_waits
from tests.web.markup import element
from tests.work.observation import account, batch_rows, number, submission
from webapp.store import (
    Store,
    accounts,
    batches,
    chores,
    drafts,
    due,
    lifecycle,
    sessions,
    uploads,
    usage,
)
from webapp.store import attempts as attempts_of
from webapp.store.accounts import Identity
from webapp.store.leases import LEASE_SECONDS
from webapp.store.retry import assignment
from webapp.store.retry.assignment import Confirmed
from webapp.store.retry.selection import Selection
from webapp.store.rollup import roll_up
from webapp.store.sessions import Limits, Place
from webapp.web.retry import start
from webapp.work import chore_runner, housekeeping

DAY = 86_400


def test_a_click_and_its_double_adopt_one_batch(stored):
    batch = stored.context.clients.for_key("demo-key", "").create_batch(FIRST_PROJECT, data_ids(3))
    given = {"project_id": FIRST_PROJECT, "batch_id": batch.id, "name": ""}
    stored.sim.forget_calls()
    visitor = stored.visitor()
    cookie = {"Cookie": f"linkboard={visitor.client.get_cookie('linkboard').value}"}

    def adopt(_number):
        client = stored.app.test_client(use_cookies=False)
        headers = {"Sec-Fetch-Site": "same-origin", **cookie}
        return client.post("/submissions/adopt", data=given, headers=headers).location

    with ThreadPoolExecutor(4) as pool:
        with stored.store.write():  # on SQLite both wait here, having asked ICA
            clicks = [pool.submit(adopt, number) for number in range(4)]
            while stored.sim.calls().get("getProjectDataLinkingBatch", 0) < 4:
                if not wait(clicks, timeout=0.01).not_done:
                    break
        places = {click.result() for click in clicks}
    assert len(places) == 1
    assert None not in places


@pytest.mark.long
def test_a_small_list_is_read_within_its_request_whatever_the_worker_does(stored):
    over = threading.Event()

    def claim_what_is_due():
        while not over.is_set():
            with stored.store.read() as connection:
                found = due.look(connection, stored.clock.now)
            if found.upload:
                with stored.store.write() as connection:
                    uploads.claim(connection, "a quick worker", stored.clock.now)

    visitor = stored.visitor()
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(claim_what_is_due)
        answers = [visitor.upload("no id in here").status_code for _ in range(20)]
        over.set()
        worker.result()
    assert answers == [422] * 20


def test_a_gatherer_that_stalled_beyond_its_lease_takes_nothing(stored, monkeypatch):
    monkeypatch.setattr(start, "CHUNK_ROWS", 1)  # more than this many are left to the worker
    visitor = stored.visitor()
    place = visitor.submit(data_ids(5, ending="00"))
    stored.work(30)
    again = confirm(visitor, f"{place}/retry")
    with stored.store.write() as connection:
        stalled = chores.claim(connection, "a worker that stalls", stored.clock.now)
    stored.work(LEASE_SECONDS, step=LEASE_SECONDS)
    before = statuses(visitor, again), exported(visitor, place), batch_rows(stored, place)
    chore_runner.perform(stored.context, stalled)
    assert (statuses(visitor, again), exported(visitor, place), batch_rows(stored, place)) == before
    assert stored.sim.calls()["createProjectDataLinkingBatch"] == 2


@pytest.mark.parametrize("act", ["take", "stop"])
def test_whoever_changes_a_list_locks_its_batches_first(stored, monkeypatch, act):
    """As a worker does that records a batch; the other way round, each would wait for the other."""
    monkeypatch.setattr(start, "CHUNK_ROWS", 1)  # more than this many are left to the worker
    visitor = stored.visitor()
    place = visitor.submit(data_ids(5, ending="00"))
    stored.work(30)
    confirm(visitor, f"{place}/retry")
    with stored.store.write() as connection:
        chore = chores.claim(connection, "a worker", stored.clock.now) if act == "take" else None
    (batch, *_) = batch_rows(stored, place)

    def change():
        if chore:
            return chore_runner.perform(stored.context, chore)
        return visitor.post(f"{place}/stop", {"attempt": "2"})

    with ThreadPoolExecutor(1) as pool, closing(Store(stored.settings.database)) as elsewhere:
        with elsewhere.write() as connection:
            batches.change(connection, batch.id, missing_count=1)
            changed = pool.submit(change)
            while not someone_waits(elsewhere):
                assert not wait([changed], timeout=0.01).done
            roll_up(connection, batch.submission_id, stored.clock.now)  # PostgreSQL saw a deadlock
        changed.result()
    assert submission(stored, place).counts == {"FAILED": 5}


def test_a_list_that_is_read_lets_others_write_before_all_of_it_is_stored(dashboard):
    order, visitor, elsewhere = [], dashboard.visitor(), Store(dashboard.settings.database_url)
    with ThreadPoolExecutor(1) as pool, closing(elsewhere):

        def note(_connection, _cursor, statement, *_):
            if not statement.lstrip().startswith("INSERT INTO items"):
                return
            order.append("rows")
            if order == ["rows"]:
                other = pool.submit(elsewhere.probe)
                other.add_done_callback(lambda done: order.append(done.exception() or "other"))
                while not someone_waits(elsewhere):
                    assert not other.done()

        event.listen(Engine, "before_cursor_execute", note)
        try:
            visitor.draft(data_ids(10_000))
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    assert "other" in order[1:-1]


def test_who_waits_for_the_batches_of_a_list_gets_those_made_meanwhile(stored):
    place = stored.visitor().submit(data_ids(2, ending="00"))
    stored.work(30)
    submission_id = number(place)

    def lock():
        with stored.store.write() as connection:
            return [batch.ordinal for batch in batches.lock_all(connection, submission_id)]

    with ThreadPoolExecutor(1) as pool, closing(Store(stored.settings.database)) as elsewhere:
        with elsewhere.write() as connection:
            batches.lock_all(connection, submission_id)
            waiting = pool.submit(lock)
            while not someone_waits(elsewhere):
                assert not wait([waiting], timeout=0.01).done
            first = attempts_of.get(connection, submission_id, 1)
            at = {"first_position": 3, "last_position": 2, "size": 0}
            batches.new(connection, first, ordinal=2, **at)
        assert waiting.result() == [1, 2]


def test_what_is_about_to_be_tried_again_is_not_deleted(stored):
    visitor = stored.visitor()
    place = visitor.submit(data_ids(5, ending="00"))
    stored.work(30)
    with ThreadPoolExecutor(1) as pool, closing(Store(stored.settings.database)) as elsewhere:
        with elsewhere.write() as connection:
            source = drafts.lock(connection, number(place))
            confirmed = Confirmed("link", Selection(statuses=("FAILED",)), 5, "of a page")
            assignment.begin(connection, source, confirmed, source.account_id, stored.clock.now)
            click = pool.submit(visitor.post, f"{place}/delete")
            while not someone_waits(elsewhere):
                assert not wait([click], timeout=0.01).done
        assert click.result().status_code == 409
    assert submission(stored, place).state == "active"
    stored.work(30)
    assert statuses(visitor, f"{place}/attempts/2") == dict.fromkeys(
        data_ids(5, ending="00"), "FAILED"
    )


def test_of_two_attempts_at_once_no_item_is_in_both(stored):
    """One page, two clicks of two people: each item is taken once, and sent once."""
    ids = data_ids(6, ending="00")
    people = [stored.visitor(), stored.visitor("colleague-key")]
    place = people[0].submit(ids)
    stored.work(30)
    pages = [fields(person.get(f"{place}/retry")) for person in people]
    cookies = [person.client.get_cookie("linkboard").value for person in people]
    stored.sim.forget_calls()

    def click(number):
        client = stored.app.test_client(use_cookies=False)
        headers = {"Sec-Fetch-Site": "same-origin", "Cookie": f"linkboard={cookies[number]}"}
        return client.post(f"{place}/retry", data=pages[number], headers=headers).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(click, range(2)))
    assert answers in ([303, 303], [303, 422])
    stored.work(30)
    begun = attempts(people[0], place)[1:]
    assert sorted(data_id for one in begun for data_id in statuses(people[0], one)) == sorted(ids)
    assert stored.sim.calls()["createProjectDataLinkingBatch"] == 1
    assert statuses(people[0], place) == dict.fromkeys(ids, "FAILED")


@pytest.mark.parametrize("moment", range(1, 5))
def test_what_changes_while_a_page_is_made_is_fetched_by_its_next_poll(
    dashboard, monkeypatch, moment
):
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(5))
    asked = itertools.count(1)

    def clock(self):
        if next(asked) == moment:
            with dashboard.store.write() as connection:
                lifecycle.rename(connection, number(place), "a new name", "", self.now)
        return self.now

    dashboard.clock.advance(5)  # somebody watches already: looking writes nothing
    monkeypatch.setattr(type(dashboard.clock), "__call__", clock)
    page = visitor.get(place)
    monkeypatch.undo()
    assert submission(dashboard, place).name == "a new name"
    tag = element(page, "div", id="progress")["hx-ptag"]
    polled = visitor.part(f"{place}/progress", **{"HX-PTag": tag})
    assert "a new name" in text(page) or polled.status_code == 200


def test_who_signs_in_again_and_housekeeping_do_not_wait_for_each_other(stored):
    visitor = stored.visitor()
    token = session_token(visitor)
    who = identity(stored)
    stored.clock.advance(365 * DAY)
    with ThreadPoolExecutor(1) as pool, closing(Store(stored.settings.database)) as elsewhere:
        with elsewhere.write() as connection:
            accounts.sign_in(connection, who, stored.clock.now)  # as POST /signin does
            kept = pool.submit(housekeeping.perform, stored.context)
            while not someone_waits(elsewhere):
                assert not wait([kept], timeout=0.01).done
            sessions.close(connection, token)  # PostgreSQL saw a deadlock
            now, limits = stored.clock.now, Limits(DAY, DAY)
            sessions.open_session(connection, 1, now, limits, Place("", ""))
        kept.result()
    assert account(stored).sealed_key, "the new session needs it"


def session_token(visitor):
    """The token in the visitor's cookie."""
    with visitor.client.session_transaction() as cookie:
        return cookie["token"]


def identity(dashboard):
    """The first account's, as at its sign-in."""
    with dashboard.store.read() as connection:
        kept = accounts.get(connection, 1)
    names = ("ica_url", "tenant", "subject", "name", "asked_tenant", "sealed_key")
    return Identity(**{name: getattr(kept, name) for name in names})


def test_who_asks_for_room_keeps_nobody_from_naming_the_account(stored):
    """SQLite has one writer anyway. On PostgreSQL each row that refers to an account locks it."""
    stored.visitor()
    place, limits = Place("", ""), Limits(DAY, DAY)

    def open_session():
        return stored.context.write(sessions.open_session, 1, stored.clock.now, limits, place)

    with ThreadPoolExecutor(1) as pool, closing(Store(stored.settings.database)) as elsewhere:
        with elsewhere.write() as connection:
            usage.lock(connection, 1)
            opened = pool.submit(open_session)
            done = wait([opened], timeout=0 if stored.store.is_sqlite else 10).done
        assert done or stored.store.is_sqlite
        assert opened.result()
