"""No text becomes markup but what this server answered as HTML, and htmx asked for."""

import pytest

from tests.browser.tab import draft, opened, sign_in, submit, wait_until_done
from tests.dashboard import data_ids

REFUSED = """async (name) => {
    const inject = {
        html: () => { document.body.innerHTML = "<b id=injected>"; },
        fragment: () => document.body.insertAdjacentHTML("beforeend", "<b id=injected>"),
        parsed: () => new DOMParser().parseFromString("<b id=injected>", "text/html"),
        script: () => { document.createElement("script").textContent = "1"; },
        policy: () => trustedTypes.createPolicy("linkboard", { createHTML: (html) => html }),
        another: () => trustedTypes.createPolicy("another", { createHTML: (html) => html }),
        swapped: () => htmx.swap({
            text: "<b id=injected>", target: document.body, sourceElement: document.body,
        }),
    };
    try { await inject[name](); } catch (error) { return error.name; }
    return "done";
}"""


@pytest.fixture
def page(browser, dashboard):
    """A window that may complain: what is refused is an error to the console."""
    with opened(browser, dashboard.root, forgiving=True) as page:
        sign_in(page)
        yield page


def test_text_is_no_markup(page):
    for name in ("html", "fragment", "parsed", "script", "policy", "another", "swapped"):
        assert page.evaluate(REFUSED, name) == "TypeError", name
    assert page.locator("#injected").count() == 0


@pytest.mark.long
def test_a_file_of_ours_is_no_part_of_a_page(page):
    """It may hold what somebody else has written."""
    draft(page, data_ids(2, start=180_000), "file.txt")
    submit(page)
    wait_until_done(page)
    before = page.locator("h1").inner_text()
    for path in (f"{page.url}/export.csv", "/static/favicon.svg"):
        page.evaluate("path => htmx.ajax('GET', path, '#main')", path)
    assert page.locator("h1").inner_text() == before
    page.evaluate("htmx.ajax('GET', location.href, {target: '#main', select: 'h1'})")
    assert page.locator("#main > h1").inner_text() == before
