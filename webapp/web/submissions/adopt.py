"""Adopting: a batch that was made elsewhere is watched here from now on."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.ica.errors import Forbidden, IcaError, NotFound
from webapp.ica.models import Batch as IcaBatch
from webapp.ica.models import Project
from webapp.store import Connection, access, batches, submissions, usage
from webapp.store.enums import AuditAction, Source
from webapp.store.submissions import New
from webapp.web.core import audit, errors, forms, params
from webapp.web.core.context import context, ica_client, viewer
from webapp.web.core.forms import Errors, FormPage, Unusable
from webapp.web.submissions import quota
from webapp.work.clients import NoKey

blueprint = Blueprint("adopt", __name__)

IDS = {"project_id": "project", "batch_id": "batch"}


class AdoptPage(FormPage):
    """The form to watch a batch, with what was `given`. details: ICA's own words."""

    template = "submissions/adopt.html"
    given: dict[str, str]
    details: str = ""


@blueprint.route("/submissions/adopt", methods=["GET", "POST"])
def adopt() -> ResponseReturnValue:
    given = {field: params.line(request.form.get(field, "")).lower() for field in IDS}
    given["name"] = forms.name(request.form.get("name", ""))
    if request.method != "POST":
        return forms.answer(AdoptPage(Errors(), given))
    if wrong := _wrong(given):
        return forms.answer(AdoptPage(wrong, given))
    try:
        project = ica_client().project(given["project_id"])
        batch = ica_client().batch(given["project_id"], given["batch_id"])
        size = usage.of_usual_items(ica_client().count_items(project.id, batch.id) or 0)
    except (NotFound, Forbidden) as error:
        text = "ICA knows no such batch in this project, or your key may not see it. Check both."
        return forms.answer(AdoptPage(Errors(batch_id=text), given, errors.quoted(error)))
    except (IcaError, NoKey) as error:
        wrong = Errors(batch_id=errors.sentence(error))
        return forms.answer(AdoptPage(wrong, given, errors.quoted(error)))
    try:
        with context().store.write() as connection:
            usage.lock(connection, viewer().id)  # accounts are locked before their access
            known = _known_here(connection, project, batch)
            submission_id = known or _keep(connection, given, project, batch, size)
    except Unusable as refused:
        return forms.answer(AdoptPage(refused.errors, given))
    if known:
        flash("This batch is watched here already.", "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


def _wrong(given: dict[str, str]) -> Errors:
    wrong = forms.too_long(given)
    for field, what in IDS.items():
        if not params.is_uuid(given[field]):
            wrong[field] = (
                f"The {what}'s id is a UUID, such as 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0. "
                "Whoever made the batch has it in ICA's answer."
            )
    return wrong


def _known_here(connection: Connection, project: Project, batch: IcaBatch) -> int | None:
    """The submission that watches the batch; ICA just let the visitor read its project.

    Keeping that answer first makes a second click wait until the first is through.
    """
    now = context().clock()
    access.remember(connection, viewer().id, project.id, project.name, now)
    submission_id = batches.submission_of(connection, batch.id)
    seen = submission_id and submissions.visible(connection, submission_id, viewer(), now)
    return submission_id if seen else None


def _keep(
    connection: Connection, given: dict[str, str], project: Project, batch: IcaBatch, size: int
) -> int:
    """Watch it from now on, if there is room for the bytes of its items; the submission's id."""
    quota.demand_room(connection, viewer().id, size)
    now = context().clock()
    new = New(
        account=viewer(),
        project_id=project.id,
        project_name=project.name,
        name=given["name"] or f"Batch {batch.id}",
        source=Source.ADOPT,
        batch_size=context().settings.batch_size,
    )
    submission_id = submissions.create(connection, new, now)
    submission = submissions.get(connection, submission_id)
    batches.adopt(connection, submission, batch.id, batch.job.id if batch.job else None, now)
    submissions.begin_adopted(connection, submission_id, now)
    audit.note(connection, AuditAction.ADOPT, submission)
    return submission_id
