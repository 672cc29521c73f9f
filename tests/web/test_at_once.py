"""What happens at the same moment, by two requests or by a request and a worker, happens once."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import pytest

from tests.simulated import FIRST_PROJECT
from tests.stage import data_ids, text
from tests.web.confirming import confirm
from tests.web.markup import element
from tests.web.waiting import waiters
from tests.work.seen import number, submission
from webapp.store import Store, accounts, chores, drafts, submissions, upkeep, uploads
from webapp.store.leases import LEASE
from webapp.store.submissions import New
from webapp.store.words import State
from webapp.web import retry
from webapp.work import chores as working


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


def test_a_small_list_is_read_within_its_request_whatever_the_worker_does(stored):
    over = threading.Event()

    def claim_what_is_due():
        while not over.is_set():
            with stored.store.read() as connection:
                due = uploads.is_due(connection, stored.clock.now)
            if due:
                with stored.store.write() as connection:
                    uploads.claim(connection, "a quick worker", stored.clock.now)

    visitor = stored.visitor()
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(claim_what_is_due)
        answers = [visitor.upload("no id in here").status_code for _ in range(20)]
        over.set()
        worker.result()
    assert answers == [422] * 20


def test_a_copier_that_stalled_beyond_its_lease_copies_nothing(stored, monkeypatch):
    monkeypatch.setattr(retry, "CHUNK", 1)  # more than this many are left to the worker
    visitor = stored.visitor()
    place = visitor.submit(data_ids(5, ending="00"))
    stored.work(30)
    again = confirm(visitor, f"{place}/retry")
    with stored.store.write() as connection:
        stalled = chores.claim(connection, "a worker that stalls", stored.clock.now)
    stored.work(LEASE, step=LEASE)
    before = visitor.get(f"{again}/export.csv").get_data()
    working.perform(stored.context, stalled)
    assert visitor.get(f"{again}/export.csv").get_data() == before


def test_what_is_about_to_be_tried_again_is_not_deleted(stored):
    visitor = stored.visitor()
    place = visitor.submit(data_ids(5, ending="00"))
    stored.work(30)
    with ThreadPoolExecutor(1) as pool, closing(Store(stored.settings.database)) as elsewhere:
        with waiters(elsewhere) as someone_waits, elsewhere.write() as connection:
            source = drafts.lock(connection, number(place))
            account = accounts.get(connection, source.account_id)
            new = New(account, FIRST_PROJECT, "", "again", "retry", 10, parent=source, attempt=2)
            submissions.create(connection, new, State.READING, stored.clock.now)
            click = pool.submit(visitor.post, f"{place}/delete")
            while not someone_waits():
                assert not wait([click], timeout=0.01).done
        assert click.result().status_code == 409
    assert submission(stored, place).state == "settled"


@pytest.mark.parametrize("moment", range(1, 5))
def test_what_changes_while_a_page_is_made_is_fetched_by_its_next_poll(st, monkeypatch, moment):
    visitor = st.visitor()
    place = visitor.submit(data_ids(5))
    asked = itertools.count(1)

    def clock(self):
        if next(asked) == moment:
            with st.store.write() as connection:
                upkeep.rename(connection, number(place), "a new name", "", self.now)
        return self.now

    st.clock.advance(5)  # somebody watches already: looking writes nothing
    monkeypatch.setattr(type(st.clock), "__call__", clock)
    page = visitor.get(place)
    monkeypatch.undo()
    assert submission(st, place).name == "a new name"
    tag = element(page, "div", id="progress")["hx-ptag"]
    polled = visitor.part(f"{place}/progress", **{"HX-PTag": tag})
    assert "a new name" in text(page) or polled.status_code == 200
