"""Faults that can hit a call of any operation: refused, delayed, or not answered completely."""

import time
from functools import partial
from http import HTTPStatus

from flask import Response, request
from werkzeug.http import http_date

from webapp.simulator.operations import Operation
from webapp.simulator.problems import Problem
from webapp.simulator.state import Asked, State

# A header that the server removes. It means: close the connection without an answer, or in the
# middle of the body, or send it byte by byte.
ENDING, DROP, CUT, DRIP = "X-Simulator-Ending", "dropped-after", "cut", "drip"

RETRY_AFTER_SECONDS = 2
MAX_LINE_BYTES = 8_192  # of a request line: what usual servers and proxies take


def asked_by(operation: Operation) -> Asked:
    """What the length of the call that is being answered is."""
    values = max((len(values) for values in request.args.listvalues()), default=0)
    line = (request.method, request.environ["REQUEST_URI"], request.environ["SERVER_PROTOCOL"])
    return Asked(operation.id, values, len(" ".join(line)))


def inject_before(state: State, operation: Operation, asked: Asked) -> Response | None:
    """Delay, refuse or drop a call before its work is done; None means no fault. A request line
    that is too long is refused without any.

    Raises Problem 400, 429 and 500.
    """
    hits = partial(state.faults.hits, operation=operation.name)
    if asked.line_bytes > MAX_LINE_BYTES:
        if hits("long-url-drops"):
            return Response(headers={ENDING: DROP})
        if hits("long-url-is-400"):
            raise Problem(400, "The request can't be read")
        return Response(_proxy_page(414), 414, mimetype="text/html")
    if asked.values > state.options.values and hits("too-many-values"):
        raise Problem(400, "The request is not valid")
    if hits("slow"):
        time.sleep(state.options.slow_seconds)
    if hits("dropped-before"):
        return Response(headers={ENDING: DROP})
    if hits("503"):
        return Response(_proxy_page(503), 503, mimetype="text/html")
    if hits("500"):
        raise Problem(500, "Something went wrong. Please contact support.", "ICA_API_001")
    date = http_date(state.clock() + RETRY_AFTER_SECONDS)
    refusals = (("429", str(RETRY_AFTER_SECONDS)), ("429-date", date), ("429-bare", ""))
    for name, retry_after in refusals:
        if hits(name):
            headers = {"Retry-After": retry_after} if retry_after else {}
            raise Problem(429, "Too many requests. Please try again later!", headers=headers)
    return None


def inject_after(state: State, operation: Operation, response: Response) -> None:
    """Drop the answer, or half of it, let it drip, or have a proxy's page instead of it, after the
    work was done.
    """
    for status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.FOUND):
        if state.faults.hits(f"{status.value}", operation.name):
            response.status_code, response.mimetype = status, "text/html"
            response.headers["Location"] = "/sign-in"
            response.set_data(_proxy_page(status))
    for fault in (DROP, CUT, DRIP):
        if state.faults.hits(fault, operation.name):
            response.headers[ENDING] = fault
            return


def _proxy_page(status: int) -> str:
    said = f"{status} {HTTPStatus(status).phrase}"
    return f"<html><head><title>{said}</title></head><body><h1>{said}</h1></body></html>"
