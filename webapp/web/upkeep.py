"""Upkeep: a submission's name and note, its place in the archive, and its end."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, batches, upkeep
from webapp.store.submissions import Submission
from webapp.store.words import State
from webapp.web import attempts as attempts_page
from webapp.web import forms, naming
from webapp.web.desk import desk, own_submission

OBSTACLES = {
    State.ACTIVE: "It is still running. Stop it or let it end, and delete it then.",
    State.READING: "It is still being read. It can be discarded on its own page.",
    State.DRAFT: "It is a draft: discard it on its own page.",
    State.UNREADABLE: "It was never submitted: discard it on its own page.",
    State.DISCARDED: "It is deleted already.",
}

blueprint = Blueprint("upkeep", __name__)


@blueprint.get("/submissions/<int:submission_id>/edit")
def edit(submission_id: int) -> ResponseReturnValue:
    submission = own_submission(submission_id, "rename")
    return _form(submission, {"name": submission.name, "note": submission.note}, {})


@blueprint.post("/submissions/<int:submission_id>/edit")
def save(submission_id: int) -> ResponseReturnValue:
    submission = own_submission(submission_id, "rename")
    given = {
        "name": naming.clean(request.form.get("name", "")),
        "note": request.form.get("note", "").replace("\x00", "").replace("\r\n", "\n").strip(),
    }
    wrong = _wrong(given)
    if wrong:
        return _form(submission, given, wrong)
    with desk().store.write() as connection:
        upkeep.rename(connection, submission_id, given["name"], given["note"], desk().now())
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/archive")
def archive(submission_id: int) -> ResponseReturnValue:
    """Off the board; found again under Archived."""
    submission = own_submission(submission_id, "archive")
    if submission.state != State.SETTLED:
        abort(409, "Only what has ended can be archived; this has not.")
    with desk().store.write() as connection:
        upkeep.archive(connection, submission_id, desk().now())
    flash(f"“{submission.name}” is in the archive. The board shows it under Archived.", "success")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/unarchive")
def take_out(submission_id: int) -> ResponseReturnValue:
    submission = own_submission(submission_id, "take out of the archive")
    with desk().store.write() as connection:
        upkeep.take_out(connection, submission_id, desk().now())
    flash(f"“{submission.name}” is on the board again.", "success")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.get("/submissions/<int:submission_id>/delete")
def confirm(submission_id: int) -> ResponseReturnValue:
    """What would go, before it goes; or why it can't."""
    return _confirmation(own_submission(submission_id, "delete"), 200)


@blueprint.post("/submissions/<int:submission_id>/delete")
def delete(submission_id: int) -> ResponseReturnValue:
    """Nothing of it is kept here; its rows are swept away after it is out of sight."""
    submission = own_submission(submission_id, "delete")
    with desk().store.write() as connection:
        gone = upkeep.throw_away(connection, submission_id, desk().now())
    if not gone:
        return _confirmation(own_submission(submission_id, "delete"), 409)
    flash(f"“{submission.name}” was deleted here. Nothing was changed in ICA.", "success")
    return redirect(url_for("board.board"), 303)


def _wrong(given: dict[str, str]) -> dict[str, str]:
    wrong = naming.too_long(given)
    if not given["name"]:
        wrong["name"] = "Give it a name, so that it is found again."
    return wrong


def _form(
    submission: Submission, given: dict[str, str], wrong: dict[str, str]
) -> ResponseReturnValue:
    shown = {"submission": submission, "given": given, "longest": naming.LONGEST}
    return forms.answer("upkeep/edit.html", wrong, **shown)


def _confirmation(submission: Submission, status: int) -> ResponseReturnValue:
    with desk().store.read() as connection:
        tries = attempts.of_submission(connection, submission.id)
        cut = batches.of_submission(connection, submission.id)
    page = render_template(
        "upkeep/delete.html",
        submission=submission,
        obstacle=OBSTACLES.get(State(submission.state), ""),
        attempts=[(attempts_page.title(one), one.by) for one in tries],
        batch_count=len(cut),
    )
    return page, status
