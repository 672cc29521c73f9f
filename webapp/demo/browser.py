"""Uses the dashboard through its pages, as a browser without JavaScript does."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its path, after all redirects, and its HTML."""

    path: str
    html: str

    def has_form(self, action: str) -> bool:
        """Whether the page has a form for an action on itself, such as submit."""
        return f'action="{self.path}/{action}"' in self.html

    @property
    def is_polled(self) -> bool:
        """Whether anything on it still moves."""
        return 'hx-trigger="every ' in self.html


class Browser:
    """One session at one dashboard. Every method raises OSError when the request fails."""

    def __init__(self, root: str) -> None:
        """`root` is the dashboard's address without a path."""
        self._root = root
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor())

    def sign_in(self, key: str) -> Page:
        return self.post("/signin", {"api_key": key})

    def get(self, path: str) -> Page:
        return self._open(Request(self._root + path))

    def post(self, path: str, fields: Mapping[str, str] | None = None) -> Page:
        """Send a form; returns the page that follows."""
        body = urlencode(fields or {}).encode()
        return self._open(Request(self._root + path, body, {"Origin": self._root}))

    def _open(self, request: Request) -> Page:
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return Page(urlsplit(answer.url).path, answer.read().decode())
