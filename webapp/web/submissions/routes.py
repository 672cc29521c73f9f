"""A submission's pages and actions: making one, its own page, stopping it."""

from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection
from webapp.store import attempts as attempts_store
from webapp.store import batches as batches_store
from webapp.store.enums import AuditAction, State, Task
from webapp.store.retry import assignment
from webapp.store.submissions import Submission
from webapp.web.core import audit, forms
from webapp.web.core.access import begun_submission, submission_or_404
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.forms import Errors, FormPage, Unusable
from webapp.web.core.page import Page, render
from webapp.web.drafts import review
from webapp.web.find import result
from webapp.web.folders import source
from webapp.web.items import returned_list
from webapp.web.notify import recipients
from webapp.web.retry.start import do_at_once
from webapp.web.submissions import progress, projects, tab_page, upload
from webapp.web.submissions.tabs import Tab
from webapp.web.submissions.upload import Form

TABLE_FILTERS = {"status", "reason", "search", "size", "after", "before"}
CLOSED_AT_ONCE_BATCHES = 4  # of which the items say at once that they were not sent

blueprint = Blueprint("submissions", __name__)


class NewPage(FormPage):
    """The form for a new submission; the project picker is a part of it."""

    template = "submissions/new.html"
    form: Form
    limit_mb: int
    most_sources: int = projects.MAX_SOURCES


class ReadingPage(Page):
    """A list that was not submitted: it is being read, unreadable or discarded."""

    template = "submissions/reading.html"
    submission: Submission


class ResolvingPage(Page):
    """A list for which ICA is asked: its names and paths, or what a folder holds."""

    template = "submissions/resolving.html"
    submission: Submission


@blueprint.get("/submissions/new")
def new() -> ResponseReturnValue:
    return filled_form(result.ids_to_send())


def filled_form(ids: str, project_id: str = "") -> ResponseReturnValue:
    """The form for a new submission with these ids, and else with what was filled in so far or the
    address names; with this project where none is chosen.
    """
    if request.method == "POST":
        form = upload.keep_file(Form.of_request(), Errors())
    else:
        chosen = request.args.get("project_id", "").strip().lower()
        sources = projects.chosen_sources(request.args)
        form = Form(project_id=chosen, name="", ids="", file=None, sources=sources)
    return _form(replace(form, ids=ids, project_id=form.project_id or project_id))


@blueprint.post("/submissions/new")
def search() -> ResponseReturnValue:
    """Look for a project where no script runs: the form again, with what was filled in so far."""
    return _form(upload.keep_file(Form.of_request(), Errors()))


@blueprint.post("/submissions")
def create() -> ResponseReturnValue:
    form = Form.of_request()
    try:
        submission_id = upload.receive(form)
    except Unusable as error:
        return _form(upload.keep_file(form, error.errors), error.errors)
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.get("/submissions/<int:submission_id>")
def page(submission_id: int) -> ResponseReturnValue:
    """One address from the first byte to the last outcome; what it shows follows the state."""
    submission = submission_or_404(submission_id)
    if submission.state == State.DRAFT:
        return review.page(submission)
    if submission.state == State.RESOLVING:
        parts = progress.part(submission), source.part(submission)
        return render(ResolvingPage(submission), *parts)
    if not submission.begun:
        return render(ReadingPage(submission), progress.part(submission))
    if TABLE_FILTERS.intersection(request.args):
        asked = request.query_string.decode()  # as links had it when the table was on this page
        return redirect(f"{url_for('items.page', submission_id=submission_id)}?{asked}", 301)
    return tab_page.page(
        submission,
        Tab.OVERVIEW,
        returned_list.offers(submission),
        source.part(submission),
        recipients.part(submission),
    )


@blueprint.get("/submissions/<int:submission_id>/batches")
def batches(submission_id: int) -> str:
    text = "This list was not submitted yet, so it has no batches."
    return tab_page.page(begun_submission(submission_id, 404, text), Tab.BATCHES)


@blueprint.post("/submissions/<int:submission_id>/stop")
def stop(submission_id: int) -> ResponseReturnValue:
    """Take back what an attempt has not sent yet; ICA can't be told to stop what it has."""
    text = "Nothing of it was submitted, so there is nothing to stop. Its page says more."
    submission = begun_submission(submission_id, 409, text)
    number = request.form.get("attempt", 1, int)
    with context().store.write() as connection:
        _demand_own_attempt(connection, submission, number, "stop this attempt")
        stopped = assignment.stop(connection, submission_id, number, context().clock())
        if any(stopped):
            counts = {"batches": stopped.batches, "given_up": stopped.given_up}
            audit.note(connection, AuditAction.STOP, submission, attempt=number, **counts)
    for _ in range(min(stopped.batches + stopped.given_up, CLOSED_AT_ONCE_BATCHES)):
        do_at_once(submission_id, number, Task.CLOSE)
    if stopped.gathering:
        told = "Stopped: nothing of this attempt will be sent."
    elif stopped.given_up:
        count = plural(stopped.given_up, "batch is", "batches are")
        told = f"Ended: {count} not followed any more. ICA goes on with what it has."
    elif stopped.batches:
        told = f"Stopped: {plural(stopped.batches, 'batch', 'batches')} will not be sent."
    else:
        told = "There was nothing left to stop: no batch waits to be sent."
    flash(told, "success" if any(stopped) else "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/try-again")
def try_again(submission_id: int) -> ResponseReturnValue:
    """Ask ICA again at once about what of an attempt is stuck; the worker does it."""
    text = "Nothing of it was submitted, so nothing of it is stuck. Its page says more."
    submission = begun_submission(submission_id, 409, text)
    number = request.form.get("attempt", 1, int)
    with context().store.write() as connection:
        _demand_own_attempt(connection, submission, number, "have this attempt tried again")
        count = batches_store.try_again(connection, submission_id, number, context().clock())
        if count:
            audit.note(connection, AuditAction.TRY_AGAIN, submission, attempt=number, batches=count)
    if count:
        flash("ICA is asked again now. If it leads no further, this page says so again.", "success")
    else:
        flash("Nothing of it is stuck any more.", "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


def _demand_own_attempt(
    connection: Connection, submission: Submission, number: int, deed: str
) -> None:
    """Aborts unless the attempt is there, and the visitor began it or submitted the list."""
    attempt_rows = attempts_store.of_submission(connection, submission.id)
    attempt = next((one for one in attempt_rows if one.number == number), None)
    if attempt is None:
        abort(404, f"This submission has no attempt {number}.")
    if viewer().id not in {attempt.account_id, submission.account_id}:
        people = " or ".join(dict.fromkeys([attempt.by, submission.submitter]))
        abort(403, f"Only {people} can {deed}: who began it, or submitted the list.")


def _form(form: Form, errors: Errors | None = None) -> ResponseReturnValue:
    page = NewPage(errors or Errors(), form, context().settings.upload_limit_mb)
    wrong = page.errors["project_id"], page.errors["source_id"]
    return forms.answer(page, *projects.pickers(form.project_id, form.sources, *wrong))
