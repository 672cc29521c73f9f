"""One batch: its ids, the progress and outcome of each of them, and its job."""

import uuid
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webapp.simulator import outcomes
from webapp.simulator.operations import V3, Kind
from webapp.simulator.paging import Selection
from webapp.simulator.state_file import BatchRequest

INITIALISED = "INITIALISED"
WAITING_RESOURCES = "WAITING_RESOURCES"
RUNNING = "RUNNING"
UNFINISHED = (INITIALISED, WAITING_RESOURCES, RUNNING)

MAX_WAITING_ITEMS = 15
MAX_RUNNING_ITEMS = 10
_LAG_ITEMS = MAX_WAITING_ITEMS + MAX_RUNNING_ITEMS  # between the last to begin and the last to end

# An item's id is its batch's id with other first 32 bits: its position, times an odd factor (which
# has an inverse), modulo 2**32. So ids are unique, and need no index to find the position.
_WORD = 2**32
_FACTOR = 0x9E3779B1
_INVERSE = pow(_FACTOR, -1, _WORD)

Progress = dict[str, range]
"""How far a batch is: the positions of its unfinished items by status. All before have ended.

It follows from the clock alone, so it costs the same for any size.
"""


def known_statuses(kind: Kind) -> tuple[str, ...]:
    """The values that the `status` parameter may have."""
    done = outcomes.LINKED if kind is Kind.LINKING else outcomes.UNLINKED
    return (*UNFINISHED, done, f"ALREADY_{done}", outcomes.FAILED, f"PARTIALLY_{done}")


@dataclass(frozen=True, slots=True)
class Job:
    """A batch's job at one moment: its status and times (seconds since 1970)."""

    status: str
    started: float | None
    finished: float | None


class Batch:
    """A batch: its request and outcomes. All else follows from the time that has passed.

    `data_ids` are those of its items, and `final_statuses` the outcome of each.
    """

    def __init__(
        self, request: BatchRequest, data_ids: Sequence[str], final_statuses: Sequence[str]
    ) -> None:
        self.request = request
        self.id = request.id
        self.data_ids = data_ids
        self._final_statuses = final_statuses
        self._positions = _by_status(final_statuses)
        self._salt = int(self.id[:8], 16)

    def __len__(self) -> int:
        return len(self.data_ids)

    @property
    def job_id(self) -> str:
        return str(uuid.uuid5(uuid.UUID(self.id), "job"))

    def progress(self, now: float) -> Progress:
        """Items change their status in order of their positions, at the batch's rate."""
        count = len(self)
        steps = int(min((now - self.request.created) * self.request.rate, count + _LAG_ITEMS))
        lags = (0, MAX_WAITING_ITEMS, _LAG_ITEMS)
        waiting, running, done = (min(count, max(0, steps - lag)) for lag in lags)
        return {
            RUNNING: range(done, running),
            WAITING_RESOURCES: range(running, waiting),
            INITIALISED: range(waiting, count),
        }

    def status(self, position: int, progress: Progress) -> str:
        """An item's status in V4."""
        if position < progress[RUNNING].start:
            return self._final_statuses[position]
        return next(status for status, places in progress.items() if position in places)

    def select(self, statuses: Sequence[str], progress: Progress, version: str) -> Selection:
        """The positions of items in any of these statuses of an API `version`; () means all."""
        if not statuses:
            return Selection(range(len(self)))
        ended = [
            memoryview(positions)[: bisect_left(positions, progress[RUNNING].start)]
            for status, positions in self._positions.items()
            if status_in_version(status, version) in statuses
        ]
        unfinished = [places for status, places in progress.items() if status in statuses]
        return Selection(*ended, *unfinished)

    def item_id(self, position: int) -> str:
        return f"{((position + 1) * _FACTOR % _WORD) ^ self._salt:08x}{self.id[8:]}"

    def position_of(self, item_id: str) -> int | None:
        """The position of the item with this id; None: this batch has no such item."""
        position = (int(item_id[:8], 16) ^ self._salt) * _INVERSE % _WORD - 1
        belongs = item_id[8:] == self.id[8:] and 0 <= position < len(self)
        return position if belongs else None

    def job_at(self, now: float) -> Job:
        """The batch's job as it is at this time."""
        running, waiting, _ = self.progress(now).values()
        started = self.request.created + (MAX_WAITING_ITEMS + 1) / self.request.rate
        if running.start == len(self):
            steps = len(self) + _LAG_ITEMS if len(self) else 0
            finished = self.request.created + steps / self.request.rate
            return Job(self._final_job_status(), min(started, finished), finished)
        if running.stop:
            return Job("RUNNING", started, None)
        return Job("WAITING_FOR_RESOURCES" if waiting.stop else "INITIALIZED", None, None)

    def _final_job_status(self) -> str:
        if self._positions.keys() <= outcomes.SUCCESSES:
            return "SUCCEEDED"
        only_failed = self._positions.keys() == {outcomes.FAILED}
        return "FAILED" if only_failed else "PARTIALLY_SUCCEEDED"


def status_in_version(status: str, version: str) -> str:
    """V3 has no PARTIALLY_LINKED; it reports FAILED instead."""
    return outcomes.FAILED if version == V3 and status == outcomes.PARTIALLY_LINKED else status


def _by_status(statuses: Iterable[str]) -> "dict[str, array[int]]":
    """The positions of the items with each status, ascending."""
    positions: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
    for position, status in enumerate(statuses):
        positions[status].append(position)
    return dict(positions)
