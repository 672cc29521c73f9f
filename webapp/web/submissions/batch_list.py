"""The batches of a submission as its page lists them."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from webapp.store.batches import Batch
from webapp.store.enums import BatchState
from webapp.web.core.formatting import plural
from webapp.web.submissions.status_display import status_label

BLOCKED = "blocked"
LABELS: dict[str, str] = {BatchState.SETTLED: "Done"}
ORDER: list[str] = [
    BatchState.SETTLED,
    BatchState.RUNNING,
    BatchState.SENDING,
    BatchState.WAITING,
    BLOCKED,
]
ORDER += [state for state in BatchState if state not in ORDER]
UNTOLD_JOB = "SUCCEEDED"  # beside a batch that is done, or soon will be


class BatchRow(NamedTuple):
    """A batch. state and label: of its badge. job: what its job says beyond that. ended_at: when
    its job had ended, or it was settled, refused or stopped.
    """

    batch: Batch
    state: str
    label: str
    job: str
    ended_at: float | None


def rows(batches: Sequence[Batch]) -> list[BatchRow]:
    """The batches in their order."""
    return list(map(_row, batches))


def _row(batch: Batch) -> BatchRow:
    state = _state(batch)
    took = batch.took
    ended_at = batch.settled_at if batch.sent_at is None or took is None else batch.sent_at + took
    said = "" if batch.job_status == UNTOLD_JOB else status_label(batch.job_status)
    job = ": ".join(filter(None, [said, batch.job_information]))
    return BatchRow(batch, state, _label(state), job, ended_at)


def in_short(batches: Sequence[Batch]) -> str:
    """8 batches, all done; or how many are done, running, …"""
    counts = Counter(_state(batch) for batch in batches)
    total = plural(len(batches), "batch", "batches")
    if len(counts) < 2:
        every = "all " if len(batches) > 1 else ""
        return ", ".join([total, *(f"{every}{_label(state).lower()}" for state in counts)])
    parts = ", ".join(
        f"{counts[state]:,} {_label(state).lower()}" for state in ORDER if counts[state]
    )
    return f"{total}: {parts}"


def _state(batch: Batch) -> str:
    return BLOCKED if batch.blocked else batch.state


def _label(state: str) -> str:
    return LABELS.get(state, state.capitalize())
