"""A click that is refused, or not answered, says why and leads on."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.tab import draft, opened, show_items, sign_in, submit, wait_until_done
from tests.dashboard import data_ids
from tests.variants import in_full

TITLE_BELOW_SIGN = """notice => {
    const [sign, words] = [...notice.children].map(child => child.getBoundingClientRect().top);
    return Math.abs(words - sign);
}"""


@pytest.fixture
def page(browser, dashboard):
    """A window that may complain: what is refused is an error to the console."""
    with opened(browser, dashboard.root, forgiving=True) as page:
        sign_in(page)
        yield page


def finish(page, start):
    """Submit a list that fails in part; the address of its page."""
    draft(page, data_ids(60, start=start) + data_ids(3, ending="00", start=start + 500), "part.txt")
    submit(page)
    wait_until_done(page)
    show_items(page)
    return page.url


def failure(page):
    return page.locator("[data-failure]")


def filter_to_failed(page):
    page.get_by_label("Filter by status").get_by_role("link", name="Failed").click()


@pytest.mark.long
def test_a_filter_that_is_refused_says_why(page):
    place = finish(page, 170_000)
    expect(failure(page)).to_be_hidden()
    page.context.request.post(
        place.replace("/items", "/delete"), headers={"Origin": page.url.split("/sub")[0]}
    )
    filter_to_failed(page)
    expect(failure(page)).to_contain_text("This list was discarded, and its items with it.")
    expect(failure(page)).to_be_in_viewport()
    expect(page).to_have_url(place)
    failure(page).get_by_role("link").click()
    expect(page).to_have_url(re.compile("status=FAILED"))
    # ... or housekeeping has removed it meanwhile
    gone = re.compile("This list was discarded|There is no such submission")
    expect(page.locator("main")).to_contain_text(gone)


@pytest.mark.long
def test_a_filter_without_an_answer_can_be_loaded_as_a_page(page):
    place = finish(page, 171_000)
    page.context.set_offline(True)
    filter_to_failed(page)
    expect(failure(page)).to_contain_text("Linkboard did not answer.")
    page.context.set_offline(False)
    failure(page).get_by_role("link").click()
    expect(page).to_have_url(re.compile("status=FAILED"))
    expect(page.locator("#item-table tbody tr")).to_have_count(3)

    page.goto(place)
    page.context.set_offline(True)
    filter_to_failed(page)
    expect(failure(page)).to_be_visible()
    page.context.set_offline(False)
    filter_to_failed(page)
    expect(page.locator("#item-table tbody tr")).to_have_count(3)
    expect(failure(page)).to_be_hidden()


@pytest.mark.parametrize("path", ["/submissions/new", *in_full("/submissions/adopt", "/find")])
def test_a_form_tells_what_is_wrong_beside_its_sign(page, path):
    page.goto(path)
    form = page.locator("main form[method=post]").first
    if (project := form.get_by_role("radio").first).count():
        project.check()
    form.locator("button").last.click()
    notice = page.locator(".notice.error")
    expect(notice).to_be_visible()
    page.wait_for_load_state()
    assert notice.evaluate(TITLE_BELOW_SIGN) < 8  # pixels
