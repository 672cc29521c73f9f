"""Asking ICA first: it helps, and never stands in the way of sending."""

import pytest

from tests.dashboard import data_ids, text
from tests.web.markup import column, element, elements, rows
from webapp.store import chores
from webapp.store.leases import LeaseLost
from webapp.work import ica_check

MISSING = data_ids(3, ending="00", start=700)  # ICA has no such data
AGAIN = "Ask again"


@pytest.fixture
def asking(stored, monkeypatch):
    """A draft of six good ids and three that ICA would refuse; two are asked a call."""
    monkeypatch.setattr(ica_check, "MAX_CALL_IDS", 2)
    demo = stored.visitor()
    place = demo.draft([*MISSING, *data_ids(6)])
    stored.sim.set_faults({"eligible:500": 1.0})
    demo.post(f"{place}/check")
    return stored, demo, place


def buttons(answer):
    return [button.text.strip() for button in elements(answer, "button")]


def test_a_list_is_submitted_while_ica_does_not_answer(asking):
    dashboard, demo, place = asking
    dashboard.work(200)
    assert demo.post(f"{place}/submit").status_code == 303
    dashboard.sim.set_faults({})
    dashboard.sim.forget_calls()
    dashboard.work(30)
    assert "6 of 9" in text(demo.get(place))
    assert dashboard.sim.calls().get("getDataEligibleForLinking", 0) == 0


def test_a_check_that_is_under_way_notices_that_the_list_was_submitted(asking):
    dashboard, demo, place = asking
    dashboard.sim.set_faults({})
    with dashboard.store.write() as connection:
        chore = chores.claim(connection, "elsewhere", dashboard.clock.now)
    chore = ica_check.step(dashboard.context, chore)
    assert demo.post(f"{place}/submit").status_code == 303
    with pytest.raises(LeaseLost):
        ica_check.step(dashboard.context, chore)


def test_asking_can_be_stopped_and_what_was_found_so_far_stays(asking):
    dashboard, demo, place = asking
    dashboard.sim.set_faults({})
    with dashboard.store.write() as connection:
        chore = chores.claim(connection, "elsewhere", dashboard.clock.now)
    ica_check.step(dashboard.context, chore)
    assert "Stop asking" in buttons(demo.get(place))
    assert demo.post(f"{place}/stop-checking").status_code == 303
    page = demo.get(place)
    assert "You stopped it after 2 of 9 ids. Of these, ICA would refuse 2 ids ." in text(page)
    assert AGAIN in buttons(page)
    assert "2 ids that ICA would refuse" in text(page)
    assert "Asking ICA" not in text(page)
    demo.post(f"{place}/check")
    dashboard.work(5)
    assert "ICA would refuse 3 ids" in text(demo.get(place))


def test_stopping_what_has_ended_does_nothing(dashboard):
    demo = dashboard.visitor()
    place = demo.draft(MISSING)
    demo.post(f"{place}/check")
    dashboard.work(5)
    demo.post(f"{place}/stop-checking")
    page = text(demo.get(place))
    assert "ICA is not being asked any more." in page
    assert "ICA would refuse 3 ids" in page


@pytest.mark.slow
def test_asking_is_given_up_in_words_after_some_failures_in_a_row(asking):
    dashboard, demo, place = asking
    dashboard.work(600)
    page = demo.get(place)
    assert "ICA could not be asked which ids it would refuse." in text(page)
    assert "can be submitted all the same" in text(page)
    assert AGAIN in buttons(page)
    assert dashboard.sim.calls()["getDataEligibleForLinking"] == 10


@pytest.mark.slow
def test_failures_that_are_not_in_a_row_are_not_added_up(asking):
    dashboard, demo, place = asking
    for _ in range(3):
        dashboard.sim.set_faults({"eligible:500": "7x"})
        dashboard.work(100)
        dashboard.sim.set_faults({})
        dashboard.clock.advance(30)
        with dashboard.store.write() as connection:
            chore = chores.claim(connection, "elsewhere", dashboard.clock.now)
        chore = ica_check.step(dashboard.context, chore)
        with dashboard.store.write() as connection:
            chores.give_back(connection, chore, dashboard.clock.now, due_at=dashboard.clock.now)
    dashboard.work(1)
    assert "ICA would refuse 3 ids" in text(demo.get(place))


def test_what_is_left_out_meanwhile_is_counted_once(stored):
    demo = stored.visitor()
    place = demo.draft([*MISSING, *data_ids(200)])
    demo.post(f"{place}/check")
    stored.work(5)
    demo.post(f"{place}/check")
    with stored.store.write() as connection:
        chore = chores.claim(connection, "elsewhere", stored.clock.now)
    chore = ica_check.step(stored.context, chore)
    demo.post(f"{place}/leave-out", {"which": "refused"})
    while not chore.ended_at:
        chore = ica_check.step(stored.context, chore)
    page = text(demo.get(place))
    assert "3 ids that ICA would refuse" in page
    assert "3 ids of these left out" in page


@pytest.mark.slow
def test_an_address_stays_short_enough_whatever_the_letters(dashboard):
    demo = dashboard.visitor()
    place = demo.draft(["fil." + "é" * 200 + str(number) for number in range(100)])
    demo.post(f"{place}/take-back", {"which": "unusual"})
    demo.post(f"{place}/check")
    dashboard.work(5)
    assert "Asked" in text(demo.get(place))
    assert dashboard.sim.calls()["getDataEligibleForLinking"] >= 20


def test_a_list_that_was_checked_shows_what_its_data_are_called(asking):
    """Before anything of it is sent: in its table, by a search, on an item's page, in its files."""
    dashboard, demo, place = asking
    headers = [one.text for one in elements(demo.get(place), "th", scope="col")]
    assert not {"Name", "Path"} & set(headers)
    dashboard.sim.set_faults({})
    dashboard.work(30)
    page = demo.get(place)
    paths = column(page, "Path")  # each ends in the name, which has no column of its own then
    names = [path.rpartition("/")[2] for path in paths]
    assert not [one for one in elements(page, "th", scope="col") if one.text == "Name"]
    assert paths[:3] == [""] * 3
    assert all(path.startswith("/") for path in paths[3:])
    for typed in (names[4], paths[4]):
        found = demo.get(demo.searched(f"{place}/items", typed))
        assert data_ids(6)[1] in rows(found)
        assert "Nothing matches" in text(demo.get(demo.searched(f"{place}/items", f"{typed}x")))
    item = demo.get(f"{place}/items/5")
    assert element(item, "h1").text.strip() == names[4]
    assert paths[4] in text(item)
    assert "Not asked: it was not sent." in text(item)
    exported = demo.get(f"{place}/export.csv").get_data(as_text=True).splitlines()
    assert paths[4] in exported[5]
    assert demo.post(f"{place}/submit").status_code == 303
    assert element(demo.get(f"{place}/items/5"), "h1").text.strip() == names[4]
