"""One batch: its ids, what becomes of each of them, and its job."""

import uuid
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import InitVar, dataclass
from enum import StrEnum

from webapp.simulator import outcomes
from webapp.simulator.operations import V3
from webapp.simulator.progress import (
    INITIALISED,
    RUNNING,
    WAITING_RESOURCES,
    Progress,
    seconds_to_finish,
    seconds_to_start,
)
from webapp.simulator.selection import Selection

# An item's id is its batch's with the first 32 bits replaced by its scrambled position: unique,
# and turned back without an index. The factor is odd, hence invertible.
_WORD = 2**32
_FACTOR = 0x9E3779B1
_INVERSE = pow(_FACTOR, -1, _WORD)


class Kind(StrEnum):
    LINKING = "linking"
    UNLINKING = "unlinking"


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
    ends = (done, f"ALREADY_{done}", outcomes.FAILED, f"PARTIALLY_{done}")
    return (INITIALISED, WAITING_RESOURCES, RUNNING, *ends)


@dataclass(frozen=True, slots=True)
class JobState:
    """A job's status and times (seconds since 1970) at one moment."""

    status: str
    started: float | None
    finished: float | None


@dataclass(eq=False)
class Batch:
    """A batch as it was created; everything else follows from the time that has passed."""

    id: str
    kind: Kind
    project_id: str
    user_id: str
    created: float
    rate: float
    data_ids: Sequence[str]
    ends: InitVar[Iterable[str]]

    def __post_init__(self, ends: Iterable[str]) -> None:
        self._positions = _by_status(ends)
        self._salt = int(self.id[:8], 16)

    def __len__(self) -> int:
        return len(self.data_ids)

    @property
    def job_id(self) -> str:
        return str(uuid.uuid5(uuid.UUID(self.id), "job"))

    @property
    def subject_type(self) -> str:
        return f"ProjectData{self.kind.capitalize()}Batch"

    def progress(self, now: float) -> Progress:
        return Progress.after(now - self.created, self.rate, len(self))

    def status(self, position: int, progress: Progress) -> str:
        """An item's status, as V4 words it."""
        if position >= progress.done:
            return progress.unfinished(position)
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
        unfinished = progress.unfinished_ranges()
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
        started = self.created + seconds_to_start(self.rate)
        if progress.is_done:
            finished = self.created + seconds_to_finish(self.rate, len(self))
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
