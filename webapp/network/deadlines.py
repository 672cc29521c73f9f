"""How long calls of others may take: each as a whole, and all together of what makes them.

The time-outs of requests are for each piece of an answer, so bytes that drip hold a call for ever.
Here everything counts: connecting, TLS, the request, header and body. Limits nest, the nearest one
holds. They belong to the thread, so nothing has to be handed down to the socket that obeys them.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class _Allowance:
    """So many seconds, from the first call on."""

    seconds: float
    until: float | None = None

    def begin(self, now: float) -> float:
        if self.until is None:
            self.until = now + self.seconds
        return self.until


_allowance: ContextVar[_Allowance | None] = ContextVar("_allowance", default=None)
_until: ContextVar[float] = ContextVar("_until", default=math.inf)


@contextmanager
def all_calls(seconds: float) -> Iterator[None]:
    """All calls within this `with` end so many seconds after the first of them began."""
    before = _allowance.set(_Allowance(seconds))
    try:
        yield
    finally:
        _allowance.reset(before)


@contextmanager
def one_call(seconds: float) -> Iterator[None]:
    """The call within this `with` ends so many seconds from now, or earlier, by all_calls()."""
    now = time.monotonic()
    allowance = _allowance.get()
    ends = allowance.begin(now) if allowance else math.inf
    before = _until.set(min(now + seconds, ends, _until.get()))
    try:
        yield
    finally:
        _until.reset(before)


def left() -> float:
    """Seconds that the call under way may still take, 0 or less when its time is over."""
    return _until.get() - time.monotonic()
