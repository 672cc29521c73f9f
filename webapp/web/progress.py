"""The part of a submission's page that keeps itself fresh."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from webapp.store import batches, chores, families, submissions, uploads, watching
from webapp.store.batches import Batch
from webapp.store.chores import Chore
from webapp.store.submissions import Submission
from webapp.store.watching import NOTED_EVERY, Glance
from webapp.store.words import BatchState, ChoreKind, State, is_for_retry
from webapp.store.workers import SILENT_AFTER
from webapp.web import guard, params, standing, troubles
from webapp.web.build import build
from webapp.web.desk import desk, nothing_here, viewer
from webapp.web.htmx import polled

POLL = "every 2s"
STILL = {State.DRAFT, State.SETTLED, State.UNREADABLE, State.DISCARDED}

PARTS = {State.READING: "submissions/_reading.html", State.DRAFT: "drafts/_chores.html"}
CHORES = {
    ChoreKind.COPY: "Gathering the items",
    ChoreKind.LEAVE_OUT: "Leaving ids out",
    ChoreKind.TAKE_BACK: "Taking ids back",
    ChoreKind.CHECK: "Asking ICA which ids it would refuse",
}

blueprint = Blueprint("progress", __name__)


@blueprint.get("/submissions/<int:submission_id>/progress")
def progress(submission_id: int) -> ResponseReturnValue:
    """Polled: one SELECT, then 304 while nothing has changed. It does not prolong the session."""
    now = desk().now()
    with desk().store.read() as connection:
        glance = watching.glance(connection, session.get("token", ""), submission_id, now)
    if glance is None or not glance.allowed:
        return _refused()
    if now - glance.watched_at > NOTED_EVERY:
        _note_watched(submission_id, now)
    return polled(
        _tag(submission_id, glance.revision, glance, now), now, lambda: _part(submission_id)
    )


def _refused() -> ResponseReturnValue:
    """Nobody is signed in any more, or there is nothing for them to see."""
    guard.greet()
    return nothing_here() if g.get("viewer") else guard.ask_to_sign_in()


def shown(submission: Submission) -> dict[str, Any]:
    """What the part shows, for the page that holds it."""
    now = desk().now()
    if now - submission.watched_at > NOTED_EVERY:
        _note_watched(submission.id, now)
    with desk().store.read() as connection:
        glance = watching.glance(connection, session.get("token", ""), submission.id, now)
        cut = batches.of_submission(connection, submission.id)
        upload = uploads.get(connection, submission.id)
        made_from = families.made_from(connection, submission)
        underway = chores.unfinished(connection, submission.id)
    total = sum(submission.counts.values())
    return {
        "submission": submission,
        "mine": submission.account_id == viewer().id,
        # By the revision of what is shown: what has changed since is fetched by the next poll.
        "tag": _tag(submission.id, submission.revision, glance, now) if glance else "",
        "poll": POLL if underway or submission.state not in STILL else None,
        "progress_url": url_for(
            "progress.progress", submission_id=submission.id, shows=submission.state
        ),
        "state": standing.shown_state(submission),
        "label": standing.state_label(submission),
        "sentence": standing.sentence(submission),
        "troubles": troubles.of(submission, cut),
        "segments": _segments(submission, total),
        "total": total,
        "percent": standing.percent_done(submission),
        "batches": cut,
        "jobs": _jobs(cut),
        "unsent": sum(batch.state == BatchState.WAITING for batch in cut),
        "as_of": max((batch.counted_at or 0.0 for batch in cut), default=0.0) or None,
        "upload": upload,
        "chores": [_shown_chore(chore) for chore in underway],
        "now": now,
        "acts": acts(submission, made_from),
    }


def _segments(submission: Submission, total: int) -> list[standing.Segment]:
    def href(word: str) -> str:
        place = url_for("submissions.page", submission_id=submission.id)
        return f"{place}{params.query({'status': word})}#items"

    return standing.segments(submission.counts, total, href, labels=standing.labels(submission))


def acts(submission: Submission, made_from: Sequence[Submission]) -> list[tuple[str, str]]:
    """What can be made of the outcomes that nothing was made of yet: text and address."""
    counts = families.left(submission, made_from)
    over = submission.state == State.SETTLED
    words = ["FAILED", *(word for word in counts if over and is_for_retry(word, over=True))]
    again = next((word for word in words if counts.get(word)), None)
    found = []
    if again:
        place = url_for("retry.ask", submission_id=submission.id, status=again)
        found.append((f"Try again {standing.what(again)}", place))
    if over and submission.kind == "link" and counts.get("LINKED"):
        found.append(
            ("Undo: unlink what it linked", url_for("retry.ask_undo", submission_id=submission.id))
        )
    return found


@dataclass(frozen=True, slots=True)
class Underway:
    """A chore as its progress is shown."""

    title: str
    done: int
    total: int
    trouble: str


def _shown_chore(chore: Chore) -> Underway:
    trouble = troubles.sentence(chore.problem) if chore.problem else ""
    return Underway(CHORES[ChoreKind(chore.kind)], chore.done, chore.total, trouble)


def _jobs(cut: list[Batch]) -> list[tuple[str, int]]:
    """How many batches there are of each word: the job's own, else the batch's state."""
    found: dict[str, int] = {}
    for batch in cut:
        word = batch.job_status or batch.state
        found[word] = found.get(word, 0) + 1
    return list(found.items())


def _part(submission_id: int) -> str | Response:
    guard.greet()
    with desk().store.read() as connection:
        submission = submissions.get(connection, submission_id)
    found = shown(submission)
    moved_on = request.args.get("shows", submission.state) in PARTS.keys() - {submission.state}
    if moved_on or (submission.state == State.DRAFT and not found["chores"]):
        return Response(headers={"HX-Refresh": "true"})  # it is another page now
    part = PARTS.get(State(submission.state), "submissions/_progress.html")
    return render_template(part, alone=True, **found)


def _note_watched(submission_id: int, now: float) -> None:
    with desk().store.write() as connection:
        watching.note(connection, submission_id, now)


def _tag(submission_id: int, revision: int, glance: Glance, now: float) -> str:
    """Everything that the part shows: another tag, another part."""
    asleep = glance.beat_at is None or now - glance.beat_at > SILENT_AFTER
    return f"{submission_id}.{revision}.{build()}.{glance.trouble}.{'asleep' * asleep}"
