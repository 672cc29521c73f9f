"""Undoing: what a submission itself has linked is unlinked, and nothing else."""

import pytest

from tests.simulated import FIRST_PROJECT
from tests.stage import data_ids, text
from tests.web.confirming import ask, confirm, fields, statuses
from tests.web.markup import element, link, with_class

GOOD = data_ids(20)
IN_USE = data_ids(2, ending="fe", start=100)  # can't be unlinked
HELD = data_ids(5, ending="05", start=200)  # was linked before
MISSING = data_ids(3, ending="00", start=300)
LIST = [*GOOD, *IN_USE, *HELD, *MISSING]


@pytest.fixture
def place(stored):
    found = stored.visitor().submit(LIST, name="cohort")
    stored.work(30)
    return found


def family(visitor, place):
    return " ".join(element(visitor.get(place), "section", id="family").text.split())


def test_only_what_it_linked_itself_is_unlinked(stored, place):
    visitor = stored.visitor()
    path = link(visitor.get(place), "Undo: unlink what it linked")
    page = visitor.get(path)
    assert "You chose 22 items with the status LINKED" in text(page)
    undo = confirm(visitor, path)
    stored.work(30)
    assert statuses(visitor, undo) == dict.fromkeys(GOOD, "UNLINKED") | dict.fromkeys(
        IN_USE, "FAILED"
    )
    assert stored.sim.calls()["createProjectDataUnlinkingBatch"] == 1
    assert "20 of 22 items unlinked; 2 not" in text(visitor.get(undo))
    assert "Undo of cohort" in text(visitor.get(undo))


def test_the_undone_submission_keeps_its_numbers_and_says_it(stored, place):
    visitor = stored.visitor()
    before = statuses(visitor, place)
    undo = confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert statuses(visitor, place) == before
    assert link(visitor.get(place), "Undo of cohort") == undo
    assert link(visitor.get(undo), "cohort") == place
    assert "Attempt" not in family(visitor, undo)


def states(answer):
    """The words of the badges of whole submissions."""
    return [badge.text.strip() for badge in with_class(answer, "state")]


def test_what_unlinks_is_not_called_linking(st):
    visitor = st.visitor()
    place = visitor.submit(GOOD, name="cohort")
    st.work(30)
    undo = confirm(visitor, f"{place}/undo")
    page = visitor.get(undo)
    assert states(page)[0] == "Unlinking"
    assert "ICA has all of it and is unlinking." in text(page)
    assert "linking." not in text(page).replace("unlinking.", "")
    board = visitor.get("/submissions")
    assert states(board) == ["Unlinking", "Done"]
    assert "Unlink from Rare disease WGS 2026" in element(board, "tr", id="submission-2").text
    assert "Unlink" not in element(board, "tr", id="submission-1").text
    assert "Unlink from Rare disease WGS 2026" in text(page)


def test_a_large_undo_says_that_it_is_gathered_and_of_what(st, monkeypatch):
    visitor = st.visitor()
    place = visitor.submit(GOOD, name="cohort")
    st.work(30)
    monkeypatch.setattr("webapp.web.retry.CHUNK", 0)  # however few, the worker gathers them
    undo = confirm(visitor, f"{place}/undo")
    page = visitor.get(undo)
    assert states(page) == ["Gathering"]
    assert states(visitor.get("/submissions"))[0] == "Gathering"
    assert "Gathering the items 0 of 20 items" in text(page)
    assert link(page, "See what it is made from") == place
    assert "Upload another list" not in text(page)
    st.work(1)
    assert "Unlinking" in states(visitor.get(undo))


def test_picked_items_are_unlinked_and_the_rest_is_said(stored, place):
    visitor = stored.visitor()
    said = text(ask(visitor, f"{place}/undo", picked=[1, 2, 23, 28]))
    assert "1 was linked before this submission came" in said
    assert "1 was not linked by this submission" in said
    undo = confirm(visitor, f"{place}/undo", picked=[1, 2, 23, 28])
    stored.work(30)
    assert statuses(visitor, undo) == dict.fromkeys(GOOD[:2], "UNLINKED")
    assert "4 items chosen: 2 to be unlinked" in family(visitor, undo)


def test_a_second_undo_takes_the_rest_only(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/undo", picked=[1, 2])
    stored.work(30)
    assert "2 were taken up by an earlier undo" in text(visitor.get(f"{place}/undo"))
    undo = confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert len(statuses(visitor, undo)) == 20


def test_what_was_wholly_undone_offers_no_further_undo(stored, place):
    visitor = stored.visitor()
    confirm(visitor, f"{place}/undo", picked=[1, 2])
    stored.work(30)
    assert "Undo: unlink what it linked" in text(visitor.get(place))
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert "Undo: unlink what it linked" not in text(visitor.get(place))


def test_a_second_click_makes_no_second_undo(stored, place):
    visitor = stored.visitor()
    sent = fields(visitor.get(f"{place}/undo"))
    first, second = (visitor.post(f"{place}/undo", sent) for _ in range(2))
    assert first.location == second.location


def test_an_undo_that_failed_in_part_is_tried_again(stored, place):
    visitor = stored.visitor()
    undo = confirm(visitor, f"{place}/undo")
    stored.work(30)
    again = confirm(visitor, f"{undo}/retry")
    stored.work(30)
    assert statuses(visitor, again) == dict.fromkeys(IN_USE, "FAILED")
    assert "After 2 attempts 20 of 22 ids unlinked" in family(visitor, again)
    assert stored.sim.calls()["createProjectDataUnlinkingBatch"] == 2


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


def test_an_undo_is_not_undone(stored, place):
    visitor = stored.visitor()
    undo = confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert visitor.get(f"{undo}/undo").status_code == 409
    assert "unlinks" in text(visitor.get(f"{undo}/undo"))


def test_the_same_four_questions(stored, place):
    assert stored.visitor("colleague-key").get(f"{place}/undo").status_code == 200
    assert stored.visitor("stranger-key").post(f"{place}/undo").status_code == 404
    assert stored.visitor(key=None).get(f"{place}/undo").status_code == 303
    assert FIRST_PROJECT not in text(stored.visitor("stranger-key").get(f"{place}/undo"))
