"""A group of reasons is tried again over all submissions: one confirmation, one receipt."""

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import STRANGERS_PROJECT
from tests.web.confirmation import fields
from tests.web.markup import elements, link
from tests.work.observation import row_counts

ARCHIVED = data_ids(8, ending="02")  # fail at first, link when tried again


@pytest.fixture
def lists(stored):
    """Two lists of two people with one reason between them, and one of a stranger."""
    places = [
        stored.visitor().submit([*ARCHIVED[:5], *data_ids(2, start=50)], name="mine"),
        stored.visitor("colleague-key").submit(ARCHIVED[5:], name="theirs"),
    ]
    stored.visitor("stranger-key").submit(ARCHIVED[:2], name="hidden", project=STRANGERS_PROJECT)
    stored.work(30)
    return places


def confirmation(visitor):
    return visitor.get(link(visitor.get("/reasons"), "Try all again"))


@pytest.mark.slow
def test_each_list_gets_its_own_attempt_and_one_receipt_tells_of_all(stored, lists):
    visitor = stored.visitor()
    page = confirmation(visitor)
    said = text(page)
    assert "mine , submitted by Dana Demo: 5 items" in said
    assert "theirs , submitted by Carol Colleague: 3 items" in said
    assert "hidden" not in said
    assert "Try again: 8 items" in said
    answer = visitor.post("/reasons/retry", fields(page))
    assert answer.status_code == 303
    stored.work(30)
    receipt = text(visitor.get(answer.location))
    assert "mine, attempt 2 5 items chosen: 5 tried again." in receipt
    assert "theirs, attempt 2 3 items chosen: 3 tried again." in receipt
    assert [row_counts(visitor, place) for place in lists] == [{"LINKED": 7}, {"LINKED": 3}]
    attempt = visitor.get(f"{lists[1]}/attempts/2")
    assert elements(attempt, "dd")[0].text == "Dana Demo"  # whose key it is


@pytest.mark.slow
def test_a_second_click_sends_nothing_twice(stored, lists):
    visitor = stored.visitor()
    sent = fields(confirmation(visitor))
    first, second = (visitor.post("/reasons/retry", sent) for _ in range(2))
    assert first.location == second.location
    stored.work(30)
    assert stored.sim.calls()["createProjectDataLinkingBatch"] == 3 + 2


def test_more_than_the_page_said_is_shown_again_and_not_sent(stored, lists):
    visitor = stored.visitor()
    page = confirmation(visitor)
    sent = fields(page)
    sent["list"] = [pair.replace(":5", ":4") for pair in sent["list"]]
    stored.sim.forget_calls()
    answer = visitor.post("/reasons/retry", sent)
    assert answer.status_code == 422
    assert "Nothing was sent; look it over again." in text(answer)
    assert "createProjectDataLinkingBatch" not in stored.sim.calls()


@pytest.mark.slow
def test_others_see_neither_the_lists_nor_the_receipt(stored, lists):
    page = confirmation(stored.visitor())
    sent = fields(page)
    stranger = stored.visitor("stranger-key")
    assert stranger.post("/reasons/retry", sent).status_code == 422
    receipt = stored.visitor().post("/reasons/retry", sent).location
    assert stranger.get(receipt).status_code == 404
    assert stored.visitor(key=None).get(receipt).status_code == 303
    assert stored.visitor("colleague-key").get(receipt).status_code == 200


@pytest.mark.parametrize("reason", ["", "x", "-1", "99999999999"])
def test_a_made_up_reason_is_a_clean_error(dashboard, reason):
    assert dashboard.visitor().get(f"/reasons/retry?reason={reason}").status_code in {400, 404}


@pytest.mark.parametrize("pair", ["1", "1:x", ":", "a:1"])
def test_a_made_up_list_is_a_clean_error(dashboard, pair):
    sent = {"reason": "1", "token": "t", "list": pair}
    assert dashboard.visitor().post("/reasons/retry", sent).status_code == 400


def test_a_forged_number_or_moment_is_no_more_than_there_is(stored, lists):
    visitor = stored.visitor()
    sent = fields(confirmation(visitor))
    sent["list"] = [f"{pair.partition(':')[0]}:999999" for pair in sent["list"]]
    receipt = visitor.post("/reasons/retry", sent | {"at": ["nan"]}).location
    said = text(visitor.get(receipt))
    assert "7 items chosen: 5 to be tried again; 2 skipped" in said
    assert "3 items chosen: 3 to be tried again." in said


def test_the_page_names_the_reason(stored, lists):
    visitor = stored.visitor()
    assert "Failed Data is being archived" in text(confirmation(visitor))
    assert visitor.get("/reasons/retry?reason=999").status_code == 404


def test_what_others_have_linked_since_is_not_offered(stored, lists):
    visitor = stored.visitor()
    stored.clock.advance(60)
    visitor.submit([*ARCHIVED[5:], *data_ids(1)], name="by hand")
    stored.work(30)
    said = text(confirmation(visitor))
    assert "mine , submitted by Dana Demo: 5 items" in said
    assert "theirs" not in said
