"""Compression of pages and of static files, so that a first visit is short on a slow line.

How long a compressed page is tells whether a text that somebody sent stands in it twice (BREACH).
So a page is compressed only where no other site can have asked for it, and polls never are.
"""

import gzip
from functools import lru_cache, partial

from flask import Flask, Response, request

from webapp.web.core.assets import static_version
from webapp.web.core.security import POLLED

TYPES = {"text/html", "text/css", "text/javascript", "image/svg+xml"}
ASKED_HERE = {"same-origin", "none"}  # Sec-Fetch-Site: by our pages, or by a typed address
_small = lru_cache(maxsize=32)(partial(gzip.compress, mtime=0))  # of a static file


def register(app: Flask) -> None:
    """Compress what is worth it, for browsers that take gzip."""
    app.before_request(_give_parts_of_the_same)
    app.after_request(_compress)


def _give_parts_of_the_same() -> None:
    """Whoever has a file compressed gets it whole: by a weak ETag, the rest may be other bytes."""
    if request.headers.get("If-Range", "").startswith("W/"):
        request.environ.pop("HTTP_RANGE", None)


def _compress(response: Response) -> Response:
    is_static = request.endpoint == "static"
    fits = response.status_code in {200, 304} if is_static else _is_asked_here(response)
    if not fits or response.mimetype not in TYPES:
        return response
    response.vary.add("Accept-Encoding")
    if is_static and request.args.get("v") == static_version():
        response.cache_control.immutable = True
    if request.accept_encodings["gzip"]:
        if etag := response.get_etag()[0]:
            response.set_etag(etag, weak=True)  # the same file in other bytes
        if response.status_code == 200:
            response.direct_passthrough = False  # of a file: it is read
            page = response.get_data()
            response.set_data(_small(page) if is_static else gzip.compress(page, 1, mtime=0))
            response.content_encoding = "gzip"
            response.accept_ranges = "none"
    return response


def _is_asked_here(page: Response) -> bool:
    is_whole = page.status_code == 200 and not page.is_streamed
    here = request.headers.get("Sec-Fetch-Site") in ASKED_HERE
    return is_whole and here and request.endpoint not in POLLED
