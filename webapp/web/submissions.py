"""A submission's pages and acts: making one, its own page, stopping it."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.samples import PROJECT
from webapp.store import batches
from webapp.store.rollup import roll_up
from webapp.store.submissions import Submission
from webapp.store.words import State
from webapp.web import (
    drafts,
    families,
    find,
    handback,
    intake,
    items,
    progress,
    projects,
    reasons,
    samples,
)
from webapp.web.desk import desk, own_submission, submission_or_404
from webapp.web.filters import plural
from webapp.web.intake import Errors, Form, Unusable

blueprint = Blueprint("submissions", __name__)


@blueprint.get("/submissions/new")
def new() -> ResponseReturnValue:
    chosen = request.args.get("project_id", "").strip().lower()
    sample = samples.find(request.args.get("sample", ""))
    ids = sample.content() if sample else find.ids_to_send()
    return _form(Form(project_id=chosen, name="", ids=ids, file=None), {})


@blueprint.post("/submissions/new")
def search() -> ResponseReturnValue:
    """Look for a project where no script runs: the form again, with what was filled in so far."""
    return _form(Form.of(request.form, request.files), {})


@blueprint.post("/submissions")
def create() -> ResponseReturnValue:
    form = Form.of(request.form, request.files)
    try:
        submission_id = intake.take(form)
    except Unusable as error:
        return _form(form, error.errors)
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.get("/submissions/<int:submission_id>")
def page(submission_id: int) -> ResponseReturnValue:
    """One address from the first byte to the last outcome; what it shows follows the state."""
    submission = submission_or_404(submission_id)
    if submission.state == State.DRAFT:
        return drafts.page(submission)
    if submission.state in {State.ACTIVE, State.SETTLED}:
        return _followed(submission)
    return render_template("submissions/reading.html", **progress.shown(submission))


@blueprint.post("/submissions/<int:submission_id>/stop")
def stop(submission_id: int) -> ResponseReturnValue:
    """Take back what was not sent yet; ICA can't be told to stop what it has."""
    submission = own_submission(submission_id, "stop")
    if submission.state not in {State.ACTIVE, State.SETTLED}:
        abort(409, "Nothing of it was submitted, so there is nothing to stop. Its page says more.")
    now = desk().now()
    with desk().store.write() as connection:
        stopped = batches.stop(connection, submission_id, now)
        if stopped:
            roll_up(connection, submission_id, now)
    if stopped:
        flash(f"Stopped: {plural(stopped, 'batch', 'batches')} will not be sent.", "success")
    else:
        flash("There was nothing left to stop: no batch waits to be sent.", "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


def _followed(submission: Submission) -> ResponseReturnValue:
    return render_template(
        "submissions/submission.html",
        **progress.shown(submission),
        **items.table(submission),
        **reasons.shown(submission),
        offers=handback.offers(submission),
        family=families.shown(submission),
    )


def _form(form: Form, errors: Errors) -> ResponseReturnValue:
    rendered = render_template(
        "submissions/new.html",
        form=form,
        errors=errors,
        limit_mb=desk().settings.upload_limit_mb,
        samples=samples.offered(),
        samples_project=PROJECT,
        **projects.options(form.project_id),
    )
    return rendered, 422 if errors else 200
