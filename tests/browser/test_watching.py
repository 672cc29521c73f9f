"""A page that moves disturbs nobody, tells how it goes, and brings itself up to date at the end."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.in_process import opened_at
from tests.dashboard import data_ids, open_dashboard
from tests.processes import until
from tests.variants import in_full
from tests.web.confirmation import fields

SECOND = 1000  # milliseconds
PAUSE, RESUME = "Pause updates", "Resume updates"
SHOWN = """() => {
    const counter = class extends Notification {
        constructor(...said) {
            super(...said);
            localStorage.shown = JSON.stringify([...JSON.parse(localStorage.shown || "[]"), said]);
        }
    };
    window.Notification = counter;
}"""
ASKS = """
    Object.defineProperty(Notification, "permission", { get: () => "default" });
    Notification.requestPermission = () => new Promise(resolve => { window.answer = resolve; });
"""  # as a browser with somebody before it
HIDES = """
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    window.hide = (now) => {
        hidden = now;
        document.dispatchEvent(new Event("visibilitychange"));
    };
"""
COUNT_ENDS = """() => {
    window.ended = 0;
    document.addEventListener("htmx:finally:request", () => { window.ended += 1; });
}"""
HAVE_ENDED = "count => !(window.ended < count)"  # or another page has come
WILL_SWAP = """() => {
    window.swapped = false;
    const show = () => { window.swapped = true; };
    document.addEventListener("htmx:finally:request", show, { once: true });
}"""
IS_IDLE = "!document.querySelector('.htmx-request')"
POLLS = """!!document.querySelector("[hx-trigger*='every']")"""
SELECTED = "getSelection().toString()"
SELECT = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}"""


@pytest.fixture
def dashboard(tmp_path):
    url = f"sqlite:///{tmp_path / 'linkboard.db'}"
    with open_dashboard(url, tmp_path, rate=2.0, batch_size=60) as found:
        yield found


@pytest.fixture
def page(browser, dashboard):
    with opened_at(browser, dashboard.visitor()) as page:
        yield page


def submitted(dashboard, count=60, failing=20):
    """The page of the items of a list that moves for a while, and of which the last ones fail."""
    ids = data_ids(count) + data_ids(failing, ending="00", start=10_000)
    place = dashboard.visitor().submit(ids)
    dashboard.work(3)
    return f"{place}/items"


def poll(page, seconds=2):
    """What the next poll of the page is answered, and the page shows; None: it polls no more, since
    one that it made meanwhile has shown the end.
    """
    until(lambda: page.evaluate(IS_IDLE), pause=0.01)
    page.evaluate(WILL_SWAP)
    if not page.evaluate(POLLS):
        return None
    with page.expect_response(re.compile("/(progress|rows)")) as found:
        page.clock.run_for(seconds * SECOND)
    until(lambda: page.evaluate("window.swapped ?? true"), pause=0.01)  # or another page has come
    return found.value


def asked_within(page, seconds):
    """How often the page polls meanwhile; each poll is answered, and htmx done with it."""
    asked = []

    def is_poll(request):
        return "/progress" in request.url

    page.evaluate(COUNT_ENDS)
    page.on("request", lambda request: asked.extend([request] * is_poll(request)))
    for _ in range(0, seconds, 2):
        page.clock.run_for(2 * SECOND)
        page.evaluate("0")
        until(lambda: page.evaluate(HAVE_ENDED, len(asked)), pause=0.001)
    return len(asked)


def test_ten_polls_that_change_data_disturb_nobody(page, dashboard):
    page.set_viewport_size({"width": 1000, "height": 500})
    page.goto(submitted(dashboard))
    search = page.locator("#search-items")
    search.fill("fil.00")
    search.evaluate("field => field.setSelectionRange(2, 4)")
    page.locator("#item-table tbody input[type=checkbox]").nth(2).check()
    search.focus()
    menu = page.locator("main details").first
    if menu.count():
        menu.evaluate("details => { details.open = true; }")
    before = search.bounding_box()["y"]
    focused = "document.activeElement.getAttribute('href')"
    glowed, counts = 0, []
    for turn in range(10):
        dashboard.work(2)
        if turn == 5:  # then something within what is polled is selected, and has the focus
            page.locator("#progress .groups a").first.focus()
            address = page.evaluate(focused)
            page.locator("#progress [data-count]").first.evaluate(SELECT)
        assert poll(page).status == 200
        counts.append(page.locator("#progress, #item-chips").all_inner_texts())
        glowed += page.locator("[data-glows]").count()
        assert page.locator("#item-table tbody input[type=checkbox]").nth(2).is_checked()
        assert menu.get_attribute("open") is not None
        assert search.input_value() == "fil.00"
        if turn < 5:
            expect(search).to_be_focused()
            selection = "field => [field.selectionStart, field.selectionEnd]"
            assert search.evaluate(selection) == [2, 4]
            assert abs(search.bounding_box()["y"] - before) <= 1
        else:
            assert page.evaluate(focused) == address
            assert page.evaluate(SELECTED)
    assert len({*map(tuple, counts)}) == 10
    assert glowed
    line = page.locator("[data-rows-changed-line]")
    expect(line).to_contain_text(re.compile(r"^\d+ rows of the list changed since "))
    line.get_by_role("link", name="Show them").click()
    expect(line).to_be_hidden()
    expect(page.locator("#item-table")).to_contain_text("Linked")


def test_the_tab_and_the_ear_are_told_and_the_end_brings_the_page_up_to_date(page, dashboard):
    place = submitted(dashboard, 40, 3)
    page.goto(place)
    name = page.locator("h1").inner_text()
    announcer = page.locator("[data-announcer]")
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile("favicon-moving.svg"))
    heard = []
    for _ in range(6):
        dashboard.work(2)
        poll(page)
        percent = page.locator("#progress").get_attribute("data-percent")
        expect(page).to_have_title(re.compile(rf"^{percent} % · Items · {name} · "))
        heard.append(announcer.inner_text())
    assert len(set(filter(None, heard))) == 1  # at most one in 30 s, however many steps
    assert re.fullmatch(r"(\d+ % done\.)? ?(\d+ failed\.)?", heard[-1])
    rows = page.locator("#item-table tbody tr")
    assert "Linked" not in rows.first.inner_text()
    dashboard.work(90)
    poll(page)
    expect(page).to_have_title(re.compile(rf"^⚠ 3 failed · Items · {name} · "))
    expect(icon).to_have_attribute("href", re.compile("favicon-failed.svg"))
    expect(rows.first).to_contain_text(re.compile("Linked", re.I))
    expect(page.locator("[data-ended-meanwhile]")).to_have_count(0)
    expect(page.get_by_role("button", name=PAUSE)).to_have_count(0)
    asked_within(page, 30)
    expect(announcer).to_contain_text("It has ended.")
    assert asked_within(page, 10) == 0


def test_what_was_told_when_an_attempt_began_goes_when_it_has_ended(browser, dashboard):
    place, visitor = submitted(dashboard, 2, 3).removesuffix("/items"), dashboard.visitor()
    dashboard.work(60)
    visitor.post(f"{place}/retry", fields(visitor.get(f"{place}/retry?status=FAILED")))
    with opened_at(browser, visitor) as page:
        page.goto(place)
        notice = page.locator(".notice.success")
        expect(notice).to_contain_text("Attempt 2 has begun: 3 items to be tried again.")
        expect(notice).to_be_focused()
        dashboard.work(60)
        poll(page)
        expect(page.locator("#progress")).to_have_attribute("data-ended", "")
        expect(notice).to_have_count(0)
        expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("busy", ["types", "ticks", *in_full("selects", "opens")])
def test_who_is_busy_at_the_end_is_not_disturbed(page, dashboard, busy):
    page.goto(submitted(dashboard, 20, 0))
    rows = page.locator("#item-table tbody tr")
    before = rows.all_inner_texts()
    if busy == "types":
        page.locator("#search-items").fill("fil")
    elif busy == "ticks":
        rows.first.get_by_role("checkbox").check()
    elif busy == "selects":
        page.locator("h1").evaluate(SELECT)
    else:
        page.locator("details.menu > summary").click()
    dashboard.work(90)
    poll(page)
    expect(page.get_by_text("It has ended while you watched")).to_be_visible()
    assert rows.all_inner_texts() == before
    page.get_by_role("link", name="Show it as it is now").click()
    expect(rows.first).to_contain_text(re.compile("Linked", re.I))


def test_the_reader_pauses_and_resumes(page, dashboard):
    place = submitted(dashboard)
    page.goto(place)
    page.get_by_role("button", name=PAUSE).click()
    assert asked_within(page, 20) == 0
    page.reload()
    expect(page.get_by_role("button", name=RESUME)).to_be_visible()
    expect(page.locator("[data-watching]")).to_contain_text("paused")
    assert asked_within(page, 20) == 0
    with page.expect_response(re.compile("/progress")):
        page.get_by_role("button", name=RESUME).click()
    assert asked_within(page, 20) > 5


def test_a_hidden_tab_keeps_up_slowly(page, dashboard):
    page.add_init_script(HIDES)
    page.goto(submitted(dashboard))
    poll(page)
    page.evaluate("hide(true)")
    assert asked_within(page, 130) == 4  # every 30 s, as the next of its polls comes
    dashboard.work(90)
    asked_within(page, 30)
    expect(page).to_have_title(re.compile("^⚠ 20 failed · "))
    page.goto(submitted(dashboard))
    page.evaluate("hide(true)")
    with page.expect_response(re.compile("/progress")):
        page.evaluate("hide(false)")


@pytest.mark.parametrize("how", ["away", "faulty"])
def test_what_is_not_answered_is_told_and_mends_by_itself(browser, dashboard, how):
    # What is out of reach is an error to the console, so this window may complain.
    with opened_at(browser, dashboard.visitor(), forgiving=True) as page:
        page.goto(submitted(dashboard))
        poll(page)
        banner = page.locator("[data-away]")

        def fail(route):
            route.abort() if how == "away" else route.fulfill(status=500, body="Out of order")

        page.route("**/progress*", fail)
        colour = "element => getComputedStyle(element).filter"
        for missed in range(3):
            with page.expect_event("requestfailed" if how == "away" else "requestfinished"):
                page.clock.run_for(2 * SECOND)
            (expect(banner).to_be_visible if missed else expect(banner).to_be_hidden)()
        assert page.locator("#progress").evaluate(colour) == "grayscale(1)"
        assert re.search(r"\d\d:\d\d:\d\d", banner.inner_text())
        page.unroute("**/progress*")
        poll(page)
        expect(banner).to_be_hidden()
        assert page.locator("#progress").evaluate(colour) == "none"


def test_of_two_tabs_one_notifies_of_the_end_who_has_asked_for_it(whole_browser, dashboard):
    place = submitted(dashboard, 20, 3)
    with opened_at(whole_browser, dashboard.visitor(), permissions=["notifications"]) as page:
        page.context.add_init_script(f"({SHOWN})()")
        other = page.context.new_page()
        for tab in (page, other):
            tab.goto(place)
        button = page.get_by_role("button", name="Notify me at the end")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        name = page.locator("h1").inner_text()
        dashboard.work(90)
        for tab in (page, other):
            tab.clock.run_for(2 * SECOND)
            expect(tab).to_have_title(re.compile("^⚠ 3 failed"))
        ((title, said),) = page.evaluate("JSON.parse(localStorage.shown)")
        assert title == name
        assert "20 of 23 items linked" in said["body"]
        page.goto(submitted(dashboard, 3, 0))  # nobody has asked for this one
        dashboard.work(90)
        page.clock.run_for(2 * SECOND)
        expect(page).to_have_title(re.compile("^✓"))
        assert len(page.evaluate("JSON.parse(localStorage.shown)")) == 1


@pytest.mark.long
def test_where_the_browser_refuses_notifications_it_is_said(whole_browser, dashboard):
    with opened_at(whole_browser, dashboard.visitor()) as page:
        page.goto(submitted(dashboard))
        button = page.get_by_role("button", name="Notify me at the end")
        said = page.locator("[data-notify-said]")
        button.click()
        expect(said).to_contain_text("refuses notifications of Linkboard. Allow them in its")
        expect(button).to_have_attribute("aria-pressed", "false")
        poll(page)
        expect(said).to_be_visible()


def test_while_the_browser_asks_about_notifications_it_is_said(page, dashboard):
    page.add_init_script(ASKS)
    page.goto(submitted(dashboard))
    said = page.locator("[data-notify-said]")
    page.get_by_role("button", name="Notify me at the end").click()
    expect(said).to_contain_text("The browser asks whether Linkboard may notify you")
    page.evaluate("answer('default')")
    expect(said).to_contain_text("no notification will come")
    page.get_by_role("button", name="Notify me at the end").click()
    page.evaluate("answer('denied')")
    expect(said).to_contain_text("refuses notifications of Linkboard")


def test_without_https_it_is_said_that_no_notification_comes(page, dashboard):
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(submitted(dashboard))
    page.get_by_role("button", name="Notify me at the end").click()
    expect(page.locator("[data-notify-said]")).to_contain_text("addresses without https")


def test_where_there_are_no_notifications_none_is_offered(page, dashboard):
    page.add_init_script("delete window.Notification")
    page.goto(submitted(dashboard))
    expect(page.get_by_role("button", name=PAUSE)).to_be_visible()
    expect(page.get_by_role("button", name="Notify me at the end")).to_be_hidden()


def test_a_filter_and_the_numbers_above_it_show_one_moment(page, dashboard):
    page.goto(submitted(dashboard))
    dashboard.work(90)
    with page.expect_response(re.compile("/progress")):
        page.locator("#chip-FAILED").click()
    expect(page.locator("#chip-FAILED")).to_contain_text("20")
    expect(page.locator("#progress .standing")).to_contain_text("20 not")


def test_the_board_s_filters_and_rows_show_one_moment(page, dashboard):
    submitted(dashboard)
    page.goto("/submissions")
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile("favicon-moving.svg"))
    before = page.locator("#state-chips").inner_text()
    dashboard.work(90)
    with page.expect_response(re.compile("/submissions/rows")):
        page.clock.run_for(5 * SECOND)
    expect(page.locator("#rows")).to_contain_text("20 failed")
    expect(page.locator("#state-chips")).not_to_have_text(before)
    expect(icon).to_have_attribute("href", re.compile("/favicon.svg"))
    expect(page.get_by_role("button", name=PAUSE)).to_be_hidden()
