"""Name and note, the archive, and deleting."""

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import READ_ONLY_PROJECT
from tests.web.markup import element, field_error, main


@pytest.fixture
def settled(stored):
    """A visitor, and the address of a submission of theirs that has ended."""
    demo = stored.visitor()
    place = demo.submit(data_ids(5), name="exomes of May")
    stored.work(20)
    return demo, place


def edit(visitor, place, name="exomes of May", note=""):
    return visitor.post(f"{place}/edit", {"name": name, "note": note})


def test_its_submitter_renames_it_and_writes_a_note_that_others_read(stored, settled):
    demo, place = settled
    assert element(demo.get(f"{place}/edit"), id="name")["value"] == "exomes of May"
    answer = edit(demo, place, "  Exomes,\x07   May ", "Second freeze.\r\nAsk Lee.")
    assert answer.location == place
    seen = text(stored.visitor("colleague-key").get(place))
    assert "Exomes, May" in seen
    assert "Second freeze. Ask Lee." in seen
    assert "Name and note" not in seen


@pytest.mark.parametrize(
    ("field", "given", "told"),
    [
        ("name", "", "Give it a name"),
        ("name", "n" * 201, "this one has 201"),
        ("note", "n" * 2001, "may have 2,000 characters; this one has 2,001"),
    ],
)
def test_what_can_t_be_taken_is_told_beside_the_field_and_kept_in_it(dashboard, field, given, told):
    demo = dashboard.visitor()
    place = demo.draft(data_ids(1), name="kept")
    answer = edit(demo, place, **{field: given})
    assert answer.status_code == 422
    assert told in field_error(answer, field)
    if given:
        assert given in answer.get_data(as_text=True)
    assert "kept" in text(demo.get(place))


@pytest.mark.slow
@pytest.mark.parametrize("act", ["edit", "archive", "unarchive", "delete"])
def test_only_its_submitter_does_any_of_it(stored, settled, act):
    _, place = settled
    answer = stored.visitor("colleague-key").post(f"{place}/{act}", {"name": "mine"})
    assert answer.status_code == 403
    assert "Only Dana Demo" in text(answer)
    assert stored.visitor("stranger-key").post(f"{place}/{act}").status_code == 404


def test_the_archive_is_off_the_board_and_found_again(settled):
    demo, place = settled
    assert demo.post(f"{place}/archive").status_code == 303
    assert "exomes of May” is in the archive" in text(demo.get("/submissions"))
    board = text(demo.get("/submissions"))
    assert "exomes of May" not in board
    assert "exomes of May" in text(demo.get("/submissions?state=archived"))
    assert "exomes of May" not in text(demo.get("/submissions?state=settled"))
    assert "In the archive since" in text(demo.get(place))
    demo.post(f"{place}/unarchive")
    demo.get(place)  # which takes the notice
    assert "exomes of May" in text(demo.get("/submissions"))
    assert "exomes of May" not in text(demo.get("/submissions?state=archived"))


def test_a_search_goes_on_within_the_archive(settled):
    demo, place = settled
    demo.post(f"{place}/archive")
    demo.get(place)
    page = demo.get(demo.searched("/submissions?state=archived", "exomes"))
    assert "exomes of May" in text(page)
    assert element(main(page), "form", role="search")["action"].endswith("?state=archived")


def test_what_still_runs_is_neither_archived_nor_deleted(dashboard):
    demo = dashboard.visitor()
    place = demo.submit(data_ids(500))
    assert demo.post(f"{place}/archive").status_code == 409
    answer = demo.get(f"{place}/delete")
    assert "ICA has all of it, and can't be told to stop" in text(answer)
    answer = demo.post(f"{place}/delete")
    assert answer.status_code == 409
    assert "still running" in text(answer)
    blocked = demo.submit(data_ids(3), project=READ_ONLY_PROJECT)
    dashboard.work(60)
    assert "Stop it by the button on its page" in text(demo.get(f"{blocked}/delete"))
    assert "All 500 items are linked" in text(demo.get(place))


def test_a_draft_is_discarded_and_not_deleted(dashboard):
    demo = dashboard.visitor()
    place = demo.draft(data_ids(1))
    assert "discard it" in text(demo.post(f"{place}/delete"))
    assert demo.get(place).status_code == 200


def test_deleting_says_first_what_goes_and_then_keeps_nothing(stored, settled):
    demo, place = settled
    page = text(demo.get(f"{place}/delete"))
    assert "the outcomes of 5 items" in page
    assert "Nothing changes in ICA" in page
    stored.sim.forget_calls()
    answer = demo.post(f"{place}/delete")
    assert answer.location == "/submissions"
    assert "was deleted here" in text(demo.get("/submissions"))
    assert stored.visitor("colleague-key").get(place).status_code == 404
    stored.work(10)
    assert demo.get(place).status_code == 404
    assert "There is no such submission: it was deleted, or" in demo.get(place).text
    assert demo.get(f"{place}/export.csv").status_code == 404
    assert "createDataUnlinkingBatch" not in stored.sim.calls()
    # Its ids are as if they had never been here: a new draft knows nothing of them.
    assert "already linked" not in text(demo.get(demo.draft(data_ids(5))))
