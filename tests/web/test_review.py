"""The review of a draft: what is said before anything is sent, and what can be left out."""

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT, READ_ONLY_PROJECT
from tests.web.confirmation import confirm, fields
from tests.web.markup import column, element, elements, with_class
from webapp.store import items
from webapp.work import ica_check

ELSEWHERE = "11111111-1111-4111-8111-111111111111"
MISSING = data_ids(3, ending="00", start=700)  # ICA has no such data


def leave_out(visitor, place, which):
    return visitor.post(f"{place}/leave-out", {"which": which})


def exported(visitor, place, status=""):
    answer = visitor.get(f"{place}/export.txt?status={status}")
    return answer.get_data(as_text=True).split()


def tally(answer):
    """The numbers at the head of the review."""
    return [number.text for number in elements(answer, "strong") if number.text.isdecimal()]


def csv(*rows):
    return "\n".join(",".join(row) for row in rows).encode(), "list.csv"


@pytest.fixture
def linked(stored):
    """A dashboard where fifty ids were linked into the project by "exomes of May"."""
    stored.visitor().submit(data_ids(50), name="exomes of May")
    stored.work(20)
    return stored


def test_ids_that_an_earlier_submission_linked_are_counted_and_the_submission_is_named(linked):
    demo = linked.visitor()
    place = demo.draft(data_ids(60, start=20))
    page = demo.get(place)
    assert "30 ids already linked into Rare disease WGS 2026" in text(page)
    assert "By exomes of May (30)." in text(page)
    listed = text(demo.get(f"{place}/entries?kind=linked&size=50"))
    assert data_ids(1, start=49)[0] in listed
    assert data_ids(1, start=50)[0] not in listed


def test_what_a_colleague_linked_counts_and_what_went_into_another_project_does_not(linked):
    colleague = linked.visitor("colleague-key")
    assert "By exomes of May (5)." in text(colleague.get(colleague.draft(data_ids(5))))
    other = colleague.draft(data_ids(5), project=READ_ONLY_PROJECT)
    assert "already linked" not in text(colleague.get(other))


def test_who_linked_them_is_named_and_not_who_found_them_linked(linked):
    demo = linked.visitor()
    demo.submit(data_ids(5), name="a later one")
    linked.work(20)
    page = text(demo.get(demo.draft(data_ids(5))))
    assert "By exomes of May (5)." in page


@pytest.mark.slow
def test_what_was_unlinked_since_is_not_called_linked_by_who_found_it_linked(linked):
    """The finder has the higher id, and its word is the older one."""
    demo = linked.visitor()
    linked.clock.advance(60)
    demo.submit(data_ids(5), name="a later one")
    linked.work(20)
    linked.clock.advance(60)
    confirm(demo, "/submissions/1/undo", picked=range(1, 4))
    linked.work(20)
    page = text(demo.get(demo.draft(data_ids(5))))
    assert "2 ids already linked" in page
    assert "By exomes of May (2)." in page
    confirm(demo, "/submissions/1/retry?status=UNLINKED")
    linked.work(20)
    assert "By exomes of May (5)." in text(demo.get(demo.draft(data_ids(5))))


def test_an_earlier_submission_that_was_deleted_is_not_named(linked):
    demo = linked.visitor()
    place = demo.draft(data_ids(5))
    assert "By exomes of May" in text(demo.get(place))
    assert demo.post("/submissions/1/delete").status_code == 303
    demo.get("/submissions")  # which says that it was deleted
    page = text(demo.get(place))
    assert "5 ids already linked" in page
    assert "exomes of May" not in page


def test_what_failed_before_is_not_called_linked(stored):
    demo = stored.visitor()
    demo.submit(MISSING)
    stored.work(20)
    assert "already linked" not in text(demo.get(demo.draft(MISSING)))


def test_only_the_rest_is_sent_and_the_page_keeps_saying_what_was_left_out(linked):
    demo = linked.visitor()
    place = demo.draft(data_ids(60))
    answer = leave_out(demo, place, "linked")
    assert answer.status_code == 303
    page = demo.get(place)
    assert "50 ids left out; 10 ids will be sent." in text(page)
    assert tally(page)[:2] == ["10", "50"]
    assert "Submit 10 ids" in text(page)
    demo.post(f"{place}/submit")
    linked.work(20)
    page = text(demo.get(place))
    assert "All 10 items are linked. 50 left out before the list was sent." in page
    assert "Done" in page
    groups = [" ".join(one.text.split()) for one in with_class(demo.get(place), "group-count")]
    assert groups == ["10 100 %", "50"]  # of the ten that were meant to go
    assert exported(demo, place, "LINKED") == data_ids(10, start=50)
    assert exported(demo, place, "LEFT_OUT") == data_ids(50)
    assert "It was linked into this project before." in text(demo.get(f"{place}/items"))


def test_what_was_left_out_for_one_reason_is_taken_back_and_nothing_else(linked):
    demo = linked.visitor()
    place = demo.draft([*data_ids(2), "sample-7"])
    leave_out(demo, place, "linked")
    leave_out(demo, place, "unusual")
    demo.post(f"{place}/take-back", {"which": "unusual"})
    assert exported(demo, place, "LEFT_OUT") == data_ids(2)
    assert exported(demo, place, "UNREAD") == ["sample-7"]


def test_batches_are_cut_over_what_is_left(linked_in_small_batches):
    dashboard, place, demo = linked_in_small_batches
    page = demo.get(place)
    assert "2 batches of at most 10 ids" in text(page)
    demo.post(f"{place}/submit")
    dashboard.work(20)
    assert column(demo.get(f"{place}/batches"), "Items") == ["10", "5"]
    assert "All 15 items are linked. 30 left out" in text(demo.get(place))


@pytest.fixture
def linked_in_small_batches(database_url, tmp_path):
    """Of 45 ids every third is new; the others are linked already, and left out."""
    with open_dashboard(database_url, tmp_path, rate=100.0, batch_size=10) as dashboard:
        demo = dashboard.visitor()
        ids = data_ids(45)
        demo.submit([one for i, one in enumerate(ids) if i % 3])
        dashboard.work(20)
        place = demo.draft(ids)
        leave_out(demo, place, "linked")
        yield dashboard, place, demo


def test_a_draft_with_everything_left_out_is_not_submitted(linked):
    demo = linked.visitor()
    place = demo.draft(data_ids(5))
    leave_out(demo, place, "linked")
    answer = demo.post(f"{place}/submit")
    assert answer.status_code == 422
    assert "there is nothing to submit" in text(answer)
    demo.post(f"{place}/take-back", {"which": "linked"})
    assert demo.post(f"{place}/submit").status_code == 303


def test_another_number_than_the_button_said_is_not_submitted(linked):
    demo = linked.visitor()
    place = demo.draft(data_ids(60))
    stale = demo.get(place)
    assert "Submit 60 ids" in text(stale)
    leave_out(demo, place, "linked")
    linked.sim.forget_calls()
    answer = demo.post(f"{place}/submit", fields(stale))
    assert answer.status_code == 422
    assert "There are fewer ids than when you looked: then 60, now 10." in text(answer)
    assert "Nothing was sent; look it over again." in text(answer)
    assert linked.sim.total_calls() == 0
    demo.post(f"{place}/take-back", {"which": "linked"})
    more = demo.post(f"{place}/submit", fields(answer))
    assert "There are more ids than when you looked: then 10, now 60." in text(more)
    assert demo.post(f"{place}/submit", fields(more)).status_code == 303


def test_many_ids_are_left_out_by_the_worker_while_the_page_shows_it(linked, monkeypatch):
    monkeypatch.setattr("webapp.web.drafts.routes.AT_ONCE_IDS", 0)
    monkeypatch.setattr(items, "CHUNK_ROWS", 7)
    demo = linked.visitor()
    place = demo.draft(data_ids(60))
    leave_out(demo, place, "linked")
    page = demo.get(place)
    assert "Leaving ids out" in text(page)
    assert element(page, id="progress")["hx-get"] == f"{place}/progress?shows=draft"
    answer = demo.post(f"{place}/submit")
    assert answer.status_code == 422
    assert "being worked on" in text(answer)
    linked.work(1)
    assert demo.part(f"{place}/progress?shows=draft").headers["HX-Refresh"] == "true"
    assert "10 ids to link 50 left out" in text(demo.get(place))
    assert "hx-get" not in element(demo.get(place), id="progress")


def test_a_second_click_leaves_out_nothing_twice(linked, monkeypatch):
    monkeypatch.setattr("webapp.web.drafts.routes.AT_ONCE_IDS", 0)
    demo = linked.visitor()
    place = demo.draft(data_ids(60))
    leave_out(demo, place, "linked")
    leave_out(demo, place, "linked")
    assert "it is being done already" in text(demo.get(place))
    linked.work(1)
    assert "10 ids to link 50 left out" in text(demo.get(place))


def take_back(visitor, place, which):
    return visitor.post(f"{place}/take-back", {"which": which})


def test_unusual_shapes_are_left_out_unless_somebody_wants_them_sent(stored):
    demo = stored.visitor()
    place = demo.draft(["SRR123456", *data_ids(2), "SRR123457"])
    page = demo.get(place)
    assert "2 ids not of ICA's shape" in text(page)
    assert "Such as SRR123456 (line 1), SRR123457 (line 4)." in text(page)
    assert tally(page) == ["2", "2", "0", "0"]
    assert "Submit 2 ids" in text(page)
    assert exported(demo, place, "LEFT_OUT") == ["SRR123456", "SRR123457"]
    assert "Send these 2 too" in [one.text for one in elements(page, "button", formaction=None)]
    assert take_back(demo, place, "unusual").status_code == 303
    page = text(demo.get(place))
    assert "2 ids taken back; 4 ids will be sent." in page
    assert "Submit 4 ids" in page
    leave_out(demo, place, "unusual")
    demo.post(f"{place}/submit")
    stored.work(20)
    assert "All 2 items are linked. 2 left out" in text(demo.get(place))


def test_a_list_of_such_alone_is_kept_and_nothing_of_it_is_sent_before_somebody_wants_it(stored):
    demo = stored.visitor()
    place = demo.draft(["SRR123456", "/nowhere/at/all.bam"])
    stored.work(10)
    answer = demo.post(f"{place}/submit")
    assert answer.status_code == 422
    assert "there is nothing to submit" in text(answer)
    take_back(demo, place, "unusual")
    assert "Submit 1 id" in text(demo.get(place))
    demo.post(f"{place}/reread")
    stored.work(10)
    assert exported(demo, place, "LEFT_OUT") == ["SRR123456"]


def test_lines_that_name_another_project_are_told_and_those_of_the_target_are_not(dashboard):
    demo = dashboard.visitor()
    one, two, three = data_ids(3)
    rows = [("dataId", "projectId"), (one, ELSEWHERE), (two, FIRST_PROJECT), (three, "")]
    place = demo.draft("", file=csv(*rows))
    page = text(demo.get(place))
    assert "1 id whose line names another project" in page
    assert f"Named: {ELSEWHERE} (1)." in page
    leave_out(demo, place, "elsewhere")
    assert exported(demo, place, "UNREAD") == [two, three]


def test_what_was_found_later_is_left_out_too(dashboard):
    demo = dashboard.visitor()
    one, two = ("sample-7", "sample-8")
    place = demo.draft("", file=csv(("dataId", "projectId"), (one, ELSEWHERE), (two, "")))
    take_back(demo, place, "unusual")
    leave_out(demo, place, "elsewhere")
    leave_out(demo, place, "unusual")
    page = demo.get(place)
    assert "1 id of these left out: not to be sent. The others go, unless" in text(page)
    buttons = [button.text for button in elements(page, "button", formaction=None)]
    assert buttons[1:] == ["Take it back", "Leave out the others too", "Send it too"]


def test_capitals_are_mended_and_told(dashboard):
    demo = dashboard.visitor()
    place = demo.draft("fil.0123456789ABCDEF0123456789abcd20\n" + data_ids(1)[0])
    page = text(demo.get(place))
    assert "1 id in capital letters" in page
    assert exported(demo, place)[0] == "fil.0123456789abcdef0123456789abcd20"


def test_files_and_folders_are_counted_apart(dashboard):
    demo = dashboard.visitor()
    page = demo.get(demo.draft([*data_ids(3), *data_ids(2, kind="fol")]))
    assert "3 files, 2 folders" in text(page)
    odd = text(
        dashboard.visitor().get(dashboard.visitor().draft([*data_ids(3), "fol.short", "sample-7"]))
    )
    assert "3 files, 0 folders, 2 of an unusual shape" in odd


def test_how_long_it_takes_is_said_by_former_lists_of_about_its_size_and_else_not_at_all(stored):
    """An estimate is called one; 75 ids say nothing of 20,000."""
    demo = stored.visitor()
    place, much = demo.draft(data_ids(200, start=1000)), demo.draft(data_ids(20_000, start=2000))
    assert "1 batch of at most 25,000 ids" in text(demo.get(much))
    promised = "of late. Once it runs, its page says it within a minute or two."
    assert promised in text(demo.get(much))
    assert "Once it runs" not in text(demo.get(demo.draft(data_ids(199, start=30_000))))
    for former in range(3):
        assert "Will take Not known before it runs: fewer than three lists" in text(demo.get(place))
        demo.submit(data_ids(75, start=100 * former))  # at 100 a second
        stored.work(30, step=5)
    told = text(demo.get(place))
    assert "Will take Under a minute, estimated from the last 3 lists like it" in told
    demo.post(f"{place}/submit")
    stored.work(1)
    measured = "measuring how fast it goes; lists like it took under a minute"
    assert measured in text(demo.get(place))
    assert "Will take Not known" in text(demo.get(much))


def test_another_column_can_be_read_instead_and_what_was_decided_before_is_gone(stored):
    demo = stored.visitor()
    ours, theirs = data_ids(4), data_ids(4, start=100)
    rows = [("dataId", "old id"), *zip(ours, theirs, strict=True)]
    place = demo.draft("", file=csv(*rows))
    assert exported(demo, place) == ours
    form = next(f for f in elements(demo.get(place), "form") if "instead" in f.text)
    assert "Read column 2 “old id” instead" in form.text
    answer = demo.post(form["action"], {"part": "0", "column": "2"})
    assert answer.status_code == 303
    assert exported(demo, place) == theirs
    assert "Read column 1 “dataId” instead" in text(demo.get(place))


def test_a_column_without_ids_leads_back_to_how_it_was_read_at_first(dashboard):
    demo = dashboard.visitor()
    rows = [("dataId", "note"), *((one, "") for one in data_ids(4))]
    place = demo.draft("", file=csv(*rows))
    demo.post(f"{place}/reread", {"part": "0", "column": "2"})
    page = demo.get(place)
    assert "No data id was found" in text(page)
    assert "Read it as at first" in text(page)
    demo.post(f"{place}/reread")
    assert exported(demo, place) == data_ids(4)


@pytest.mark.parametrize("column", ["x", "-1", "²", "99999999999999999999", ""])
def test_a_made_up_column_is_a_clean_400(dashboard, column):
    demo = dashboard.visitor()
    place = demo.draft("", file=csv(("dataId", "note"), (data_ids(1)[0], "")))
    assert demo.post(f"{place}/reread", {"part": "0", "column": column}).status_code == 400


def test_what_was_submitted_is_not_read_again_and_nothing_of_it_left_out(dashboard):
    demo = dashboard.visitor()
    place = demo.draft(["sample-7", *data_ids(4)])
    take_back(demo, place, "unusual")
    demo.post(f"{place}/submit")
    demo.post(f"{place}/reread")
    leave_out(demo, place, "unusual")
    dashboard.work(20)
    assert "LEFT_OUT" not in demo.get(f"{place}/export.csv").get_data(as_text=True)
    assert len(exported(demo, place)) == 5


def test_ica_is_asked_which_ids_it_would_refuse_and_they_can_be_left_out(stored, monkeypatch):
    monkeypatch.setattr(ica_check, "MAX_CALL_IDS", 4)
    demo = stored.visitor()
    place = demo.draft([*data_ids(8), *MISSING])
    stored.sim.forget_calls()
    demo.post(f"{place}/check")
    assert "Asking ICA which ids it would refuse" in text(demo.get(place))
    assert stored.sim.total_calls() == 0  # the worker asks, not the page
    stored.work(1)
    page = text(demo.get(place))
    assert "ICA would refuse 3 ids" in page
    assert "3 ids that ICA would refuse" in page
    assert f"Such as {MISSING[0]} (line 9)" in page
    assert stored.sim.calls()["getDataEligibleForLinking"] == 3
    assert MISSING[2] in text(demo.get(f"{place}/entries?kind=refused"))
    leave_out(demo, place, "refused")
    demo.post(f"{place}/submit")
    stored.work(20)
    assert "All 8 items are linked. 3 left out" in text(demo.get(place))


def test_asked_again_ica_s_last_word_counts(dashboard):
    demo = dashboard.visitor()
    place = demo.draft([*data_ids(2), *MISSING])
    for _ in range(2):
        demo.post(f"{place}/check")
        dashboard.work(1)
        assert "ICA would refuse 3 ids" in text(demo.get(place))
    leave_out(demo, place, "refused")
    demo.post(f"{place}/check")
    dashboard.work(1)
    assert "3 ids of these left out" in text(demo.get(place))


def test_a_check_goes_on_where_it_was_when_ica_is_well_again(dashboard, monkeypatch):
    monkeypatch.setattr(ica_check, "MAX_CALL_IDS", 2)
    demo = dashboard.visitor()
    place = demo.draft(data_ids(6))
    demo.post(f"{place}/check")
    dashboard.sim.set_faults({"eligible:500": "2x"})
    dashboard.work(0)
    assert "ICA has trouble right now" in text(demo.get(place))
    dashboard.work(15)
    assert "ICA would refuse none of them" in text(demo.get(place))
    assert "may link into this project, ICA says only when" in text(demo.get(place))
    assert dashboard.sim.calls()["getDataEligibleForLinking"] == 5


def test_a_check_without_a_key_waits_for_the_sign_in(dashboard):
    demo = dashboard.visitor()
    place = demo.draft(data_ids(2))
    demo.post(f"{place}/check")
    demo.post("/signout")
    dashboard.work(1)
    demo.sign_in()
    assert "sign in again" in text(demo.get(place))
    dashboard.work(1)
    assert "ICA would refuse none of them" in text(demo.get(place))


def test_a_draft_can_be_discarded_while_ica_is_being_asked(stored):
    demo = stored.visitor()
    place = demo.draft(data_ids(2))
    demo.post(f"{place}/check")
    assert demo.post(f"{place}/discard").status_code == 303
    stored.sim.forget_calls()
    stored.work(6)
    assert demo.get(place).status_code == 404
    assert stored.sim.calls().get("getDataEligibleForLinking", 0) == 0


def test_a_list_that_is_being_worked_on_is_not_read_again(dashboard):
    demo = dashboard.visitor()
    place = demo.draft(data_ids(2))
    demo.post(f"{place}/check")
    answer = demo.post(f"{place}/reread")
    assert answer.status_code == 409
    assert "being worked on" in text(answer)


def test_an_address_stays_short_enough_for_ica_however_long_the_ids(dashboard):
    demo = dashboard.visitor()
    place = demo.draft([f"{'x' * 240}-{number}" for number in range(100)])
    take_back(demo, place, "unusual")
    demo.post(f"{place}/check")
    dashboard.work(1)
    assert "Asked" in text(demo.get(place))
    assert dashboard.sim.calls()["getDataEligibleForLinking"] >= 4


@pytest.mark.parametrize("act", ["leave-out", "take-back", "check", "stop-checking", "reread"])
def test_a_draft_is_its_maker_s_alone(dashboard, act):
    place = dashboard.visitor().draft(["sample-7", *data_ids(1)])
    assert dashboard.visitor("colleague-key").post(f"{place}/{act}").status_code == 404


@pytest.mark.parametrize("which", ["", "mended", "LINKED", "everything"])
def test_leaving_out_what_there_is_not_is_a_clean_400(dashboard, which):
    demo = dashboard.visitor()
    place = demo.draft(data_ids(1))
    assert leave_out(demo, place, which).status_code == 400
    assert demo.get(f"{place}/entries?kind=everything").status_code == 400
