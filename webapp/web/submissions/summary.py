"""A submission in a few words and numbers: for its page's title and icon, and our scripts."""

from collections.abc import Sequence
from typing import NamedTuple

from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.enums import BoardWord, Phase, State
from webapp.store.submissions import Submission
from webapp.web.submissions import status_text
from webapp.web.submissions.status_display import status_label

GOOD_ENDS = {BoardWord.DONE, BoardWord.UNDONE}


class Summary(NamedTuple):
    """What the polled part says of itself in attributes, but for as_of.

    headline: what the title begins with. icon: of the favicon, a word: moving, done, failed,
    blocked or none. percent: of what runs, a whole number; None while no item is known. failed: how
    many items have not ended well. rows_changed: how often a row of its items was changed. as_of:
    when ICA's counts of what runs came, 0.0 before they did.
    """

    headline: str
    icon: str
    percent: int | None
    failed: int
    ended: bool
    rows_changed: int
    as_of: float


def of(submission: Submission, attempts: Sequence[Attempt], batches: Sequence[Batch]) -> Summary:
    """The summary of a list that was submitted."""
    moving = status_text.moving(submission, attempts)
    failed = status_text.failed(submission.counts, moving)
    labels = status_text.labels(submission, attempts)
    ended = submission.state == State.SETTLED
    percent = 100 if ended else status_text.percent_done(submission, attempts)
    how = status_text.joined([status_label(word, labels) for word in failed]).lower()
    headline, icon = _said(submission, sum(failed.values()), how, percent)
    return Summary(
        headline=headline,
        icon=icon,
        percent=percent,
        failed=sum(failed.values()),
        ended=ended,
        rows_changed=sum(batch.rows_changed for batch in batches),
        as_of=counted_at(attempts, batches),
    )


def counted_at(attempts: Sequence[Attempt], batches: Sequence[Batch]) -> float:
    """When ICA's counts of what runs came, 0.0 before they did."""
    run = {one.number for one in attempts if one.runs}
    return max((one.counted_at or 0.0 for one in batches if one.attempt in run), default=0.0)


def _said(submission: Submission, failed: int, how: str, percent: int | None) -> tuple[str, str]:
    """headline and icon; `how` so many failed, in words."""
    if submission.state == State.ACTIVE:
        if submission.phase == Phase.BLOCKED:
            return "⚠ Blocked", "blocked"
        return "" if percent is None else f"{percent} %", "moving"
    if submission.state != State.SETTLED:
        return "", "none"
    if submission.board_word in GOOD_ENDS or not failed:
        return "✓", "done"
    return f"⚠ {failed:,} {how}", "failed"
