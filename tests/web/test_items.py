"""The item table of a submission, and the page of one item."""

import re
from itertools import chain

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.confirmation import ask, confirm, statuses
from tests.web.markup import element, elements, link, main, rows, with_class
from tests.work.observation import batch_rows
from webapp.web.core.formatting import iso, plural
from webapp.web.core.params import MAX_TEXT_BYTES
from webapp.web.items import table
from webapp.web.submissions.status_display import STATUSES

LINKED, FAILED, HELD = data_ids(120), data_ids(7, ending="00"), data_ids(3, ending="03")


@pytest.fixture
def demo(dashboard):
    return dashboard.visitor()


@pytest.fixture
def place(dashboard, demo):
    """A submission that has ended: 120 linked, 7 failed, 3 were linked already."""
    found = demo.submit(LINKED + FAILED + HELD)
    dashboard.work(60)
    return found


def walk(person, address, direction="Next"):
    """The pages from this one on, as lists of data ids, and the address of the last one."""
    pages = [rows(answer := person.get(address))]
    while following := link(answer, direction):
        address = following
        pages.append(rows(answer := person.get(address)))
    return pages, address


@pytest.mark.slow
def test_pages_lead_through_the_list_and_back(demo, place):
    forth, last = walk(demo, f"{place}/items")
    back, first = walk(demo, last, "Previous")
    assert forth == [LINKED[:50], LINKED[50:100], LINKED[100:] + FAILED + HELD]
    assert back == forth[::-1]
    assert "after=" in last
    assert "before=" in first


def test_cursors_stand_only_in_the_links_between_pages(demo, place):
    answer = demo.get(link(demo.get(f"{place}/items?status=LINKED"), "Next"))
    first = rows(answer)[0]
    assert first == LINKED[50]
    assert f"{place}/items/51?status=LINKED&from=50" in [a["href"] for a in elements(answer, "a")]
    for anchor in elements(answer, "a"):
        words = anchor.text.strip()
        if words == "Show them":
            continue
        assert ("after=" in anchor["href"]) == (words == "Next"), words
        assert ("before=" in anchor["href"]) == (words == "Previous"), words


def position(answer):
    """Which rows the pager says these are: above the rows, and below them."""
    found = [one.text for one in with_class(answer, "pager-position")]
    assert found in ([], found[:1], found[:1] * 2)
    return found[0].replace("\N{EN DASH}", "-") if found else ""


def test_the_pager_says_which_rows_these_are_and_of_how_many(demo, place, monkeypatch):
    def said(query):
        seen, address = [], f"{place}/items{query}"
        while address:
            seen.append(position(answer := demo.get(address)))
            last, address = address, link(answer, "Next")
        assert "past=" not in last
        back = seen[-1:]
        while address := link(answer, "Previous"):
            answer = demo.get(address)
            back.insert(0, position(answer))
        assert back == seen
        return seen

    every = ["1-50 of 130", "51-100 of 130", "101-130 of 130"]
    assert said("") == every
    assert said("?status=LINKED") == ["1-50 of 120", "51-100 of 120", "101-120 of 120"]
    assert said("?status=LINKED&status=FAILED&size=100") == ["1-100 of 127", "101-127 of 127"]
    assert said("?reason=1") == ["1-7 of 7"]
    assert said("?status=FAILED&reason=1&search=") == ["1-7 of 7"]
    assert said("?status=QUARANTINED") == [""]
    assert position(demo.get(f"{demo.draft(LINKED)}/items?after=50")) == "51-100 of 120"
    assert position(demo.get(f"{place}/items?status=LINKED&after=119")) == "120 of 120"
    assert position(demo.get(f"{place}/items?status=LINKED&after=70")) == "71-120 of 120"
    monkeypatch.setattr(table, "MOST_COUNTED", 30)
    assert position(demo.get(f"{place}/items?status=LINKED&after=20")) == "21-70 of 120"
    assert position(demo.get(f"{place}/items?status=LINKED&after=60")) == "61-110 of 120"
    assert position(demo.get(f"{place}/items?status=LINKED&after=35")) == "50 of 120"
    assert position(demo.get(f"{place}/items?status=LINKED&after=35&past=35")) == "36-85 of 120"


def test_where_nobody_counted_the_links_between_pages_carry_the_position(demo, place):
    first = demo.get(f"{place}/items?search=fil.&size=50")
    assert position(first) == "1-50 of 51 or more"
    second = demo.get(link(first, "Next"))
    assert position(second) == "51-100 of 101 or more"
    third = demo.get(link(second, "Next"))
    assert position(third) == "101-130 of 130"
    back = demo.get(link(third, "Previous"))
    assert position(back) == "51-100 of 101 or more"
    assert position(demo.get(link(back, "Previous"))) == "1-50 of 51 or more"
    for made_up in ("", "&past=0", "&past=2147483646"):
        assert position(demo.get(f"{place}/items?search=fil.&after=50{made_up}")) == ""
    assert demo.get(f"{place}/items?search=fil.&after=50&past=-1").status_code == 400


def test_any_set_of_statuses_can_be_shown_in_the_order_of_the_list(demo, place):
    assert rows(demo.get(f"{place}/items?status=FAILED")) == FAILED
    both, _ = walk(demo, f"{place}/items?status=ALREADY_LINKED&status=FAILED")
    assert list(chain(*both)) == FAILED + HELD
    all_of_them, _ = walk(demo, f"{place}/items?status=ALREADY_LINKED&status=FAILED&status=LINKED")
    assert list(chain(*all_of_them)) == LINKED + FAILED + HELD


def test_a_filter_is_a_link_that_sets_it_and_takes_it_away(demo, place):
    page = demo.get(f"{place}/items?search=fil.&size=100&status=LINKED&after=100")
    chips = {re.match(r"[A-Za-z ]*", chip.text)[0]: chip for chip in with_class(page, "chip")}
    assert (
        chips["Failed"]["href"] == f"{place}/items?status=LINKED&status=FAILED&search=fil.&size=100"
    )
    assert chips["Linked"]["href"] == f"{place}/items?search=fil.&size=100"
    assert chips["Linked"]["aria-current"] == "true"
    assert "aria-current" not in chips["Failed"]


def test_a_search_keeps_the_filter_and_drops_the_cursor(demo, place):
    page = demo.get(f"{place}/items?status=LINKED&after=50&size=100")
    form = element(main(page), "form", role="search")
    assert form["action"] == form["hx-post"] == f"{place}/items?status=LINKED&size=100"
    found = demo.post(form["action"], {"text": LINKED[7]}).location
    assert found == f"{place}/items?status=LINKED&search={LINKED[7]}&size=100"
    assert "count the whole list, not what this search finds" in text(demo.get(found))
    assert "count the whole list" not in text(page)


def test_a_search_finds_an_id_its_beginning_and_a_part_of_a_name(demo, place):
    def found(typed):
        return rows(demo.get(demo.searched(f"{place}/items", typed)))

    assert found(FAILED[3]) == [FAILED[3]]
    assert found(FAILED[2][:-2]) == [LINKED[2], FAILED[2], HELD[2]]
    name = element(demo.get(f"{place}/items/1"), "h1").text.strip()
    assert LINKED[0] in found(name[1:].upper())
    for wild in ("%", "fil%", "\\"):
        assert not found(wild), wild


def test_a_search_finds_an_id_of_an_unusual_shape_too(stored):
    visitor = stored.visitor()
    place = visitor.submit(["SAMPLE-0001", "fil.0001", *LINKED[:3]])
    for typed, found in (("SAMPLE-00", ["SAMPLE-0001"]), ("fil.00", ["fil.0001", *LINKED[:3]])):
        page = visitor.get(visitor.searched(f"{place}/items", typed))
        assert visitor.get(link(page, "Plain ids")).text.split() == found
    page = visitor.get(visitor.searched(f"{place}/items", "SAMPLE-0001"))
    assert elements(page, "button", data_copy="SAMPLE-0001")


def test_no_address_that_a_page_offers_is_too_long_for_a_web_server(dashboard, demo, place):
    """gunicorn takes request lines of 4,094 bytes, and answers 414 to longer ones by itself."""
    for path in (f"{place}/items", "/submissions"):
        boxes = elements(demo.get(path), "input", type="search")
        assert {box["maxlength"] for box in boxes} == {str(MAX_TEXT_BYTES)}
        for typed in ("漢" * MAX_TEXT_BYTES, "😀" * MAX_TEXT_BYTES, "q" * 5_000):
            asked = {"status": list(filter(None, STATUSES)), "state": "active", "project": typed}
            page = demo.client.get(path, query_string=asked)
            form = element(main(page), "form", role="search")
            led = demo.post(form["action"], {"text": typed, "project": typed}).location
            page = demo.get(led)
            assert page.status_code == 200
            away = dashboard.visitor(key=None).client.get(page.request.full_path)
            offered = [found["href"] for found in elements(page, "a")] + [away.location]
            assert max(map(len, offered)) < 4_000


def test_an_id_stands_in_one_piece_so_that_a_browser_s_own_search_finds_it(demo, place):
    for path in (f"{place}/items", f"{place}/items/1"):
        assert f"<code>{LINKED[0]}</code>" in demo.get(path).get_data(as_text=True)


def test_sizes(demo, place):
    assert len(rows(demo.get(f"{place}/items?size=100"))) == 100
    assert len(rows(demo.get(f"{place}/items?size=1000"))) == 130
    assert "size=100" in link(demo.get(f"{place}/items?size=100"), "Next")
    page = demo.get(f"{place}/items?status=LINKED&size=200&after=10")
    assert link(page, "50") == f"{place}/items?status=LINKED#item-pages"
    assert link(page, "500") == f"{place}/items?status=LINKED&size=500#item-pages"
    refused = demo.get(f"{place}/items?size=51")
    assert "or 500 rows" in text(refused)
    assert link(refused, "To the first page of the list") == f"{place}/items"
    assert link(demo.get(f"{place}/items?status=FAILED"), "200") is None


def test_htmx_gets_the_table_alone(demo, place):
    part = demo.part(f"{place}/items?status=FAILED")
    assert not elements(part, "html")
    assert rows(part) == FAILED
    assert rows(demo.get(f"{place}/items?status=FAILED")) == FAILED


def test_a_column_without_a_word_in_it_is_not_shown(demo, place):
    def columns(query):
        page = demo.get(f"{place}/items?{query}")
        assert element(page, "table", data_rows=None)
        return [one.text.strip() for one in elements(page, "th", scope="col")][1:]

    assert columns("status=FAILED") == ["Line", "Data id", "Status", "Reason"]
    assert columns("status=LINKED") == ["Line", "Data id", "Status", "Name"]
    assert columns("") == ["Line", "Data id", "Status", "Name"]
    assert columns("size=200") == ["Line", "Data id", "Status", "Reason", "Name"]


def test_what_is_counted_and_what_is_read_are_told_apart(tmp_path):
    """ICA's counts come first, and its rows after them."""
    url, apart = f"sqlite:///{tmp_path / 'linkboard.db'}", 0
    with open_dashboard(url, tmp_path, rate=50.0) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(data_ids(1_500))
        for _ in range(8):
            dashboard.work(1)
            answer = demo.get(f"{place}/items?status=LINKED")
            counted = int(re.findall(r"\d+", element(answer, id="chip-LINKED").text)[0])
            words = position(answer).split()
            if words and int(words[2]) != counted:
                assert words[3:] == ["rows", "read", "so", "far"]
                apart += 1
            else:
                assert words[3:] == []
            assert "The counts above can be newer." in text(answer)
    assert apart


def test_the_table_says_of_which_moment_it_is(dashboard, demo):
    place = demo.submit(LINKED[:3])
    dashboard.work(60)
    shown = element(demo.get(f"{place}/items"), id="item-table")
    assert shown["data-rows-changed"] == str(batch_rows(dashboard, place)[0].rows_changed)
    assert shown["data-read-at"] == iso(dashboard.clock.now)


def test_links_to_a_filtered_table_lead_to_its_tab(demo, place):
    former = demo.get(f"{place}?status=FAILED&size=100")  # the table was on the first tab once
    assert (former.status_code, former.location) == (301, f"{place}/items?status=FAILED&size=100")
    assert rows(demo.get(f"{place}/items?status=FAILED")) == FAILED
    shown = [a["href"] for a in elements(demo.get(place), "a")]
    assert shown.count(f"{place}/items?status=FAILED#items") == 1  # not said twice
    assert f"{place}/items?status=LINKED&status=ALREADY_LINKED#items" in shown  # all that was done


def test_whatever_htmx_fetches_a_browser_without_scripts_can_fetch(demo, place):
    for path in (place, f"{place}/items?status=FAILED", "/submissions", "/submissions/new"):
        for found in elements(demo.get(path), hx_get=None):
            if found.tag == "a":
                assert found["hx-get"] == found["href"]
        for found in elements(demo.get(path), "form", hx_post=None):
            assert found["hx-post"] == found["action"]


def test_nothing_failed_is_good_news(dashboard, demo):
    place = demo.submit(data_ids(3))
    assert "has failed so far" in text(demo.get(f"{place}/items?status=FAILED"))
    dashboard.work(30)
    answer = demo.get(f"{place}/items?status=FAILED")
    assert "Nothing failed" in text(answer)
    assert link(answer, "Show all items") == f"{place}/items"


@pytest.mark.slow
@pytest.mark.parametrize(
    "query", ["search=fil.f", "status=QUARANTINED", "status=LINKED&search=fil.f"]
)
def test_nothing_matches_offers_to_clear_the_filters(demo, place, query):
    answer = demo.get(f"{place}/items?{query}")
    assert "Nothing matches" in text(answer)
    clear = "Clear the filters" if "status" in query else "Clear the search"
    assert link(answer, clear) == f"{place}/items"
    told = "No item of this submission has the status “Quarantined”."
    assert (told in text(answer)) == (query == "status=QUARANTINED")


@pytest.mark.slow
def test_an_unknown_status_word_works_everywhere(tmp_path):
    url = f"sqlite:///{tmp_path}/t.db"
    with open_dashboard(url, tmp_path, rate=100, faults={"unknown-status": 1}) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(data_ids(5))
        dashboard.work(60)
        for path in (place, f"{place}/items?status=QUARANTINED", f"{place}/items/1"):
            assert "Quarantined" in text(demo.get(path))
        count = list(statuses(demo, place).values()).count("QUARANTINED")
        assert f"{5 - count} of 5 items linked; {count} not." in text(demo.get(place))
        assert "Done, with failures" in text(demo.get("/submissions"))
        assert f"{count} quarantined" in text(demo.get("/submissions"))
        again = link(demo.get(place), "Try again what is quarantined")
        assert again == f"{place}/retry?status=QUARANTINED"
        many = plural(count, "item")
        assert f"{many} with the status Quarantined" in text(demo.get(again))
        assert "Unlink: " not in text(demo.get(f"{place}/undo?status=QUARANTINED"))
        group = link(demo.get(f"{place}/reasons"), "Try again")
        assert f"You chose {many}" in text(demo.get(group))
        every = ask(demo, f"{place}/retry", range(1, 6))
        assert f"Try again: {many}" in text(every)
        find = demo.post("/find", {"ids": "\n".join(data_ids(5))}).location
        assert "Try again what is quarantined" in text(demo.get(find))
        assert rows(demo.get(f"{place}/items?status=QUARANTINED"))
        assert "QUARANTINED" in demo.get(f"{place}/export.csv").get_data(as_text=True)
        dashboard.sim.set_faults({})
        confirm(demo, again)
        dashboard.work(60)
        assert set(statuses(demo, place).values()) <= {"LINKED", "ALREADY_LINKED"}


def test_one_item_is_live_from_ica(dashboard, demo):
    place = demo.submit(LINKED[:2] + FAILED[:1])
    dashboard.work(60)
    dashboard.sim.forget_calls()
    answer = demo.get(f"{place}/items/1")
    assert "In its last batch, as ICA says now" in text(answer)
    assert LINKED[0] in text(answer)
    assert "Owning project" in text(answer)
    assert dashboard.sim.calls() == {"getProjectDataLinkingBatchItem": 1, "getProjectData": 1}
    assert "ICA shows it in this project" in text(answer)
    missing = text(demo.get(f"{place}/items/3"))
    assert "Data not found." in missing
    assert "ICA does not show it in this project." in missing


def test_what_ica_shows_in_the_project_is_not_taken_from_the_batch(dashboard, demo):
    """The batch's own word stays LINKED for good; the datum itself is gone from the project."""
    place = demo.submit(LINKED[:2])
    dashboard.work(60)
    other = demo.submit(LINKED[:1])
    dashboard.work(60)
    confirm(demo, f"{place}/undo", picked=[1])
    dashboard.work(60)
    gone = text(demo.get(f"{other}/items/1"))
    assert "ICA does not show it in this project." in gone
    panel = gone[gone.index("In its last batch, as ICA says now") :]
    assert "Already linked" in panel
    assert "ICA shows it in this project" in text(demo.get(f"{place}/items/2"))


@pytest.mark.slow
def test_an_item_tells_its_story_attempt_by_attempt(dashboard, demo):
    archived = data_ids(2, ending="02", start=500)
    place = demo.submit([*LINKED[:2], *archived])
    dashboard.work(60)
    assert "Attempts at this item" not in text(demo.get(f"{place}/items/3"))
    colleague = dashboard.visitor("colleague-key")
    confirm(colleague, f"{place}/retry")
    dashboard.work(60)
    confirm(demo, f"{place}/undo", picked=[3])
    dashboard.work(60)
    page = demo.get(f"{place}/items/3")
    panel = element(page, "ol", class_="attempts")
    said = " ".join(panel.text.split())
    said = re.sub(r", \d+ \w+ \d{4}, [\d:]+ UTC", "", said)
    assert said == (
        "Attempt 1: the list as submitted, by Dana Demo: Failed Data is being archived. "
        "Attempt 2: tried again, by Carol Colleague: Linked "
        "Attempt 3: undo, by Dana Demo: Unlinked"
    )
    assert link(page, "Attempt 2: tried again") == f"{place}/attempts/2"
    assert "Unlinked" in text(page)[: text(page).index("In the project")]
    assert "ICA does not show it in this project." in text(page)
    assert "ICA shows it in this project" in text(demo.get(f"{place}/items/4"))


@pytest.mark.slow
def test_an_item_leads_to_its_neighbours_and_back_to_where_it_was_found(demo, place):
    listed = demo.get(f"{place}/items?status=FAILED&status=ALREADY_LINKED&search=fil.")
    href = next(a["href"] for a in elements(listed, "a") if a["href"].startswith(f"{place}/items/"))
    seen, back = [], []
    while href:
        page = demo.get(href)
        seen.append(element(page, "h1").text and re.search(r"/items/(\d+)", href)[1])
        back.append(link(page, "Back to the list"))
        href = link(page, "Next item")
    assert seen == [str(position) for position in range(121, 131)]
    assert all("status=FAILED&status=ALREADY_LINKED&search=fil." in address for address in back)
    assert back[3].endswith("&after=123#item-124")
    assert rows(demo.get(back[3].partition("#")[0]))[0] == FAILED[3]
    assert link(page, "Previous item").startswith(f"{place}/items/129?status=FAILED")
    first = demo.get(f"{place}/items/121?status=FAILED")
    assert link(first, "Previous item") is None


def test_the_way_back_is_the_page_that_it_was_opened_from(demo, place):
    second = demo.get(link(demo.get(f"{place}/items?size=50"), "Next"))
    shown = rows(second)
    href = next(
        a["href"] for a in elements(second, "a") if re.match(rf"{place}/items/60\b", a["href"])
    )
    back = link(demo.get(href), "Back to the list")
    assert back == f"{place}/items?after=50#item-60"
    assert rows(demo.get(back.partition("#")[0])) == shown


def test_an_item_names_the_other_lists_that_hold_it(dashboard, demo, place):
    other = demo.submit([LINKED[5]], name="another list")
    dashboard.work(60)
    page = demo.get(f"{place}/items/6")
    assert "Other submissions with this id" in text(page)
    assert link(page, "another list") == f"{other}/items?search={LINKED[5]}"
    assert "Other submissions with this id" not in text(demo.get(f"{place}/items/7"))


def test_an_item_can_be_tried_again_and_unlinked_from_its_page(dashboard, demo, place):
    page = demo.get(f"{place}/items/121")
    sent = {"picked": "1", "position": "121"}
    hidden = {e["name"]: e["value"] for e in elements(page, "input", type="hidden")}
    assert hidden.items() >= sent.items()
    assert "1 item that you picked" in text(ask(demo, f"{place}/retry", [121]))
    assert "1 was not linked by this submission" in text(ask(demo, f"{place}/undo", [121]))


def test_one_item_while_ica_is_away_is_what_was_known_last(dashboard, demo, place):
    dashboard.sim.stop()
    answer = demo.get(f"{place}/items/121")
    assert answer.status_code == 200
    assert "ICA did not answer" in text(answer)
    assert "what was known last, as of" in text(answer)
    assert "Data not found." in text(answer)
    assert rows(demo.get(f"{place}/items?status=FAILED")) == FAILED


def test_one_item_that_was_not_sent_yet(dashboard, demo):
    drafted = demo.draft(data_ids(2))
    dashboard.sim.stop()
    waiting = demo.submit(data_ids(2))
    assert "To be sent" in text(demo.get(f"{drafted}/items/1"))
    assert "Not sent yet" in text(demo.get(f"{waiting}/items/1"))
    assert "Not sent yet" in text(demo.get(f"{waiting}/items"))
    assert rows(demo.get(f"{waiting}/items?status=NOT_SENT")) == data_ids(2)


def test_a_draft_s_table_has_no_outcomes_yet(demo):
    place = demo.draft(data_ids(60))
    page = demo.get(place)
    assert rows(page) == data_ids(60)[:50]
    assert rows(demo.get(link(page, "Next"))) == data_ids(60)[50:]
    assert "Status" not in [cell.text for cell in elements(page, "th")]


def test_a_page_beyond_the_end_leads_back(demo, dashboard):
    place = demo.submit(LINKED[:2])
    dashboard.work(60)
    page = demo.get(f"{place}/items?before=1")
    assert "This page lies beyond the end of the list." in text(page)
    assert link(page, "Show the first page") == f"{place}/items"
