"""Undoing: what a submission itself has linked is unlinked, and nothing else."""

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
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
from tests.web.markup import element, link, with_class

GOOD = data_ids(20)
IN_USE = data_ids(2, ending="fe", start=100)  # can't be unlinked
HELD = data_ids(5, ending="05", start=200)  # was linked before
MISSING = data_ids(3, ending="00", start=300)
LIST = [*GOOD, *IN_USE, *HELD, *MISSING]
BEFORE = dict.fromkeys(HELD, "ALREADY_LINKED") | dict.fromkeys(MISSING, "FAILED")
UNDONE = dict.fromkeys(GOOD, "UNLINKED") | dict.fromkeys(IN_USE, "LINKED") | BEFORE


@pytest.fixture
def place(stored):
    found = stored.visitor().submit(LIST, name="cohort")
    stored.work(30)
    return found


def test_only_what_it_linked_itself_is_unlinked(stored, place):
    visitor = stored.visitor()
    path = link(visitor.get(place), "Undo: unlink what it linked")
    page = visitor.get(path)
    assert "You chose 22 items with the status Linked" in text(page)
    undo = confirm(visitor, path)
    stored.work(30)
    assert statuses(visitor, undo) == dict.fromkeys(GOOD, "UNLINKED") | dict.fromkeys(
        IN_USE, "FAILED"
    )
    assert stored.sim.calls()["createProjectDataUnlinkingBatch"] == 1
    said = text(visitor.get(undo))
    assert "Attempt 2: undo" in said
    assert "20 of 22 items unlinked." in said
    assert "Data is used by a running analysis." in said
    assert breakdown(visitor.get(undo)) == {"UNLINKED": 20, "FAILED": 2}


def test_the_undone_submission_says_how_its_items_stand_now(stored, place):
    visitor = stored.visitor()
    assert exported(visitor, place, columns="manifest", status="LINKED")
    confirm(visitor, f"{place}/undo")
    stored.work()
    said = text(visitor.get(place))
    assert "0 % of attempt 2 (0 of 22 items)" in said
    assert "22 of these are being unlinked." in said
    stored.work(30)
    page = visitor.get(place)
    assert [one.text for one in with_class(page, "group-title")] == ["Done", "Unlinked", "Failed"]
    assert [one.text.split()[0] for one in with_class(page, "group-count")] == ["7", "20", "3"]
    assert headline(page) == (
        "Partly undone 7 of 30 items linked (2 could not be unlinked, "
        "5 were linked before), 20 unlinked, 3 not linked."
    )
    assert breakdown(page) == {"LINKED": 2, "ALREADY_LINKED": 5, "UNLINKED": 20, "FAILED": 3}
    assert statuses(visitor, place) == UNDONE
    left = exported(visitor, place, columns="manifest", status="LINKED")
    assert [row["data_id"] for row in left] == IN_USE
    assert "20 of 22 items unlinked." in told(visitor, place)[1]
    first = attempts(visitor, place)[0]
    assert breakdown(visitor.get(first)) == {"LINKED": 22, "ALREADY_LINKED": 5, "FAILED": 3}
    assert list(statuses(visitor, first).values()).count("LINKED") == 22


def test_an_undo_that_unlinked_all_it_could_says_what_stays(stored):
    visitor = stored.visitor()
    place = visitor.submit([*GOOD, *HELD])
    stored.work(30)
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    page = visitor.get(place)
    assert headline(page) == "Undone 20 of 25 items unlinked, 5 were linked before and stay."
    assert "Try to unlink these again" not in text(page)
    assert "Undo: unlink what it linked" not in text(page)


def states(answer):
    """The words of the badges of whole submissions."""
    return [badge.text.strip() for badge in with_class(answer, "state")]


def test_what_unlinks_is_not_called_linking(dashboard):
    visitor = dashboard.visitor()
    place = visitor.submit(GOOD, name="cohort")
    dashboard.work(30)
    confirm(visitor, f"{place}/undo")
    page = visitor.get(place)
    assert states(page)[0] == "Unlinking"
    assert "ICA has all of it and is unlinking." in text(page)
    assert "linking." not in text(page).replace("unlinking.", "")
    board = visitor.get("/submissions")
    assert states(board) == ["Unlinking"]
    row = element(board, "tr", id="submission-1").text
    assert "20 linked" in row
    assert "2 attempts" in row
    assert breakdown(page) == {"LINKED": 20}  # until ICA has said more


@pytest.mark.slow
def test_a_large_undo_says_that_it_is_gathered_and_of_what(dashboard, monkeypatch):
    visitor = dashboard.visitor()
    place = visitor.submit(GOOD, name="cohort")
    dashboard.work(30)
    # however few, the worker gathers them
    monkeypatch.setattr("webapp.web.retry.start.CHUNK_ROWS", 0)
    confirm(visitor, f"{place}/undo")
    page = visitor.get(place)
    assert states(page) == ["Gathering"]
    assert states(visitor.get(f"{place}/batches")) == ["Gathering", "Done"]  # of the first attempt
    assert states(visitor.get("/submissions")) == ["Gathering"]
    assert "Gathering the items 0 of 20 items" in text(page)
    assert "are being gathered; then they are sent by itself." in headline(page)
    assert link(page, "Attempt 2: undo") == f"{place}/attempts/2"
    assert "Upload another list" not in text(page)
    dashboard.work(1)
    assert states(visitor.get(place))[0] == "Unlinking"


def test_picked_items_are_unlinked_and_the_rest_is_said(stored, place):
    visitor = stored.visitor()
    said = text(ask(visitor, f"{place}/undo", picked=[1, 2, 23, 28]))
    assert "4 items that you picked" in said
    assert "You chose" not in said
    assert "1 was linked before this submission came" in said
    assert "1 was not linked by this submission" in said
    undo = confirm(visitor, f"{place}/undo", picked=[1, 2, 23, 28])
    stored.work(30)
    assert statuses(visitor, undo) == dict.fromkeys(GOOD[:2], "UNLINKED")
    assert "4 items chosen: 2 sent to be unlinked; 1 skipped because" in text(visitor.get(undo))
    assert "it was linked before this submission came" in text(visitor.get(undo))
    assert "it was not linked by this submission" in text(visitor.get(undo))
    now = statuses(visitor, place)
    assert [data_id for data_id, word in now.items() if word == "UNLINKED"] == GOOD[:2]
    assert exported(visitor, place)[0]["attempt"] == "2"


def test_of_few_items_it_is_not_measured_how_fast_they_are_unlinked(stored, place):
    undo = confirm(stored.visitor(), f"{place}/undo", picked=[1, 2, 3])
    stored.work(1)
    assert states(stored.visitor().get(place))[0] == "Unlinking"
    for page in (place, undo):
        assert "measuring" not in text(stored.visitor().get(page))


def test_a_second_undo_takes_the_rest_only(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/undo", picked=[1, 2])
    assert "2 were taken up by another attempt already" in text(visitor.get(f"{place}/undo"))
    again = ask(visitor, f"{place}/undo", [1, 2])
    assert "Under way now: Attempt 2: undo , by you" in text(again)
    assert link(again, "Attempt 2: undo") == f"{place}/attempts/2"
    stored.work(30)
    assert "You chose 20 items with the status Linked" in text(visitor.get(f"{place}/undo"))
    undo = confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert statuses(visitor, undo).keys() == {*GOOD[2:], *IN_USE}
    assert statuses(visitor, place) == UNDONE


@pytest.mark.slow
def test_what_was_wholly_undone_offers_no_further_undo(stored):
    visitor = stored.visitor()
    place = visitor.submit([*GOOD, *HELD, *MISSING])
    stored.work(30)
    confirm(visitor, f"{place}/undo", picked=[1, 2])
    stored.work(30)
    assert "Undo: unlink what it linked" in text(visitor.get(place))
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert "Undo: unlink what it linked" not in text(visitor.get(place))
    nothing = visitor.get(f"{place}/undo")
    assert "None of these items can be unlinked now" in text(nothing)
    assert visitor.post(f"{place}/undo", fields(nothing)).status_code == 422


def test_a_second_click_makes_no_second_undo(stored, place):
    visitor = stored.visitor()
    sent = fields(visitor.get(f"{place}/undo"))
    first, second = (visitor.post(f"{place}/undo", sent) for _ in range(2))
    assert first.location == second.location == place
    assert len(attempts(visitor, place)) == 2
    assert stored.sim.calls()["createProjectDataUnlinkingBatch"] == 1


@pytest.mark.slow
def test_an_undo_that_failed_in_part_is_tried_again(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    path = link(visitor.get(place), "Try to unlink these again")
    assert "You chose 2 items that attempt 2 did not unlink" in text(visitor.get(path))
    again = confirm(visitor, path)
    stored.work(30)
    assert statuses(visitor, again) == dict.fromkeys(IN_USE, "FAILED")
    assert "0 of 2 items unlinked." in text(visitor.get(again))
    assert statuses(visitor, place) == UNDONE
    assert "2 could not be unlinked" in headline(visitor.get(place))
    assert stored.sim.calls()["createProjectDataUnlinkingBatch"] == 2
    path = link(visitor.get(place), "Try to unlink these again")
    assert "You chose 2 items that attempt 3 did not unlink" in text(visitor.get(path))


def test_what_others_linked_too_is_said_before(stored, place):
    visitor = stored.visitor()
    visitor.submit(GOOD[:3], name="another")
    stored.work(30)
    page = text(visitor.get(f"{place}/undo"))
    assert "3 of them were linked by other submissions too" in page


def test_what_was_unlinked_can_be_linked_anew_and_is_not_taken_for_linked(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    anew = visitor.submit(GOOD, name="anew")
    stored.work(30)
    assert statuses(visitor, anew) == dict.fromkeys(GOOD, "LINKED")


@pytest.mark.slow
def test_what_was_unlinked_is_linked_again_within_its_list(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    path = link(visitor.get(place), "Link again what was unlinked")
    assert "Link these items again?" in text(visitor.get(path))
    assert "You chose 20 items with the status Unlinked" in text(visitor.get(path))
    again = confirm(visitor, path)
    assert "Attempt 3: linking again" in text(visitor.get(again))
    stored.work(30)
    assert statuses(visitor, again) == dict.fromkeys(GOOD, "LINKED")
    assert statuses(visitor, place) == dict.fromkeys([*GOOD, *IN_USE], "LINKED") | BEFORE
    page = visitor.get(place)
    assert "27 of 30 items linked after 3 attempts; 3 not." in headline(page)
    assert "could not be unlinked" not in headline(page)
    assert link(page, "Link again what was unlinked") is None


def test_an_undo_is_not_undone_but_what_it_unlinked_linked_again(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/undo", picked=range(1, 21))
    stored.work(30)
    page = ask(visitor, f"{place}/undo", picked=range(1, 21))
    assert "None of these items can be unlinked now" in text(page)
    assert "Unlink: " not in text(page)
    assert "20 were unlinked already" in text(page)


def test_the_same_four_questions(stored, place):
    assert stored.visitor("colleague-key").get(f"{place}/undo").status_code == 200
    assert stored.visitor("stranger-key").post(f"{place}/undo").status_code == 404
    assert stored.visitor(key=None).get(f"{place}/undo").status_code == 303
    assert FIRST_PROJECT not in text(stored.visitor("stranger-key").get(f"{place}/undo"))


FOLDERS = data_ids(2, kind="fol", ending="10", start=400)  # are linked in part


@pytest.mark.slow
def test_what_is_linked_in_part_is_offered_to_be_unlinked(stored):
    visitor = stored.visitor()
    place = visitor.submit([*GOOD, *FOLDERS])
    stored.work(30)
    page = visitor.get(link(visitor.get(place), "Undo: unlink what it linked"))
    assert "You chose 20 items with the status Linked" in text(page)
    assert "Partially linked 2" in text(page)
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert "Partly undone 0 of 22 items linked, 20 unlinked, 2 in part." in headline(
        visitor.get(place)
    )
    confirm(visitor, link(visitor.get(place), "Unlink what is linked in part"))
    stored.work(30)
    assert "Undone 22 of 22 items unlinked." in headline(visitor.get(place))


def test_what_was_unlinked_in_part_is_offered_once_more(stored):
    visitor = stored.visitor()
    place = visitor.submit([*GOOD, *data_ids(2, kind="fol", ending="ff")])
    stored.work(30)
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert "2 in part" in headline(visitor.get(place))
    path = link(visitor.get(place), "Unlink what is linked in part")
    assert "You chose 2 items with the status Partially unlinked" in text(visitor.get(path))


def test_an_undo_of_which_nothing_came_off_is_told(stored):
    visitor = stored.visitor()
    place = visitor.submit(IN_USE)
    stored.work(30)
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert "All 2 items are linked. 2 could not be unlinked." in headline(visitor.get(place))
    story = text(visitor.get(f"{place}/items/1"))
    assert "Attempt 2: undo , by Dana Demo" in story
    assert "2 items chosen: 2 sent to be unlinked." in told(visitor, place)[1]


@pytest.mark.slow
def test_an_undo_that_was_stopped_is_no_failure(tmp_path):
    database = f"sqlite:///{tmp_path / 'linkboard.db'}"
    with open_dashboard(database, tmp_path, rate=100.0, batch_size=10) as stored:
        visitor = stored.visitor()
        place = visitor.submit(GOOD)
        stored.work(30)
        confirm(visitor, f"{place}/undo")
        visitor.post(f"{place}/stop", {"attempt": "2"})
        stored.work(30)
        told_of = headline(visitor.get(place))
        undo = text(visitor.get(f"{place}/attempts/2"))
    assert "20 items chosen: 10 sent to be unlinked; 10 not sent." in undo
    assert "Partly undone 10 of 20 items linked, 10 unlinked." in told_of


@pytest.mark.slow
def test_what_is_in_doubt_and_could_not_be_unlinked_is_tried_again(stored):
    visitor = stored.visitor()
    visitor.submit(IN_USE, name="before")
    stored.work(30)
    stored.sim.set_faults({"create:dropped-before": "1x"})
    place = visitor.submit([*GOOD, *IN_USE])
    stored.work(150)
    doubted = "undo?status=LINKED&status=ALREADY_LINKED"
    assert "You chose 22 items" in text(visitor.get(f"{place}/{doubted}"))
    confirm(visitor, f"{place}/{doubted}")
    stored.work(60)
    said = headline(visitor.get(place))
    assert "Undone 20 of 22 items unlinked, 2 could not be unlinked." in said
    again = visitor.get(link(visitor.get(place), "Try to unlink these again"))
    assert "You chose 2 items that attempt 2 did not unlink" in text(again)
    assert "Unlink: 2 items" in text(again)


def test_a_list_whose_unlinking_others_count_on_is_not_deleted(stored):
    visitor = stored.visitor()
    first = visitor.submit(GOOD, name="first")
    stored.work(30)
    second = visitor.submit(GOOD, name="second")
    stored.work(30)
    confirm(visitor, f"{first}/undo")
    stored.work(30)
    refused = visitor.post(f"{first}/delete")
    assert refused.status_code == 409
    assert "“second” shows some as linked" in text(refused)
    assert {item["unlinked_since_by"] for item in exported(visitor, second)} == {"first"}
    visitor.post(f"{second}/delete")
    assert visitor.post(f"{first}/delete").status_code == 303


def test_what_could_not_be_unlinked_stays_told_when_others_are_tried_again(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    confirm(visitor, f"{place}/retry")
    stored.work(30)
    assert "(2 could not be unlinked, 5 were linked before)" in headline(visitor.get(place))


def test_an_undo_that_ica_has_lost_claims_nothing(stored):
    visitor = stored.visitor()
    place = visitor.submit(GOOD)
    stored.work(30)
    stored.sim.set_faults({"lost-batch": "40x"})
    confirm(visitor, f"{place}/undo")
    stored.work(2_000, step=60)
    assert "could not be unlinked" not in headline(visitor.get(place))
    assert "ICA no longer knows the batch" in text(visitor.get(f"{place}/attempts/2"))


def test_what_was_linked_in_part_and_is_unlinked_since_is_told(stored):
    visitor = stored.visitor()
    first = visitor.submit(FOLDERS, name="first")
    stored.work(30)
    second = visitor.submit(FOLDERS, name="second")
    stored.work(30)
    confirm(visitor, f"{second}/undo?status=PARTIALLY_LINKED")
    stored.work(30)
    assert {item["unlinked_since_by"] for item in exported(visitor, first)} == {"second"}
    assert visitor.post(f"{second}/delete").status_code == 409
