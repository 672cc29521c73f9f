"""What is done often has a key of its own, unless somebody turns the keys off."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.in_process import opened_at
from tests.browser.tab import draft, show_items, sign_in, submit, wait_until_done
from tests.dashboard import data_ids, open_dashboard
from tests.databases import make_sqlite


def test_the_keys_of_the_board(tab):
    sign_in(tab)
    for start in (171_000, 172_000):
        draft(tab, data_ids(1, start=start), f"Keys {start}")
    tab.goto("/submissions")
    search = tab.get_by_label("Search by name, project or person")
    rows = tab.locator("table[data-rows] tbody th a")
    tab.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    tab.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    tab.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    keys = tab.locator("#keys")
    tab.keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Next row")
    for useless in ("Show what failed", "Pick the row", "Next page"):
        expect(keys.get_by_text(useless)).to_be_hidden()
    expect(keys.get_by_role("button", name="Close")).to_be_focused()
    tab.keyboard.press("j")  # the page behind waits
    tab.keyboard.press("Tab")
    expect(keys.get_by_role("checkbox")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(rows.nth(0)).to_be_focused()
    tab.keyboard.press("?")
    tab.keyboard.press("?")
    expect(keys).to_be_hidden()
    tab.keyboard.press("/")
    tab.keyboard.type("jk?")
    expect(search).to_have_value("jk?")
    tab.keyboard.press("Escape")
    tab.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()

    tab.get_by_role("button", name="Keyboard").click()
    tab.get_by_label("Turn these keys off in this browser").check()
    tab.reload()
    tab.keyboard.press("/")
    expect(search).not_to_be_focused()
    expect(tab.locator("[data-keys-off]")).to_be_checked()


@pytest.mark.long
def test_the_keys_of_an_item_table_are_told_there(tab):
    sign_in(tab)
    draft(tab, data_ids(60, ending="00", start=173_000), "keys.txt")
    submit(tab)
    wait_until_done(tab)
    tab.keyboard.press("?")
    keys = tab.locator("#keys")
    expect(keys.get_by_text("Show what failed")).to_be_visible()
    expect(keys.get_by_text("Pick the row")).to_be_hidden()
    keys.get_by_role("button", name="Close").click()
    show_items(tab)
    tab.get_by_role("button", name="Keyboard").click()
    for useful in ("Show what failed", "Pick the row", "Next page"):
        expect(keys.get_by_text(useful)).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("button", name="Keyboard")).to_be_focused()


def test_a_search_of_items_ends_where_its_box_is_emptied(tab):
    ids = data_ids(3, start=174_000)
    sign_in(tab)
    draft(tab, ids, "emptied.txt")
    tab.goto(f"{tab.url}/items?size=100")
    search, found = tab.locator("#search-items"), tab.locator("table[data-rows] > tbody > tr")

    def look_for(typed):
        tab.keyboard.press("/")
        tab.keyboard.type(typed)
        tab.keyboard.press("Enter")
        expect(found).to_have_count(1)
        expect(tab).to_have_url(re.compile("search=.+&size=100$"))

    def expect_all():
        expect(found).to_have_count(3)
        expect(search).to_have_value("")
        expect(tab).to_have_url(re.compile(r"items\?size=100$"))

    look_for(ids[1])
    expect(tab.locator("#item-pages .pager-position")).to_be_focused()
    tab.keyboard.press("j")
    expect(found.nth(0).locator("th a")).to_be_focused()
    tab.keyboard.press("/")
    tab.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    expect(search).to_have_value(ids[1])
    tab.keyboard.press("c")
    expect_all()
    expect(tab.locator("#item-pages .pager-position")).to_be_focused()
    tab.keyboard.press("j")
    expect(found.nth(0).locator("th a")).to_be_focused()
    look_for(ids[2])
    search.hover()
    box = search.bounding_box()
    search.click(position={"x": box["width"] - 22, "y": box["height"] / 2})  # its cross
    expect_all()
    expect(search).to_be_focused()  # for another text
    tab.keyboard.type(ids[0])
    tab.keyboard.press("Enter")
    expect(found).to_have_count(1)
    search.fill("")
    tab.keyboard.press("Escape")
    expect_all()


def test_a_text_that_was_not_sent_stays_in_the_box_that_is_left(tab):
    ids = data_ids(2, start=175_000)
    sign_in(tab)
    draft(tab, ids, "unsent.txt")
    tab.goto(f"{tab.url}/items")
    search, found = tab.locator("#search-items"), tab.locator("table[data-rows] > tbody > tr")
    tab.keyboard.press("/")
    tab.keyboard.type("half a thou")
    tab.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    expect(search).to_have_value("half a thou")
    search.fill(ids[0])
    search.press("Enter")
    expect(found).to_have_count(1)
    expect(search).to_have_value(ids[0])
    search.fill("half a thou")
    tab.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    expect(search).to_have_value("half a thou")
    expect(found).to_have_count(1)


def test_the_keys_lead_out_of_a_search_of_the_board(tab):
    sign_in(tab)
    for name in ("Leads in", "Stays out"):
        draft(tab, data_ids(1, start=176_000), name)
    tab.goto("/submissions?state=draft")
    found = tab.locator("table[data-rows] tbody th a")
    tab.keyboard.press("?")
    expect(tab.locator("#keys").get_by_text("Clear the search")).to_be_hidden()
    tab.keyboard.press("?")
    tab.keyboard.press("/")
    tab.keyboard.type("Leads in")
    tab.keyboard.press("Enter")
    expect(found).to_have_text(["Leads in"])
    tab.keyboard.press("?")
    expect(tab.locator("#keys").get_by_text("Clear the search")).to_be_visible()
    tab.keyboard.press("?")
    tab.keyboard.press("/")
    tab.keyboard.press("Escape")
    tab.keyboard.press("c")
    expect(tab).to_have_url(re.compile(r"/submissions\?state=draft$"))
    expect(tab.get_by_role("link", name="Stays out")).to_be_visible()


def test_the_keys_of_an_item_say_that_they_lead_to_items(tab):
    sign_in(tab)
    draft(tab, data_ids(3, start=177_000), "neighbours.txt")
    tab.goto(f"{tab.url}/items/2")
    tab.keyboard.press("?")
    expect(tab.locator("#keys").get_by_text("Next item, item before")).to_be_visible()
    expect(tab.locator("#keys").get_by_text("Next page")).to_be_hidden()
    tab.keyboard.press("?")
    tab.keyboard.press("n")
    expect(tab).to_have_url(re.compile("/items/3"))


def test_f_keeps_the_search_and_what_was_copied_has_a_tick(browser, tmp_path):
    with open_dashboard(make_sqlite(tmp_path / "linkboard.db"), tmp_path) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(3) + data_ids(3, ending="00"))
        dashboard.work(60)
        with opened_at(browser, visitor) as tab:
            tab.goto(f"{place}/items?search=fil.0000")
            found = tab.locator("table[data-rows] > tbody > tr")
            expect(found).to_have_count(6)
            tab.keyboard.press("f")
            expect(found).to_have_count(3)
            expect(tab).to_have_url(re.compile("status=FAILED.*search=fil.0000"))
            copy = found.first.get_by_role("button", name="Copy")
            copy.click()
            expect(copy).to_have_attribute("data-copied", "")
            expect(copy.locator(".icon")).to_be_hidden()
