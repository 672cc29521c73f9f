"""Watching: the page keeps itself fresh, disturbs nobody, and says when it can't."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.dashboard import RunningDashboard
from tests.browser.tab import draft, opened, polled, show_items, sign_in, submit
from tests.dashboard import data_ids

LONG = 2_500  # items: 25 s at the house's rate
PLACES = """() => ({
    scrolled: scrollY,
    above: document.querySelector("#progress").offsetHeight,
    field: document.querySelector("#search-items").getBoundingClientRect().top,
})"""

FOCUSED_GROUP = "document.activeElement.closest('.group a')?.closest('.group').id"
SETTLED = "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')"


def watch(page, start):
    """Submit a list that takes long and stand before its items."""
    sign_in(page)
    draft(page, data_ids(LONG, start=start), f"long-{start}.txt")
    submit(page)
    page.get_by_label("Parts of this submission").get_by_role("link", name="Items").click()
    expect(page.locator("#search-items")).to_be_visible()


@pytest.mark.long
def test_focus_scroll_and_typed_text_survive(tab):
    tab.set_viewport_size({"width": 1000, "height": 400})
    watch(tab, 100_000)
    show_items(tab)
    search = tab.get_by_placeholder("Id, name or path")
    search.fill("fil.00")
    search.evaluate("field => field.setSelectionRange(2, 4)")
    before = tab.evaluate(PLACES)
    assert before["scrolled"] > 0
    for _ in range(2):
        with tab.expect_response(polled):
            pass
    expect(search).to_be_focused()
    expect(search).to_have_value("fil.00")
    assert search.evaluate("field => [field.selectionStart, field.selectionEnd]") == [2, 4]
    after = tab.evaluate(PLACES)
    assert abs(after["field"] - before["field"]) < 1  # nothing moves before the reader's eyes,
    grown = after["above"] - before["above"]  # though a new status may need another row above
    assert abs(after["scrolled"] - before["scrolled"] - grown) <= 1  # both are rounded


@pytest.mark.long
def test_focus_within_the_moving_part_survives(tab):
    watch(tab, 110_000)
    tab.locator("#progress .groups").get_by_role("link").first.focus()
    group = tab.evaluate(FOCUSED_GROUP)
    assert group
    for _ in range(2):
        with tab.expect_response(polled) as answer:
            pass
        answer.value.finished()
        tab.wait_for_function(SETTLED)
        assert tab.evaluate(FOCUSED_GROUP) == group  # its link tells what statuses it has by now


def test_an_ended_session_leads_to_signing_in(browser, dashboard):
    # The 401 of the poll is an error to the console, so this window may complain.
    with opened(browser, dashboard.root, forgiving=True) as page:
        watch(page, 130_000)
        context = page.context
        cookies = context.cookies()
        context.request.post("/signout", headers={"Origin": dashboard.root})
        context.add_cookies(cookies)  # what a browser has that missed the end
        expect(page).to_have_url(re.compile("/signin"))
        expect(page.get_by_label("ICA API key")).to_be_visible()


def test_a_dashboard_that_goes_away_is_told_and_comes_back(browser, tmp_path):
    # What is out of reach is an error to the console, so this window may complain.
    with (
        RunningDashboard(tmp_path) as dashboard,
        opened(browser, dashboard.root, forgiving=True) as page,
    ):
        watch(page, 140_000)
        banner = page.locator("[data-away]")
        expect(banner).to_be_hidden()
        dashboard.close()
        expect(banner).to_be_visible()
        dashboard.open()
        expect(banner).to_be_hidden()
        with page.expect_response(polled):
            pass


@pytest.mark.long
def test_a_settled_page_does_not_ask(tab):
    sign_in(tab)
    draft(tab, data_ids(3, start=150_000), "short.txt")
    submit(tab)
    expect(tab.locator("#progress .standing")).to_contain_text("Done")
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.clock.install()
    tab.clock.run_for(30_000)
    assert asked == []
