"""Pages of tests/web/page_visits.py in Chromium, as they were answered, with no server behind."""

from contextlib import contextmanager
from dataclasses import dataclass
from mimetypes import guess_type
from urllib.parse import urlsplit

from flask import template_rendered

from webapp.paths import STATIC
from webapp.web.core.assets import joined_scripts

ROOT = "http://pages.test"
PHONE, LAPTOP, WIDE = (390, 844), (1280, 800), (1600, 900)


@dataclass(frozen=True)
class WholePage:
    """A page under the name of its visit, the address that it was found at, its HTML, and the
    template that it was made of.
    """

    name: str
    address: str
    html: str
    template: str


def whole_pages(visits):
    """The pages among the answers; parts, files and redirects are left out."""
    used = []
    with template_rendered.connected_to(lambda _, template, **context: used.append(template.name)):
        for name, answer in visits:
            html = answer.get_data(as_text=True)
            if html.startswith("<!doctype html>") and not answer.location:
                address = f"{ROOT}{answer.request.full_path.rstrip('?')}"
                yield WholePage(name, address, html, used[-1])


@contextmanager
def shown_at(browser, size, theme):
    """A function that shows a page in a window of this size, in light or dark colours."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        reduced_motion="reduce",
        has_touch=size == PHONE,
        bypass_csp=True,  # scripts of the test are put into the page
    )
    tab = context.new_page()
    html: dict[str, str] = {}
    tab.route("**/*", lambda route: route.fulfill(**_answer(route.request, html)))

    def show(page):
        html[page.address] = page.html
        tab.goto(page.address)
        return tab

    try:
        yield show
    finally:
        context.close()


def _answer(request, html):
    if request.is_navigation_request():
        return {"body": html[request.url], "content_type": "text/html; charset=utf-8"}
    path = urlsplit(request.url).path
    if path == "/static/scripts.js":
        return {"body": joined_scripts(), "content_type": "text/javascript"}
    if path.startswith("/static/"):
        file = STATIC / path.removeprefix("/static/")
        return {"body": file.read_bytes(), "content_type": guess_type(file)[0] or "text/plain"}
    return {"status": 204}  # a poll
