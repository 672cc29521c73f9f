"""Before submitting and after: a list is reviewed, tried again, handed back, found, undone."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tests.browser.tab import (
    choose,
    download,
    draft,
    show_items,
    sign_in,
    submit,
    upload,
    wait_until_done,
)
from tests.dashboard import data_ids

BEFORE = data_ids(12, start=80_000)  # linked by an earlier submission
CAPITAL = "fil." + "abcdef" * 5 + "20"  # stands in capitals in the list
NEW = [CAPITAL, *data_ids(60, start=81_000)]
ARCHIVED = data_ids(8, ending="02", start=82_000)  # fail at first, link when tried again
UNSHARED = data_ids(4, ending="01", start=83_000)  # each says another uuid
MISSING = [*data_ids(3, ending="00", start=84_000), "fil.lost"]  # the last of an unusual shape
GOOD = [*BEFORE, *NEW, *ARCHIVED, *UNSHARED, *MISSING]
ENTRIES = [*GOOD, NEW[1], CAPITAL, "to be done", ""]

HEADER = "sample,data_id,note"
ROWS = [
    f'S{number},{entry.replace(CAPITAL[4:], CAPITAL[4:].upper())},"one, or two"'
    for number, entry in enumerate(ENTRIES, 1)
]
MESSY = "\r\n".join([HEADER, *ROWS, ""]).encode()

PHONE = {"width": 390, "height": 844}


def test_a_messy_list_from_its_review_to_its_undoing(tab):
    sign_in(tab)
    draft(tab, BEFORE, "earlier.txt")
    submit(tab)
    wait_until_done(tab)

    upload(tab, MESSY, "messy.csv")
    read_the_review(tab)
    leave_out(tab, "linked", "12 ids left out; 77 ids will be sent.")
    submit(tab)
    wait_until_done(tab)
    expect(tab.locator("#progress")).to_contain_text("61 of 77 items linked; 16 not.")
    messy = tab.url

    open_the_reasons(tab)
    try_the_archived_again(tab)
    see_the_attempts(tab, messy)
    tab.goto(messy)
    assert_it_comes_back_as_it_was(download(tab, "Download your list"))
    answer = find_some(tab)

    tab.goto(messy)
    undo(tab)
    tab.goto(answer)
    expect(outcome(tab, "UNLINKED")).to_contain_text("Start a new submission with these")
    expect(row_of(tab, NEW[0])).to_contain_text("Unlinked")


def read_the_review(page):
    tally = page.locator(".tally")
    expect(tally).to_contain_text("88 ids to link")
    expect(tally).to_contain_text("1 left out")
    expect(tally).to_contain_text("2 repeated")
    expect(tally).to_contain_text("2 rejected")
    points = page.locator("#points")
    expect(points).to_contain_text("12 ids already linked into Rare disease WGS 2026")
    expect(points.get_by_role("link", name="earlier.txt")).to_be_visible()
    expect(points).to_contain_text("1 id not of ICA's shape")
    expect(points).to_contain_text("1 id in capital letters")
    expect(page.locator("#rejected")).to_contain_text("to be done")
    expect(page.locator("#repeated")).to_contain_text("It is first on line 15.")

    points.get_by_role("link", name="See all 12").click()
    expect(page.locator("tbody tr")).to_have_count(12)
    page.go_back()

    points.get_by_role("button", name="Send it too").click()
    expect(tally).to_contain_text("89 ids to link")
    expect(page.get_by_role("button", name="Submit 89 ids")).to_be_visible()


def leave_out(page, kind, said):
    page.locator(f"#{kind}").get_by_role("button", name="Leave them out").click()
    expect(page.get_by_text(said)).to_be_visible()


def open_the_reasons(page):
    """On the submission's page, then in the table of its items."""
    expect(page.locator("#reasons tbody tr")).to_have_count(3)  # they came with the poll
    group_of(page, "Data sharing is disabled").get_by_role("link", name="Show").click()
    expect(page.locator("#item-table tbody tr")).to_have_count(len(UNSHARED))
    page.go_back()

    group_of(page, "Data sharing is disabled").locator(".data-id a").first.click()
    expect(page.locator("main")).to_contain_text("Data sharing is disabled in the owning project")
    page.go_back()


def try_the_archived_again(page):
    group_of(page, "Data is being archived").get_by_role("link", name="Try again").click()
    expect(page.locator("main")).to_contain_text("8 items with the reason “Data is being archived”")
    page.get_by_role("button", name="Try again: 8 items").click()
    wait_until_done(page)
    expect(page.locator("#progress")).to_contain_text("69 of 77 items linked after 2 attempts; 8")
    expect(page.locator("#progress")).to_contain_text("8 items chosen: 8 tried again.")
    expect(group_of(page, "Data is being archived")).to_have_count(0)


def see_the_attempts(page, messy):
    """Each keeps its own numbers; the page of the list says how its ids stand now."""
    expect(page).to_have_url(messy)
    assert breakdown(page) == {"LINKED": "69", "FAILED": "8", "LEFT_OUT": "12"}
    page.get_by_role("link", name="All attempts").click()
    expect(page.locator("#attempt-1")).to_contain_text("61 of 77 items linked.")
    expect(page.locator("#attempt-2")).to_contain_text("8 of 8 items linked.")
    page.get_by_role("link", name="Attempt 2: tried again").click()
    expect(page.locator("#items tbody tr")).to_have_count(8)
    assert breakdown(page) == {"LINKED": "8"}
    page.go_back()
    page.get_by_role("link", name="Attempt 1: the list as submitted").click()
    expect(page.locator("#items tbody tr")).to_have_count(50)
    assert breakdown(page) == {"LINKED": "61", "FAILED": "16"}
    page.locator(".breakdown").get_by_role("link", name="Failed").click()
    expect(page.locator("#items tbody tr")).to_have_count(16)


def breakdown(page):
    lines = page.locator(".breakdown .count")
    expect(lines.first).to_be_visible()
    counts = lines.evaluate_all("lines => lines.map(line => [line.dataset.status, line.innerText])")
    return dict(counts)


def assert_it_comes_back_as_it_was(file):
    assert file.suggested_filename == "messy-outcomes.csv"
    came_back = file.path().read_bytes()
    lines = came_back.decode().split("\r\n")
    assert lines[0] == HEADER + ",status,reason,attempt,linked_path"
    assert lines.pop() == ""
    assert all(line.startswith(row) for row, line in zip(ROWS, lines[1:], strict=True))
    rows = list(csv.DictReader(io.StringIO(came_back.decode(), newline="")))
    assert [(row["status"], row["attempt"]) for row in rows] == [
        *[("LEFT_OUT", "1")] * len(BEFORE),
        *[("LINKED", "1")] * len(NEW),
        *[("LINKED", "2")] * len(ARCHIVED),
        *[("FAILED", "1")] * len([*UNSHARED, *MISSING]),
        *[("LINKED", "1")] * 2,
        *[("REJECTED", "")] * 2,
    ]


def find_some(page):
    """Ask for one id of each outcome, through the form; the address of the answer."""
    page.get_by_role("link", name="Find ids").click()
    asked = [BEFORE[0], NEW[0], ARCHIVED[0], MISSING[0], *data_ids(1, start=85_000)]
    page.get_by_label("Or paste them").fill("\n".join(asked))
    page.get_by_role("button", name="Find them").click()
    expect(page).to_have_url(re.compile("/find/."))
    expect(outcome(page, "LINKED").get_by_role("cell", name="3", exact=True)).to_be_visible()
    expect(outcome(page, "FAILED").get_by_role("link", name="messy.csv")).to_be_visible()
    expect(outcome(page, "NEVER")).to_contain_text("Start a new submission with these")
    expect(row_of(page, BEFORE[0])).to_contain_text("earlier.txt")
    expect(row_of(page, ARCHIVED[0])).to_contain_text("messy.csv")
    expect(row_of(page, ARCHIVED[0])).to_contain_text("Linked")
    answer = page.url

    outcome(page, "FAILED").get_by_role("link", name="Failed", exact=True).click()
    expect(page.locator("#ids tbody tr")).to_have_count(1)
    return answer


def undo(page):
    choose(page, "Undo: unlink what it linked")
    expect(page.locator("main")).to_contain_text("69 items with the status Linked")
    page.get_by_role("button", name="Unlink: 69 items").click()
    expect(page.locator("#progress .standing")).to_contain_text(
        "Undone 69 of 77 items unlinked, 8 not linked."
    )
    expect(page.get_by_role("link", name="Undo: unlink what it linked")).to_have_count(0)
    page.reload()
    assert breakdown(page) == {"UNLINKED": "69", "FAILED": "8", "LEFT_OUT": "12"}


@pytest.mark.long
def test_items_picked_on_two_pages_are_tried_again(tab):
    sign_in(tab)
    ids = data_ids(70, ending="02", start=86_000)
    draft(tab, ids, "picks.txt")
    submit(tab)
    show_items(tab)
    pick(tab, ids[0], ids[49])
    wait_until_done(tab)  # the numbers above, and in the chips, moved all the while
    chip = tab.get_by_label("Filter by status").get_by_role("link", name="Failed")
    expect(chip).to_contain_text("70")
    expect(tab.locator("[data-pick-count]")).to_have_text("2 items picked.")
    turn(tab, "Next")
    pick(tab, ids[69])
    expect(tab.locator("[data-pick-count]")).to_have_text(
        "3 items picked, 2 of them on other pages."
    )
    turn(tab, "Previous")
    expect(tab.get_by_label(f"Pick {ids[0]}")).to_be_checked()
    expect(tab.get_by_label(f"Pick {ids[1]}")).not_to_be_checked()

    place = tab.url
    every = tab.get_by_label("All 70 items of the list")
    every.check()
    expect(tab.locator("tr[data-picked]")).to_have_count(50)
    tab.get_by_label(f"Pick {ids[1]}").uncheck()
    expect(tab.locator("[data-pick-count]")).to_have_text("49 items picked.")
    assert_focus_is_seen(tab)
    tab.get_by_role("button", name="Clear").click()
    expect(tab.locator("#pick")).to_be_hidden()
    pick(tab, ids[0], ids[49])
    turn(tab, "Next")
    pick(tab, ids[69])

    turn(tab, "Previous")
    tab.set_viewport_size(PHONE)
    assert tab.locator("#item-table").bounding_box()["height"] < 5 * PHONE["height"]
    assert_focus_is_seen(tab)
    tab.get_by_role("button", name="Try again", exact=True).click()
    expect(tab.locator("main")).to_contain_text("3 items that you picked")
    tab.get_by_role("button", name="Try again: 3 items").click()
    wait_until_done(tab)
    expect(tab.locator("#progress")).to_contain_text("3 of 70 items linked after 2 attempts; 67")
    tab.get_by_role("link", name="Attempt 2: tried again").click()
    listed = download(tab, "Plain ids").path().read_text().split()
    assert listed == [ids[0], ids[49], ids[69]]

    tab.goto(place)
    expect(tab.locator("#pick")).to_be_hidden()


@pytest.mark.long
def test_what_ica_would_refuse_is_left_out(tab):
    sign_in(tab)
    refused = data_ids(3, ending="00", start=88_000)
    draft(tab, [*data_ids(6, start=87_000), *refused], "checked.txt")
    tab.get_by_role("button", name="Ask ICA which of these it would refuse").click()
    expect(tab.locator("#check")).to_contain_text("ICA would refuse 3 ids.")
    leave_out(tab, "refused", "3 ids left out; 6 ids will be sent.")
    expect(tab.get_by_role("button", name="Submit 6 ids")).to_be_visible()


@pytest.mark.long
def test_what_is_over_is_put_away_and_thrown_away(tab):
    sign_in(tab)
    draft(tab, data_ids(3, start=89_000), "over.txt")
    submit(tab)
    wait_until_done(tab)
    tab.reload()
    menu, opener = tab.locator("details.menu"), tab.locator("details.menu > summary")
    opener.click()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(opener).to_be_focused()
    opener.click()
    tab.get_by_role("heading", level=1).click()
    expect(menu).not_to_have_attribute("open", "")
    opener.click()
    tab.get_by_role("button", name="Archive", exact=True).click()
    expect(tab.get_by_text("“over.txt” is in the archive.")).to_be_visible()

    tab.get_by_role("link", name="Submissions", exact=True).first.click()
    over = tab.locator("#rows").get_by_role("link", name="over.txt", exact=True)
    expect(tab.locator("#rows")).to_be_visible()
    expect(over).to_have_count(0)
    tab.get_by_label("Filter by state").get_by_role("link", name="Archived").click()
    over.click()
    tab.locator("details.menu > summary").click()
    tab.get_by_role("button", name="Take out of the archive").click()
    expect(tab.get_by_text("“over.txt” is on the board again.")).to_be_visible()

    choose(tab, "Delete")
    expect(tab.locator("main")).to_contain_text("the outcomes of 3 items")
    tab.get_by_role("button", name="Delete 3 items").click()
    expect(tab.get_by_text("“over.txt” was deleted here.")).to_be_visible()
    expect(over).to_have_count(0)


def test_ids_that_are_selected_with_the_mouse_are_whole(tab):
    sign_in(tab)
    ids = data_ids(3, start=90_000)
    draft(tab, ids, "selected.txt")
    tab.locator("#item-table tbody").select_text()
    assert re.findall(r"f\S+", tab.evaluate("getSelection().toString()")) == ids


def group_of(page, reason):
    return page.locator("#reasons tbody tr", has_text=reason)


def outcome(page, word):
    return page.locator(f'[data-outcome="{word}"]')


def row_of(page, data_id):
    """What counts of an id in the answer."""
    return page.locator("#ids tbody tr:not(.earlier)", has_text=data_id)


def pick(page, *ids):
    for data_id in ids:
        page.get_by_label(f"Pick {data_id}").check()


SEEN = """() => {  // each line of what has the focus
  const focused = document.activeElement;
  return [...focused.getClientRects()].every((line) => {
    const middle = [line.x + line.width / 2, line.y + line.height / 2];
    return focused.contains(document.elementFromPoint(...middle));
  });
}"""


def assert_focus_is_seen(page):
    """By Tab down the rows, and back up, under what sticks to the window."""
    for key in ("Tab", "Shift+Tab"):
        for _ in range(60):
            page.keyboard.press(key)
            assert page.evaluate(SEEN), page.evaluate("document.activeElement.outerHTML")


def turn(page, to):
    with page.expect_response(re.compile("/items")):
        page.get_by_role("link", name=to, exact=True).first.click()
    expect(page).to_have_url(re.compile("after=" if to == "Next" else "before="))
