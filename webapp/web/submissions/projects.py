"""The project pickers: ICA searches, since a tenant can have 30,000 projects."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from webapp.ica.errors import Forbidden, IcaError, NotFound
from webapp.ica.models import Project
from webapp.store import access
from webapp.web.core import errors, params
from webapp.web.core.access import may_read
from webapp.web.core.context import context, ica_client, viewer
from webapp.web.core.page import Part, render
from webapp.work.clients import NoKey

MAX_FOUND = 8
MAX_SOURCES = 10  # projects in which the names and paths of a list are looked up
BEFORE = "chosen before"

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


class ProjectPicker(ProjectChoices):
    """The whole picker, which is folded to the name of the chosen project, `picked_project`, unless
    it is `unfolded`.
    """

    template = "submissions/_picker.html"
    picked_project: str
    unfolded: bool


class SourceChoices(Part):
    """As ProjectChoices, of the projects in which names and paths are to be looked up: several may
    be chosen, or none.
    """

    template = "submissions/_sources.html"
    sources: list[Project]
    more_sources: bool
    sources_trouble: str
    source_q: str
    chosen_sources: Sequence[str]
    wrong_sources: str


class _Found(NamedTuple):
    """What ICA found for a text, whether it has more, and why it can't be asked, if it can't."""

    projects: list[Project]
    more: bool
    trouble: str


@blueprint.post("/projects")
def search() -> ResponseReturnValue:
    """The choices for what was typed: a part of the form for a new submission."""
    chosen = request.form.get("project_id", "").strip().lower()
    return render(_choices(_find(params.text("project_q")), chosen))


@blueprint.post("/projects/sources")
def search_sources() -> ResponseReturnValue:
    """As search(), of the projects to look in."""
    return render(_sources(_find(params.text("source_q")), chosen_sources(request.form)))


def pickers(
    chosen: str, sources: Sequence[str], wrong: str = "", wrong_sources: str = ""
) -> tuple[ProjectPicker, SourceChoices]:
    """What both pickers show: what was chosen before, then what ICA finds."""
    text, source_text = params.text("project_q"), params.text("source_q")
    found = _find(text)
    found_sources = found if source_text == text else _find(source_text)
    return _picker(found, chosen, wrong), _sources(found_sources, sources, wrong_sources)


def picker(chosen: str, wrong: str = "") -> ProjectPicker:
    """The picker of one project."""
    return _picker(_find(params.text("project_q")), chosen, wrong)


def chosen_sources(given: MultiDict[str, str]) -> tuple[str, ...]:
    """The projects to look in, as a form or an address names them: each once."""
    found = (params.line(text).lower() for text in given.getlist("source_id"))
    return tuple(dict.fromkeys(text for text in found if text))


def _choices(found: _Found, chosen: str, wrong: str = "") -> ProjectChoices:
    projects = [*found.projects]
    if params.is_uuid(chosen) and chosen not in {project.id for project in projects}:
        projects.insert(0, Project(id=chosen, name=_name(chosen), short_description=BEFORE))
    only = projects[0].id if len(projects) == 1 else ""
    text = params.text("project_q")
    return ProjectChoices(projects, found.more, found.trouble, text, chosen or only, wrong)


def _picker(found: _Found, chosen: str, wrong: str) -> ProjectPicker:
    shown = _choices(found, chosen, wrong)
    names = {project.id: project.name for project in shown.projects}
    picked = names.get(shown.chosen_project, "")
    unfolded = not picked or bool(wrong) or "find_project" in request.form
    return ProjectPicker(**vars(shown), picked_project=picked, unfolded=unfolded)


def _sources(found: _Found, chosen: Sequence[str], wrong: str = "") -> SourceChoices:
    """ICA is asked for the names of those that were chosen just now: it will be anyway, when the
    list comes.
    """
    those = {project.id: project for project in found.projects}
    first = []
    for number, source in enumerate(filter(params.is_uuid, chosen)):
        if source not in those and number < MAX_SOURCES and not found.trouble:
            _ask_about(source)
        named = those.pop(source, None)
        first.append(named or Project(id=source, name=_name(source), short_description=BEFORE))
    text, projects = params.text("source_q"), [*first, *those.values()]
    return SourceChoices(projects, found.more, found.trouble, text, chosen, wrong)


def _ask_about(project_id: str) -> None:
    with suppress(NoKey):
        may_read(project_id)


def _name(project_id: str) -> str:
    """What the project is called, as far as that is known here."""
    known = context().read(access.find, viewer().id, project_id)
    return known.project_name if known and known.allowed else project_id


def _find(text: str) -> _Found:
    try:
        return _ask(text)
    except (IcaError, NoKey) as error:
        return _Found([], False, errors.sentence(error))


def _ask(text: str) -> _Found:
    client = ica_client()
    if params.is_uuid(text):
        try:
            return _Found([client.project(text)], False, "")
        except (Forbidden, NotFound):
            return _Found([], False, "")
    page = client.search_projects(text, page_size=MAX_FOUND)
    return _Found(page.items, bool(page.next_token), "")
