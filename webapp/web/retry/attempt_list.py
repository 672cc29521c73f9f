"""Attempts as pages list them: what each has come to, what stops it, and what can be begun next."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from flask import url_for

from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.enums import LEFT_OUT, AttemptKind, AttemptState, BatchState, Blocked, State
from webapp.store.statuses import IN_PROJECT, TAKEN_OUT, UNLINKED
from webapp.store.submissions import Submission
from webapp.web.core.formatting import plural
from webapp.web.core.links import Link, ListUrl
from webapp.web.retry import actions
from webapp.web.retry.actions import RETRY, UNDO
from webapp.web.submissions import problems, status_text
from webapp.web.submissions.status_display import ordered
from webapp.web.submissions.status_text import Group, Segment


class Offer(NamedTuple):
    """An attempt that can be begun. wanted: it is what most readers do next."""

    text: str
    href: str
    wanted: bool = False


class AttemptRow(NamedTuple):
    """An attempt as it is listed. whose: by whom, as a sentence goes on. is_adopted: it is a batch
    that was made elsewhere. stop: the text of the button that stops it, "" for none. is_stuck: the
    visitor may have it tried again now.
    """

    attempt: Attempt
    title: str
    whose: str
    is_adopted: bool
    sentence: str
    href: str
    segments: list[Segment]
    groups: list[Group]
    receipt: str
    stop: str
    is_stuck: bool


def rows(
    submission: Submission,
    attempt_rows: Sequence[Attempt],
    batch_rows: Sequence[Batch],
    viewer_id: int | None,
) -> list[AttemptRow]:
    """The attempts at a submitted list, the first one first, as this account sees them."""
    return [
        _row(submission, one, [row for row in batch_rows if row.attempt == one.number], viewer_id)
        for one in attempt_rows
        if one.state != AttemptState.DRAFT
    ]


def under_way(
    submission: Submission, attempt_rows: Sequence[Attempt], viewer_id: int
) -> list[tuple[Link, str]]:
    """The attempts that run, each with its page and with by whom it is."""
    return [
        (Link(title(submission, one), _address(submission, one)), _by(one, viewer_id))
        for one in attempt_rows
        if one.runs
    ]


def _by(attempt: Attempt, viewer_id: int) -> str:
    return "by you" if attempt.account_id == viewer_id else f"by {attempt.by}"


def _address(submission: Submission, attempt: Attempt) -> str:
    return url_for("attempts.page", submission_id=submission.id, number=attempt.number)


def _row(
    submission: Submission, attempt: Attempt, batch_rows: Sequence[Batch], viewer_id: int | None
) -> AttemptRow:
    href = _address(submission, attempt)
    place = ListUrl(href, {}, "#items")
    labels, moving = status_text.labels_of(attempt), status_text.moving_of(attempt)
    segments = status_text.segments(attempt.counts, place, labels, moving)
    is_own = viewer_id in (attempt.account_id, submission.account_id)
    return AttemptRow(
        attempt=attempt,
        title=title(submission, attempt),
        whose=whose(submission, attempt),
        is_adopted=_is_adopted(submission, attempt),
        sentence=_sentence(submission, attempt, batch_rows),
        href=href,
        segments=segments,
        groups=status_text.groups(segments, place),
        receipt=actions.receipt(attempt),
        stop=_stop(attempt, batch_rows) if is_own else "",
        is_stuck=is_own and any(batch.blocked == Blocked.STUCK for batch in batch_rows),
    )


def _stop(attempt: Attempt, batch_rows: Sequence[Batch]) -> str:
    if attempt.state == AttemptState.GATHERING:
        return "Stop: send nothing of it"
    if any(batch.blocked and batch.state != BatchState.WAITING for batch in batch_rows):
        return "End it: send nothing more of it, and follow it no longer"
    unsent = sum(batch.state == BatchState.WAITING for batch in batch_rows) if attempt.runs else 0
    return f"Stop: do not send the other {plural(unsent, 'batch', 'batches')}" if unsent else ""


def title(submission: Submission, attempt: Attempt) -> str:
    """What the attempt is called."""
    if _is_adopted(submission, attempt):
        return "Attempt 1: the batch as it was made"
    if attempt.number == 1:
        return "Attempt 1: the list as submitted"
    return f"Attempt {attempt.number}: {actions.of(attempt).called}"


def whose(submission: Submission, attempt: Attempt) -> str:
    """By whom it is. Who made a batch elsewhere is not known, only by whom it is watched."""
    return f"{'watched ' if _is_adopted(submission, attempt) else ''}by {attempt.by}"


def _is_adopted(submission: Submission, attempt: Attempt) -> bool:
    return attempt.number == 1 and submission.is_adopted


def _sentence(submission: Submission, attempt: Attempt, batch_rows: Sequence[Batch]) -> str:
    """Its outcome so far, in one sentence; a second one if ICA refused it."""
    if attempt.problem and not attempt.size:
        return attempt.problem
    if _is_adopted(submission, attempt) and attempt.runs and not attempt.counts:
        return "Its items are being read from ICA."
    if refusal := problems.refusal(submission, attempt, batch_rows, "this attempt"):
        sent = any(batch.sent_at for batch in batch_rows)
        return f"{refusal} {_outcome(attempt)}" if sent else refusal
    return _outcome(attempt)


def _outcome(attempt: Attempt) -> str:
    if attempt.state == AttemptState.GATHERING:
        return "Its items are being gathered; then they are sent by itself."
    total = sum(attempt.counts.values())
    words = UNLINKED if attempt.kind == AttemptKind.UNLINK else IN_PROJECT
    done = sum(count for word, count in attempt.counts.items() if word in words)
    so_far = " so far" if attempt.runs else ""
    return f"{done:,} of {plural(total, 'item')} {attempt.kind}ed{so_far}."


def stuck(attempt_rows: Sequence[Attempt], batch_rows: Sequence[Batch]) -> Counter[str]:
    """How many items, by status, these attempts were to unlink and have not unlinked, by ICA's
    answer. Attempts before the last one that linked unlinked items again are left out.
    """
    relinked = max(
        (one.number for one in attempt_rows if actions.of(one) is actions.RELINK), default=0
    )
    unlinking = [
        one for one in attempt_rows if one.kind == AttemptKind.UNLINK and one.number > relinked
    ]
    ended = {one.number for one in unlinking if not one.runs}
    found: Counter[str] = Counter()
    for batch in batch_rows:
        unanswered = batch.state in {BatchState.STOPPED, BatchState.LOST} or batch.lacked_rights
        if batch.attempt in ended and not unanswered:
            found.update({word: n for word, n in batch.held.items() if word not in TAKEN_OUT})
    return found


def offers(
    submission: Submission, attempt_rows: Sequence[Attempt], batch_rows: Sequence[Batch]
) -> Iterator[Offer]:
    """The attempts that can be begun with the items as they stand now, but for an undo; what is
    likeliest wanted first.
    """
    over = submission.state == State.SETTLED
    words = ordered(submission.counts)
    again = actions.offered(RETRY, words, over=True)
    for word in ["FAILED"] if "FAILED" in words else again[: int(over)]:
        called = f"Try again {status_text.what(word)}"
        yield Offer(called, _place("retry.retry", submission, status=word), wanted=over)
    if not over:
        return
    if last := next((one for one in reversed(attempt_rows) if stuck([one], batch_rows)), None):
        failed = [word for word in last.counts if word not in TAKEN_OUT]
        asked = {"attempt": last.number, "status": failed}
        again_url = _place("retry.undo", submission, **asked)
        yield Offer("Try to unlink these again", again_url, wanted=True)
    if unlinked := sorted(UNLINKED.intersection(words)):
        yield Offer(
            "Link again what was unlinked", _place("retry.retry", submission, status=unlinked)
        )
    if LEFT_OUT in words:
        yield Offer("Send what was left out", _place("retry.retry", submission, status=LEFT_OUT))


def undos(submission: Submission) -> Iterator[Link]:
    """The attempts that unlink what is linked, once all others have ended."""
    if submission.state != State.SETTLED:
        return
    words = ordered(submission.counts)
    if "LINKED" in words:
        yield Link("Undo: unlink what it linked", _place("retry.undo", submission))
    if in_part := [word for word in actions.offered(UNDO, words, over=True) if word != "LINKED"]:
        place = _place("retry.undo", submission, status=in_part)
        yield Link("Unlink what is linked in part", place)


def _place(endpoint: str, submission: Submission, **asked: Any) -> str:
    return ListUrl(url_for(endpoint, submission_id=submission.id), asked).changed()
