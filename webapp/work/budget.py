"""The budget: how many calls an account may make to ICA, and how many units it may run at once."""

import threading
from collections import Counter
from collections.abc import Callable

MAX_RUNNING_UNITS = 4  # of one account at the same time, over all workers


class Budget:
    """Counts calls after they were made; an account that made too many waits for the time of those.

    A unit is never interrupted for it, so there may be a few calls more than the rate in one second
    and fewer in the next ones: on average the rate holds. Workers share the rate evenly.
    """

    def __init__(self, calls_per_second: float, clock: Callable[[], float]) -> None:
        """`clock` tells seconds since any moment, and is never set."""
        self._rate = calls_per_second
        self._clock = clock
        self._workers = 1
        self._paid_at: dict[int, float] = {}  # account -> when it may call again
        self._paused_until: dict[int, float] = {}
        self._paces: dict[int, float] = {}
        self._running: Counter[int] = Counter()
        self._lock = threading.Lock()

    def share_among(self, workers: int) -> None:
        """Set how many workers there are."""
        self._workers = max(1, workers)

    def spend(self, account_id: int) -> None:
        """A call was made."""
        now = self._clock()
        with self._lock:
            owed = max(self._paid_at.get(account_id, now), now)
            rate = self._rate * self._paces.get(account_id, 1.0)
            self._paid_at[account_id] = owed + self._workers / rate

    def learn(self, account_id: int, pace: float, seconds: float) -> None:
        """ICA takes this share of the rate from the account, and no more calls for so long."""
        until = self._clock() + seconds
        with self._lock:
            self._paces[account_id] = pace
            self._paused_until[account_id] = max(self._paused_until.get(account_id, until), until)

    def is_spent(self, account_id: int) -> bool:
        """Whether the account may make no more calls now, or ICA has asked for none."""
        now = self._clock()
        paused = self._paused_until.get(account_id, now) > now
        return paused or self._paid_at.get(account_id, now) > now + 1.0

    def begin(self, account_id: int) -> None:
        """A unit of the account starts."""
        with self._lock:
            self._running[account_id] += 1

    def take(self, account_id: int, wanted: int) -> int:
        """Begin up to so many more units of the account, as many as it may run; returns how many.
        Each is to end.
        """
        with self._lock:
            free = max(0, self._most_units() - self._running[account_id])
            taken = min(wanted, free)
            self._running[account_id] += taken
            return taken

    def end(self, account_id: int) -> None:
        """A unit of the account has ended."""
        with self._lock:
            self._running[account_id] -= 1

    def busy(self) -> set[int]:
        """The accounts that can't start another unit now."""
        most = self._most_units()
        with self._lock:
            at_limit = {account for account, count in self._running.items() if count >= most}
            known = {*self._paid_at, *self._paused_until}
        return at_limit | {account for account in known if self.is_spent(account)}

    def _most_units(self) -> int:
        return max(1, MAX_RUNNING_UNITS // self._workers)
