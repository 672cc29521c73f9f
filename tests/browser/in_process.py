"""A window of Chromium before a dashboard in this process, whose time goes by when told to."""

from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.browser.tab import opened

ROOT = "http://localhost:9"  # where nobody listens: what a window asks for comes from the app


@contextmanager
def opened_at(browser, visitor, *, forgiving=False, **options):
    """A page as `opened` of tab.py gives it, signed in as the visitor, on a clock that stands."""
    with opened(browser, ROOT, forgiving=forgiving, **options) as page:
        page.context.route("**/*", lambda route: _answer(visitor, route))
        page.clock.install()
        yield page


def _answer(visitor, route):
    request = route.request
    path = request.url.removeprefix(ROOT)
    answer = visitor.client.open(
        path,
        method=request.method,
        headers={**request.headers, "Host": urlsplit(ROOT).netloc, "Accept-Encoding": "identity"},
        data=request.post_data_buffer,
    )
    headers = {name: value for name, value in answer.headers if name != "Set-Cookie"}
    route.fulfill(status=answer.status_code, headers=headers, body=answer.get_data())
    answer.close()
