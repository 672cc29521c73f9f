"""A submission's name and note, its place in the archive, and its end."""

from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, batches, lifecycle
from webapp.store.enums import AuditAction, State
from webapp.store.retry import other_submissions
from webapp.store.submissions import Submission
from webapp.web.core import audit, forms
from webapp.web.core.access import own_submission
from webapp.web.core.context import context
from webapp.web.core.forms import Errors, FormPage
from webapp.web.core.page import Page, render
from webapp.web.retry import attempt_list

OBSTACLES = {
    State.READING: "It is still being read. It can be discarded on its own page.",
    State.DRAFT: "It is a draft: discard it on its own page.",
    State.RESOLVING: "It was never submitted: discard it on its own page.",
    State.UNREADABLE: "It was never submitted: discard it on its own page.",
    State.DISCARDED: "It is deleted already.",
}
CAN_BE_STOPPED = "It is still running. Stop it by the button on its page, and delete it then."
ALL_SENT = (
    "It is still running: ICA has all of it, and can't be told to stop. Delete it once it has "
    "ended; its page says when that will be."
)
NEEDED_BY = (
    "Of its ids, “{}” shows some as linked that this submission has unlinked. Without this one "
    "nothing would say so: delete that one first, or put this one into the archive."
)

blueprint = Blueprint("lifecycle", __name__)


class EditPage(FormPage):
    """The form for a name and a note, with what was `given`. longest: characters of each."""

    template = "submissions/edit.html"
    submission: Submission
    given: Mapping[str, str]
    longest: Mapping[str, int]


class DeletePage(Page):
    """What would be deleted, or the obstacle to it. attempts: title, and by whom."""

    template = "submissions/delete.html"
    submission: Submission
    obstacle: str | None
    attempts: list[tuple[str, str]]
    batch_count: int


@blueprint.route("/submissions/<int:submission_id>/edit", methods=["GET", "POST"])
def edit(submission_id: int) -> ResponseReturnValue:
    submission = own_submission(submission_id, "rename")
    if request.method != "POST":
        given = {"name": submission.name, "note": submission.note}
        return forms.answer(EditPage(Errors(), submission, given, forms.MAX_CHARACTERS))
    given = {
        "name": forms.name(request.form.get("name", "")),
        "note": request.form.get("note", "").replace("\x00", "").replace("\r\n", "\n").strip(),
    }
    wrong = forms.too_long(given)
    if not given["name"]:
        wrong["name"] = "Give it a name, so that it is found again."
    if wrong:
        return forms.answer(EditPage(wrong, submission, given, forms.MAX_CHARACTERS))
    name, note = given["name"], given["note"]
    with context().store.write() as connection:
        lifecycle.rename(connection, submission_id, name, note, context().clock())
        audit.note(connection, AuditAction.RENAME, submission, name=name)
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/archive")
def archive(submission_id: int) -> ResponseReturnValue:
    """Off the board; found again under Archived."""
    submission = own_submission(submission_id, "archive")
    if submission.state != State.SETTLED:
        abort(409, "Only what has ended can be archived; this has not.")
    with context().store.write() as connection:
        if lifecycle.archive(connection, submission_id, context().clock()):
            audit.note(connection, AuditAction.ARCHIVE, submission)
    flash(f"“{submission.name}” is in the archive. The board shows it under Archived.", "success")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/unarchive")
def take_out(submission_id: int) -> ResponseReturnValue:
    submission = own_submission(submission_id, "take out of the archive")
    with context().store.write() as connection:
        if lifecycle.take_out(connection, submission_id, context().clock()):
            audit.note(connection, AuditAction.UNARCHIVE, submission)
    flash(f"“{submission.name}” is on the board again.", "success")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.route("/submissions/<int:submission_id>/delete", methods=["GET", "POST"])
def delete(submission_id: int) -> ResponseReturnValue:
    """What would go, or why it can't; then nothing of it is kept here.

    Its rows are swept away after it is out of sight.
    """
    submission = own_submission(submission_id, "delete")
    hanging = context().read(other_submissions.dependent_submission, submission)
    if request.method != "POST" or hanging:
        return _confirmation(submission, hanging), 409 if request.method == "POST" else 200
    with context().store.write() as connection:
        gone = lifecycle.discard(connection, submission_id, context().clock())
        if gone:
            audit.note(connection, AuditAction.DELETE, submission)
    if not gone:
        return _confirmation(own_submission(submission_id, "delete")), 409
    flash(f"“{submission.name}” was deleted here. Nothing was changed in ICA.", "success")
    return redirect(url_for("board.board"), 303)


def _confirmation(submission: Submission, hanging: str | None = None) -> str:
    attempt_rows = context().read(attempts.of_submission, submission.id)
    batch_rows = context().read(batches.of_submission, submission.id)
    obstacle = OBSTACLES.get(submission.state) or (hanging and NEEDED_BY.format(hanging))
    if submission.state == State.ACTIVE:
        rows = attempt_list.rows(submission, attempt_rows, batch_rows, submission.account_id)
        obstacle = CAN_BE_STOPPED if any(row.stop for row in rows) else ALL_SENT
    page = DeletePage(
        submission=submission,
        obstacle=obstacle,
        attempts=[
            (attempt_list.title(submission, one), attempt_list.whose(submission, one))
            for one in attempt_rows
        ],
        batch_count=len(batch_rows),
    )
    return render(page)
