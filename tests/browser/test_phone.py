"""What somebody with a phone sees at first, without having to look for it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.in_process import opened_at
from tests.dashboard import data_ids, open_dashboard
from webapp.store import tables

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
IS_CUT = (
    "found => found.some(e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)"
)
SIDES = ("height", "top", "bottom")
HEIGHT, TOP, BOTTOM = (f"found => found.getBoundingClientRect().{side}" for side in SIDES)
SIZE = "box => [box.getBoundingClientRect().width, box.getBoundingClientRect().height]"


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


@pytest.mark.parametrize("size", [PHONE, LAPTOP])
@pytest.mark.parametrize("link", ["group", "legend", "reason"])
def test_what_is_chosen_on_the_overview_is_seen_at_once(phone, dashboard, visitor, link, size):
    place = ended(dashboard, visitor)
    if link == "legend":  # a group of two
        change(dashboard, tables.submissions, counts={"FAILED": 60, "PARTIALLY_LINKED": 60})
    phone.set_viewport_size(size)
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


def test_ticks_are_large_enough_to_be_seen(phone, dashboard, visitor):
    place = ended(dashboard, visitor)
    phone.goto(f"{place}/items")
    for box in (phone.locator("tbody .pick input").first, phone.locator("[data-pick-all]").first):
        assert all(20 <= side <= 24 for side in box.evaluate(SIZE))
