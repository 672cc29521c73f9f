"""How far a batch is: a function of the clock, so that asking costs the same for any size.

Three fronts travel through the items, one behind the other, at the batch's rate. Behind the first
an item waits for resources, behind the second it runs, behind the third it has ended.
"""

from dataclasses import dataclass

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
