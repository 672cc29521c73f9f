"""One line of the log for each request, and the counts of /metrics: where to, never what.

A page that is left open asks every 2 seconds: what pages ask for by themselves is counted, and told
at DEBUG only, unless it fails.
"""

import logging
import time
from collections.abc import Callable
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
    endpoint, status = request.endpoint or "none", response.status_code
    if endpoint not in UNTOLD:
        by_itself = endpoint in BY_THEMSELVES and status < 400
        level = logging.DEBUG if by_itself else logging.INFO
        tell = partial(_tell, level, _told(status)) if log.isEnabledFor(level) else None
        response.call_on_close(partial(_count, endpoint, str(status), g.began, tell))
    return response


def _told(status: int) -> dict[str, object]:
    return {
        "method": request.method,
        "rule": request.url_rule.rule if request.url_rule else None,
        "status": status,
        "account": g.viewer.id if g.get("viewer") else None,
        "submission": (request.view_args or {}).get("submission_id"),
    }


def _count(endpoint: str, status: str, began: float, tell: Callable[[float], None] | None) -> None:
    seconds = time.monotonic() - began
    if tell:
        tell(seconds)
    _requests(endpoint, status).inc()
    _request_seconds("yes" if endpoint in POLLED else "no").observe(seconds)


def _tell(level: int, found: dict[str, object], seconds: float) -> None:
    log.log(level, "request", extra=logs.fields(**found, seconds=round(seconds, 3)))
