"""What is done often has a key of its own, unless somebody turns the keys off."""

from playwright.sync_api import expect

from tests.browser.tab import draft, show_items, sign_in, submit, wait_until_done
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
