"""The budget: how many calls an account may cost ICA, and how many at once."""

import threading
from collections import Counter
from collections.abc import Callable

AT_ONCE = 4  # units of one account that may run at the same time, over all workers


class Budget:
    """Counts calls after they were made; who has overdrawn waits until the debt is paid.

    A unit is never cut short for it, so a second may see a few calls more than the rate, and the
    next ones fewer: on average the rate holds. A worker takes its share of it, by how many live.
    """

    def __init__(self, calls_per_second: float, clock: Callable[[], float]) -> None:
        self._rate = calls_per_second
        self._clock = clock
        self._workers = 1
        self._paid_at: dict[int, float] = {}  # account -> when its debt is paid
        self._paused_until: dict[int, float] = {}
        self._running: Counter[int] = Counter()
        self._lock = threading.Lock()

    def share_among(self, workers: int) -> None:
        """Say how many workers live."""
        self._workers = max(1, workers)

    def spend(self, account_id: int) -> None:
        """A call was made."""
        now = self._clock()
        with self._lock:
            owed = max(self._paid_at.get(account_id, now), now)
            self._paid_at[account_id] = owed + self._workers / self._rate

    def pause(self, account_id: int, until: float) -> None:
        """ICA asks to be left alone until then."""
        with self._lock:
            self._paused_until[account_id] = max(self._paused_until.get(account_id, 0.0), until)

    def is_spent(self, account_id: int) -> bool:
        """Whether the account has used up what it has for now, or ICA wants to be left alone."""
        now = self._clock()
        paused = self._paused_until.get(account_id, 0.0) > now
        return paused or self._paid_at.get(account_id, 0.0) > now + 1.0

    def begin(self, account_id: int) -> None:
        """A unit of the account starts."""
        with self._lock:
            self._running[account_id] += 1

    def end(self, account_id: int) -> None:
        """A unit of the account has ended."""
        with self._lock:
            self._running[account_id] -= 1

    def busy(self) -> set[int]:
        """The accounts that can't start another unit now."""
        most = max(1, AT_ONCE // self._workers)
        with self._lock:
            crowded = {account for account, count in self._running.items() if count >= most}
            known = {*self._paid_at, *self._paused_until}
        return crowded | {account for account in known if self.is_spent(account)}
