"""What somebody with a phone sees at first, without having to look for it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.in_process import opened_at
from tests.dashboard import data_ids, open_dashboard
from tests.variants import in_full
from webapp.store import tables

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
IS_CUT = (
    "found => found.some(e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)"
)
SIDES = ("height", "top", "bottom")
HEIGHT, TOP, BOTTOM = (f"found => found.getBoundingClientRect().{side}" for side in SIDES)
SIZE = "box => [box.getBoundingClientRect().width, box.getBoundingClientRect().height]"

EDGES = """nav => {
  const links = [...nav.children].map((link) => link.getBoundingClientRect());
  return [
    Math.min(...links.map((box) => box.left)),
    Math.max(...links.map((box) => box.right)),
    new Set(links.map((box) => box.top)).size,
  ];
}"""


@pytest.fixture
def dashboard(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path / 'linkboard.db'}", tmp_path, rate=100.0) as found:
        yield found


@pytest.fixture
def visitor(dashboard):
    return dashboard.visitor()


@pytest.fixture
def phone(browser, visitor):
    with opened_at(browser, visitor, viewport=PHONE, has_touch=True) as page:
        yield page


def ended(dashboard, visitor, **options):
    """A list of which some items have failed, and where it is."""
    place = visitor.submit(data_ids(60) + data_ids(60, ending="00", start=10_000), **options)
    dashboard.work(30)
    return place


def change(dashboard, table, **values):
    with dashboard.store.write() as connection:
        connection.execute(table.update().values(**values))


@pytest.mark.parametrize("size", [PHONE, *in_full(LAPTOP)])
@pytest.mark.parametrize("link", ["group", *in_full("legend", "reason")])
def test_what_is_chosen_on_the_overview_is_seen_at_once(phone, dashboard, visitor, link, size):
    place = ended(dashboard, visitor)
    if link == "legend":  # a group of two
        change(dashboard, tables.submissions, counts={"FAILED": 60, "PARTIALLY_LINKED": 60})
    phone.set_viewport_size(size)
    for _ in range(2):  # the first time it tells what has changed since the last visit
        phone.goto(place)
    links = {"group": ".group-title", "legend": ".legend", "reason": "#reasons"}
    name = "Show" if link == "reason" else "Failed"
    shown = phone.locator(links[link]).get_by_role("link", name=name, exact=True).last
    shown.scroll_into_view_if_needed()
    left = phone.evaluate("scrollY")
    shown.click()
    rows = phone.locator("#item-table tbody tr")
    expect(rows.first).to_contain_text("Failed")
    for seen in (
        rows.nth(4),
        phone.locator("#search-items"),
        phone.get_by_role("link", name="Items", exact=True),
    ):
        expect(seen).to_be_in_viewport(ratio=1)
    phone.go_back()
    expect(phone).to_have_url(re.compile(f"{place}$"))
    expect(shown).to_be_in_viewport()
    assert abs(phone.evaluate("scrollY") - left) < 20  # times are worded after that


@pytest.mark.parametrize("width", [390, 360, *in_full(320)])
@pytest.mark.parametrize("scheme", ["light", *in_full("dark")])
def test_the_main_links_have_equal_margins_and_need_no_scrolling(phone, width, scheme):
    phone.set_viewport_size({"width": width, "height": 740})
    phone.emulate_media(color_scheme=scheme)
    phone.goto("/submissions")
    assert phone.evaluate("document.documentElement.scrollWidth") == width
    left, right, lines = phone.locator(".masthead nav").evaluate(EDGES)
    assert abs(left - (width - right)) <= 1 or lines > 1
    assert right < width
    assert lines == 1 or width == 320


def test_ticks_are_large_enough_to_be_seen(phone, dashboard, visitor):
    place = ended(dashboard, visitor)
    phone.goto(f"{place}/items")
    for box in (phone.locator("tbody .pick input").first, phone.locator("[data-pick-all]").first):
        assert all(20 <= side <= 24 for side in box.evaluate(SIZE))


def test_a_row_of_the_board_tells_all_of_its_outcome(phone, dashboard, visitor):
    ended(dashboard, visitor, name="Cohort release 12")
    counts = {"LINKED": 112_410, "ALREADY_LINKED": 1_204, "PARTIALLY_LINKED": 24, "FAILED": 36_123}
    change(dashboard, tables.submissions, counts=counts)
    phone.goto("/submissions")
    row = phone.locator(".board tbody tr").first
    expect(row.locator(".outcome")).to_have_text(
        "112,410 linked, 1,204 already linked, 24 in part, 36,123 failed"
    )
    assert not row.locator(".outcome, .row-name").evaluate_all(IS_CUT)
    expect(row.locator(".row-project")).to_have_text("Rare disease WGS 2026")
    assert row.evaluate(HEIGHT) < 140


def test_the_board_begins_with_submissions(phone, dashboard, visitor):
    ended(dashboard, visitor)
    visitor.draft(data_ids(5, start=20_000))
    phone.goto("/submissions")
    phone.reload()  # the news were read
    expect(phone.locator(".board tbody tr").first).to_be_in_viewport(ratio=1)
    buttons = phone.locator(".page-header .button")
    assert buttons.last.evaluate(TOP) < buttons.first.evaluate(BOTTOM)
    chips = phone.locator("#state-chips .chip")
    chips.last.scroll_into_view_if_needed()
    chips.last.click()
    expect(chips.locator("visible=true").filter(has_text="remove")).to_be_in_viewport(ratio=1)


def test_a_long_name_leaves_room_for_the_page(phone, dashboard, visitor):
    name = "samples of the second delivery " * 6
    place = ended(dashboard, visitor, name=name.strip())
    phone.goto(place)
    heading = phone.get_by_role("heading", level=1)
    assert heading.evaluate(HEIGHT) <= 3 * 30
    expect(heading).to_have_attribute("title", name.strip())
