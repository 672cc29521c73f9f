"""The main job, end to end, as a user does it: from signing in to the failed ids in a file."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.tab import (
    download,
    draft,
    opened,
    show_items,
    sign_in,
    submit,
    wait_until_done,
)
from tests.dashboard import data_ids
from tests.processes import until
from tests.simulated_ica import FIRST_PROJECT

LINKING, FAILING = 180, 120  # more failing ones than a page of 50 holds, twice


@pytest.fixture
def manifest(tmp_path):
    """A CSV file as people have it, with a repeated id and an entry that is none."""
    ids = data_ids(LINKING, start=70_000) + data_ids(FAILING, ending="00", start=71_000)
    rows = [f"sample {n},{data_id}" for n, data_id in enumerate([*ids, ids[0], "to be done"], 1)]
    file = tmp_path / "manifest.csv"
    file.write_text("\n".join(["sample,data_id", *rows]))
    return file


@pytest.mark.long
def test_from_signing_in_to_the_failed_ids(tab, manifest, tmp_path):
    sign_in(tab)
    upload(tab, manifest)
    expect(tab.locator("main")).to_contain_text("300")
    submit(tab)

    tab.evaluate("window.neverLeft = true")
    expect(tab.locator("#progress")).to_contain_text("Linking")
    wait_until_done(tab)
    assert tab.evaluate("window.neverLeft"), "The page was loaded again."
    expect(tab.locator("#progress")).to_contain_text("180 of 300 items linked; 120 not.")

    filter_to_failed(tab)
    first = shown_ids(tab)
    tab.get_by_role("link", name="Next", exact=True).first.click()
    expect(tab).to_have_url(re.compile("after="))
    expect(tab.locator("#item-table tbody tr").first).not_to_have_id(first[0])
    expect(tab.locator("#item-table tbody tr")).to_have_count(50)
    assert not set(first) & set(shown_ids(tab))
    tab.get_by_role("link", name="Previous", exact=True).first.click()
    expect(tab).to_have_url(re.compile("before="))
    expect(tab.locator("#item-table tbody tr").first).to_have_id(first[0])
    assert shown_ids(tab) == first

    assert exported(tab, "Plain ids") == data_ids(FAILING, ending="00", start=71_000)
    csv = exported(tab, "CSV")
    assert csv[0].lstrip("\ufeff").startswith("line,data_id,status,reason")
    assert all("FAILED,Data not found." in line for line in csv[1:])
    assert len(csv) == 1 + FAILING

    open_first_item(tab)
    expect(tab.locator("main")).to_contain_text("In the project, as ICA says now")
    expect(tab.locator("main")).to_contain_text("Data not found.")

    tab.get_by_role("button", name="Sign out").click()
    expect(tab.locator("main")).to_contain_text("Sign in to Linkboard")


def test_the_same_without_scripts(scriptless):
    page = scriptless
    sign_in(page)
    ids = data_ids(60, start=72_000) + data_ids(60, ending="00", start=73_000)
    draft(page, ids, "scriptless.txt")
    submit(page)
    for _ in range(100):
        if "Done" in page.locator("#progress .standing").inner_text():
            break
        page.reload()
    wait_until_done(page)

    filter_to_failed(page)
    page.get_by_role("link", name="Next", exact=True).first.click()
    expect(page.locator("#item-table tbody tr")).to_have_count(10)
    page.get_by_role("link", name="Previous", exact=True).first.click()
    expect(page.locator("#item-table tbody tr")).to_have_count(50)
    assert exported(page, "Plain ids") == ids[60:]
    open_first_item(page)
    expect(page.locator("main")).to_contain_text("Data not found.")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("main")).to_contain_text("Sign in to Linkboard")


@pytest.mark.long
def test_back_goes_through_filters_and_pages(tab):
    sign_in(tab)
    draft(tab, data_ids(60, start=74_000) + data_ids(60, ending="00", start=75_000), "back.txt")
    submit(tab)
    wait_until_done(tab)
    tab.goto(f"{tab.url}/items")
    tab.get_by_label("Filter by status").get_by_role("link", name="Failed").click()
    expect(tab).to_have_url(re.compile("status=FAILED$"))
    expect(tab.locator("#item-table tbody tr").first).to_contain_text("Failed")
    first = shown_ids(tab)
    open_a_row_by_keys(tab, first[1])
    left = presses_to_next_page(tab)
    position = tab.locator("#item-pages .pager-position")
    expect(position).to_be_focused()
    expect(position).to_have_text("51\N{EN DASH}60 of 60")
    assert tab.evaluate("scrollY") < left

    tab.go_back()
    expect(tab).to_have_url(re.compile("status=FAILED$"))
    expect(tab.locator("#item-table tbody tr").first).to_have_id(first[0])
    expect(tab.locator("#item-table tbody tr")).to_have_count(50)
    assert shown_ids(tab) == first
    for _ in range(300):  # not wait_for_function, which makes code of text where a page forbids it
        if abs(tab.evaluate("scrollY") - left) < 5:
            break
        tab.evaluate("new Promise(requestAnimationFrame)")
    assert abs(tab.evaluate("scrollY") - left) < 5
    tab.go_back()
    expect(tab).to_have_url(re.compile("/items$"))
    expect(tab.locator("#item-table tbody tr").first).to_contain_text("Linked")
    tab.go_forward()
    expect(tab).to_have_url(re.compile("status=FAILED$"))
    expect(tab.locator("#item-table tbody tr").first).to_contain_text("Failed")


def test_forward_before_the_scripts_have_come_shows_what_the_address_says(tab):
    sign_in(tab)
    draft(tab, data_ids(3, start=76_000) + data_ids(3, ending="00", start=77_000), "forward.txt")
    submit(tab)
    wait_until_done(tab)
    tab.goto(f"{tab.url}/items")
    tab.get_by_label("Filter by status").get_by_role("link", name="Failed").click()
    expect(tab.locator("#item-table tbody tr")).to_have_count(3)
    held = []
    tab.route("**/scripts.js*", lambda route: route.continue_() if held else held.append(route))
    tab.evaluate("history.back()")
    expect(tab.locator("#item-table tbody tr")).to_have_count(6)
    until(lambda: tab.evaluate("0") or held)
    tab.evaluate("history.forward()")
    expect(tab).to_have_url(re.compile("status=FAILED$"))
    held[0].continue_()
    expect(tab.locator("#item-table tbody tr")).to_have_count(3)


def open_a_row_by_keys(tab, row_id):
    """The second row's page, and back to that row."""
    tab.keyboard.press("/")
    expect(tab.locator("#search-items")).to_be_focused()
    tab.keyboard.press("Escape")
    tab.locator("#main").focus()
    row = tab.locator(f"#{row_id}")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    expect(row.locator("th a")).to_be_focused()
    tab.keyboard.press("Space")
    expect(row).to_have_attribute("data-picked", "")
    tab.keyboard.press("Space")
    expect(tab.locator("#pick")).to_be_hidden()
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile(r"/items/\d+"))
    tab.go_back()
    expect(row.locator("th a")).to_be_focused()
    tab.get_by_label("Filter by status").get_by_role("link", name="Failed").focus()


def presses_to_next_page(tab):
    """From the filter that was chosen last, by keyboard alone, then from the end of the page; how
    far down that was.
    """
    presses = 1
    while not tab.evaluate("document.activeElement.rel === 'next'"):
        tab.keyboard.press("Tab")
        presses += 1
    tab.keyboard.press("Enter")
    assert presses < 5
    expect(tab).to_have_url(re.compile("after="))
    tab.go_back()
    expect(tab).to_have_url(re.compile("status=FAILED$"))
    tab.wait_for_load_state()
    below = tab.get_by_role("link", name="Next", exact=True).last
    below.scroll_into_view_if_needed()
    left = tab.evaluate("scrollY")
    below.click()
    expect(tab).to_have_url(re.compile("after="))
    return left


@pytest.mark.long
def test_filters_that_match_nothing_can_be_cleared(tab):
    sign_in(tab)
    draft(tab, data_ids(3, start=76_000), "few.txt")
    submit(tab)
    wait_until_done(tab)
    show_items(tab)
    search = tab.get_by_placeholder("Id, name or path")
    search.fill("no such thing")
    search.press("Enter")
    expect(tab.locator("#item-table")).to_contain_text("Nothing matches")
    expect(tab).to_have_url(re.compile(r"/items\?search=[\w-]{22}$"))
    tab.reload()
    expect(search).to_have_value("no such thing")
    tab.get_by_role("link", name="Clear the filters").click()
    expect(tab.locator("#item-table tbody tr")).to_have_count(3)


def test_a_list_without_ids_is_told_beside_the_field_and_the_text_is_kept(browser, dashboard):
    # A 422 is an error to the console, so this window may complain.
    with opened(browser, dashboard.root, forgiving=True) as page:
        sign_in(page)
        page.goto(f"/submissions/new?project_id={FIRST_PROJECT}")
        page.get_by_label("Or paste it").fill("# nothing but a comment")
        page.get_by_role("button", name="Continue to review").click()
        expect(page.locator(".field-error").get_by_text("No data id was found")).to_be_visible()
        expect(page.get_by_label("Or paste it")).to_have_value("# nothing but a comment")


def test_a_project_is_found_by_a_part_of_its_name(tab):
    sign_in(tab)
    tab.goto("/submissions/new")
    tab.get_by_placeholder("A part of its name").press_sequentially("Twin registry WGS 2025")
    only = tab.locator("#projects").get_by_role("radio")
    expect(only).to_have_count(1)
    expect(tab.locator("#projects")).to_contain_text("Twin registry WGS 2025")


def upload(page, file):
    page.get_by_role("link", name="New submission").first.click()
    page.get_by_role("radio", name="Rare disease WGS 2026").check()
    page.get_by_label("A file with your list").set_input_files(file)
    page.get_by_role("button", name="Continue to review").click()
    expect(page.get_by_role("heading", name=file.name)).to_be_visible()


def filter_to_failed(page):
    page.locator("#progress").get_by_role("link", name="Failed", exact=True).click()
    expect(page).to_have_url(re.compile("status=FAILED"))
    expect(page.locator("#item-table tbody tr").first).to_contain_text("Failed")


def shown_ids(page):
    rows = page.locator("#item-table tbody tr")
    return rows.evaluate_all("rows => rows.map(row => row.id)")


def exported(page, name):
    """The lines of a file that a link downloads."""
    return download(page, name).path().read_text().splitlines()


def open_first_item(page):
    page.locator("#item-table tbody tr th a").first.click()
    expect(page).to_have_url(re.compile(r"/items/\d+"))
