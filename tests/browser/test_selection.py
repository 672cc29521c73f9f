"""Rows that are ticked: over the pages of one table, and no longer than they can be seen."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.tab import draft, show_items, sign_in, submit, wait_until_done
from tests.dashboard import data_ids

COUNT = "[data-pick-count]"


@pytest.fixture
def ids(tab):
    """Those of a list of two pages that all failed, whose item table is shown."""
    found = data_ids(60, ending="00", start=96_000)
    sign_in(tab)
    draft(tab, found, "ticked.txt")
    submit(tab)
    wait_until_done(tab)
    show_items(tab)
    return found


def pick(tab, *ids):
    for data_id in ids:
        tab.get_by_label(f"Pick {data_id}").check()


def turn(tab, to):
    with tab.expect_response(re.compile("/items")):
        tab.get_by_role("link", name=to).first.click()


def test_rows_stay_picked_over_the_pages_of_one_table(tab, ids):
    pick(tab, ids[0], ids[1])
    expect(tab.locator(COUNT)).to_have_text("2 items picked.")
    drop = tab.get_by_role("button", name="Drop those on other pages")
    expect(drop).to_be_hidden()
    turn(tab, "Next")
    expect(tab.locator(COUNT)).to_have_text("2 items picked, not on this page.")
    pick(tab, ids[59])
    expect(tab.locator(COUNT)).to_have_text("3 items picked, 2 of them on other pages.")
    drop.click()
    expect(tab.locator(COUNT)).to_have_text("1 item picked.")
    expect(tab.get_by_label(f"Pick {ids[50]}")).to_be_focused()
    tab.reload()
    expect(tab.get_by_label(f"Pick {ids[59]}")).to_be_checked()
    tab.get_by_role("button", name="Try again", exact=True).click()
    expect(tab.get_by_role("list", name="Picked")).to_have_text(ids[59])
    tab.go_back()
    expect(tab.locator(COUNT)).to_have_text("1 item picked.")


@pytest.mark.long
def test_one_can_go_back_from_an_attempt_at_what_was_picked(tab, ids):
    pick(tab, ids[0])
    tab.get_by_role("button", name="Try again", exact=True).click()
    tab.get_by_role("button", name="Try again: 1 item").click()
    expect(tab.locator("#progress")).to_be_visible()
    tab.go_back()
    expect(tab.get_by_role("list", name="Picked")).to_have_text(ids[0])


@pytest.mark.long
def test_another_filter_begins_with_nothing_picked(tab, ids):
    bar = tab.locator("#pick")
    failed = tab.get_by_label("Filter by status").get_by_role("link", name="Failed")
    pick(tab, ids[0], ids[1])
    failed.click()
    expect(tab).to_have_url(re.compile("status=FAILED"))
    expect(tab.get_by_label(f"Pick {ids[0]}")).not_to_be_checked()
    expect(bar).to_be_hidden()
    expect(tab.locator("[data-pick-dropped]")).to_contain_text("Picked before: 2.")
    pick(tab, ids[0])
    search = tab.locator("#search-items")
    search.fill("nothing is called so")
    search.press("Enter")  # there is no table of rows then
    expect(bar).to_have_count(0)
    search.fill("")
    search.press("Enter")
    expect(tab.get_by_label(f"Pick {ids[0]}")).not_to_be_checked()
    expect(bar).to_be_hidden()


@pytest.mark.long
def test_a_table_opened_anew_begins_with_nothing_picked(tab, ids):
    place = tab.url
    pick(tab, ids[0], ids[1])
    tab.goto("/submissions")
    tab.go_back()
    expect(tab.locator(COUNT)).to_have_text("2 items picked.")
    tab.goto("/submissions")
    tab.goto(place)
    expect(tab.get_by_label(f"Pick {ids[0]}")).not_to_be_checked()
    expect(tab.locator("#pick")).to_be_hidden()
