"""The attempts at a submission: all of them side by side, and each with its own items."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, batches, reasons
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.enums import (
    LEFT_OUT,
    AttemptKind,
    AttemptState,
    BatchState,
    Blocked,
    State,
)
from webapp.store.items import Item
from webapp.store.reasons import Group
from webapp.store.retry import history
from webapp.store.statuses import IN_PROJECT, TAKEN_OUT, UNLINKED
from webapp.store.submissions import Submission
from webapp.web.core import params
from webapp.web.core.access import begun_submission, submission_or_404
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.links import Link, ListUrl, Pager
from webapp.web.core.page import Page, render
from webapp.web.items import exports
from webapp.web.items.reasons import FEW_GROUPS
from webapp.web.retry import actions
from webapp.web.retry.actions import RETRY, UNDO
from webapp.web.submissions import problems, status_text
from webapp.web.submissions.status_display import ordered
from webapp.web.submissions.status_text import Segment

blueprint = Blueprint("attempts", __name__)


class AttemptRow(NamedTuple):
    """An attempt as it is listed. stop: the text of the button that stops it, "" for none.
    is_stuck: the visitor may have it tried again now.
    """

    attempt: Attempt
    title: str
    sentence: str
    href: str
    segments: Sequence[Segment]
    receipt: str
    stop: str
    is_stuck: bool


class AttemptsPage(Page):
    """All attempts at a submission."""

    template = "retry/attempts.html"
    submission: Submission
    attempts: list[AttemptRow]


class AttemptPage(Page):
    """One attempt with its items, those of some statuses or all, in the words that it found.

    history_dropped: those that later attempts have taken may be missing.
    """

    template = "retry/attempt.html"
    submission: Submission
    row: AttemptRow
    items: Sequence[Item]
    history_dropped: bool
    labels: Mapping[str, str]
    reason_groups: list[Group]
    statuses: list[str]
    pager: Pager
    clear_url: str
    export_url: dict[str, str]


@blueprint.get("/submissions/<int:submission_id>/attempts")
def listed(submission_id: int) -> str:
    return render(AttemptsPage(*_begun(submission_id)))


@blueprint.get("/submissions/<int:submission_id>/family")
def former_page(submission_id: int) -> ResponseReturnValue:
    submission = submission_or_404(submission_id)
    return redirect(url_for("attempts.listed", submission_id=submission.id), 301)


@blueprint.get("/submissions/<int:submission_id>/attempts/<int:number>")
def page(submission_id: int, number: int) -> str:
    submission, found = _begun(submission_id)
    row = next((one for one in found if one.attempt.number == number), None)
    if row is None:
        abort(404, f"This submission has no attempt {number}. Its page lists those that there are.")
    statuses = params.words("status")
    place = ListUrl(row.href, {"status": statuses}, "#items")
    items = context().read(history.page, row.attempt, statuses, params.cursor(), params.size())
    groups, _ = context().read(reasons.groups, submission_id, FEW_GROUPS, number)
    return render(
        AttemptPage(
            submission=submission,
            row=row,
            items=items.rows,
            history_dropped=(submission.history_dropped_at or 0.0) > row.attempt.created_at,
            labels=status_text.labels_of(row.attempt),
            reason_groups=groups,
            statuses=statuses,
            pager=place.around(items),
            clear_url=place.changed(status=None),
            export_url=exports.urls(submission, attempt=number, status=statuses),
        )
    )


def _begun(submission_id: int) -> tuple[Submission, list[AttemptRow]]:
    text = "This list was not submitted yet, so there is no attempt at it."
    submission = begun_submission(submission_id, 404, text)
    with context().store.read() as connection:
        attempt_rows = attempts.of_submission(connection, submission_id)
        batch_rows = batches.of_submission(connection, submission_id)
    return submission, rows(submission, attempt_rows, batch_rows, viewer().id)


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


def _row(
    submission: Submission, attempt: Attempt, batch_rows: Sequence[Batch], viewer_id: int | None
) -> AttemptRow:
    place = url_for("attempts.page", submission_id=submission.id, number=attempt.number)
    is_own = viewer_id in (attempt.account_id, submission.account_id)
    return AttemptRow(
        attempt=attempt,
        title=title(attempt),
        sentence=_sentence(submission, attempt, batch_rows),
        href=place,
        segments=status_text.segments(attempt.counts, place, status_text.labels_of(attempt)),
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


def title(attempt: Attempt) -> str:
    """What the attempt is called."""
    if attempt.number == 1:
        return "Attempt 1: the list as submitted"
    return f"Attempt {attempt.number}: {actions.of(attempt).called}"


def _sentence(submission: Submission, attempt: Attempt, batch_rows: Sequence[Batch]) -> str:
    """Its outcome so far, in one sentence; a second one if ICA refused it."""
    if attempt.problem and not attempt.size:
        return attempt.problem
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
) -> Iterator[Link]:
    """The attempts that can be begun with the items as they stand now; what is likeliest wanted
    first.
    """

    def link(endpoint: str, text: str, **asked: Any) -> Link:
        place = url_for(endpoint, submission_id=submission.id)
        return Link(text, ListUrl(place, asked).changed())

    over = submission.state == State.SETTLED
    words = ordered(submission.counts)
    again = actions.offered(RETRY, words, over=True)
    for word in ["FAILED"] if "FAILED" in words else again[: int(over)]:
        yield link("retry.retry", f"Try again {status_text.what(word)}", status=word)
    if not over:
        return
    if last := next((one for one in reversed(attempt_rows) if stuck([one], batch_rows)), None):
        failed = [word for word in last.counts if word not in TAKEN_OUT]
        asked = {"attempt": last.number, "status": failed}
        yield link("retry.undo", "Try to unlink these again", **asked)
    if "LINKED" in words:
        yield link("retry.undo", "Undo: unlink what it linked")
    if in_part := [word for word in actions.offered(UNDO, words, over=True) if word != "LINKED"]:
        yield link("retry.undo", "Unlink what is linked in part", status=in_part)
    if unlinked := sorted(UNLINKED.intersection(words)):
        yield link("retry.retry", "Link again what was unlinked", status=unlinked)
    if LEFT_OUT in words:
        yield link("retry.retry", "Send what was left out", status=LEFT_OUT)
