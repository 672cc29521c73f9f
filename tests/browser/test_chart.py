"""The chart in Chromium, on a dashboard whose clock the test moves: what a moment's numbers are."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.in_process import opened_at
from tests.dashboard import data_ids, open_dashboard

PRINTED = "one => getComputedStyle(one, '::after').content"


@pytest.mark.slow
def test_pointer_and_keys_tell_a_moments_numbers_which_polls_leave_chosen(browser, tmp_path):
    with (
        open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, rate=50.0) as dashboard,
        opened_at(browser, dashboard.visitor(), timezone_id="Asia/Tokyo") as tab,
    ):
        place = dashboard.visitor().submit([*data_ids(10, ending="00"), *data_ids(3490)])
        dashboard.work(45, step=15)
        tab.goto(place)
        linked = tab.locator(".chart-legend [data-status=LINKED] [data-chart-count]")
        cursor, slider = tab.locator("[data-chart-cursor]"), tab.get_by_label("Moment of the chart")
        last = linked.text_content()
        assert cursor.get_attribute("d") == ""
        frame = tab.locator("[data-chart-frame]")
        frame.hover(position={"x": 5, "y": 20})
        assert linked.text_content() != last
        assert cursor.get_attribute("d")
        tab.mouse.move(1, 1)
        expect(linked).to_have_text(last)

        slider.focus()
        tab.keyboard.press("ArrowLeft")
        chosen, spoken = linked.text_content(), slider.get_attribute("aria-valuetext")
        assert chosen != last
        assert f"{chosen} Linked" in spoken
        dashboard.work(15, step=15)
        tab.clock.run_for(2_500)
        expect(slider).to_have_attribute("max", "4")
        expect(slider).to_be_focused()
        assert (linked.text_content(), slider.get_attribute("aria-valuetext")) == (chosen, spoken)
        tab.keyboard.press("End")
        assert linked.text_content() not in {chosen, last}
        assert tab.locator("[data-chart-zone]").text_content() == "GMT+9"
        label = tab.locator("text[data-at]").first
        hour = int(label.text_content()[:2])
        assert (hour - 9) % 24 == int(label.get_attribute("data-at")) // 3600 % 24
        assert_it_prints_as_a_report(tab)


def assert_it_prints_as_a_report(tab):
    """What the page has on paper, also of a reader whose screen is dark."""
    paper = "main > .paper:first-child"
    expect(tab.locator(paper)).to_be_hidden()
    expect(tab.locator("#attempts")).to_be_hidden()
    tab.emulate_media(media="print", color_scheme="dark")
    for shown in (
        "h1",
        ".subtitle",
        ".groups",
        ".chart-areas",
        "#reasons tbody tr",
        "#attempts tbody tr",
        paper,
    ):
        expect(tab.locator(shown).first).to_be_visible()
    for screen in (
        *("a.button", "button", "nav", "input:not([type=range])", "summary", "footer"),
        *("text=All attempts", "text=See also", ".watching"),
    ):
        assert not [one for one in tab.locator(screen).all() if one.is_visible()], screen
    assert "Linkboard" in (said := tab.locator(paper).inner_text())
    assert tab.url in said
    you = tab.locator(".facts dd").get_by_text("you", exact=True)
    assert you.evaluate(PRINTED) == '"Dana Demo"'
    for example in tab.locator("#reasons .data-id code").all():
        assert not example.evaluate("e => e.scrollHeight > e.clientHeight + 1")
        assert example.evaluate("e => getComputedStyle(e).webkitLineClamp") == "none"
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(23, 32, 43)"
    for time in (tab.locator("#attempts time").first, tab.locator(f"{paper} time")):
        printed = time.evaluate(PRINTED)
        assert re.search(r"\d{4}, .*GMT\+9", printed), printed  # day and zone, not "5 min ago"
