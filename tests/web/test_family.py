"""Attempts roll up: each id counts once, by its latest attempt."""

from collections import Counter

import pytest

from tests.stage import data_ids, text
from tests.web.confirming import confirm
from tests.web.markup import element, elements, link, rows
from webapp.store import chores
from webapp.work import copy

GOOD = data_ids(60)
ARCHIVED = data_ids(5, ending="02", start=100)  # fail at first, link when tried again
MISSING = data_ids(3, ending="00", start=200)


@pytest.fixture
def attempts(stored):
    """A first attempt, a second that mends five items, a third that mends none."""
    visitor = stored.visitor()
    first = visitor.submit([*GOOD, *ARCHIVED, *MISSING], name="cohort")
    stored.work(30)
    second = confirm(visitor, f"{first}/retry")
    stored.work(30)
    third = confirm(visitor, f"{second}/retry")
    stored.work(30)
    return first, second, third


def breakdown(page):
    """{status: items} of the page's legend."""
    shown = elements(page, "li", data_status=None)
    counts = elements(page, "span", class_="legend-count")
    return {item["data-status"]: count.text for item, count in zip(shown, counts, strict=True)}


def test_each_attempt_names_the_others(stored, attempts):
    visitor = stored.visitor()
    for number, place in enumerate(attempts, start=1):
        said = " ".join(element(visitor.get(place), "section", id="family").text.split())
        assert "After 3 attempts 65 of 68 ids linked." in said
        assert f"Attempt {number} of 3, this one" in said
    page = visitor.get(attempts[2])
    assert link(page, "Attempt 1 of 3") == attempts[0]
    assert "cohort, attempt 3" in text(page)


def test_the_page_of_all_attempts_leads_to_each_and_not_to_itself(stored, attempts):
    page = stored.visitor().get(f"{attempts[0]}/family")
    assert [link(page, f"Attempt {number} of 3") for number in (1, 2, 3)] == list(attempts)
    assert not [found for found in elements(page, "a") if found["href"] == f"{attempts[0]}/family"]


def test_one_status_an_id_over_all_attempts(stored, attempts):
    page = stored.visitor().get(f"{attempts[0]}/family")
    assert breakdown(page) == {"LINKED": "65", "FAILED": "3"}
    own = breakdown(stored.visitor().get(attempts[0]))
    assert own == {"LINKED": "60", "FAILED": "8"}


def test_what_was_left_out_is_said_and_not_counted_as_missing(stored):
    visitor = stored.visitor()
    place = visitor.draft([*GOOD, *ARCHIVED, "sample-7", "sample-8"])
    visitor.post(f"{place}/leave-out", {"which": "unusual"})
    visitor.post(f"{place}/submit")
    stored.work(30)
    confirm(visitor, f"{place}/retry")
    stored.work(30)
    said = text(visitor.get(f"{place}/family"))
    assert "After 2 attempts 65 of 65 ids linked. 2 left out before it was sent." in said


def test_the_latest_attempt_at_each_id_is_listed(stored, attempts):
    visitor = stored.visitor()
    first = visitor.get(f"{attempts[0]}/family")
    assert rows(first) == GOOD[:50]
    second = visitor.get(link(first, "Next"))
    assert rows(second) == [*GOOD[50:], *ARCHIVED, *MISSING]
    tries = [cell.text for cell in elements(second, "td", data_label="Attempt")]
    assert tries == [*["1"] * 10, *["2"] * 5, *["3"] * 3]
    assert rows(visitor.get(link(second, "Previous"))) == GOOD[:50]


def test_the_list_is_filtered_by_what_counts(stored, attempts):
    visitor = stored.visitor()
    failed = visitor.get(f"{attempts[0]}/family?status=FAILED")
    assert rows(failed) == MISSING
    linked = visitor.get(f"{attempts[0]}/family?status=LINKED&status=FAILED&after=60")
    assert rows(linked) == [*ARCHIVED, *MISSING]


def test_only_what_no_attempt_took_up_is_offered_to_be_tried_again(stored, attempts):
    visitor = stored.visitor()
    assert "Try again what failed" not in text(visitor.get(attempts[0]))
    assert link(visitor.get(attempts[2]), "Try again what failed").startswith(attempts[2])
    page = visitor.get(f"{attempts[0]}/family")
    offered = [a["href"] for a in elements(page, "a") if "Try again" in a.text]
    assert offered == [f"{attempts[2]}/retry?status=FAILED"]


def test_the_list_with_these_outcomes_is_handed_back(stored, attempts):
    visitor = stored.visitor()
    page = visitor.get(f"{attempts[0]}/family")
    body = visitor.get(link(page, "Download what you pasted")).get_data(as_text=True)
    assert body.count("\tLINKED") == 65
    assert body.count("\tFAILED") == 3


def outcomes(visitor, place):
    """How often each word stands in the list that is handed back."""
    body = visitor.get(f"{place}/list").get_data(as_text=True)
    return Counter(line.split("\t")[1] for line in body.splitlines()[1:])


def test_until_a_new_attempt_begins_its_ids_count_where_they_are(stored, monkeypatch):
    monkeypatch.setattr("webapp.web.retry.CHUNK", 0)  # however few, the worker gathers them
    visitor = stored.visitor()
    place = visitor.submit([*GOOD[:2], *MISSING])
    stored.work(30)
    again = confirm(visitor, f"{place}/retry")
    with stored.store.write() as connection:
        mine = chores.claim(connection, "test", stored.clock.now)
    copy.step(stored.context, mine)
    for then in (lambda: None, lambda: visitor.post(f"{again}/discard")):
        then()
        assert rows(visitor.get(f"{place}/family")) == [*GOOD[:2], *MISSING]
        assert outcomes(visitor, place) == {"LINKED": 2, "FAILED": 3}


def test_what_was_undone_is_unlinked_everywhere(stored, attempts):
    visitor = stored.visitor()
    first, second, _ = attempts
    undo = confirm(visitor, f"{first}/undo", picked=[1, 2, 3])
    stored.work(30)
    confirm(visitor, f"{second}/undo")
    stored.work(30)
    page = visitor.get(f"{first}/family")
    assert breakdown(page) == {"LINKED": "57", "UNLINKED": "8", "FAILED": "3"}
    assert outcomes(visitor, first) == {"LINKED": 57, "UNLINKED": 8, "FAILED": 3}
    assert "After 3 attempts 57 of 68 ids linked; 8 unlinked since." in text(page)
    gone = visitor.get(f"{first}/family?status=UNLINKED")
    assert rows(gone) == [*GOOD[:3], *ARCHIVED]
    assert f"{undo}/items/1" in [a["href"] for a in elements(gone, "a")]


def test_what_could_not_be_undone_is_still_linked(stored):
    visitor = stored.visitor()
    in_use = data_ids(2, ending="fe", start=300)
    place = visitor.submit([*GOOD[:3], *in_use])
    stored.work(30)
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    page = visitor.get(f"{place}/family")
    assert breakdown(page) == {"LINKED": "2", "UNLINKED": "3"}
    assert rows(visitor.get(f"{place}/family?status=LINKED")) == in_use
    assert outcomes(visitor, place) == {"LINKED": 2, "UNLINKED": 3}


def test_one_that_others_were_made_from_is_deleted_after_them(stored, attempts):
    visitor = stored.visitor()
    first, second, third = attempts
    for place in (first, second):
        assert "1 other submission was made from it" in text(visitor.get(f"{place}/delete"))
        assert visitor.post(f"{place}/delete").status_code == 409
    assert visitor.post(f"{third}/delete").status_code == 303
    page = visitor.get(f"{first}/family")  # before it is swept away, and after
    assert breakdown(page) == {"LINKED": "65", "FAILED": "3"}
    stored.work(30)
    page = visitor.get(f"{first}/family?status=FAILED")
    assert rows(page) == MISSING
    assert {cell.text for cell in elements(page, "td", data_label="Attempt")} == {"2"}
    assert visitor.post(f"{second}/delete").status_code == 303
    assert visitor.post(f"{first}/delete").status_code == 303


def test_a_later_attempt_leads_to_the_family(stored, attempts):
    answer = stored.visitor().get(f"{attempts[2]}/family")
    assert (answer.status_code, answer.location) == (303, f"{attempts[0]}/family")


def test_a_family_is_seen_by_those_who_see_the_project(st):
    place = st.visitor().submit(MISSING)
    assert st.visitor("colleague-key").get(f"{place}/family").status_code == 200
    assert st.visitor("stranger-key").get(f"{place}/family").status_code == 404
    assert st.visitor(key=None).get(f"{place}/family").status_code == 303
