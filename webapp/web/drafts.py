"""Drafts: what was read is looked over, then submitted or thrown away."""

from math import ceil
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import batches, entries, submissions, uploads
from webapp.store.batches import Batch, Cut
from webapp.store.pages import Cursor
from webapp.store.submissions import Submission
from webapp.web import items, params, standing
from webapp.web.desk import desk, own_submission, submission_or_404
from webapp.work import unit

FIRST_FEW = 5  # rejected and repeated entries that the review shows
KINDS = {"rejected": "Rejected entries", "repeated": "Repeated ids"}

blueprint = Blueprint("drafts", __name__)


def review(submission: Submission) -> ResponseReturnValue:
    """The draft's page: everything to know before anything is sent."""
    with desk().store.read() as connection:
        few = {
            kind: entries.page(connection, submission.id, kind, Cursor(), FIRST_FEW).rows
            for kind in KINDS
        }
        upload = uploads.get(connection, submission.id)
    return render_template(
        "drafts/review.html",
        submission=submission,
        review=submission.review,
        few=few,
        upload=upload,
        plan=_plan(submission),
        sentence=standing.sentence(submission),
        **items.table(submission),
    )


@blueprint.get("/submissions/<int:submission_id>/entries")
def listed(submission_id: int) -> ResponseReturnValue:
    """All entries of one kind that did not become items."""
    submission = submission_or_404(submission_id)
    kind = request.args.get("kind", "rejected")
    if kind not in KINDS:
        abort(400, "Entries are listed as rejected or as repeated.")
    size = params.size()
    with desk().store.read() as connection:
        page = entries.page(connection, submission_id, kind, params.cursor(), size)
    here = url_for("drafts.listed", submission_id=submission_id)
    return render_template(
        "drafts/entries.html",
        submission=submission,
        title=KINDS[kind],
        kind=kind,
        entries=page.rows,
        previous_url=_url(here, kind, "before", page.previous),
        next_url=_url(here, kind, "after", page.next),
    )


@blueprint.post("/submissions/<int:submission_id>/submit")
def submit(submission_id: int) -> ResponseReturnValue:
    """Confirm the draft; its first batch goes to ICA within this request."""
    submission = own_submission(submission_id, "submit")
    first = _confirm(submission)
    if first:
        unit.perform(desk().context, first)
    else:
        flash("This list was submitted before; it was not submitted twice.", "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/discard")
def discard(submission_id: int) -> ResponseReturnValue:
    submission = own_submission(submission_id, "discard")
    with desk().store.write() as connection:
        gone = submissions.discard(connection, submission_id, desk().now())
    if not gone:
        abort(409, "This list was submitted already, so it can't be discarded any more.")
    flash(f"“{submission.name}” was discarded. Nothing of it was sent.", "success")
    return redirect(url_for("board.board"), 303)


def _plan(submission: Submission) -> dict[str, Any]:
    return {
        "batches": ceil(submission.item_count / submission.batch_size),
        "batch_size": submission.batch_size,
    }


def _confirm(submission: Submission) -> Batch | None:
    """Cut the draft into batches and lease the first; None when it is no draft any more."""
    now = desk().now()
    cuts = _cuts(submission)
    with desk().store.write() as connection:
        if not submissions.confirm(connection, submission.id, len(cuts), now):
            return None
        batches.add(connection, submission, cuts, now)
        submissions.roll_up(connection, submission.id, now)
        return batches.claim_first(connection, submission.id, "web", now)


def _cuts(submission: Submission) -> list[Cut]:
    """Ranges of at most batch_size positions each."""
    firsts = range(1, submission.item_count + 1, submission.batch_size)
    lasts = [min(first + submission.batch_size - 1, submission.item_count) for first in firsts]
    return [Cut(first, last, last - first + 1) for first, last in zip(firsts, lasts, strict=True)]


def _url(here: str, kind: str, name: str, key: int | None) -> str | None:
    return here + params.query({"kind": kind, name: key}) if key else None
