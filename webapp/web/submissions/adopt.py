"""Adopting: a batch that was made elsewhere is watched here from now on."""

from typing import NamedTuple

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.ica.errors import Forbidden, IcaError, NotFound
from webapp.ica.models import Batch as IcaBatch
from webapp.ica.models import Job, Project
from webapp.store import Connection, access, batches, submissions, usage
from webapp.store.enums import AuditAction, Source
from webapp.store.submissions import New
from webapp.web.core import audit, errors, forms, htmx, params
from webapp.web.core.context import context, ica_client, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.forms import Errors, FormPage, Unusable
from webapp.web.core.page import Part, render
from webapp.web.submissions import projects, quota
from webapp.web.submissions.upload import demand_choice
from webapp.work.clients import NoKey

blueprint = Blueprint("adopt", __name__)

RECENT_JOBS = 100  # the newest ones, among which batches are looked for
MAX_OFFERED = 10
NO_PROJECT = "Choose the project that the batch was made in. Its recent batches are listed then."
NO_ID = "Type the id of the batch."
NO_CHOICE = "Type the id of the batch, or press Watch it beside one of the list."
NO_BATCH_ID = (
    "A batch's id is a UUID, such as 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0. It is the “id” in "
    "ICA's answer to the call that made the batch."
)


class OfferedBatch(NamedTuple):
    """A batch that ICA's jobs tell of. batch_id: "" where the job does not tell it; status: of the
    job, in words.
    """

    batch_id: str
    job_id: str
    status: str
    created_at: float | None


class Recent(NamedTuple):
    """The newest batches that can be watched, and what to know of them."""

    offered: list[OfferedBatch]
    told: str


class RecentBatches(Part):
    """The newest batches of the chosen project that are not watched here, and the field for the id
    of any other.

    within_project: one is chosen. recent_told: what to know of its batches. batch_id, wrong_id:
    what was typed, and what is wrong with it.
    """

    template = "submissions/_recent.html"
    within_project: bool
    offered: list[OfferedBatch]
    recent_told: str
    batch_id: str
    wrong_id: str


class AdoptPage(FormPage):
    """The form to watch a batch, with what was `given`. details: ICA's own words."""

    template = "submissions/adopt.html"
    given: dict[str, str]
    details: str = ""


@blueprint.post("/submissions/adopt/recent")
def recent() -> ResponseReturnValue:
    """What ICA's jobs tell of the chosen project; where no script runs, the form with it."""
    given = _given()
    if not htmx.is_part():
        return _form(given, Errors())
    project_id = given["project_id"]
    return render(_batches_part(project_id, _recent(project_id), given["batch_id"]))


@blueprint.route("/submissions/adopt", methods=["GET", "POST"])
def adopt() -> ResponseReturnValue:
    given = _given()
    if request.method != "POST":
        return _form(given, Errors())
    if wrong := _wrong(given):
        return _form(given, wrong)
    try:
        project = ica_client().project(given["project_id"])
        batch = ica_client().batch(given["project_id"], given["batch_id"])
        size = usage.of_usual_items(ica_client().count_items(project.id, batch.id) or 0)
    except (NotFound, Forbidden) as error:
        text = "ICA knows no such batch in this project, or your key may not see it. Check both."
        return _form(given, Errors(batch_id=text), errors.quoted(error))
    except (IcaError, NoKey) as error:
        return _form(given, Errors(batch_id=errors.sentence(error)), errors.quoted(error))
    try:
        with context().store.write() as connection:
            usage.lock(connection, viewer().id)  # accounts are locked before their access
            known = _known_here(connection, project, batch)
            submission_id = known or _keep(connection, given, project, batch, size)
    except Unusable as refused:
        return _form(given, refused.errors)
    if known:
        flash("This batch is watched here already.", "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


def _given() -> dict[str, str]:
    """What was chosen and typed, or the address names; the batch whose button was pressed comes
    before a typed one.
    """
    fields = request.form if request.method == "POST" else request.args
    return {
        "project_id": params.line(fields.get("project_id", "")).lower(),
        "batch_id": params.line(fields.get("watch") or fields.get("batch_id", "")).lower(),
        "name": forms.name(fields.get("name", "")),
    }


def _form(given: dict[str, str], wrong: Errors, details: str = "") -> ResponseReturnValue:
    """The form again, with the recent batches of a project that is chosen, unless ICA just did not
    answer.
    """
    picker = projects.picker(given["project_id"], wrong["project_id"])
    project_id = picker.chosen_project
    found = Recent([], "") if picker.projects_trouble else _recent(project_id)
    if wrong["batch_id"] and not given["batch_id"]:
        wrong["batch_id"] = NO_CHOICE if any(one.batch_id for one in found.offered) else NO_ID
    part = _batches_part(project_id, found, given["batch_id"], wrong["batch_id"])
    return forms.answer(AdoptPage(wrong, given, details), picker, part)


def _batches_part(project_id: str, found: Recent, batch_id: str, wrong: str = "") -> RecentBatches:
    return RecentBatches(params.is_uuid(project_id), *found, batch_id, wrong)


def _wrong(given: dict[str, str]) -> Errors:
    wrong = forms.too_long(given)
    try:
        demand_choice(given["project_id"], NO_PROJECT)
    except Unusable as refused:
        wrong |= refused.errors
    if not params.is_uuid(given["batch_id"]):
        wrong["batch_id"] = NO_BATCH_ID
    return wrong


def _recent(project_id: str) -> Recent:
    """Of the newest jobs that ICA lists: one call, but where it refuses to sort them."""
    if not params.is_uuid(project_id):
        return Recent([], "")
    try:
        jobs, newest_first = next(ica_client().pages_of_jobs(RECENT_JOBS), ([], True))
    except (IcaError, NoKey) as error:
        return Recent([], f"They can't be listed now. {errors.sentence(error)}")
    linking = [job for job in jobs if job.may_link and job.project_id == project_id]
    linking.sort(key=_age)
    known = context().read(batches.ids_here, [job.subject_id for job in linking if job.subject_id])
    offered = [_offered(job) for job in linking if job.subject_id not in known]
    order = "newest " if newest_first else ""
    within = f"the {order}{plural(len(jobs), 'job')} that ICA lists for your key"
    if offered:
        told = f"From {within}, less what is watched here already."
    elif known:
        told = f"The batches of this project among {within} are watched here already."
    else:
        told = f"There are none: among {within}, no job links data into this project."
    return Recent(offered[:MAX_OFFERED], told)


def _age(job: Job) -> float:
    return -job.time_created.timestamp() if job.time_created else 0.0


def _offered(job: Job) -> OfferedBatch:
    return OfferedBatch(
        batch_id=job.subject_id if job.subject_id and params.is_uuid(job.subject_id) else "",
        job_id=job.id,
        status=job.status.replace("_", " ").capitalize(),
        created_at=job.time_created.timestamp() if job.time_created else None,
    )


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
    job, created = batch.job, batch.job.time_created if batch.job else None
    made_at = min(created.timestamp(), now) if created else now
    batches.adopt(connection, submission, batch.id, job.id if job else None, made_at, now)
    submissions.begin_adopted(connection, submission_id, now)
    audit.note(connection, AuditAction.ADOPT, submission)
    return submission_id
