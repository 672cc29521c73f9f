"""A list is submitted, part fails, a colleague retries one reason, all is undone and linked again:
at each step every page, every file and ICA itself tell the same.
"""

import pytest
from playwright.sync_api import expect

from tests.agreement import ByBrowser, assert_all_agree
from tests.browser.tab import choose, draft, opened, sign_in, submit
from tests.dashboard import data_ids

GOOD = data_ids(12, start=95_000)
HELD = data_ids(3, ending="05", start=95_100)  # were linked before
ARCHIVED = data_ids(4, ending="02", start=95_200)  # fail at first, link when tried again
MISSING = data_ids(2, ending="00", start=95_300)
LIST = [*GOOD, *HELD, *ARCHIVED, *MISSING]


def told(good, archived):
    """The expected status of each id."""
    held, missing = dict.fromkeys(HELD, "ALREADY_LINKED"), dict.fromkeys(MISSING, "FAILED")
    return dict.fromkeys(GOOD, good) | held | dict.fromkeys(ARCHIVED, archived) | missing


@pytest.mark.long
def test_one_list_has_one_truth(browser, dashboard, tab):
    sign_in(tab)
    draft(tab, LIST, "one truth")
    submit(tab)
    wait_for(tab, "15 of 21 items linked; 6 not.")
    place = tab.url.removeprefix(dashboard.root)

    def agree(**words):
        assert_all_agree(ByBrowser(tab, dashboard.root), dashboard.ica_root, place, told(**words))

    agree(good="LINKED", archived="FAILED")
    with opened(browser, dashboard.root) as colleague:
        sign_in(colleague, "colleague-key")
        colleague.goto(place)
        group = colleague.locator("#reasons tbody tr", has_text="Data is being archived")
        group.get_by_role("link", name="Try again").click()
        colleague.get_by_role("button", name="Try again: 4 items").click()
        wait_for(colleague, "19 of 21 items linked after 2 attempts; 2 not.")
        expect(colleague.locator("#progress")).to_contain_text("by Carol Colleague")
    agree(good="LINKED", archived="LINKED")

    tab.goto(place)
    choose(tab, "Undo: unlink what it linked")
    tab.get_by_role("button", name="Unlink: 16 items").click()
    wait_for(tab, "16 of 21 items unlinked, 3 were linked before and stay, 2 not linked.")
    agree(good="UNLINKED", archived="UNLINKED")

    tab.goto(place)
    tab.get_by_role("link", name="Link again what was unlinked").click()
    tab.get_by_role("button", name="Link again: 16 items").click()
    wait_for(tab, "19 of 21 items linked after 4 attempts; 2 not.")
    agree(good="LINKED", archived="LINKED")


def wait_for(page, headline):
    """Without touching the page: it keeps itself fresh."""
    expect(page.locator("#progress .standing")).to_contain_text(headline)
