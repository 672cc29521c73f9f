"""Attempts one after the other: the numbers of a list go on adding up to it."""

from dataclasses import replace

import pytest

from tests.stage import SECRET_KEY, data_ids, stage
from tests.store.invariants import assert_consistent
from tests.work.observation import settle, submission
from webapp.vault import Vault
from webapp.work.clients import Clients
from webapp.work.worker import Worker

KEPT = data_ids(1, ending="fe", start=100)  # can't be unlinked
IN_PART = data_ids(1, kind="fol", ending="ff", start=200)  # is unlinked in part, each time


@pytest.fixture
def st(database_url, tmp_path):
    with stage(database_url, tmp_path, rate=4.0) as set_up:
        yield set_up
        with set_up.store.read() as connection:
            assert_consistent(connection)


def again(visitor, path, token, **asked):
    assert visitor.post(path, {"token": token, **asked}).status_code == 303


def test_what_was_unlinked_in_part_stays_so_while_it_is_unlinked_once_more(st):
    visitor = st.visitor()
    place = visitor.submit([*KEPT, *IN_PART])
    for token in ("first", "second"):
        settle(st, place)
        again(visitor, f"{place}/undo", token, status=["LINKED", "PARTIALLY_UNLINKED"])
    st.work()
    assert submission(st, place).counts == {"LINKED": 1, "PARTIALLY_UNLINKED": 1}


def test_rows_may_be_ahead_of_the_counts_of_what_is_unlinked(st):
    """Items end between the counts and the page of items that follows them in one refresh."""
    visitor = st.visitor()
    place = visitor.submit(data_ids(40))
    settle(st, place)
    again(visitor, f"{place}/undo", "undo")
    worker = Worker(slow(st, seconds=0.5))
    while submission(st, place).state == "active":
        worker.work_through()
        assert sum(submission(st, place).counts.values()) == 40
        st.clock.advance(1)


def slow(st, *, seconds):
    """The context of a worker whose calls take that long, for the items to go on meanwhile."""

    def on_call(_account_id):
        st.clock.advance(seconds)

    clients = Clients(st.settings, Vault(SECRET_KEY), clock=st.clock, on_call=on_call)
    return replace(st.context, clients=clients)
