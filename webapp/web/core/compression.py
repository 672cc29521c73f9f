"""Compression of pages and of static files, so that a first visit is short on a slow line.

How long a compressed page is tells whether a text that somebody sent stands in it twice (BREACH).
So a page is compressed only where no other site can have asked for it, and polls never are.
"""

import gzip
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from flask import Flask, Response, request

from webapp.web.core.assets import static_version
from webapp.web.core.security import POLLED

TYPES = {"text/html", "text/css", "text/javascript", "image/svg+xml"}
ASKED_HERE = {"same-origin", "none"}  # Sec-Fetch-Site: by our pages, or by a typed address
UNCOMPRESSED = POLLED | {"static"}  # as pages
_small = lru_cache(maxsize=32)(partial(gzip.compress, mtime=0))  # of a static file


def register(app: Flask) -> None:
    """Compress what is worth it, for browsers that take gzip."""
    app.view_functions["static"] = partial(_file, app.view_functions["static"])
    app.after_request(_compress_page)


def _file(send: Callable[..., Any], **place: str) -> Response:
    """A static file. Whoever has it compressed gets it whole: by a weak ETag, the rest may be other
    bytes.
    """
    if request.headers.get("If-Range", "").startswith("W/"):
        request.environ.pop("HTTP_RANGE", None)
    file: Response = send(**place)
    if file.status_code in {200, 304} and file.mimetype in TYPES:
        if request.args.get("v") == static_version():
            file.cache_control.immutable = True
        _compress(file, _small)
    return file


def _compress_page(page: Response) -> Response:
    """It comes from no file, and not piece by piece."""
    if (
        page.status_code == 200
        and request.endpoint not in UNCOMPRESSED
        and page.mimetype in TYPES
        and not page.is_streamed
        and request.headers.get("Sec-Fetch-Site") in ASKED_HERE
    ):
        _compress(page, partial(gzip.compress, compresslevel=1, mtime=0))
    return page


def _compress(response: Response, compressed: Callable[[bytes], bytes]) -> None:
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"]:
        if etag := response.get_etag()[0]:
            response.set_etag(etag, weak=True)  # the same file in other bytes
        if response.status_code == 200:
            response.direct_passthrough = False  # of a file: it is read
            response.set_data(compressed(response.get_data()))
            response.content_encoding = "gzip"
            response.accept_ranges = "none"
