"""How far a batch is: a function of the clock, so that asking costs the same for any size.

Three fronts travel through the items, one behind the other, at the batch's rate. Behind the first
an item waits for resources, behind the second it runs, behind the third it has ended.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

INITIALISED = "INITIALISED"
WAITING_RESOURCES = "WAITING_RESOURCES"
RUNNING = "RUNNING"

MOST_WAITING = 15
MOST_RUNNING = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the fronts stand: items [0, done) ended, [done, running) run, [running, waiting) wait,
    [waiting, count) were not begun."""

    count: int
    waiting: int
    running: int
    done: int

    @classmethod
    def after(cls, seconds: float, rate: float, count: int) -> "Progress":
        """The progress of `count` items, so many seconds after the batch began."""
        reached = max(0, int(min(seconds * rate, count + MOST_WAITING + MOST_RUNNING)))
        return cls(
            count=count,
            waiting=min(count, reached),
            running=min(count, max(0, reached - MOST_WAITING)),
            done=min(count, max(0, reached - MOST_WAITING - MOST_RUNNING)),
        )

    @property
    def is_done(self) -> bool:
        return self.done == self.count

    def unfinished(self, position: int) -> str:
        """The status of an item that has not ended yet."""
        if position < self.running:
            return RUNNING
        return WAITING_RESOURCES if position < self.waiting else INITIALISED

    def unfinished_ranges(self) -> dict[str, range]:
        """The positions in each status that is not an outcome."""
        return {
            RUNNING: range(self.done, self.running),
            WAITING_RESOURCES: range(self.running, self.waiting),
            INITIALISED: range(self.waiting, self.count),
        }


def seconds_to_start(rate: float) -> float:
    """When the first item begins to run, in seconds after the batch was created."""
    return (MOST_WAITING + 1) / rate


def seconds_to_finish(rate: float, count: int) -> float:
    """When the last item ends, in seconds after the batch was created."""
    return (count + MOST_WAITING + MOST_RUNNING) / rate if count else 0.0


class Selection:
    """Chosen positions: the union of ascending sequences that share none.

    All it does is bisection, so a page at any depth costs the same.
    """

    def __init__(self, *parts: Sequence[int]) -> None:
        self._parts = [part for part in parts if len(part)]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def before(self, position: int) -> int:
        """How many chosen positions are smaller than this one."""
        return sum(bisect_left(part, position) for part in self._parts)

    def page_from(self, position: int, size: int) -> list[int]:
        """The first `size` chosen positions that are not smaller than this one."""
        starts = [(part, bisect_left(part, position)) for part in self._parts]
        merged = heapq.merge(*(part[start : start + size] for part, start in starts))
        return list(islice(merged, size))

    def page_at(self, offset: int, size: int) -> list[int]:
        """`size` chosen positions, leaving out the first `offset` of them."""
        if offset >= len(self):
            return []
        end = max(part[-1] for part in self._parts) + 1
        first = bisect_right(range(end), offset, key=self.before) - 1
        return self.page_from(first, size)
