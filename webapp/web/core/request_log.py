"""One line of the log for each request, and the counts of /metrics: where to, never what.

A page that is left open asks every 2 seconds: what pages ask for by themselves is counted, and told
at DEBUG only, unless it fails.
"""

import logging
import time
from functools import cache, partial

from flask import Flask, Response, g, request

from webapp import logs, metrics
from webapp.web.core.security import POLLED

UNTOLD = {"ops.healthz"}
BY_THEMSELVES = POLLED | {"static", "ops.readyz", "ops.metrics"}

log = logging.getLogger(__name__)
_requests = cache(metrics.REQUESTS.labels)  # one of each page and status
_request_seconds = cache(metrics.REQUEST_SECONDS.labels)


def register(app: Flask) -> None:
    """Before all else that looks at requests, so that what those refuse is told as well."""
    app.before_request(_begin)
    app.after_request(_end_with)


def _begin() -> None:
    g.began = time.monotonic()


def _end_with(response: Response) -> Response:
    """A download ends with its last byte, or when its reader breaks it off."""
    if (endpoint := request.endpoint or "none") not in UNTOLD:
        status = response.status_code
        by_itself = endpoint in BY_THEMSELVES and status < 400
        level = logging.DEBUG if by_itself else logging.INFO
        found: dict[str, object] = {}
        if log.isEnabledFor(level):
            found = {
                "method": request.method,
                "rule": request.url_rule.rule if request.url_rule else None,
                "status": status,
                "account": g.viewer.id if g.get("viewer") else None,
                "submission": (request.view_args or {}).get("submission_id"),
            }
        response.call_on_close(partial(_tell, endpoint, status, g.began, level, found))
    return response


def _tell(endpoint: str, status: int, began: float, level: int, found: dict[str, object]) -> None:
    seconds = time.monotonic() - began
    if found:
        log.log(level, "request", extra=logs.fields(**found, seconds=round(seconds, 3)))
    _requests(endpoint, str(status)).inc()
    _request_seconds("yes" if endpoint in POLLED else "no").observe(seconds)
