"""Attempts one after the other: the numbers of a list go on adding up to it."""

from dataclasses import replace

import pytest

from tests.dashboard import SECRET_KEY, data_ids, open_dashboard
from tests.store.invariants import assert_consistent
from tests.work.observation import settle, submission
from webapp.vault import Vault
from webapp.work.clients import Clients
from webapp.work.worker import Worker

KEPT = data_ids(1, ending="fe", start=100)  # can't be unlinked
IN_PART = data_ids(1, kind="fol", ending="ff", start=200)  # is unlinked in part, each time


@pytest.fixture
def dashboard(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=4.0) as dashboard:
        yield dashboard
        with dashboard.store.read() as connection:
            assert_consistent(connection)


def again(visitor, path, token, **asked):
    assert visitor.post(path, {"token": token, **asked}).status_code == 303


def test_what_was_unlinked_in_part_stays_so_while_it_is_unlinked_once_more(dashboard):
    visitor = dashboard.visitor()
    place = visitor.submit([*KEPT, *IN_PART])
    for token in ("first", "second"):
        settle(dashboard, place)
        again(visitor, f"{place}/undo", token, status=["LINKED", "PARTIALLY_UNLINKED"])
    dashboard.work()
    assert submission(dashboard, place).counts == {"LINKED": 1, "PARTIALLY_UNLINKED": 1}


def test_rows_may_be_ahead_of_the_counts_of_what_is_unlinked(dashboard):
    """Items end between the counts and the page of items that follows them in one refresh."""
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(40))
    settle(dashboard, place)
    again(visitor, f"{place}/undo", "undo")
    worker = Worker(slow(dashboard, seconds=0.5))
    while submission(dashboard, place).state == "active":
        worker.work_through()
        assert sum(submission(dashboard, place).counts.values()) == 40
        dashboard.clock.advance(1)


def slow(dashboard, *, seconds):
    """The context of a worker whose calls take that long, for the items to go on meanwhile."""

    def on_call(_account_id):
        dashboard.clock.advance(seconds)

    clients = Clients(dashboard.settings, Vault(SECRET_KEY), clock=dashboard.clock, on_call=on_call)
    return replace(dashboard.context, clients=clients)
