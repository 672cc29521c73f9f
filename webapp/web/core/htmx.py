"""What htmx asks for, and how it is answered."""

import sys
from collections.abc import Callable, Hashable
from threading import Condition
from typing import NamedTuple

from cachetools import TTLCache, cached
from flask import Flask, Response, current_app, make_response, request

from webapp.web.core.formatting import iso

PAGE = "HX-Current-URL"  # a header: where the part is
SHOWN = "shown_parts"  # among the application's extensions
SHOWN_SECONDS = 2.0  # from one poll of a page to the next
MAX_SHOWN_BYTES = 8_000_000
Key = tuple[Hashable, ...]


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


def share_parts(app: Flask, steady: Callable[[], float]) -> None:
    """Have rendered_once() keep parts for a time by this clock, those that were asked for last.

    While one is rendered, whoever else is to be shown it waits for that.
    """
    kept: TTLCache[Key, str] = TTLCache(
        MAX_SHOWN_BYTES, SHOWN_SECONDS, timer=steady, getsizeof=sys.getsizeof
    )
    share = cached(kept, key=lambda key, _: key, condition=Condition())
    app.extensions[SHOWN] = share(lambda _, render: render())


def rendered_once(key: Key, render: Callable[[], str]) -> str:
    """What this gives, rendered once for all who look at the same: `key` names everything that it
    depends on, but for what may be as old as the page that it is polled by.
    """
    shown: str = current_app.extensions[SHOWN]((request.script_root, *key), render)
    return shown


def polled(tag: str, checked_at: float, render: Callable[[], str | Response]) -> Response:
    """The answer to a poll: 304 while the tag is the browser's own, else the part anew.

    Either way the page learns when it was checked; htmx reads the header on a 304 too.
    """
    same = request.headers.get("HX-PTag") == tag
    response = Response(status=304) if same else make_response(render())
    response.headers["HX-PTag"] = tag
    response.headers["HX-Trigger"] = f'{{"checked": {{"at": "{iso(checked_at)}"}}}}'
    return response
