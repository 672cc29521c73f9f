"""What is done often has a key of its own, unless somebody turns the keys off."""

from playwright.sync_api import expect

from tests.browser.tab import draft, sign_in
from tests.dashboard import data_ids


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
    tab.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    tab.keyboard.press("/")
    tab.keyboard.type("jk?")
    expect(search).to_have_value("jk?")

    tab.get_by_role("button", name="Keyboard").click()
    tab.get_by_label("Turn these keys off in this browser").check()
    tab.reload()
    tab.keyboard.press("/")
    expect(search).not_to_be_focused()
    expect(tab.locator("[data-keys-off]")).to_be_checked()
