"""Chores that fail in a way nobody expected: tried some times, then given up in words."""

import pytest
from msgspec import ValidationError
from sqlalchemy import select, update

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.confirmation import confirm, statuses
from webapp.store.tables import chores

TRIES = 3


@pytest.fixture
def dashboard(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=100.0) as dashboard:
        yield dashboard


def spoil(dashboard):
    """What the chore needs is gone, as after a change of the program; but for whose it is."""
    with dashboard.store.write() as connection:
        spec = connection.execute(select(chores.c.spec)).scalars().one()
        kept = {name: value for name, value in spec.items() if name == "attempt"}
        connection.execute(update(chores).values(spec=kept))


def fail(dashboard):
    """The worker fails as often as it may, a lease apart."""
    for _ in range(TRIES):
        with pytest.raises(ValidationError):
            dashboard.work()
        dashboard.clock.advance(61)
    dashboard.work()


def draft_that_failed_to_change(dashboard, monkeypatch):
    """Its owner and its address: leaving out one of its four ids was given up."""
    monkeypatch.setattr("webapp.web.drafts.routes.AT_ONCE_IDS", 0)
    demo = dashboard.visitor()
    place = demo.draft(["sample-7", *data_ids(3)])
    demo.post(f"{place}/leave-out", {"which": "unusual"})
    spoil(dashboard)
    fail(dashboard)
    return demo, place


def test_leaving_out_is_given_up_and_the_list_can_be_submitted(dashboard, monkeypatch):
    demo, place = draft_that_failed_to_change(dashboard, monkeypatch)
    page = text(demo.get(place))
    assert "Leaving ids out, or taking them back, failed several times." in page
    assert "Leaving ids out 0 of 4" not in page
    assert demo.post(f"{place}/submit").status_code == 303


def test_the_words_go_when_it_is_done_after_all(dashboard, monkeypatch):
    demo, place = draft_that_failed_to_change(dashboard, monkeypatch)
    demo.post(f"{place}/leave-out", {"which": "unusual"})
    dashboard.work()
    page = text(demo.get(place))
    assert "failed several times" not in page
    assert "1 left out" in page


def test_a_retry_that_can_not_be_gathered_says_so_and_frees_its_items(dashboard, monkeypatch):
    monkeypatch.setattr("webapp.web.retry.start.CHUNK_ROWS", 0)
    demo = dashboard.visitor()
    place = demo.submit(data_ids(3, ending="00"))
    dashboard.work(30)
    again = confirm(demo, f"{place}/retry")
    spoil(dashboard)
    fail(dashboard)
    for path in (place, again, f"{place}/attempts"):
        page = text(demo.get(path))
        assert "The items could not be gathered: it failed several times." in page, path
        assert "Nothing was sent" in page
    assert "Done, with failures" in text(demo.get("/submissions"))
    assert statuses(demo, place) == dict.fromkeys(data_ids(3, ending="00"), "FAILED")
    assert dashboard.sim.calls()["createProjectDataLinkingBatch"] == 1
    assert "You chose 3 items" in text(demo.get(f"{place}/retry"))
