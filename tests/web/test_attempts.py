"""Attempts live inside their list: each keeps its own numbers, and the list says how ids stand."""

from itertools import chain

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.confirmation import (
    attempts,
    breakdown,
    confirm,
    exported,
    fields,
    headline,
    outcomes,
    statuses,
    told,
)
from tests.web.markup import element, elements, link, rows
from tests.work.observation import number as number_of
from tests.work.observation import settle
from webapp.store import attempts as attempts_of
from webapp.store import chores
from webapp.store.paging import Cursor
from webapp.store.retry import history
from webapp.work import assignment

GOOD = data_ids(60)
ARCHIVED = data_ids(5, ending="02", start=100)  # fail at first, link when tried again
MISSING = data_ids(3, ending="00", start=200)
NOW = dict.fromkeys([*GOOD, *ARCHIVED], "LINKED") | dict.fromkeys(MISSING, "FAILED")


@pytest.fixture
def place(stored):
    """A list after three attempts: the second mended five items, the third none."""
    visitor = stored.visitor()
    found = visitor.submit([*GOOD, *ARCHIVED, *MISSING], name="cohort")
    stored.work(30)
    for _ in range(2):
        confirm(visitor, f"{found}/retry")
        stored.work(30)
    return found


@pytest.mark.slow
def test_the_list_says_how_it_stands_after_all_its_attempts(stored, place):
    visitor = stored.visitor()
    page = visitor.get(place)
    assert "65 of 68 items linked after 3 attempts; 3 not." in headline(page)
    assert breakdown(page) == {"LINKED": 65, "FAILED": 3}
    assert statuses(visitor, place) == NOW
    assert list(statuses(visitor, place)) == [*GOOD, *ARCHIVED, *MISSING]
    board = visitor.get("/submissions")
    row = element(board, "tr", id="submission-1").text
    assert "65 linked, 3 failed" in row
    assert "3 attempts" in row
    assert len(elements(board, "a", class_="row-name")) == 1


@pytest.mark.long
def test_each_attempt_keeps_its_own_numbers_and_items(stored, place):
    visitor = stored.visitor()
    first, second, third = attempts(visitor, place)
    assert breakdown(visitor.get(first)) == {"LINKED": 60, "FAILED": 8}
    assert breakdown(visitor.get(second)) == {"LINKED": 5, "FAILED": 3}
    assert breakdown(visitor.get(third)) == {"FAILED": 3}
    assert statuses(visitor, second) == dict.fromkeys(ARCHIVED, "LINKED") | dict.fromkeys(
        MISSING, "FAILED"
    )
    assert statuses(visitor, third) == dict.fromkeys(MISSING, "FAILED")
    assert rows(visitor.get(second)) == [*ARCHIVED, *MISSING]
    assert rows(visitor.get(f"{first}?status=FAILED")) == [*ARCHIVED, *MISSING]
    assert rows(visitor.get(f"{third}?status=LINKED")) == []
    said = told(visitor, place)
    assert "Attempt 1: the list as submitted" in said[0]
    assert "60 of 68 items linked." in said[0]
    assert "5 of 8 items linked." in said[1]
    assert "0 of 3 items linked." in said[2]


@pytest.mark.slow
def test_the_page_of_all_attempts_leads_to_each_and_to_the_list(stored, place):
    page = stored.visitor().get(f"{place}/attempts")
    assert link(page, "Overview") == place
    named = ["the list as submitted", "tried again", "tried again"]
    leads = [link(page, f"Attempt {n}: {name}") for n, name in enumerate(named, 1)]
    assert leads == [f"{place}/attempts/{n}" for n in (1, 2, 3)]
    own = stored.visitor().get(place)
    assert link(own, "All attempts") == f"{place}/attempts"
    assert link(own, "Attempt 3: tried again") == f"{place}/attempts/3"


@pytest.mark.slow
def test_an_attempt_is_paged_and_filtered(stored, place):
    visitor = stored.visitor()
    first = visitor.get(f"{place}/attempts/1")
    assert rows(first) == GOOD[:50]
    second = visitor.get(link(first, "Next"))
    assert rows(second) == [*GOOD[50:], *ARCHIVED, *MISSING]
    assert rows(visitor.get(link(second, "Previous"))) == GOOD[:50]
    failed = visitor.get(f"{place}/attempts/1?status=FAILED")
    assert link(failed, "Show all of them") == f"{place}/attempts/1#items"
    export = link(failed, "CSV")
    assert export == f"{place}/export.csv?attempt=1&status=FAILED"
    assert visitor.get(export).get_data(as_text=True).count("\n") == 1 + 8


@pytest.mark.slow
def test_an_attempt_has_its_own_reasons(stored, place):
    visitor = stored.visitor()
    why = {
        n: element(visitor.get(f"{place}/attempts/{n}"), "section", id="reasons") for n in (1, 2)
    }
    assert "Data is being archived" in why[1].text
    assert "Data is being archived" not in why[2].text
    assert "Data not found" in why[2].text
    now = element(visitor.get(place), "section", id="reasons").text
    assert "Data is being archived" not in now
    assert "Data not found" in now


def test_what_was_left_out_is_said_and_not_counted_as_missing(stored):
    visitor = stored.visitor()
    place = visitor.draft([*GOOD, *ARCHIVED, "sample-7", "sample-8"])
    visitor.post(f"{place}/leave-out", {"which": "unusual"})
    visitor.post(f"{place}/submit")
    stored.work(30)
    confirm(visitor, f"{place}/retry")
    stored.work(30)
    said = headline(visitor.get(place))
    assert "All 65 items are linked after 2 attempts. 2 left out before the list was sent." in said


@pytest.mark.slow
def test_what_was_left_out_is_sent_later_and_then_left_out_no_more(stored):
    visitor = stored.visitor()
    place = visitor.draft([*GOOD[:3], "sample-7", "sample-8"])
    visitor.post(f"{place}/leave-out", {"which": "unusual"})
    visitor.post(f"{place}/submit")
    stored.work(30)
    page = visitor.get(place)
    assert "5 entries: 3 submitted, 2 left out, 0 repeated, 0 rejected." in facts(page)
    listed = element(visitor.get(link(page, "2 left out")), "div", id="item-table").text
    assert "sample-7" in listed
    assert "sample-8" in listed
    assert GOOD[0] not in listed
    path = link(page, "Send what was left out")
    assert "Send these items after all?" in text(visitor.get(path))
    sent = confirm(visitor, path)
    assert "Attempt 2: sending what was left out" in text(visitor.get(sent))
    stored.work(30)
    all_of_them = "5 entries: 5 submitted, 0 left out, 0 repeated, 0 rejected."
    assert all_of_them in facts(visitor.get(place))
    assert statuses(visitor, sent) == dict.fromkeys(["sample-7", "sample-8"], "FAILED")
    page = visitor.get(place)
    assert "3 of 5 items linked after 2 attempts; 2 not." in headline(page)
    assert "left out before" not in headline(page)
    assert breakdown(page) == {"LINKED": 3, "FAILED": 2}
    assert link(page, "Send what was left out") is None


def facts(page):
    """The sentence on the whole upload."""
    words = text(page).replace(" ,", ",").replace(" .", ".")
    return words[words.index("entries:") - 10 :][:90]


def test_the_fate_of_every_entry_is_a_link_that_works_after_submitting(stored):
    visitor = stored.visitor()
    content = "\n".join([*GOOD[:4], GOOD[0], "not an id"])
    place = visitor.draft(content)
    visitor.post(f"{place}/submit")
    stored.work(30)
    page = visitor.get(place)
    assert "6 entries: 4 submitted, 0 left out, 1 repeated, 1 rejected." in facts(page)
    assert "not an id" in text(visitor.get(link(page, "1 rejected")))
    assert GOOD[0] in text(visitor.get(link(page, "1 repeated")))
    assert rows(visitor.get(link(page, "4 submitted"))) == GOOD[:4]


@pytest.mark.long
def test_only_what_stands_as_failed_is_offered_to_be_tried_again(stored, place):
    visitor = stored.visitor()
    offered = [a["href"] for a in elements(visitor.get(place), "a") if "Try again" in a.text]
    reason = link(visitor.get(place), "Try again")
    assert offered == [f"{place}/retry?status=FAILED", reason]
    assert "You chose 3 items with the status Failed" in text(visitor.get(f"{place}/retry"))
    assert "You chose 3 items with the reason" in text(visitor.get(reason))


@pytest.mark.slow
def test_the_list_with_these_outcomes_is_handed_back(stored, place):
    visitor = stored.visitor()
    body = visitor.get(link(visitor.get(place), "Download what you pasted")).get_data(as_text=True)
    assert body.count("\tLINKED") == 65
    assert body.count("\tFAILED") == 3
    assert outcomes(visitor, place) == {"LINKED": 65, "FAILED": 3}


def test_until_a_new_attempt_finds_anything_its_ids_stand_as_before(stored, monkeypatch):
    # however few, the worker gathers them
    monkeypatch.setattr("webapp.web.retry.start.CHUNK_ROWS", 0)
    visitor = stored.visitor()
    place = visitor.submit([*GOOD[:2], *MISSING])
    stored.work(30)
    again = confirm(visitor, f"{place}/retry")
    with stored.store.write() as connection:
        mine = chores.claim(connection, "test", stored.clock.now)
    assignment.step(stored.context, mine)
    for then in (lambda: None, lambda: visitor.post(f"{place}/stop", {"attempt": "2"})):
        then()
        assert rows(visitor.get(f"{place}/items")) == [*GOOD[:2], *MISSING]
        assert breakdown(visitor.get(place)) == {"LINKED": 2, "FAILED": 3}
        assert outcomes(visitor, place) == {"LINKED": 2, "FAILED": 3}
    stored.work(30)
    assert statuses(visitor, again) == dict.fromkeys(MISSING, "NOT_SENT")
    assert statuses(visitor, place) == dict.fromkeys(GOOD[:2], "LINKED") | dict.fromkeys(
        MISSING, "FAILED"
    )
    reasons = {row["reason"] for row in exported(visitor, place, status="FAILED")}
    assert reasons == {"Data not found."}


@pytest.mark.slow
def test_what_was_undone_is_unlinked_everywhere(stored, place):
    visitor = stored.visitor()
    undo = confirm(visitor, f"{place}/undo", picked=[1, 2, 3, *range(61, 66)])
    stored.work(30)
    gone = [*GOOD[:3], *ARCHIVED]
    page = visitor.get(place)
    assert breakdown(page) == {"LINKED": 57, "UNLINKED": 8, "FAILED": 3}
    assert headline(page) == ("Partly undone 57 of 68 items linked, 8 unlinked, 3 not linked.")
    assert outcomes(visitor, place) == {"LINKED": 57, "UNLINKED": 8, "FAILED": 3}
    unlinked = visitor.get(f"{place}/items?status=UNLINKED")
    assert rows(unlinked) == gone
    assert statuses(visitor, undo) == dict.fromkeys(gone, "UNLINKED")
    assert {row["attempt"] for row in exported(visitor, place, status="UNLINKED")} == {"4"}
    asked = visitor.post("/find", {"ids": "\n".join(gone)}).location
    assert "Unlinked" in text(visitor.get(asked))
    table = visitor.get(f"{asked}/export.csv").get_data(as_text=True)
    assert table.count(",UNLINKED,") >= 8
    board = element(visitor.get("/submissions"), "tr", id="submission-1").text
    assert "57 linked, 8 unlinked, 3 failed" in board
    assert "Partly undone" in board


@pytest.mark.slow
def test_what_could_not_be_undone_is_still_linked(stored):
    visitor = stored.visitor()
    in_use = data_ids(2, ending="fe", start=300)
    place = visitor.submit([*GOOD[:3], *in_use])
    stored.work(30)
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    page = visitor.get(place)
    assert breakdown(page) == {"LINKED": 2, "UNLINKED": 3}
    assert "2 could not be unlinked" in headline(page)
    assert rows(visitor.get(f"{place}/items?status=LINKED")) == in_use
    assert outcomes(visitor, place) == {"LINKED": 2, "UNLINKED": 3}


@pytest.mark.long
def test_what_was_found_linked_may_be_ours_after_a_doubt(stored):
    """A batch was sent twice: the first time made the links, the second found them."""
    visitor = stored.visitor()
    stored.sim.set_faults({"create:dropped-after": "1x", "lost-batch": 1})  # no job shows our ids
    place = visitor.submit(GOOD[:5])
    stored.work(65)
    stored.sim.set_faults({})
    settle(stored, place)
    assert statuses(visitor, place) == dict.fromkeys(GOOD[:5], "ALREADY_LINKED")
    assert stored.sim.calls()["createProjectDataLinkingBatch"] == 2
    page = visitor.get(f"{place}/undo")
    assert "You chose 0 items with the status Linked" in text(page)
    chip = next(a for a in elements(page, "a", class_=None) if "Already linked" in a.text)
    assert "aria-current" not in chip
    assert "You chose 5 items" in text(visitor.get(chip["href"]))
    confirm(visitor, chip["href"])
    stored.work(30)
    assert statuses(visitor, place) == dict.fromkeys(GOOD[:5], "UNLINKED")


def test_what_was_linked_already_without_a_doubt_is_not_offered(stored):
    visitor = stored.visitor()
    place = visitor.submit([*GOOD[:2], *data_ids(2, ending="03")])
    stored.work(30)
    assert not [
        a for a in elements(visitor.get(f"{place}/undo"), "a") if "Already linked" in a.text
    ]
    page = visitor.get(f"{place}/undo?status=ALREADY_LINKED")
    assert "2 were linked before this submission came" in text(page)
    assert visitor.post(f"{place}/undo", fields(page)).status_code == 422
    assert stored.sim.calls().get("createProjectDataUnlinkingBatch", 0) == 0


@pytest.mark.long
def test_a_list_is_deleted_with_every_attempt_once_none_runs(stored, place):
    visitor, colleague = stored.visitor(), stored.visitor("colleague-key")
    confirm(colleague, f"{place}/retry")
    page = visitor.get(f"{place}/delete")
    assert "It is still running" in text(page)
    refused = visitor.post(f"{place}/delete")
    assert refused.status_code == 409
    assert "It is still running" in text(refused)
    stored.work(30)
    said = text(visitor.get(f"{place}/delete"))
    assert "all 4 attempts: “Attempt 1: the list as submitted” by Dana Demo, " in said
    assert "“Attempt 3: tried again” by Dana Demo, “Attempt 4: tried again” by Carol" in said
    assert visitor.post(f"{place}/delete").status_code == 303
    assert visitor.get(f"{place}/attempts").status_code == 404
    stored.work(30)
    with stored.store.read() as connection:
        for table in ("submissions", "attempts", "items", "history", "batches", "reason_groups"):
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            assert count == 0, table


@pytest.mark.slow
def test_the_former_page_of_the_family_leads_to_the_attempts(stored, place):
    for path in ("family", "family?status=FAILED&after=60"):
        answer = stored.visitor().get(f"{place}/{path}")
        assert (answer.status_code, answer.location) == (301, f"{place}/attempts")


def former(dashboard, number, was):
    """As the migration leaves it: this attempt was a submission of its own, with that number."""
    with dashboard.store.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE attempts SET former_id = {was} WHERE submission_id = 1 AND number = {number}"
        )


@pytest.mark.long
def test_former_addresses_lead_to_the_attempts_that_they_became(stored, place):
    former(stored, 2, 777)
    former(stored, 3, 778)
    visitor = stored.visitor()
    answer = visitor.get("/submissions/777")
    assert (answer.status_code, answer.location) == (301, f"{place}/attempts/2")
    for below in ("items", "items/1", "export.csv", "family", "list", "retry", "reasons"):
        answer = visitor.get(f"/submissions/778/{below}")
        assert (answer.status_code, answer.location) == (301, f"{place}/attempts/3"), below
    assert visitor.get("/submissions/779").status_code == 404
    assert stored.visitor("stranger-key").get("/submissions/777").status_code == 404
    asked = stored.visitor(key=None).get("/submissions/777")
    assert asked.location == "/signin?next=/submissions/777"


@pytest.mark.long
def test_an_address_that_is_given_again_is_its_new_owner_s(stored, place):
    former(stored, 2, 2)
    visitor = stored.visitor()
    anew = visitor.submit(data_ids(2, start=900), name="anew")
    assert anew.endswith("/2")
    assert "anew" in text(visitor.get(anew))


def test_attempts_are_seen_by_those_who_see_the_project(dashboard):
    place = dashboard.visitor().submit(MISSING)
    for path in ("attempts", "attempts/1"):
        assert dashboard.visitor("colleague-key").get(f"{place}/{path}").status_code == 200
        assert dashboard.visitor("stranger-key").get(f"{place}/{path}").status_code == 404
        assert dashboard.visitor(key=None).get(f"{place}/{path}").status_code == 303


def test_attempts_that_are_not_there(dashboard):
    visitor = dashboard.visitor()
    draft, place = visitor.draft(MISSING), visitor.submit(GOOD)
    assert visitor.get(f"{draft}/attempts").status_code == 404
    assert visitor.get(f"{draft}/attempts/1").status_code == 404
    for number in ("0", "2", "2147483647", "9" * 30):
        assert visitor.get(f"{place}/attempts/{number}").status_code == 404, number
    for asked in ("attempt=2", "attempt=2147483646"):
        assert visitor.get(f"{place}/export.csv?{asked}").status_code == 404, asked
    for asked in ("attempt=x", "attempt=-1"):
        assert visitor.get(f"{place}/export.csv?{asked}").status_code == 400, asked
    assert visitor.post(f"{place}/stop", {"attempt": "2"}).status_code == 404


@pytest.mark.slow
def test_a_stop_is_the_attempt_s_and_of_those_it_concerns(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=2) as dashboard:
        demo, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
        place = demo.submit([*GOOD[:3], *MISSING])
        dashboard.work(30)
        dashboard.sim.set_faults({"create:500": 1})
        confirm(colleague, f"{place}/retry", picked=[4, 5])  # one batch, which waits
        confirm(demo, f"{place}/retry", picked=[6])
        refused = colleague.post(f"{place}/stop", {"attempt": "3"})
        assert refused.status_code == 403
        assert "Only Dana Demo can stop this attempt" in text(refused)
        stranger = dashboard.visitor("stranger-key").post(f"{place}/stop", {"attempt": "2"})
        assert stranger.status_code == 404
        assert "Stopped" not in text(colleague.get(place))


@pytest.mark.long
def test_a_stop_touches_no_other_attempt(database_url, tmp_path):
    failing = data_ids(8, ending="00")
    with open_dashboard(database_url, tmp_path, batch_size=2) as dashboard:
        demo, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
        place = demo.submit(failing)
        dashboard.work(30)
        mine = confirm(demo, f"{place}/retry", picked=range(1, 5))
        theirs = confirm(colleague, f"{place}/retry", picked=range(5, 9))
        offered = [e["value"] for e in elements(colleague.get(place), "input", name="attempt")]
        assert offered == ["3"]  # the submitter can stop both
        offered = [e["value"] for e in elements(demo.get(place), "input", name="attempt")]
        assert offered == ["2", "3"]
        assert colleague.post(f"{place}/stop", {"attempt": "2"}).status_code == 403
        assert demo.post(f"{place}/stop", {"attempt": "3"}).status_code == 303
        dashboard.work(30)
        assert statuses(demo, mine) == dict.fromkeys(failing[:4], "FAILED")
        assert statuses(demo, theirs) == dict.fromkeys(failing[4:6], "FAILED") | dict.fromkeys(
            failing[6:], "NOT_SENT"
        )
        assert statuses(demo, place) == dict.fromkeys(failing, "FAILED")
        assert "You chose 8 items" in text(demo.get(f"{place}/retry"))


def test_a_stop_without_a_number_is_of_the_first_attempt(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=2) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit([*GOOD[:2], *MISSING])
        demo.post(f"{place}/stop")
        dashboard.work(30)
        again = confirm(demo, f"{place}/retry?status=NOT_SENT")
        demo.post(f"{place}/stop")
        assert "There was nothing left to stop" in text(demo.get(place))
        dashboard.work(30)
        assert statuses(demo, again) == dict.fromkeys(MISSING, "FAILED")


@pytest.mark.long
def test_a_list_moves_again_when_an_attempt_begins(stored):
    visitor = stored.visitor()
    place = visitor.submit(MISSING, name="first")
    stored.work(30)
    stored.clock.advance(60)
    visitor.submit(GOOD[:2], name="second")
    stored.work(30)
    assert names(visitor.get("/submissions")) == ["second", "first"]
    ended = element(visitor.get(place), "dl", class_="facts").text
    visitor.post(f"{place}/archive")
    assert names(visitor.get("/submissions")) == ["second"]
    stored.clock.advance(60)
    confirm(visitor, f"{place}/retry")
    assert names(visitor.get("/submissions")) == ["first", "second"]
    assert names(visitor.get("/submissions?state=archived")) == []
    assert names(visitor.get("/submissions?state=running")) == ["first"]
    stored.work(30)
    assert names(visitor.get("/submissions")) == ["first", "second"]
    assert element(visitor.get(place), "dl", class_="facts").text != ended


def names(answer):
    return [name.text for name in elements(answer, "a", class_="row-name")]


def every_row(visitor, place, **asked):
    """CSV and JSON lines, which must say the same."""
    table, lines = (exported(visitor, place, form, **asked) for form in ("csv", "jsonl"))
    told_of = [{name: str(value or "") for name, value in line.items()} for line in lines]
    assert table == told_of
    return table


@pytest.mark.long
def test_what_another_list_unlinked_since_is_said_everywhere(stored):
    """The first list linked them; a second one unlinks two of them later."""
    visitor = stored.visitor()
    place = visitor.submit(GOOD[:5], name="first")
    stored.work(30)
    assert not any(row["unlinked_since_by"] for row in every_row(visitor, place))
    stored.clock.advance(60)
    confirm(visitor, f"{place}/undo", picked=[1, 2])
    stored.work(30)
    stored.clock.advance(60)
    other = visitor.submit(GOOD[:4], name="second")
    stored.work(30)
    assert statuses(visitor, other) == dict.fromkeys(GOOD[:2], "LINKED") | dict.fromkeys(
        GOOD[2:4], "ALREADY_LINKED"
    )
    stored.clock.advance(60)
    confirm(visitor, f"{other}/undo")
    stored.work(30)
    stored.clock.advance(60)
    third = visitor.submit(GOOD[2:5], name="third")
    stored.work(30)
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert "Undone 5 of 5 items unlinked." in headline(visitor.get(place))
    page = text(visitor.get(f"{third}/items"))
    assert "Some of these were unlinked since by another submission." in page
    assert page.count("unlinked since by first") == 3
    item = text(visitor.get(f"{third}/items/1"))
    assert "Unlinked since by “first”." in item
    assert "ICA does not show it in this project." in item
    rows_now = every_row(visitor, third)
    assert [row["unlinked_since_by"] for row in rows_now] == ["first"] * 3
    body = visitor.get(f"{third}/list").get_data(as_text=True)
    assert body.count("Unlinked since by “first”.") == 3
    assert exported(visitor, third, columns="manifest") == []


@pytest.mark.long
def test_what_another_list_unlinked_in_part_stays_in_the_manifest(stored):
    visitor = stored.visitor()
    place = visitor.submit(GOOD[:4], name="first")
    stored.work(30)
    stored.clock.advance(60)
    other = visitor.submit([*GOOD[:2], *GOOD[50:52]], name="second")
    stored.work(30)
    confirm(visitor, f"{place}/undo", picked=[1])
    stored.work(30)
    since = {row["data_id"]: row["unlinked_since_by"] for row in every_row(visitor, other)}
    assert since == {GOOD[0]: "first", GOOD[1]: "", GOOD[50]: "", GOOD[51]: ""}
    manifest = [row["data_id"] for row in exported(visitor, other, columns="manifest")]
    assert manifest == [GOOD[1], GOOD[50], GOOD[51]]
    again = confirm(visitor, f"{place}/retry?status=UNLINKED")
    stored.work(30)
    assert statuses(visitor, again) == {GOOD[0]: "LINKED"}
    assert not any(row["unlinked_since_by"] for row in every_row(visitor, other))
    assert len(exported(visitor, other, columns="manifest")) == 4


@pytest.mark.slow
def test_each_export_says_by_which_attempt_and_by_whom(stored, place):
    visitor, colleague = stored.visitor(), stored.visitor("colleague-key")
    confirm(colleague, f"{place}/undo", picked=[1])
    stored.work(30)
    found = {row["data_id"]: (row["attempt"], row["by"]) for row in every_row(visitor, place)}
    assert found[GOOD[0]] == ("4", "Carol Colleague")
    assert found[GOOD[1]] == ("1", "Dana Demo")
    assert found[ARCHIVED[0]] == ("2", "Dana Demo")
    assert found[MISSING[0]] == ("3", "Dana Demo")
    own = every_row(visitor, f"{place}/attempts/2")
    assert [row["data_id"] for row in own] == [*ARCHIVED, *MISSING]
    assert [row["line"] for row in own] == [str(n) for n in range(61, 69)]


def test_a_file_has_one_ending_and_the_attempt_in_its_name(dashboard):
    visitor = dashboard.visitor()
    for name, stem in {
        "list.csv": "list",
        "ids.txt.gz": "ids",
        "v1.2 cohort": "v1.2_cohort",
    }.items():
        place = visitor.draft("", file=("\n".join(GOOD[:2]).encode(), "list.txt"), name=name)
        visitor.post(f"{place}/submit")
        dashboard.work(20)
        for asked, ending in {
            "export.csv": ".csv",
            "export.csv?attempt=1": "-attempt-1.csv",
            "export.txt?status=LINKED": "-LINKED.txt",
            "export.csv?columns=manifest": "-manifest.csv",
        }.items():
            said = visitor.get(f"{place}/{asked}").headers["Content-Disposition"]
            assert f'filename="{stem}{ending}"' in said, asked


@pytest.mark.slow
def test_a_retry_by_a_colleague_needs_the_colleague_s_key(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = demo.submit(MISSING)
    stored.work(30)
    stored.sim.set_faults({"create:503": 1})
    confirm(colleague, f"{place}/retry")
    stored.sim.set_faults({})
    colleague.post("/signout", {"forget": "yes"})
    assert "1 submission waits until you sign in again" in text(colleague.get("/signin"))
    stored.work(40)
    page = text(demo.get(place))
    assert "There is no key of Carol Colleague here that can be used, so this waits." in page
    assert "as soon as Carol Colleague signs in here again" in page
    assert "key of Dana Demo" not in page
    assert "Blocked" in text(demo.get("/submissions"))
    demo.post("/signout", {"forget": "yes"})
    assert "waits until you sign in again" not in text(demo.get("/signin"))
    demo.sign_in()
    stored.work(40)
    assert "Carol Colleague" in text(demo.get(place))
    colleague.sign_in("colleague-key")
    stored.work(60)
    assert statuses(demo, f"{place}/attempts/2") == dict.fromkeys(MISSING, "FAILED")
    assert "0 of 3 items linked after 2 attempts; 3 not." in headline(demo.get(place))


@pytest.mark.slow
def test_a_colleague_s_key_is_kept_while_their_attempt_runs(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = demo.submit(MISSING)
    stored.work(30)
    stored.sim.set_faults({"create:503": 1})
    confirm(colleague, f"{place}/retry")
    for person in (demo, colleague):
        person.post("/signout")
    stored.work(15)
    keys = "SELECT name FROM accounts WHERE sealed_key IS NOT NULL"
    with stored.store.read() as connection:
        kept = connection.exec_driver_sql(keys).scalars().all()
    assert kept == ["Carol Colleague"]
    stored.sim.set_faults({})
    stored.work(120)
    with stored.store.read() as connection:
        assert connection.exec_driver_sql(keys).scalars().all() == []
    demo.sign_in()
    assert statuses(demo, f"{place}/attempts/2") == dict.fromkeys(MISSING, "FAILED")


@pytest.mark.slow
def test_stuck_items_are_tried_again_alone_and_found_in_the_end(stored):
    """Of an undo that failed in part, just those are asked for again; once gone, gone."""
    visitor = stored.visitor()
    in_use = data_ids(2, ending="fe", start=300)
    place = visitor.submit([*GOOD[:3], *in_use])
    stored.work(30)
    confirm(visitor, f"{place}/undo", picked=[1, 2, 4, 5])  # GOOD[2] stays linked, and is not stuck
    stored.work(30)
    path = link(visitor.get(place), "Try to unlink these again")
    page = visitor.get(path)
    assert "You chose 2 items that attempt 2 did not unlink" in text(page)
    assert "Unlink: 2 items" in text(page)
    again = confirm(visitor, path)
    stored.work(30)
    assert list(statuses(visitor, again)) == in_use
    rest = visitor.get(f"{place}/undo")
    assert "You chose 3 items with the status Linked" in text(rest)


@pytest.mark.long
def test_an_item_that_is_taken_can_be_taken_by_nobody_else(stored):
    visitor, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = visitor.submit(MISSING)
    stored.work(30)
    confirm(visitor, f"{place}/retry", picked=[1, 2])
    page = colleague.get(f"{place}/retry")
    assert "2 were taken up by another attempt already" in text(page)
    assert "Try again: 1 item" in text(page)
    third = confirm(colleague, f"{place}/retry")
    assert "3 items chosen: 1 to be tried again; 2 skipped" in text(visitor.get(third))
    stored.work(30)
    assert list(statuses(visitor, third)) == MISSING[2:]
    assert "You chose 3 items" in text(visitor.get(f"{place}/retry"))


@pytest.mark.slow
def test_what_failed_is_tried_again_while_the_rest_still_runs(stored):
    """What an old batch says later of an item that was taken changes nothing any more."""
    visitor = stored.visitor()
    place = visitor.submit([*ARCHIVED, *data_ids(400, start=1000)])
    while "You chose 5 items" not in text(visitor.get(f"{place}/retry")):
        stored.work(1)
    assert "is still under way" in text(visitor.get(f"{place}/retry"))
    again = confirm(visitor, f"{place}/retry")
    for _ in range(10):
        now = breakdown(visitor.get(place))
        assert sum(now.values()) == 405
        assert now.get("FAILED", 0) <= 5
        stored.work(1)
    stored.work(60)
    assert "All 405 items are linked after 2 attempts." in headline(visitor.get(place))
    assert statuses(visitor, again) == dict.fromkeys(ARCHIVED, "LINKED")
    assert breakdown(visitor.get(f"{place}/attempts/1")) == {"LINKED": 400, "FAILED": 5}
    assert set(statuses(visitor, place).values()) == {"LINKED"}


@pytest.mark.long
def test_while_an_undo_runs_counts_add_up_and_only_what_is_unlinked_changes(stored):
    visitor = stored.visitor()
    place = visitor.submit([*data_ids(300, start=2000), *MISSING])
    stored.work(60)
    confirm(visitor, f"{place}/undo")
    seen = []
    for _ in range(8):
        now = breakdown(visitor.get(place))
        assert sum(now.values()) == 303
        assert now["FAILED"] == 3
        assert now.keys() <= {"LINKED", "UNLINKED", "FAILED"}
        seen.append(now.get("UNLINKED", 0))
        stored.work(1)
    assert seen == sorted(seen)
    assert seen[-1] == 300


def test_an_attempt_can_be_stopped_while_its_items_are_gathered(stored, monkeypatch):
    # however few, the worker gathers them
    monkeypatch.setattr("webapp.web.retry.start.CHUNK_ROWS", 0)
    visitor = stored.visitor()
    place = visitor.submit(data_ids(3, ending="00"))
    stored.work(30)
    again = confirm(visitor, f"{place}/retry")
    assert "Stop: send nothing of it" in text(visitor.get(place))
    assert "Stop: send nothing of it" in text(visitor.get(again))
    page = visitor.post(f"{place}/stop", {"attempt": "2"}, follow_redirects=True)
    assert "Stopped: nothing of this attempt will be sent." in text(page)
    stored.work(30)
    assert "It was stopped before any of its items was sent." in text(visitor.get(again))
    assert stored.sim.calls()["createProjectDataLinkingBatch"] == 1


def test_an_item_offers_what_can_be_done_with_it_and_no_more(stored):
    visitor = stored.visitor()
    place = visitor.submit([*data_ids(1), *data_ids(1, ending="00"), *data_ids(1, ending="03")])
    stored.work(30)

    def offered(position):
        page = visitor.get(f"{place}/items/{position}")
        told = [button.text for button in elements(page, "button")]
        return [name for name in told if name in {"Try again", "Unlink", "Link again"}]

    assert [offered(position) for position in (1, 2, 3)] == [["Unlink"], ["Try again"], []]
    confirm(visitor, f"{place}/undo")
    stored.work(30)
    assert offered(1) == ["Link again"]


def test_what_was_stopped_is_not_sent_yet_no_more_while_others_run(tmp_path):
    database = f"sqlite:///{tmp_path / 'linkboard.db'}"
    with open_dashboard(database, tmp_path, rate=100.0, batch_size=5) as stored:
        visitor = stored.visitor()
        place = visitor.submit(data_ids(15, ending="00"))
        visitor.post(f"{place}/stop")
        stored.work(30)
        confirm(visitor, f"{place}/retry?status=FAILED")
        page = text(visitor.get(place))
        assert "Not sent yet" not in page + text(visitor.get(f"{place}/attempts/1"))
        assert "10 not sent" in text(visitor.get("/submissions"))
        assert "Not sent" in page


@pytest.mark.long
def test_an_attempt_is_paged_whole_both_ways_at_every_moment(tmp_path):
    def pages_of(attempt, start, step):
        cursor, found = start, []
        while cursor:
            with desk.store.read() as connection:
                shown = history.page(connection, attempt, [], cursor, 3)
            found.append([row.position for row in shown.rows])
            cursor = step(shown)
        return found

    def after(shown):
        return shown.next and Cursor(after=shown.next)

    def before(shown):
        return shown.previous and Cursor(before=shown.previous)

    database = f"sqlite:///{tmp_path / 'linkboard.db'}"
    with open_dashboard(database, tmp_path, rate=30.0, batch_size=4) as desk:
        visitor = desk.visitor()
        place = visitor.submit(data_ids(20, ending="00"))
        for attempt_number in (1, 2):
            for _ in range(4):
                with desk.store.read() as connection:
                    attempt = attempts_of.get(connection, number_of(place), attempt_number)
                forwards = list(chain(*pages_of(attempt, Cursor(), after)))
                backwards = list(chain(*pages_of(attempt, Cursor(before=100), before)[::-1]))
                assert forwards == backwards == list(range(1, 21))
                desk.work(1)
            desk.work(30)
            if attempt_number == 1:
                confirm(visitor, f"{place}/retry")
