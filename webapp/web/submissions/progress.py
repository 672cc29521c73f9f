"""The part of a submission's page that keeps itself fresh."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, batches, chores, polling, submissions, uploads, workers
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.chores import Chore
from webapp.store.enums import LEFT_OUT, ChoreKind, EntryKind, Source, State
from webapp.store.polling import NOTED_EVERY, PollState
from webapp.store.statuses import TAKEN_OUT, UNLINKED
from webapp.store.submissions import Submission
from webapp.web.core import links, security
from webapp.web.core.access import nothing_here
from webapp.web.core.assets import build
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import polled
from webapp.web.items import reasons, table
from webapp.web.retry import attempts as attempts_page
from webapp.web.retry.actions import RETRY, UNDO, offered
from webapp.web.submissions import problems, status_text
from webapp.web.submissions.status_display import ordered

POLL = "every 2s"
STILL = {State.DRAFT, State.SETTLED, State.UNREADABLE, State.DISCARDED}

PARTS = {State.READING: "submissions/_reading.html", State.DRAFT: "drafts/_chores.html"}
CHORES = {
    ChoreKind.TAKE: "Gathering the items",
    ChoreKind.LEAVE_OUT: "Leaving ids out",
    ChoreKind.TAKE_BACK: "Taking ids back",
    ChoreKind.CHECK: "Asking ICA which ids it would refuse",
}

blueprint = Blueprint("progress", __name__)


@blueprint.get("/submissions/<int:submission_id>/progress")
def progress(submission_id: int) -> ResponseReturnValue:
    """Polled: one SELECT, then 304 while nothing has changed. It does not prolong the session."""
    now = context().clock()
    poll_state = context().read(polling.poll_state, session.get("token", ""), submission_id, now)
    if poll_state is None or not poll_state.allowed:
        security.load_viewer()  # is nobody signed in any more, or is there nothing for them to see?
        return nothing_here() if g.get("viewer") else security.ask_to_sign_in()
    if now - poll_state.watched_at > NOTED_EVERY:
        context().write(polling.note, submission_id, now)
    tag = _tag(submission_id, poll_state.revision, poll_state, now)
    return polled(tag, now, lambda: _part(submission_id))


def shown(submission: Submission) -> dict[str, Any]:
    """What the part shows, for the page that holds it."""
    now = context().clock()
    if now - submission.watched_at > NOTED_EVERY:
        context().write(polling.note, submission.id, now)
    with context().store.read() as connection:
        poll_state = polling.poll_state(connection, session.get("token", ""), submission.id, now)
        batch_rows = batches.of_submission(connection, submission.id)
        upload = uploads.get(connection, submission.id)
        attempt_rows = attempts.of_submission(connection, submission.id)
        underway = chores.unfinished(connection, submission.id)
    total, run = sum(submission.counts.values()), {one.number for one in attempt_rows if one.runs}
    state, label = status_text.badge(submission, attempt_rows)
    labels = status_text.labels(submission, attempt_rows)
    place = url_for("submissions.page", submission_id=submission.id)
    return {
        "submission": submission,
        "mine": submission.account_id == viewer().id,
        # By the revision of what is shown: what has changed since is fetched by the next poll.
        "tag": _tag(submission.id, submission.revision, poll_state, now) if poll_state else "",
        "poll": POLL if underway or submission.state not in STILL else None,
        "progress_url": url_for(
            "progress.progress", submission_id=submission.id, shows=submission.state
        ),
        "state": state,
        "label": label,
        "sentence": status_text.sentence(
            submission, attempt_rows, attempts_page.stuck(attempt_rows, batch_rows)
        ),
        "troubles": problems.of(submission, attempt_rows, batch_rows),
        "segments": status_text.segments(submission.counts, place, labels),
        "labels": labels,
        "total": total,
        "percent": status_text.percent_done(attempt_rows),
        "batches": batch_rows,
        "upload": upload,
        "list_facts": _list_facts(submission, place),
        "as_of": max(
            (one.counted_at or 0.0 for one in batch_rows if one.attempt in run), default=0.0
        ),
        "attempts": attempts_page.rows(submission, attempt_rows, batch_rows),
        "chores": [_titled(chore) for chore in underway],
        "now": now,
        "actions": list(actions(submission, attempt_rows, batch_rows)),
    }


def _list_facts(submission: Submission, place: str) -> list[tuple[int, str, str]]:
    """The whole upload: how many entries were sent, left out, repeated and rejected, each in words
    and with where they are listed; nothing without a list.
    """
    review = submission.review
    if submission.source != Source.UPLOAD or not review.good:
        return []
    left_out = submission.counts.get(LEFT_OUT, 0)
    entries = url_for("drafts.listed", submission_id=submission.id)
    return [
        (review.good - left_out, "sent", f"{place}#items"),
        (left_out, "left out", f"{place}{links.query({'status': LEFT_OUT})}#items"),
        (review.repeated, EntryKind.REPEATED, f"{entries}?kind={EntryKind.REPEATED}"),
        (review.rejected, EntryKind.REJECTED, f"{entries}?kind={EntryKind.REJECTED}"),
    ]


def actions(
    submission: Submission, attempt_rows: Sequence[Attempt], batch_rows: Sequence[Batch]
) -> Iterator[tuple[str, str]]:
    """What can be done with its items now: text and address."""
    over = submission.state == State.SETTLED
    words = ordered(submission.counts)
    again = offered(RETRY, words, over=True)
    for word in ["FAILED"] if "FAILED" in words else again[: int(over)]:
        yield f"Try again {status_text.what(word)}", _ask("retry.retry", submission, status=word)
    if not over:
        return
    if last := next(
        (one for one in reversed(attempt_rows) if attempts_page.stuck([one], batch_rows)), None
    ):
        failed = [word for word in last.counts if word not in TAKEN_OUT]
        asked = {"attempt": last.number, "status": failed}
        yield "Try to unlink these again", _ask("retry.undo", submission, **asked)
    if "LINKED" in words:
        yield "Undo: unlink what it linked", _ask("retry.undo", submission)
    if in_part := [word for word in offered(UNDO, words, over=True) if word != "LINKED"]:
        yield "Unlink what is linked in part", _ask("retry.undo", submission, status=in_part)
    if unlinked := sorted(UNLINKED.intersection(words)):
        yield "Link again what was unlinked", _ask("retry.retry", submission, status=unlinked)
    if LEFT_OUT in words:
        yield "Send what was left out", _ask("retry.retry", submission, status=LEFT_OUT)


def _ask(endpoint: str, submission: Submission, **asked: Any) -> str:
    return links.ListUrl(url_for(endpoint, submission_id=submission.id), asked).changed()


def _titled(chore: Chore) -> tuple[str, Chore, str]:
    """A chore that is under way, between what it is called and what holds it up."""
    trouble = problems.sentence(chore.problem) if chore.problem else ""
    return CHORES[chore.kind], chore, trouble


def _part(submission_id: int) -> str | Response:
    security.load_viewer()
    submission = context().read(submissions.get, submission_id)
    found = shown(submission)
    if submission.begun:
        chips = table.chips_of_page(submission, found["labels"])
        found |= {**reasons.panel(submission), **chips}
    moved_on = request.args.get("shows", submission.state) in PARTS.keys() - {submission.state}
    if moved_on or (submission.state == State.DRAFT and not found["chores"]):
        return Response(headers={"HX-Refresh": "true"})  # it is another page now
    part = PARTS.get(submission.state, "submissions/_progress.html")
    return render_template(part, alone=True, **found)


def _tag(submission_id: int, revision: int, poll_state: PollState, now: float) -> str:
    """Everything that the part shows: another tag, another part."""
    silent = workers.is_silent(poll_state.beat_at, now)
    return f"{submission_id}.{revision}.{build()}.{poll_state.trouble}.{'silent' * silent}"
