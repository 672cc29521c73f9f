"""Lists from folders: made by a form, or again of one that was made before."""

from datetime import UTC, datetime

import msgspec
from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import chores, drafts, submissions
from webapp.store.chores import GatherSpec
from webapp.store.documents import FolderQuery, NamedProject
from webapp.store.enums import AuditAction, ChoreKind, Source
from webapp.store.submissions import New, Submission
from webapp.web.core import audit, forms, params
from webapp.web.core.access import listed_or_404, own_submission
from webapp.web.core.context import context, ica_client, viewer
from webapp.web.core.forms import FormPage, Unusable
from webapp.web.core.links import Link
from webapp.web.folders import places
from webapp.web.folders.filters import Filters, described
from webapp.web.folders.places import ROOT_WORD, Place
from webapp.web.folders.routes import REFUSED, make_text, unless_troubled
from webapp.web.submissions import projects, quota
from webapp.web.submissions.upload import demand_choice, readable
from webapp.work import folder_query, gathering
from webapp.work.gathering import MAX_ITEMS

blueprint = Blueprint("folder_lists", __name__)


class MakePage(FormPage):
    """Into which project the data of a folder are to be linked, and what to call the list."""

    template = "folders/make.html"
    place: Place
    crumbs: list[Link]
    back_url: str
    here_url: str
    wanted: list[tuple[str, str]]
    button: str
    name: str


@blueprint.route("/folders/<project_id>/<folder_id>/list", methods=["GET", "POST"])
def make(project_id: str, folder_id: str) -> ResponseReturnValue:
    """Where the data are to be linked; then the list, which the worker reads from ICA."""
    return unless_troubled(lambda: _make(project_id, folder_id), project_id, folder_id, REFUSED)


def _make(project_id: str, folder_id: str) -> ResponseReturnValue:
    filters, promised = Filters.of_address(), params.whole("count")
    wrong = filters.errors
    if wrong:  # the page of what is found says so, beside each field
        same = filters.same_address()
        return redirect(places.url("folders.found", project_id, folder_id, **same), 303)
    place = places.find(project_id, folder_id)
    chosen = request.values.get("project_id", request.args.get("into", "")).strip().lower()
    name = forms.name(request.form.get("name", ""))
    if request.method == "POST" and "make" in request.form:
        try:
            submission_id = _keep(filters.query(place), chosen, name, promised)
            return redirect(url_for("submissions.page", submission_id=submission_id), 303)
        except Unusable as error:
            wrong = error.errors
    query = filters.query(place)
    here = {"into": chosen, "count": promised, **filters.same_address()}
    page = MakePage(
        errors=wrong,
        place=place,
        crumbs=[*place.crumbs(chosen), Link(place.name, place.url(into=chosen))],
        back_url=place.url("folders.found", **here),
        here_url=place.url("folder_lists.make", **here),
        wanted=described(query),
        button=make_text(query, promised),
        name=name,
    )
    return forms.answer(page, projects.picker(chosen, wrong["project_id"]))


@blueprint.post("/submissions/<int:submission_id>/again")
def again(submission_id: int) -> ResponseReturnValue:
    """A new list of the same folder, less what this one and those before it have, for whoever
    submitted it. Two calls of ICA: where the folder is now, and how many there are.
    """
    own_submission(submission_id, "make again")
    former = listed_or_404(submission_id)
    query = former.folder_query
    if query is None:
        abort(409, "This list was not made from a folder, so it can't be made again of one.")
    where = query.project.id, query.folder_id or ROOT_WORD
    return unless_troubled(lambda: _again(former, query), *where, REFUSED)


def _again(former: Submission, query: FolderQuery) -> ResponseReturnValue:
    path = places.find(query.project.id, query.folder_id or ROOT_WORD).path  # it may have moved
    query = msgspec.structs.replace(query, folder_path=path, less=former.id)
    where, wanted = folder_query.scope(query), folder_query.data_filter(query)
    promised = ica_client().count_data(where, wanted)
    name = f"{former.name}, again"[: forms.MAX_CHARACTERS["name"]]
    try:
        new_id = _open(query, NamedProject(former.project_id, former.project_name), name, promised)
    except Unusable as error:
        abort(422, " ".join(error.errors.values()))
    flash("The folder is being read once more; what this list has already is left out.", "success")
    return redirect(url_for("submissions.page", submission_id=new_id), 303)


@blueprint.post("/submissions/<int:submission_id>/read-on")
def read_on(submission_id: int) -> ResponseReturnValue:
    """Go on reading the folder where that was stopped or given up."""
    submission, now = own_submission(submission_id, "change"), context().clock()
    with context().store.write() as connection:
        drafts.lock(connection, submission_id)
        goes_on = gathering.go_on(connection, submission, viewer().id, now)
        if goes_on:
            audit.note(connection, AuditAction.GATHER, submission, why="stopped before")
    if not goes_on:
        flash("Nothing is left to read of the folder, or it is being read already.", "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


def _keep(query: FolderQuery, chosen: str, name: str, promised: int | None) -> int:
    """Open the list; its id. Raises Unusable."""
    if wrong := forms.too_long({"name": name}):
        raise Unusable(wrong)
    demand_choice(chosen, "Choose the project to link the data into.")
    project = readable("project_id", chosen, "such project")
    now = context().clock()
    called = query.folder_path.rstrip("/").rpartition("/")[2] or query.project.name
    name = name or f"{called}, {datetime.fromtimestamp(now, UTC):%d %b %Y %H:%M} UTC"
    return _open(query, project, name[-forms.MAX_CHARACTERS["name"] :], promised)


def _open(query: FolderQuery, project: NamedProject, name: str, promised: int | None) -> int:
    now = context().clock()
    new = New(
        account=viewer(),
        project_id=project.id,
        project_name=project.name,
        name=name,
        source=Source.FOLDER,
        batch_size=context().settings.batch_size,
        folder_query=query,
    )
    with context().store.write() as connection:
        quota.demand_one_more(connection, viewer().id, 0)
        former, whole = submissions.made_again(connection, query.less) if query.less else ([], True)
        submission_id = submissions.create(connection, new, now)
        submissions.begin_gathering(connection, submission_id, now)
        spec = GatherSpec(query, former=former, lost=not whole, promised=promised)
        kind, total = ChoreKind.GATHER, min(promised or 0, MAX_ITEMS)
        chores.add(connection, submission_id, viewer().id, kind, spec, total, now)
        submission = submissions.get(connection, submission_id)
        details = {"of": query.less} if query.less else {}
        audit.note(connection, AuditAction.GATHER, submission, **details)
    return submission_id
