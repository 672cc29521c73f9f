"""Faults of the way: what may happen to a call whatever its operation."""

import time
from functools import partial

from flask import Response
from werkzeug.http import http_date

from webapp.simulator.operations import Operation
from webapp.simulator.problems import Problem
from webapp.simulator.world import World

# How the server is to end a call that it does not answer whole: this header, kept from the client,
# says to close the connection unanswered, or in the middle of the body.
ENDING, DROP, CUT = "X-Simulator-Ending", "drop", "cut"

RETRY_AFTER_SECONDS = 2
_PROXY_PAGE = (
    "<html><head><title>503 Service Temporarily Unavailable</title></head>"
    "<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>"
)


def spoil_before(world: World, operation: Operation) -> Response | None:
    """Stall, refuse or drop a call before anything was done; None lets it through.

    Raises Problem 429 and 500.
    """
    strikes = partial(world.dice.hit, operation=operation.name)
    if strikes("slow"):
        time.sleep(world.options.slow_seconds)
    if strikes("dropped-before"):
        return Response(headers={ENDING: DROP})
    if strikes("503"):
        return Response(_PROXY_PAGE, 503, mimetype="text/html")
    if strikes("500"):
        raise Problem(500, "ICA_API_001", "Something went wrong. Please contact support.")
    refusals: dict[str, dict[str, str]] = {  # with the headers of each
        "429": {"Retry-After": str(RETRY_AFTER_SECONDS)},
        "429-date": {"Retry-After": http_date(world.clock() + RETRY_AFTER_SECONDS)},
        "429-bare": {},
    }
    for name, headers in refusals.items():
        if strikes(name):
            raise Problem(429, "ICA_API_429", "Too many requests. Please try again later!", headers)
    return None


def spoil_after(world: World, operation: Operation, response: Response) -> None:
    """Lose the answer, or half of it, of a call whose work was done."""
    if world.dice.hit("dropped-after", operation.name):
        response.headers[ENDING] = DROP
    elif world.dice.hit("cut", operation.name):
        response.headers[ENDING] = CUT
