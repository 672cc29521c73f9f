"""Walking the folders of a project of ICA, and seeing what of one would become a list.

A page makes two calls of ICA at most: the folder itself, and one page of what it holds.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.ica.client import IcaClient
from webapp.ica.data_filter import DataFilter, Scope
from webapp.ica.errors import Forbidden, IcaError, NotFound, Refused
from webapp.ica.models import Data, DataDetails, whole_path
from webapp.ica.models import Page as IcaPage
from webapp.store.documents import FolderQuery
from webapp.web.core import errors, forms, params
from webapp.web.core.context import ica_client
from webapp.web.core.forms import Errors, FormPage, Unusable
from webapp.web.core.links import Link
from webapp.web.core.page import Page, render
from webapp.web.folders import places
from webapp.web.folders.filters import Filters, noun
from webapp.web.folders.places import ROOT_WORD, Place
from webapp.web.submissions import projects
from webapp.web.submissions.upload import demand_choice, readable
from webapp.work import folder_query
from webapp.work.clients import NoKey
from webapp.work.gathering import MAX_ITEMS

FOLDER_ROWS = 200  # of a page of a folder
SHOWN_ROWS = 20  # of what would become a list
PATTERN_ROWS = 200  # of which those are shown whose names match a pattern
NOT_THERE = (
    "ICA knows no such folder in this project, or your key may not see it. It may have been moved "
    "or deleted since this address was made."
)
STALE = (
    "ICA does not take this place in the folder any more. Begin again at its first page: nothing "
    "is lost."
)
NOT_READABLE = "ICA knows no such project, or your key may not see it. Choose another one."
REFUSED = "ICA refused to look for this. Change what you look for; its own words are below."

T = TypeVar("T")

blueprint = Blueprint("folders", __name__)


class Row(NamedTuple):
    """A file or a folder; size in bytes, of a file. href: of a folder's own page. inside: where it
    lies, as seen from the folder that is shown.
    """

    data_id: str
    name: str
    is_folder: bool
    size: int | None
    status: str
    modified_at: float | None
    href: str
    inside: str


class ChoosePage(Page):
    """The choice of a project to look in. into: the project to link into, where it is chosen."""

    template = "folders/choose.html"
    into: str


class FolderPage(Page):
    """A page of a folder: what it holds. found_url: what of it would become a list."""

    template = "folders/folder.html"
    place: Place
    crumbs: list[Link]
    into: str
    rows: list[Row]
    only_folders: bool
    both_url: str
    folders_url: str
    first_url: str
    next_url: str
    found_url: str


class FoundPage(FormPage):
    """What a list of the folder would have.

    count, hint: how many there are, and what to know of that, in words. make_url: leads on by a
    link with make_text; "" where there is nothing to make a list of.
    """

    template = "folders/found.html"
    place: Place
    crumbs: list[Link]
    into: str
    filters: Filters
    search_url: str
    rows: list[Row]
    count: str
    hint: str
    make_text: str
    make_url: str


class TroublePage(Page):
    """Why a folder can't be shown. details: ICA's own words."""

    template = "folders/trouble.html"
    text: str
    details: str
    links: list[Link]


@blueprint.route("/folders", methods=["GET", "POST"])
def choose() -> ResponseReturnValue:
    """Which project to look in; by POST, what was typed to find it."""
    chosen = request.values.get("project_id", "").strip().lower()
    return render(ChoosePage(_into()), projects.picker(chosen))


@blueprint.post("/folders/open")
def open_project() -> ResponseReturnValue:
    """The chosen project's first folder."""
    chosen = request.form.get("project_id", "").strip().lower()
    try:
        demand_choice(chosen, "Choose the project to look in.")
        readable("project_id", chosen, "such project")
    except Unusable as error:
        wrong = projects.picker(chosen, error.errors["project_id"])
        return render(ChoosePage(_into()), wrong), 422
    return redirect(places.url("folders.page", chosen, "", into=_into()), 303)


@blueprint.get("/folders/<project_id>/<folder_id>")
def page(project_id: str, folder_id: str) -> ResponseReturnValue:
    """What a folder holds, a page by cursor."""
    cursor, only_folders = request.args.get("cursor", ""), request.args.get("only") == "folders"

    def answer() -> ResponseReturnValue:
        place = places.find(project_id, folder_id)
        wanted = DataFilter(
            parent_path="" if place.folder_id else folder_query.ROOT,
            type="FOLDER" if only_folders else "",
        )
        found = ica_client().find_data(
            Scope(place.project.id, place.folder_id),
            wanted,
            page_token=cursor or None,
            page_size=FOLDER_ROWS,
        )
        into, only = _into(), "folders" if only_folders else ""
        return render(
            FolderPage(
                place=place,
                crumbs=place.crumbs(into),
                into=into,
                rows=[_row(data, place, into) for data in found.items],
                only_folders=only_folders,
                both_url=place.url(into=into),
                folders_url=place.url(only="folders", into=into),
                first_url=place.url(only=only, into=into) if cursor else "",
                next_url=place.url(cursor=found.next_token, only=only, into=into)
                if found.next_token
                else "",
                found_url=place.url("folders.found", into=into),
            )
        )

    return unless_troubled(answer, project_id, folder_id, STALE if cursor else REFUSED)


@blueprint.get("/folders/<project_id>/<folder_id>/above/<int:levels>")
def above(project_id: str, folder_id: str, levels: int) -> ResponseReturnValue:
    """The folder so many levels above: its id is not known before it is asked for."""

    def answer() -> ResponseReturnValue:
        found = places.above(project_id, folder_id, levels)
        return redirect(places.url("folders.page", project_id, found, into=_into()), 303)

    return unless_troubled(answer, project_id, folder_id, REFUSED)


@blueprint.post("/folders/<project_id>/<folder_id>/search")
def search(project_id: str, folder_id: str) -> ResponseReturnValue:
    """What is wanted of the folder was typed: the address that follows has keys for names."""
    places.demand_ids(project_id, folder_id)
    filters = Filters.of_form()
    if wrong := filters.errors:
        return unless_troubled(
            lambda: _found(places.find(project_id, folder_id), filters, wrong),
            project_id,
            folder_id,
            REFUSED,
        )
    there = places.url("folders.found", project_id, folder_id, into=_into(), **filters.address())
    return redirect(there, 303)


@blueprint.get("/folders/<project_id>/<folder_id>/found")
def found(project_id: str, folder_id: str) -> ResponseReturnValue:
    """How many there are of what is wanted, and the first of them."""
    filters = Filters.of_address()
    return unless_troubled(
        lambda: _found(places.find(project_id, folder_id), filters, filters.errors),
        project_id,
        folder_id,
        REFUSED,
    )


def _found(place: Place, filters: Filters, wrong: Errors) -> ResponseReturnValue:
    query, into = filters.query(place), _into()
    looked: IcaPage[Data] = IcaPage(items=[])
    if not wrong:
        pattern = folder_query.is_pattern(filters.name)
        looked = _first_page(ica_client(), query, PATTERN_ROWS if pattern else SHOWN_ROWS)
    matches = folder_query.matcher(query)
    rows = [_row(data, place, into) for data in looked.items if matches(data)]
    there = {"into": into, "count": looked.total, **filters.same_address()}
    return forms.answer(
        FoundPage(
            errors=wrong,
            place=place,
            crumbs=[*place.crumbs(into), Link(place.name, place.url(into=into))],
            into=into,
            filters=filters,
            search_url=place.url("folders.search", into=into),
            rows=rows[:SHOWN_ROWS],
            count=_count(query, looked),
            hint=_hint(query, looked, len(rows)),
            make_text=make_text(query, looked.total),
            make_url=place.url("folder_lists.make", **there) if looked.items else "",
        )
    )


def make_text(query: FolderQuery, total: int | None) -> str:
    """What is offered for so many; None: they were not counted."""
    counted = total is not None and not folder_query.is_pattern(query.name)
    these = "this" if total == 1 and counted else "these"
    count = f"{total:,} " if counted else ""
    return f"Make a list of {these} {count}{noun(query, total if counted and total else 0)}"


def _count(query: FolderQuery, looked: IcaPage[Data]) -> str:
    if not looked.items:
        return "ICA finds nothing of this kind in this folder."
    if looked.total is None:
        return "ICA does not say how many there are."
    count = f"{looked.total:,} {noun(query, looked.total)}"
    return f"At most {count}." if folder_query.is_pattern(query.name) else f"{count}."


def _hint(query: FolderQuery, looked: IcaPage[Data], matching: int) -> str:
    """What to know of the count."""
    if not looked.items:
        return "Take filters away, or look in another folder."
    told = []
    if folder_query.is_pattern(query.name):
        told.append(
            f"The pattern is applied while they are read: of the first {len(looked.items):,}, "
            f"{matching:,} match “{query.name}”."
        )
    if looked.total and looked.total > MAX_ITEMS:
        told.append(f"A list holds at most {MAX_ITEMS:,}: choose less of them.")
    if query.type != "FILE" and query.below:
        told.append(
            "A folder is linked with all that it holds, so its files stand for themselves and "
            "are part of it, too. Files alone are enough."
        )
    return " ".join(told)


def _first_page(client: IcaClient, query: FolderQuery, rows: int) -> IcaPage[Data]:
    """The first rows, with their total where ICA gives one."""
    where, wanted = folder_query.scope(query), folder_query.data_filter(query)
    if client.limits.takes_offsets(where.operation.id, client.clock()):
        try:
            return client.find_data(where, wanted, page_offset=0, page_size=rows)
        except Refused:
            pass  # it may be for the offset
    return client.find_data(where, wanted, page_size=rows)


def _row(data: Data, place: Place, into: str) -> Row:
    details = data.details or DataDetails()
    modified = details.time_modified
    href = places.url("folders.page", place.project.id, data.id, into=into)
    return Row(
        data_id=data.id,
        name=details.name or "",
        is_folder=data.is_folder,
        size=details.size,
        status=(details.status or "").replace("_", " ").capitalize(),
        modified_at=modified.timestamp() if modified else None,
        href=href if data.is_folder else "",
        inside=whole_path(data).removeprefix(place.path).rstrip("/").rpartition("/")[0] + "/",
    )


def unless_troubled(
    answer: Callable[[], ResponseReturnValue], project_id: str, folder_id: str, refused: str
) -> ResponseReturnValue:
    """What a view answers; where ICA does not, a page that says why."""
    try:
        return answer()
    except (IcaError, NoKey) as error:
        return _trouble(error, project_id, folder_id, refused)


def _trouble(
    error: IcaError | NoKey, project_id: str, folder_id: str, refused: str
) -> ResponseReturnValue:
    into, in_root = _into(), folder_id == ROOT_WORD
    text, code = errors.sentence(error), 503
    if isinstance(error, NotFound | Forbidden):
        text, code = NOT_READABLE if in_root else NOT_THERE, 404
    elif isinstance(error, Refused):
        text, code = refused, 422
    here = Link("This folder's first page", places.url("folders.page", project_id, folder_id))
    root = Link("The project's first folder", places.url("folders.page", project_id, "", into=into))
    again = Link("Another project", url_for("folders.choose", into=into or None))
    ways = [here, root, again] if code != 404 and not in_root else [root, again]
    return render(TroublePage(text, errors.quoted(error), ways)), code


def _into() -> str:
    """The project to link into, as far as it was chosen on the way here."""
    chosen = request.values.get("into", "").strip().lower()
    return chosen if params.is_uuid(chosen) else ""
