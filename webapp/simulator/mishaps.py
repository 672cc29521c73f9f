"""Faults of the way: what may happen to a call whatever its operation."""

import time
from dataclasses import dataclass
from enum import Enum
from typing import Any

from flask import Response
from werkzeug.http import http_date

from webapp.simulator.operations import Operation
from webapp.simulator.problems import Problem
from webapp.simulator.world import World

Environ = dict[str, Any]

RETRY_AFTER_SECONDS = 2
_PROXY_PAGE = (
    "<html><head><title>503 Service Temporarily Unavailable</title></head>"
    "<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>"
)


class Ending(Enum):
    """How the server is to end a call that it does not answer whole."""

    DROP = "close the connection unanswered"
    CUT = "close the connection in the middle of the body"


@dataclass(slots=True)
class Wire:
    """The server's ear: what the app wants of the connection; None: answer whole."""

    ending: Ending | None = None

    @classmethod
    def of(cls, environ: Environ) -> "Wire":
        """The wire of a call; Flask and the server see the same one."""
        wire: Wire = environ.setdefault("simulator.wire", cls())
        return wire


def spoil_before(world: World, operation: Operation, environ: Environ) -> Response | None:
    """Stall, refuse or drop a call before anything was done; None lets it through.

    Raises Problem 429 and 500.
    """
    if _strikes(world, operation, "slow"):
        time.sleep(world.options.slow_seconds)
    if _strikes(world, operation, "dropped-before"):
        Wire.of(environ).ending = Ending.DROP
        return Response()
    if _strikes(world, operation, "503"):
        return Response(_PROXY_PAGE, 503, mimetype="text/html")
    if _strikes(world, operation, "500"):
        raise Problem(500, "ICA_API_001", "Something went wrong. Please contact support.")
    for name, headers in _refusals(world.clock()).items():
        if _strikes(world, operation, name):
            raise Problem(429, "ICA_API_429", "Too many requests. Please try again later!", headers)
    return None


def spoil_after(world: World, operation: Operation, environ: Environ) -> None:
    """Lose the answer, or half of it, of a call whose work was done."""
    if _strikes(world, operation, "dropped-after"):
        Wire.of(environ).ending = Ending.DROP
    elif _strikes(world, operation, "cut"):
        Wire.of(environ).ending = Ending.CUT


def _strikes(world: World, operation: Operation, fault: str) -> bool:
    return world.dice.hit(fault, operation.name)


def _refusals(now: float) -> dict[str, dict[str, str]]:
    """The headers of each kind of 429."""
    return {
        "429": {"Retry-After": str(RETRY_AFTER_SECONDS)},
        "429-date": {"Retry-After": http_date(now + RETRY_AFTER_SECONDS)},
        "429-bare": {},
    }
