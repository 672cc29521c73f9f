"""The item table where much is known of each item: on a phone, and on a laptop."""

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from tests.browser.in_process import opened_at
from tests.dashboard import data_ids, open_dashboard
from tests.variants import in_full
from webapp.store import submissions, tables

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
FOLDER = "/deliveries/2026/rare-disease-whole-genomes/runs/20261103_A00871_0042"
HEIGHTS = "rows => rows.map(row => row.getBoundingClientRect().height)"
WIDTH = "cell => cell.getBoundingClientRect().width"
REASON = "Data sharing is disabled in the owning project."
IS_HIGHER = "texts => texts.some(text => text.scrollHeight > text.clientHeight)"
IS_CUT = "badges => badges.some(badge => badge.scrollWidth > badge.clientWidth)"


@pytest.fixture
def dashboard(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path / 'linkboard.db'}", tmp_path, rate=100.0) as found:
        yield found


def change(dashboard, number, **values):
    """Have all items of the list say that."""
    with dashboard.store.write() as connection:
        mine = tables.items.c.submission_id == number
        connection.execute(tables.items.update().where(mine).values(**values))


def told_of(dashboard, visitor):
    """A list of which every item has a label, a name, a path and a reason; its number."""
    lines = [
        f"Case {n} of the second cohort,{one}" for n, one in enumerate(data_ids(50, ending="00"))
    ]
    sheet = "\n".join(["sample,data_id", *lines]).encode()
    place = visitor.submit("", file=(sheet, "cases.csv"))
    dashboard.work(30)
    number = int(place.rsplit("/", 1)[-1])
    with dashboard.store.write() as connection:  # as if they had been looked up by name
        review = submissions.get(connection, number).review
        submissions.change(connection, number, review=replace(review, lookups=50))
    name = "HG02024_S1_L001_R1_001.fastq.gz"
    change(dashboard, number, name=name, path=f"{FOLDER}/fastq/HG02024/{name}")
    return number


def test_much_is_told_in_little_room(browser, dashboard):
    visitor = dashboard.visitor()
    number = told_of(dashboard, visitor)
    place = f"/submissions/{number}/items"
    with opened_at(browser, visitor, viewport=PHONE) as page:
        rows = page.locator("#item-table tbody tr")
        page.goto(place)
        path = page.locator("tbody .path").first
        assert path.evaluate(WIDTH) > 150
        assert sum(rows.evaluate_all(HEIGHTS)) <= 5 * PHONE["height"]

        page.set_viewport_size(LAPTOP)
        assert path.evaluate(WIDTH) > 150
        change(dashboard, number, reason="", status="WAITING_RESOURCES")
        page.goto(place)
        assert path.evaluate(WIDTH) > 350
        assert max(rows.evaluate_all(HEIGHTS)) < 40
        assert not page.locator("tbody .badge > span").evaluate_all(IS_CUT)
        for values in ({"label": ""}, {"path": ""}):
            change(dashboard, number, **values)
            page.set_viewport_size(PHONE)
            page.goto(place)
            assert sum(rows.evaluate_all(HEIGHTS)) <= 5 * PHONE["height"]


@pytest.mark.parametrize(
    "unknown", [[], *in_full(["path"], ["path", "name"]), ["label", "path", "name"]]
)
def test_reasons_can_be_read_on_a_phone(browser, dashboard, unknown):
    visitor = dashboard.visitor()
    number = told_of(dashboard, visitor)
    change(dashboard, number, reason=REASON, **dict.fromkeys(unknown, ""))
    with opened_at(browser, visitor, viewport=PHONE) as page:
        page.goto(f"/submissions/{number}/items")
        assert not page.locator("tbody .reason > span").evaluate_all(IS_HIGHER)
        for known in {"label", "path"} - {*unknown}:
            expect(page.locator(f"tbody .{known}").first).to_be_visible()
        assert sum(page.locator("tbody tr").evaluate_all(HEIGHTS)) <= 5 * PHONE["height"]
