"""What htmx asks for, and how it is answered."""

import sys
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from threading import Lock
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from cachetools import TTLCache
from flask import Response, current_app, make_response, request

from webapp.web.core.formatting import iso

PAGE = "HX-Current-URL"  # a header: where the part is
SHOWN = "shown_parts"  # among the application's extensions
SHOWN_SECONDS = 2.0  # from one poll of a page to the next
MAX_SHOWN_BYTES = 8_000_000
Key = tuple[Hashable, ...]
Shown = TypeVar("Shown")


class Poll(NamedTuple):
    """How a part of a page is asked for again: `every` as in hx-trigger, None: no more.

    tag: changes when anything that the part shows does.
    """

    url: str
    every: str | None
    tag: str


def is_part() -> bool:
    """Whether the browser wants a part of a page rather than a page."""
    return request.headers.get("HX-Request-Type") == "partial"


def query_of_page() -> str:
    """The query of the page that wants a part, as htmx tells its address; "" where that is none."""
    try:
        return urlsplit(request.headers.get(PAGE, "")).query
    except ValueError:
        return ""


def is_refresh() -> bool:
    """Whether a page asks for itself, at the end (updates.js): its reader may be away."""
    return request.headers.get("HX-Request-Type") == "full"


class ShownParts:
    """Parts that were rendered, kept for a time by this clock, those that were asked for last."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._lock = Lock()
        self._begun: dict[Key, Future[Any]] = {}
        self._kept: TTLCache[Key, tuple[Key, Any]] = TTLCache(
            MAX_SHOWN_BYTES, SHOWN_SECONDS, timer=steady, getsizeof=_size
        )

    def get(self, key: Key, render: Callable[[], Shown]) -> Shown:
        """While one thread renders it, all others wait for that; who has waited in vain does it."""
        own = Future[Shown]()
        with self._lock:
            with suppress(KeyError):
                kept: Shown = self._kept[key][1]
                return kept
            first: Future[Shown] = self._begun.setdefault(key, own)
        if first is not own:
            with suppress(CancelledError, TimeoutError):
                return first.result(SHOWN_SECONDS)
            return render()
        try:
            shown = render()
            with self._lock, suppress(ValueError):  # it may be too large
                self._kept[key] = key, shown
            own.set_result(shown)
            return shown
        finally:
            own.cancel()  # where it failed
            del self._begun[key]


def _size(kept: tuple[Key, Any]) -> int:
    """Bytes, about: those of the text that it could be written as."""
    return sys.getsizeof(repr(kept))


def rendered_once(key: Key, render: Callable[[], Shown]) -> Shown:
    """What this gives, rendered once for all who look at the same: `key` names everything that it
    depends on, but for what may be as old as the page that it is polled by.
    """
    shown: ShownParts = current_app.extensions[SHOWN]
    return shown.get((request.script_root, *key), render)


def is_known(tag: str) -> bool:
    """Whether the browser that polls has the part under this tag already."""
    return request.headers.get("HX-PTag") == tag


def polled(tag: str, checked_at: float, render: Callable[[], str | Response]) -> Response:
    """The answer to a poll: 304 while the tag is the browser's own, else the part anew.

    Either way the page learns when it was checked; htmx reads the header on a 304 too.
    """
    response = Response(status=304) if is_known(tag) else make_response(render())
    response.headers["HX-PTag"] = tag
    response.headers["HX-Trigger"] = f'{{"checked": {{"at": "{iso(checked_at)}"}}}}'
    return response
