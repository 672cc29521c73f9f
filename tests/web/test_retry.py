"""Trying again: the scope is said with its exact count, frozen, and never taken up twice."""

import re

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.confirmation import (
    ask,
    attempts,
    breakdown,
    confirm,
    exported,
    fields,
    headline,
    statuses,
    told,
)
from tests.web.markup import element, elements, link, rows
from tests.work.refusing_ica import refusing_dashboard
from webapp.store.retry import assignment
from webapp.store.rollup import roll_up

POST_BATCH = ("POST", "/dataLinkingBatch")

GOOD = data_ids(20)
ARCHIVED = data_ids(6, ending="02", start=100)  # fail at first, link when tried again
MISSING = data_ids(4, ending="00", start=200)
PARTIAL = data_ids(3, kind="fol", ending="10", start=300)
LIST = [*GOOD, *ARCHIVED, *MISSING, *PARTIAL]


@pytest.fixture
def place(stored):
    found = stored.visitor().submit(LIST, name="cohort")
    stored.work(30)
    return found


@pytest.mark.slow
def test_what_failed_is_tried_again_and_nothing_else(stored, place):
    visitor = stored.visitor()
    assert "You chose 10 items with the status Failed" in text(visitor.get(f"{place}/retry"))
    again = confirm(visitor, f"{place}/retry")
    assert again == f"{place}/attempts/2"
    assert "Attempt 2: tried again" in text(visitor.get(again))
    assert "10 items chosen: 10 to be tried again" in text(visitor.get(again))
    assert "10 items chosen: 10 to be tried again" in text(visitor.get(place))
    stored.work(30)
    for path in (again, place):
        assert "10 items chosen: 10 tried again." in text(visitor.get(path))
    found = dict.fromkeys(ARCHIVED, "LINKED") | dict.fromkeys(MISSING, "FAILED")
    assert statuses(visitor, again) == found
    assert statuses(visitor, place) == (
        dict.fromkeys(GOOD, "LINKED") | found | dict.fromkeys(PARTIAL, "PARTIALLY_LINKED")
    )
    assert "26 of 33 items linked after 2 attempts; 7 not." in headline(visitor.get(place))


@pytest.mark.slow
def test_the_numbers_of_an_earlier_attempt_never_change(stored, place):
    visitor = stored.visitor()
    first = attempts(visitor, place)[0]
    before, counts = statuses(visitor, first), breakdown(visitor.get(first))
    assert before == statuses(visitor, place)
    assert counts == {"LINKED": 20, "PARTIALLY_LINKED": 3, "FAILED": 10}
    for _ in range(2):  # the third takes from both
        confirm(visitor, f"{place}/retry")
        for seconds in (0, 30):
            stored.work(seconds)
            assert statuses(visitor, first) == before
            assert breakdown(visitor.get(first)) == counts
    assert statuses(visitor, place) != before
    assert breakdown(visitor.get(attempts(visitor, place)[1])) == {"LINKED": 6, "FAILED": 4}


def test_other_statuses_are_offered_and_not_assumed(stored, place):
    visitor = stored.visitor()
    page = visitor.get(f"{place}/retry")
    chip = next(a for a in elements(page, "a", class_=None) if "Partially linked" in a.text)
    assert "3" in chip.text
    assert "aria-current" not in chip
    wider = visitor.get(chip["href"])
    assert "13 items with the status Failed or Partially linked" in text(wider)
    again = confirm(visitor, chip["href"])
    stored.work(30)
    assert statuses(visitor, again).keys() == {*ARCHIVED, *MISSING, *PARTIAL}


def test_a_group_of_reasons_is_tried_again_alone(stored, place):
    visitor = stored.visitor()
    path = link(visitor.get(f"{place}/reasons"), "Try again")
    assert "6 items with the reason “Data is being archived”" in text(visitor.get(path))
    again = confirm(visitor, path)
    stored.work(30)
    assert statuses(visitor, again) == dict.fromkeys(ARCHIVED, "LINKED")


def test_a_reason_of_an_attempt_counts_what_is_taken(stored, place):
    visitor = stored.visitor()
    page = visitor.get(f"{place}/retry?reason=1&attempt=1")  # it could unlink none: none remain
    assert "You chose 0 items" in text(page)


def test_picked_items_are_tried_again_and_the_rest_is_said(stored, place):
    visitor = stored.visitor()
    page = ask(visitor, f"{place}/retry", picked=[1, 21, 22, 31])
    said = text(page)
    assert "4 items that you picked" in said
    assert "1 ended well, so nothing is left to do" in said
    again = confirm(visitor, f"{place}/retry", picked=[1, 21, 22, 31])
    assert "4 items chosen: 3 to be tried again; 1 skipped" in text(visitor.get(again))
    stored.work(30)
    assert statuses(visitor, again).keys() == {ARCHIVED[0], ARCHIVED[1], PARTIAL[0]}


@pytest.mark.parametrize("act", ["retry", "undo"])
def test_the_first_of_what_is_picked_is_listed(stored, place, act):
    visitor = stored.visitor()
    shown = text(ask(visitor, f"{place}/{act}", picked=[3, 1, 2]))
    assert f"{GOOD[0]} {GOOD[1]} {GOOD[2]}" in shown
    assert "more" not in shown.partition(GOOD[2])[2].partition("Project")[0]
    shown = text(ask(visitor, f"{place}/{act}", picked=range(4, 21)))
    assert f"{GOOD[7]} and 12 more" in shown
    assert GOOD[8] not in shown
    assert GOOD[0] not in text(visitor.get(f"{place}/{act}?status=LINKED"))


def test_picking_nothing_is_not_picking_all(dashboard):
    visitor = dashboard.visitor()
    place = visitor.submit(MISSING)
    dashboard.work(30)
    answer = ask(visitor, f"{place}/retry", picked=[])
    assert answer.status_code == 303
    assert "No item was picked" in text(visitor.get(answer.location))


def test_a_second_click_makes_no_second_attempt(stored, place):
    visitor = stored.visitor()
    sent = fields(visitor.get(f"{place}/retry"))
    first, second = (visitor.post(f"{place}/retry", sent) for _ in range(2))
    assert first.location == second.location == place
    assert len(attempts(visitor, place)) == 2
    stored.work(30)
    assert stored.sim.calls()["createProjectDataLinkingBatch"] == 2


def test_who_confirms_the_same_in_another_tab_is_told_why_nothing_is_left(stored, place):
    visitor = stored.visitor()
    pages = [visitor.get(f"{place}/retry") for _ in range(2)]
    assert visitor.post(f"{place}/retry", fields(pages[0])).status_code == 303
    stored.work(1)
    again = visitor.post(f"{place}/retry", fields(pages[1]))
    assert again.status_code == 422
    said = text(again)
    assert "When you looked, it was 10 items. An attempt has taken them up since" in said
    assert "Now it is 0 items with the status Failed" in said
    assert len(attempts(visitor, place)) == 2


@pytest.mark.slow
def test_what_was_taken_up_already_is_not_taken_up_again(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/retry?reason=1")
    page = visitor.get(f"{place}/retry")
    assert re.search(r"(4|6) were taken up by another attempt already", text(page))
    confirm(visitor, f"{place}/retry")
    nothing = visitor.get(f"{place}/retry")
    assert "None of these items can be tried again now" in text(nothing)
    refused = visitor.post(f"{place}/retry", fields(nothing))
    assert refused.status_code == 422


def test_what_was_linked_meanwhile_is_skipped_and_said(stored, place):
    visitor = stored.visitor()
    stored.clock.advance(60)
    visitor.submit(ARCHIVED[:4], name="by hand")
    stored.work(30)
    again = confirm(visitor, f"{place}/retry")
    said = text(visitor.get(again))
    assert "10 items chosen: 6 to be tried again; 4 skipped because they were linked" in said
    stored.work(30)
    assert statuses(visitor, again).keys() == {*ARCHIVED[4:], *MISSING}


@pytest.mark.slow
def test_when_all_was_linked_meanwhile_nothing_is_sent(stored, place, monkeypatch):
    monkeypatch.setattr(
        assignment, "SAMPLE_ITEMS", 0
    )  # more than are looked at before it is confirmed
    visitor = stored.visitor()
    path = f"{place}/retry?status=FAILED"
    stored.clock.advance(60)
    visitor.submit([*ARCHIVED, *data_ids(1)])
    stored.work(30)
    confirm(visitor, f"{place}/retry", picked=[27, 28, 29, 30])
    stored.sim.forget_calls()
    visitor.post(f"{place}/retry", fields(visitor.get(path)))
    said = [text(visitor.get(place)).count("Nothing is left to do") for _ in range(2)]
    assert said == [3, 2]  # when it was confirmed; for good beside the attempt, and on paper
    assert "createProjectDataLinkingBatch" not in stored.sim.calls()
    stored.work(30)
    assert "20 of 33 items linked after 2 attempts; 13 not." in headline(visitor.get(place))


def test_what_others_have_linked_since_is_told_everywhere_and_not_offered(stored, place):
    visitor, picked = stored.visitor(), list(range(21, 27))
    page = ask(visitor, f"{place}/retry", picked)
    stored.clock.advance(60)
    other = visitor.submit([*ARCHIVED, *data_ids(1)], name="by hand")
    stored.work(30)
    stored.sim.forget_calls()
    refused = visitor.post(f"{place}/retry", fields(page))
    assert refused.status_code == 422
    assert "None of these items can be tried again now" in text(refused)
    assert "6 were linked by another submission meanwhile" in text(refused)
    assert "createProjectDataLinkingBatch" not in stored.sim.calls()
    assert [item["linked_since_by"] for item in exported(visitor, place)][20:26] == ["by hand"] * 6
    assert text(visitor.get(f"{place}/items?status=FAILED")).count("linked since by by hand") == 6
    assert link(visitor.get(f"{place}/items?search={ARCHIVED[0]}"), "by hand") == other
    assert "Linked since by “by hand”" in text(visitor.get(f"{place}/items/21"))
    handed_back = visitor.get(f"{place}/list").get_data(as_text=True)
    assert handed_back.count("Linked since by “by hand”.") == 6


@pytest.mark.slow
def test_a_colleague_retries_as_themselves(stored, place):
    colleague = stored.visitor("colleague-key")
    again = confirm(colleague, f"{place}/retry")
    for visitor in (colleague, stored.visitor()):
        assert "By Carol Colleague" in text(visitor.get(again))
        first, second = told(visitor, place)
        assert "Dana Demo" in first
        assert "Carol Colleague" in second
    assert "Submitted by Dana Demo" in text(colleague.get(place))
    assert "Submitted by you" in text(stored.visitor().get(place))
    stored.work(30)
    by = {row["data_id"]: (row["attempt"], row["by"]) for row in exported(colleague, place)}
    assert {by[data_id] for data_id in [*ARCHIVED, *MISSING]} == {("2", "Carol Colleague")}
    assert {by[data_id] for data_id in [*GOOD, *PARTIAL]} == {("1", "Dana Demo")}
    assert stored.visitor("stranger-key").get(f"{place}/retry").status_code == 404
    assert stored.visitor("stranger-key").post(f"{place}/retry").status_code == 404


def test_what_was_not_sent_is_sent_by_a_retry(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(30))
        visitor.post(f"{place}/stop")
        again = confirm(visitor, f"{place}/retry?status=NOT_SENT")
        dashboard.work(30)
        assert list(statuses(visitor, again).items()) == [
            (data_id, "LINKED") for data_id in data_ids(30)[10:]
        ]
        assert statuses(visitor, place) == dict.fromkeys(data_ids(30), "LINKED")
        assert "All 30 items are linked after 2 attempts." in headline(visitor.get(place))


def test_what_waits_to_be_sent_is_not_taken_up(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(30))
        page = ask(visitor, f"{place}/retry", picked=range(1, 31))
        assert "30 have no outcome yet" in text(page)
        assert "You chose 0 items" in text(visitor.get(f"{place}/retry?status=NOT_SENT"))


@pytest.mark.slow
def test_many_items_are_gathered_by_the_worker(database_url, tmp_path, monkeypatch):
    many = data_ids(25, ending="02")
    monkeypatch.setattr("webapp.web.retry.start.CHUNK_ROWS", 10)
    monkeypatch.setattr("webapp.store.retry.assignment.CHUNK_ITEMS", 10)
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit([*data_ids(5), *many])
        dashboard.work(30)
        again = confirm(visitor, f"{place}/retry")
        assert "Gathering The chosen items are being gathered" in headline(visitor.get(place))
        assert "Its items are being gathered" in text(visitor.get(again))
        assert "Gathering the items 0 of 25 items" in text(visitor.get(place))
        dashboard.work(30)
        assert list(statuses(visitor, again).items()) == [(data_id, "LINKED") for data_id in many]
        assert "25 items chosen: 25 tried again." in text(visitor.get(again))
        assert "All 30 items are linked after 2 attempts." in headline(visitor.get(place))
        assert dashboard.sim.calls()["createProjectDataLinkingBatch"] == 3 + 3


def chosen_by(page):
    """How many items the page says were chosen."""
    return int(re.search(r"You chose ([0-9,]+) items?", text(page))[1].replace(",", ""))


def test_what_fails_after_the_page_was_shown_is_not_in_the_set(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=100) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit([*data_ids(300), *data_ids(200, ending="00"), *data_ids(400)])
        dashboard.work(4)
        page = visitor.get(f"{place}/retry")
        assert 0 < chosen_by(page) < 200
        dashboard.work(30)
        assert visitor.post(f"{place}/retry", fields(page)).location == place
        said = f"{chosen_by(page)} items chosen: {chosen_by(page)} to be tried again"
        assert said in told(visitor, place)[1]


def test_what_is_stopped_after_the_page_was_shown_is_shown_before_it_is_sent(
    database_url, tmp_path
):
    with refusing_dashboard(database_url, tmp_path, batch_size=10) as (dashboard, ica):
        visitor = dashboard.visitor()
        ica.says[POST_BATCH] = (409, "Not today.")
        place = visitor.submit(data_ids(30))  # the first batch is refused, the others wait
        page = visitor.get(f"{place}/retry?status=NOT_SENT")
        assert chosen_by(page) == 10
        visitor.post(f"{place}/stop")
        answer = visitor.post(f"{place}/retry", fields(page))
        assert answer.status_code == 422
        assert "There are more of them than when you looked. Then it was 10 items" in text(answer)
        assert chosen_by(answer) == 30
        ica.says.clear()
        assert visitor.post(f"{place}/retry", fields(answer)).location == place
        assert "30 items chosen: 30 to be tried again" in told(visitor, place)[1]


def test_what_has_changed_by_the_time_it_is_gathered_is_in_the_receipt(dashboard, monkeypatch):
    monkeypatch.setattr("webapp.web.retry.start.CHUNK_ROWS", 0)
    visitor = dashboard.visitor()
    place = visitor.submit(MISSING, name="first")
    dashboard.work(30)
    again = confirm(visitor, f"{place}/retry")
    with dashboard.store.write() as connection:
        connection.exec_driver_sql("UPDATE items SET status = 'LINKED' WHERE position = 1")
    dashboard.work(30)
    assert statuses(visitor, again).keys() == set(MISSING[1:])
    said = text(visitor.get(again))
    assert "4 items chosen: 3 tried again; 1 skipped because it has changed since" in said


def test_what_a_lost_batch_left_without_outcome_is_offered_and_counts_once(stored):
    visitor = stored.visitor()
    place = visitor.submit(GOOD[:10])
    with stored.store.write() as connection:  # as ten minutes of 404s would leave it
        connection.exec_driver_sql(
            "UPDATE batches SET state = 'lost', task = '', due_at = NULL, counts = '{}', total = 10"
        )
        roll_up(connection, 1, stored.clock.now)
    assert "10 items with the status Not known" in text(visitor.get(f"{place}/retry?status=UNREAD"))
    page = visitor.get(place)
    confirm(visitor, link(page, "Try again what ICA told nothing of"))
    stored.work(30)
    assert "All 10 items are linked after 2 attempts." in headline(visitor.get(place))
    assert statuses(visitor, place) == dict.fromkeys(GOOD[:10], "ALREADY_LINKED")


def test_an_attempt_that_is_stopped_while_it_gathers_gives_its_items_back(dashboard, monkeypatch):
    monkeypatch.setattr("webapp.web.retry.start.CHUNK_ROWS", 0)
    visitor = dashboard.visitor()
    place = visitor.submit(MISSING)
    dashboard.work(30)
    confirm(visitor, f"{place}/retry")
    assert visitor.post(f"{place}/stop", {"attempt": "2"}).status_code == 303
    dashboard.work(30)
    assert statuses(visitor, place) == dict.fromkeys(MISSING, "FAILED")
    assert "0 of 4 items linked" in headline(visitor.get(place))
    assert "You chose 4 items" in text(visitor.get(f"{place}/retry"))
    assert "taken up" not in text(visitor.get(f"{place}/retry"))
    assert dashboard.sim.calls()["createProjectDataLinkingBatch"] == 1


def test_a_draft_can_not_be_retried_and_made_up_scopes_are_clean_errors(dashboard):
    visitor = dashboard.visitor()
    assert visitor.get(f"{visitor.draft(MISSING)}/retry").status_code == 409
    place = visitor.submit(MISSING)
    for query in (
        "status=a%20b",
        "reason=x",
        "position=-1",
        "positions=9-1",
        "positions=1-99999999",
    ):
        assert visitor.get(f"{place}/retry?{query}").status_code == 400, query


@pytest.mark.parametrize("token", ["", "of the page"])
def test_more_than_can_be_picked_is_a_clean_error(dashboard, token):
    visitor = dashboard.visitor()
    place = visitor.submit(LIST)
    dashboard.work(30)
    ranges = ",".join(f"{first}-{first + 9999}" for first in range(1, 200_000, 10_000))
    answer = visitor.post(f"{place}/retry", {"positions": ranges, "token": token})
    assert answer.status_code == 400
    assert "At most 10,000 items" in text(answer)


def test_what_was_picked_has_an_address_unless_it_is_too_long_for_one(stored, place):
    visitor, every_other = stored.visitor(), range(1, 34, 2)
    sent = {"picked": "1", "position": [*map(str, every_other)], "positions": "1-3,31"}
    answer = visitor.post(f"{place}/undo", sent)
    assert answer.status_code == 303
    assert answer.location.startswith(f"{place}/undo?picked=1&positions=1-3%2C5")
    assert "18 items that you picked" in text(visitor.get(answer.location))
    many = [*map(str, range(1, 2_000, 2))]
    answer = visitor.post(f"{place}/undo", {"picked": "1", "position": many})
    assert answer.status_code == 200
    assert "that you picked" in text(answer)


def test_picks_have_a_box_on_every_row(dashboard):
    visitor = dashboard.visitor()
    place = visitor.submit(MISSING)
    dashboard.work(30)
    boxes = elements(visitor.get(f"{place}/items"), "input", name="position", form="pick")
    assert [box["value"] for box in boxes] == ["1", "2", "3", "4"]
    assert rows(visitor.get(f"{place}/items")) == MISSING


def test_all_that_match_the_filters_of_the_table_are_chosen(stored, place):
    """Also those on other pages, and without a script: a box of the form that has the ticks."""

    def chosen(query, act="retry"):
        page = visitor.get(f"{place}/items?{query}")
        box = element(page, "input", name="all", type="checkbox")
        sent = {"picked": "1", "position": "1", "all": box["value"]}
        return visitor.post(f"{place}/{act}", sent).location

    visitor = stored.visitor()
    assert chosen("status=FAILED&size=50") == f"{place}/retry?status=FAILED"
    assert chosen("reason=1&status=FAILED") == f"{place}/retry?status=FAILED&reason=1"
    every = chosen("")
    assert every == f"{place}/retry?status=LINKED&status=PARTIALLY_LINKED&status=FAILED"
    assert "You chose 33 items with the status" in text(visitor.get(every))
    found = visitor.searched(f"{place}/items?status=FAILED", ARCHIVED[3][:33])
    assert f"All items found by the search “{ARCHIVED[3][:33]}”" in text(visitor.get(found))
    page = visitor.get(chosen(found.partition("?")[2]))
    said = f"you chose 6 items found by the search “{ARCHIVED[3][:33]}” with the status failed"
    assert said in text(page).lower()
    sent = fields(page)
    assert visitor.post(f"{place}/retry", sent | {"search": "A" * 22}).status_code == 404
    assert visitor.post(f"{place}/retry", sent).location == place
    assert "6 items chosen: 6 to be tried again" in text(visitor.get(f"{place}/attempts/2"))
    name = element(visitor.get(f"{place}/items/1"), "h1").text.strip()
    page = visitor.get(chosen(visitor.searched(f"{place}/items", name).partition("?")[2], "undo"))
    said = f"You chose [1-9] items? found by the search “{re.escape(name)}”"
    assert re.search(said, text(page))
    assert "with the status" not in text(page)
    assert name not in page.request.url
    elsewhere = stored.visitor("colleague-key").get(page.request.full_path)
    assert re.search(said, text(elsewhere))
    stranger = stored.visitor("stranger-key").get(page.request.full_path)
    assert stranger.status_code == 404  # who may not read the list learns nothing by it


@pytest.mark.slow
def test_what_others_have_linked_since_is_not_offered_among_many_that_are_picked(stored):
    visitor, archived = stored.visitor(), data_ids(5, ending="02", start=9_000)
    place = visitor.submit([*data_ids(600), *archived])
    stored.work(60)
    visitor.submit([*archived, *data_ids(1)], name="by hand")
    stored.work(60)
    said = text(ask(visitor, f"{place}/retry", range(1, 606)))
    assert "5 were linked by another submission meanwhile" in said
    assert "None of these items can be tried again now" in said
