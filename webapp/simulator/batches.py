"""One batch: its ids, what becomes of each of them, and its job."""

import uuid
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webapp.simulator import outcomes
from webapp.simulator.journal import Request
from webapp.simulator.operations import V3, Kind
from webapp.simulator.paging import Selection

INITIALISED = "INITIALISED"
WAITING_RESOURCES = "WAITING_RESOURCES"
RUNNING = "RUNNING"
UNFINISHED = (INITIALISED, WAITING_RESOURCES, RUNNING)

MOST_WAITING = 15
MOST_RUNNING = 10

# An item's id is its batch's with the first 32 bits replaced by its scrambled position: unique,
# and turned back without an index. The factor is odd, hence invertible.
_WORD = 2**32
_FACTOR = 0x9E3779B1
_INVERSE = pow(_FACTOR, -1, _WORD)

_DONE = {Kind.LINKING: outcomes.LINKED, Kind.UNLINKING: outcomes.UNLINKED}
_SUCCESSES = {
    outcomes.LINKED,
    outcomes.ALREADY_LINKED,
    outcomes.UNLINKED,
    outcomes.ALREADY_UNLINKED,
    outcomes.QUARANTINED,
}


def known_statuses(kind: Kind) -> tuple[str, ...]:
    """The words that the `status` parameter takes."""
    done = _DONE[kind]
    return (*UNFINISHED, done, f"ALREADY_{done}", outcomes.FAILED, f"PARTIALLY_{done}")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is: a function of the clock, so that asking costs the same for any size.

    Three fronts travel through the items at the batch's rate, one behind the other: items
    [0, done) ended, [done, running) run, [running, waiting) wait, [waiting, count) were not begun.
    """

    count: int
    waiting: int
    running: int
    done: int

    def unfinished(self) -> dict[str, range]:
        """The positions in each status that is not an outcome."""
        return {
            RUNNING: range(self.done, self.running),
            WAITING_RESOURCES: range(self.running, self.waiting),
            INITIALISED: range(self.waiting, self.count),
        }


@dataclass(frozen=True, slots=True)
class JobState:
    """A job's status and times (seconds since 1970) at one moment."""

    status: str
    started: float | None
    finished: float | None


class Batch:
    """A batch as it was asked for; everything else follows from the time that has passed.

    `data_ids` are those of its items, and `ends` the outcome of each.
    """

    def __init__(self, asked: Request, data_ids: Sequence[str], ends: Iterable[str]) -> None:
        self.asked = asked
        self.id = asked.id
        self.data_ids = data_ids
        self._positions = _by_status(ends)
        self._salt = int(self.id[:8], 16)

    def __len__(self) -> int:
        return len(self.data_ids)

    @property
    def job_id(self) -> str:
        return str(uuid.uuid5(uuid.UUID(self.id), "job"))

    def progress(self, now: float) -> Progress:
        count = len(self)
        passed = (now - self.asked.created) * self.asked.rate
        reached = max(0, int(min(passed, count + MOST_WAITING + MOST_RUNNING)))
        return Progress(
            count=count,
            waiting=min(count, reached),
            running=min(count, max(0, reached - MOST_WAITING)),
            done=min(count, max(0, reached - MOST_WAITING - MOST_RUNNING)),
        )

    def status(self, position: int, progress: Progress) -> str:
        """An item's status, as V4 words it."""
        if position >= progress.done:
            return next(s for s, places in progress.unfinished().items() if position in places)
        return next(s for s, found in self._positions.items() if _contains(found, position))

    def select(self, statuses: Sequence[str], progress: Progress, version: str) -> Selection:
        """The positions of items in any of these statuses as `version` words them; () means all."""
        if not statuses:
            return Selection(range(len(self)))
        ended = [
            memoryview(positions)[: bisect_left(positions, progress.done)]
            for status, positions in self._positions.items()
            if as_worded(status, version) in statuses
        ]
        unfinished = progress.unfinished()
        return Selection(*ended, *(unfinished[s] for s in {*statuses} & {*unfinished}))

    def item_id(self, position: int) -> str:
        return f"{((position + 1) * _FACTOR % _WORD) ^ self._salt:08x}{self.id[8:]}"

    def position_of(self, item_id: str) -> int | None:
        """Where the item with this id stands; None: it is not of this batch."""
        position = (int(item_id[:8], 16) ^ self._salt) * _INVERSE % _WORD - 1
        belongs = item_id[8:] == self.id[8:] and 0 <= position < len(self)
        return position if belongs else None

    def job_state(self, now: float) -> JobState:
        """The job that carries the batch, in a job's own words."""
        progress = self.progress(now)
        started = self.asked.created + (MOST_WAITING + 1) / self.asked.rate
        if progress.done == len(self):
            steps = len(self) + MOST_WAITING + MOST_RUNNING if len(self) else 0
            finished = self.asked.created + steps / self.asked.rate
            return JobState(self._verdict(), min(started, finished), finished)
        if progress.running:
            return JobState("RUNNING", started, None)
        waiting = "WAITING_FOR_RESOURCES" if progress.waiting else "INITIALIZED"
        return JobState(waiting, None, None)

    def _verdict(self) -> str:
        if all(status in _SUCCESSES for status in self._positions):
            return "SUCCEEDED"
        failed_alone = set(self._positions) == {outcomes.FAILED}
        return "FAILED" if failed_alone else "PARTIALLY_SUCCEEDED"


def as_worded(status: str, version: str) -> str:
    """V3 does not know PARTIALLY_LINKED and says FAILED."""
    return outcomes.FAILED if version == V3 and status == outcomes.PARTIALLY_LINKED else status


def _by_status(ends: Iterable[str]) -> "dict[str, array[int]]":
    """The positions of the items with each outcome, ascending."""
    positions: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
    for position, status in enumerate(ends):
        positions[status].append(position)
    return dict(positions)


def _contains(ascending: Sequence[int], position: int) -> bool:
    index = bisect_left(ascending, position)
    return index < len(ascending) and ascending[index] == position
