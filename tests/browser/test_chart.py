"""The chart in Chromium, on a dashboard whose clock the test moves: what a moment's numbers are."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.dashboard import data_ids, open_dashboard


def serve(tab, person):
    """Have the window's requests answered by an app in this process."""

    def answer(route):
        asked = urlsplit(route.request.url)
        headers = {"Sec-Fetch-Site": "same-origin", **route.request.headers}
        with person.client.get(f"{asked.path}?{asked.query}", headers=headers) as found:
            body, named = found.get_data(), dict(found.headers)
        route.fulfill(status=found.status_code, headers=named, body=body)

    tab.route("**/*", answer)


def poll(tab):
    with tab.expect_response(lambda response: "/progress" in response.url):
        tab.evaluate("htmx.trigger('#progress', 'every', {}, false)")


@pytest.mark.slow
def test_pointer_and_keys_tell_a_moments_numbers_which_polls_leave_chosen(browser, tmp_path):
    options = {"timezone_id": "Asia/Tokyo", "reduced_motion": "reduce"}
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, rate=100.0) as dashboard:
        person = dashboard.visitor()
        place = person.submit(data_ids(8000))
        dashboard.work(45, step=15)
        context = browser.new_context(base_url="http://chart.test", **options)
        tab = context.new_page()
        serve(tab, person)
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
        poll(tab)
        expect(slider).to_have_attribute("max", "4")
        expect(slider).to_be_focused()
        assert (linked.text_content(), slider.get_attribute("aria-valuetext")) == (chosen, spoken)
        tab.keyboard.press("End")
        assert linked.text_content() not in {chosen, last}
        assert tab.locator("[data-chart-zone]").text_content() == "GMT+9"
        label = tab.locator("text[data-at]").first
        hour = int(label.text_content()[:2])
        assert (hour - 9) % 24 == int(label.get_attribute("data-at")) // 3600 % 24
        context.close()
