"""Compression of pages and of static files, so that a first visit is short on a slow line.

How long a compressed page is tells whether a text that somebody sent stands in it twice (BREACH).
So a page is compressed only where no other site can have asked for it, and polls never are.
"""

import gzip
from functools import lru_cache

from flask import Flask, Response, request

from webapp.web.core.security import POLLED

TYPES = {"text/html", "text/css", "text/javascript", "image/svg+xml"}
ASKED_HERE = {"same-origin", "none"}  # Sec-Fetch-Site: by our pages, or by a typed address


def register(app: Flask) -> None:
    """Compress what is worth it, for browsers that take gzip."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.status_code != 200 or request.endpoint in POLLED or response.mimetype not in TYPES:
        return response
    is_static = request.endpoint == "static"
    is_page = not response.is_streamed and request.headers.get("Sec-Fetch-Site") in ASKED_HERE
    if not (is_static or is_page):
        return response
    response.vary.add("Accept-Encoding")
    if is_static:
        response.cache_control.immutable = True  # each address carries its version
    if request.accept_encodings["gzip"]:
        response.direct_passthrough = False  # of a file: it is read
        page = response.get_data()
        response.set_data(_small(page) if is_static else gzip.compress(page, 1, mtime=0))
        response.content_encoding = "gzip"
        response.accept_ranges = "none"
        if etag := response.get_etag()[0]:
            response.set_etag(etag, weak=True)  # the same file in other bytes
    return response


@lru_cache(maxsize=32)
def _small(file: bytes) -> bytes:
    return gzip.compress(file, mtime=0)
