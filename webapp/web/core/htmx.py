"""What htmx asks for, and how it is answered."""

import json
from collections.abc import Callable
from typing import NamedTuple

from flask import Response, make_response, request

from webapp.web.core.formatting import iso


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


def polled(tag: str, checked_at: float, render: Callable[[], str | Response]) -> Response:
    """The answer to a poll: 304 while the tag is the browser's own, else the part anew.

    Either way the page learns when it was checked; htmx reads the header on a 304 too.
    """
    same = request.headers.get("HX-PTag") == tag
    response = Response(status=304) if same else make_response(render())
    response.headers["HX-PTag"] = tag
    response.headers["HX-Trigger"] = json.dumps({"checked": {"at": iso(checked_at)}})
    return response
