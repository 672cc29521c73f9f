"""What was watched on an open page is no news to its reader; what came while they were away is."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.in_process import opened_at
from tests.browser.test_watching import HIDES, asked_within, poll, submitted
from tests.dashboard import data_ids, open_dashboard
from tests.variants import in_full
from tests.web.test_visits import told
from webapp.store.visits import VISIT_SECONDS

AWAY = VISIT_SECONDS + 1
AT_ONCE = 5_000.0  # ms; a third of the time within which else it is told


@pytest.fixture
def dashboard(tmp_path):
    url = f"sqlite:///{tmp_path / 'linkboard.db'}"
    with open_dashboard(url, tmp_path, rate=0.5, batch_size=60) as found:
        yield found


@pytest.fixture
def page(browser, dashboard):
    with opened_at(browser, dashboard.visitor()) as page:
        page.add_init_script(HIDES)
        yield page


def is_look(request):
    return request.url.endswith("/looks")


def looks(page):
    """The looks that the page tells from now on."""
    found = []
    page.on("requestfinished", lambda request: found.extend([request] * is_look(request)))
    return found


@pytest.mark.parametrize("on_board", [True, *in_full(False)])
def test_an_end_that_was_watched_is_told_nowhere(page, dashboard, on_board):
    place = submitted(dashboard)
    page.goto("/submissions" if on_board else place)
    dashboard.work(600)
    with page.expect_request_finished(is_look):
        poll(page, 7 if on_board else 2)  # the board asks every 5 s
    page.goto("/submissions")
    expect(page.locator("#rows")).to_contain_text("Done, with failures")
    expect(page.locator(".since")).to_have_count(0)
    page.goto(place)
    expect(page.locator(".since")).to_have_count(0)


def test_what_an_open_page_tells_stays_when_it_brings_itself_up_to_date(page, dashboard):
    place = submitted(dashboard)
    dashboard.visitor().get(place)
    dashboard.work(70)
    dashboard.clock.advance(AWAY)
    page.goto(place)
    since = page.locator(".since strong")
    before = since.inner_text()
    assert "more linked" in before
    dashboard.work(600)
    with page.expect_request_finished(is_look):
        poll(page)
    expect(page.locator("#progress")).to_have_attribute("data-ended", "")
    expect(page.get_by_role("button", name="Pause updates")).to_have_count(0)
    assert since.inner_text() == before
    page.goto("/submissions")
    expect(page.locator("#rows")).to_be_visible()
    expect(since).to_have_count(0)


@pytest.mark.long
def test_what_moves_is_told_as_seen_four_times_a_minute_and_when_it_is_left(page, dashboard):
    page.goto(submitted(dashboard, 300))
    found = looks(page)
    for _ in range(30):
        dashboard.work(2)
        poll(page)
    assert 3 <= len(found) <= 6  # on a busy machine the page's clock goes on a little by itself
    with page.expect_request_finished(is_look, timeout=AT_ONCE):
        dashboard.work(2)
        poll(page)
        page.evaluate("hide(true)")
    asked_within(page, 2)  # what was on its way
    seen = len(found)
    for _ in range(2):  # a poll of a hidden tab is no look
        dashboard.work(5)
        asked_within(page, 30)
    assert len(found) == seen
    with page.expect_request_finished(is_look):
        page.evaluate("hide(false)")
        asked_within(page, 16)
    with page.expect_request_finished(is_look, timeout=AT_ONCE):
        dashboard.work(10)
        poll(page)
        # What a page sends as it goes, no route sees.
        page.evaluate("dispatchEvent(new Event('pagehide'))")


@pytest.mark.long
def test_who_left_at_a_part_is_told_the_rest_wherever_they_come_back(page, dashboard):
    place = submitted(dashboard, 300)
    page.goto(place)
    dashboard.work(30)
    poll(page)
    with page.expect_request_finished(is_look):
        page.evaluate("hide(true)")
    expect(page.locator(".since")).to_have_count(0)
    dashboard.clock.advance(AWAY)
    dashboard.work(30)
    asked_within(page, int(AWAY) + 1)
    with page.expect_request_finished(is_look) as told_look:
        page.evaluate("hide(false)")
    assert "back=1" in told_look.value.post_data
    expect(page.locator(".since")).to_contain_text(
        re.compile(r"Since you last saw it, .*: \d+ more linked")
    )
    assert "more linked" in told(dashboard.visitor(), "/submissions")  # of the same visit


@pytest.mark.long
def test_an_end_in_a_hidden_tab_is_told(page, dashboard):
    page.goto(submitted(dashboard))
    page.evaluate("hide(true)")
    found = looks(page)
    dashboard.work(600)
    asked_within(page, 32)
    expect(page.locator(".since")).to_contain_text("20 more failed. It has ended.")
    page.goto("/submissions")
    expect(page.locator(".since")).to_contain_text("20 more failed. It has ended.")
    assert not found


@pytest.mark.long
def test_the_news_of_many_lists_leave_the_first_rows_on_a_phones_screen(page, dashboard):
    for start in range(5):
        dashboard.visitor().submit(data_ids(2, start=start * 10), name=f"List of day {start}")
    dashboard.work(600)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/submissions")
    news = page.locator("#since")
    line = news.evaluate("element => parseFloat(getComputedStyle(element).lineHeight)")
    assert news.bounding_box()["height"] < 5 * line
    expect(news.get_by_text("List of day 0")).to_be_hidden()
    news.get_by_text("4 more submissions have changed").click()
    expect(news.get_by_text("List of day 0")).to_be_visible()
