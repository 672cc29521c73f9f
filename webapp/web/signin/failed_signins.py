"""Limits on failed sign-ins, so that nobody finds a key, or keeps ICA busy, by guessing.

They are kept in the memory of a web process: each process counts what it has seen itself. A sign-in
counts as failed from its beginning until ICA has taken the key, so that many at once are as many
guesses. Nothing of what was typed is kept.
"""

import math
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from cachetools import TTLCache

from webapp.web.core.context import network

Clock = Callable[[], float]


class Limit(NamedTuple):
    """So many failures at once, then one more each `seconds`."""

    at_once: int
    seconds: float

    @property
    def window(self) -> float:
        """Seconds after which nothing of any failures is left."""
        return self.at_once * self.seconds


OF_ADDRESS = Limit(10, 6.0)
OF_ALL = Limit(60, 1.0)
MAX_ADDRESSES = 10_000
# Since ICA has taken a key from an address; for so long others' failures don't count there.
KNOWN_SECONDS = 86_400.0
EVERYBODY = ""  # the address under which all failures count


class FailedSignIns:
    """The failed sign-ins by address, an IPv6 one by its network of 64 bits, and all together."""

    def __init__(self, clock: Clock) -> None:
        """`clock` tells seconds since any moment."""
        self._clock, self._lock = clock, Lock()
        self._failed = _cache(OF_ADDRESS.window, clock)  # address: until when all of it is used up
        self._all = _cache(OF_ALL.window, clock)
        self._known = _cache(KNOWN_SECONDS, clock)

    def begin(self, address: str, is_known: Callable[[float], bool]) -> tuple[int, bool]:
        """Count a sign-in as failed for now. Where it is one too many nothing is counted; returns
        the seconds to wait then, else 0, and whether it is others' failures that it waits for.

        is_known: whether somebody who signed in from there in the last so many seconds still is;
        asked only when that decides: other processes let people in too, also before this one began.
        """
        who, now = network(address), self._clock()
        with self._lock:
            others_wait = self._wait_for_others(who)
        known = others_wait > 0 and is_known(KNOWN_SECONDS)
        with self._lock:
            if known:
                self._known[who] = now
            own = _wait(self._failed.get(who, 0.0), OF_ADDRESS, now)
            all_ = self._wait_for_others(who)
            if own or all_:
                return max(own, all_), not own
            self._count(who, now, 1)
            return 0, False

    def take_back(self, address: str, *, known: bool) -> None:
        """It did not fail by its key; `known`: ICA has taken that."""
        who, now = network(address), self._clock()
        with self._lock:
            self._count(who, now, -1)
            if known:
                self._known[who] = now

    def _wait_for_others(self, who: str) -> int:
        if who in self._known:
            return 0
        return _wait(self._all.get(EVERYBODY, 0.0), OF_ALL, self._clock())

    def _count(self, who: str, now: float, failures: int) -> None:
        for cache, key, limit in (
            (self._failed, who, OF_ADDRESS),
            (self._all, EVERYBODY, OF_ALL),
        ):
            cache[key] = max(cache.get(key, now), now) + failures * limit.seconds


def _cache(seconds: float, clock: Clock) -> TTLCache[str, float]:
    return TTLCache(MAX_ADDRESSES, seconds, timer=clock)


def _wait(used_until: float, limit: Limit, now: float) -> int:
    """Seconds until one more failure has room."""
    return max(0, math.ceil(used_until + limit.seconds - now - limit.window))
