"""The project picker: ICA searches, since a tenant can have 30,000 projects."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webapp.ica.errors import Forbidden, IcaError, NotFound
from webapp.ica.models import Project
from webapp.store import access
from webapp.web.core import errors, params
from webapp.web.core.context import context, ica_client, viewer
from webapp.web.core.page import Part, render
from webapp.work.clients import NoKey

MAX_FOUND = 8

blueprint = Blueprint("projects", __name__)


class ProjectChoices(Part):
    """What the picker shows for what was searched; more_projects: ICA has others, too.

    wrong_project: why the chosen one can't be taken. projects_trouble: why ICA can't be asked.
    """

    template = "submissions/_projects.html"
    projects: list[Project]
    more_projects: bool
    projects_trouble: str
    project_q: str
    chosen_project: str
    wrong_project: str


@blueprint.post("/projects")
def search() -> ResponseReturnValue:
    """The choices for what was typed: a part of the form for a new submission."""
    chosen = request.form.get("project_id", "").strip().lower()
    return render(choices(chosen))


def choices(chosen: str, wrong: str = "") -> ProjectChoices:
    """What the picker shows: the one that was chosen before, then what ICA finds."""
    text = params.text("project_q")
    try:
        found, more = _find(text)
        trouble = ""
    except (IcaError, NoKey) as error:
        found, more, trouble = [], False, errors.sentence(error)
    if params.is_uuid(chosen) and chosen not in {project.id for project in found}:
        before = Project(id=chosen, name=_name(chosen), short_description="chosen before")
        found.insert(0, before)
    only = found[0].id if len(found) == 1 else ""
    return ProjectChoices(found, more, trouble, text, chosen or only, wrong)


def _name(project_id: str) -> str:
    """What the project is called, as far as that is known here."""
    known = context().read(access.find, viewer().id, project_id)
    return known.project_name if known and known.allowed else project_id


def _find(text: str) -> tuple[list[Project], bool]:
    """What ICA finds, and whether there is more of it."""
    client = ica_client()
    if params.is_uuid(text):
        try:
            return [client.project(text)], False
        except (Forbidden, NotFound):
            return [], False
    page = client.search_projects(text, page_size=MAX_FOUND)
    return page.items, bool(page.next_token)
