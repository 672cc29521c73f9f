"""The answer to "where are my ids?", for one reader and as of one moment, id by id."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from webapp.store import Store, finds, submissions
from webapp.store.finds import NEVER, Holding, Latest, Reader
from webapp.store.submissions import Submission
from webapp.web.filters import iso
from webapp.web.summary import LABELS

COLUMNS = (
    "line",
    "data_id",
    "outcome",
    "submission_id",
    "submission",
    "project",
    "attempt",
    "submitted",
    "status",
    "reason",
    "name",
    "path",
)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An id as one submission holds it, the one that counts first; None where nobody does."""

    latest: Latest
    holding: Holding | None
    submission: Submission | None
    counts: bool
    label: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Worked out while it is read; it needs no request, so it may stream."""

    store: Store
    find_id: str
    reader: Reader

    def latest(self) -> Iterator[Latest]:
        """What became of each id."""
        return finds.latest(self.store, self.find_id, self.reader)

    def picked(self, outcomes: Collection[str]) -> Iterator[Latest]:
        """The ids with one of these outcomes; without any, all ids."""
        return (found for found in self.latest() if not outcomes or found.outcome in outcomes)

    def rows(self, picked: Iterable[Latest]) -> Iterator[AnswerRow]:
        """The submissions that hold each of these ids, a chunk of ids a transaction."""
        left = iter(picked)
        while chunk := list(islice(left, finds.CHUNK)):
            ordinals = [latest.ordinal for latest in chunk]
            with self.store.read() as connection:
                held = finds.holdings(connection, self.find_id, ordinals, self.reader)
                holders = {
                    holding.submission_id for several in held.values() for holding in several
                }
                known = submissions.many(connection, holders)
            for latest in chunk:
                yield from _rows(latest, held[latest.ordinal], known)


def _rows(
    latest: Latest, held: Sequence[Holding], known: dict[int, Submission]
) -> Iterator[AnswerRow]:
    if not held:
        yield AnswerRow(latest, None, None, True, LABELS[NEVER])
    for place, holding in enumerate(held):
        submission = known[holding.submission_id]
        yield AnswerRow(latest, holding, submission, place == 0, LABELS.get(holding.status))


def values(row: AnswerRow) -> tuple[object, ...]:
    """The cells of a row under COLUMNS."""
    latest, holding, submission = row.latest, row.holding, row.submission
    begin = (latest.line, latest.data_id, latest.outcome)
    if holding is None or submission is None:
        return (*begin, *[""] * (len(COLUMNS) - len(begin)))
    return (
        *begin,
        submission.id,
        submission.name,
        submission.project_name,
        submission.attempt,
        iso(submission.submitted_at) if submission.submitted_at else "",
        holding.status,
        holding.reason,
        holding.name,
        holding.path,
    )
