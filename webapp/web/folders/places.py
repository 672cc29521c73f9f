"""Places: a folder of a project as an address names it, and as ICA tells of it.

Addresses have ids alone: names and paths can hold patients' codes.
"""

import re
from typing import Any, NamedTuple

from flask import abort, url_for

from webapp.ica.data_filter import DataFilter, Scope
from webapp.ica.models import whole_path
from webapp.store import access
from webapp.store.documents import NamedProject
from webapp.web.core import params
from webapp.web.core.access import may_read
from webapp.web.core.context import context, ica_client, viewer
from webapp.web.core.links import Link
from webapp.work.folder_query import ROOT

ROOT_WORD = "root"  # in place of a folder's id
FOLDER_ID = re.compile(r"fol\.[0-9A-Za-z]{1,64}")
NO_ADDRESS = (
    "This is no address of a folder: it has the id of a project, and then the id of a folder, "
    "which begins with fol. Begin again with the choice of a project."
)
NO_FOLDER = (
    "This is the id of a file, and only folders can be opened here. Go back, and choose a folder."
)
NOT_ABOVE = (
    "The folder above is not in this project: what is linked keeps the path of its own project. "
    "Begin again at the project's first folder."
)


class Place(NamedTuple):
    """A folder; of the project's root the id is "", and the path /."""

    project: NamedProject
    folder_id: str
    path: str

    @property
    def name(self) -> str:
        """What the page is called by."""
        return self.path.rstrip("/").rpartition("/")[2] or self.project.name

    def url(self, endpoint: str = "folders.page", **values: Any) -> str:
        """An address of this folder; what is empty is left out of it."""
        return url(endpoint, self.project.id, self.folder_id, **values)

    def crumbs(self, into: str) -> list[Link]:
        """The folders above, from the project on; each is found by the number of levels."""
        if self.path == ROOT:
            return []
        names = self.path.strip("/").split("/")
        top = Link(self.project.name, url("folders.page", self.project.id, "", into=into))
        return [
            top,
            *(
                Link(name, self.url("folders.above", levels=len(names) - depth, into=into))
                for depth, name in enumerate(names[:-1], start=1)
            ),
        ]


def url(endpoint: str, project_id: str, folder_id: str, **values: Any) -> str:
    """An address of a folder."""
    there = {name: value for name, value in values.items() if value}
    return url_for(endpoint, project_id=project_id, folder_id=folder_id or ROOT_WORD, **there)


def demand_ids(project_id: str, folder_id: str) -> None:
    """A 404 for what no page of ours leads to."""
    if not params.is_uuid(project_id):
        abort(404, NO_ADDRESS)
    if folder_id.startswith("fil."):
        abort(404, NO_FOLDER)
    if folder_id != ROOT_WORD and not FOLDER_ID.fullmatch(folder_id):
        abort(404, NO_ADDRESS)


def find(project_id: str, folder_id: str) -> Place:
    """The folder, by at most one call of ICA. Raises IcaError, or NoKey."""
    demand_ids(project_id, folder_id)
    project = NamedProject(project_id.lower(), _name(project_id.lower()))
    if folder_id == ROOT_WORD:
        asked = None if project.name else may_read(project.id)
        name = project.name or (asked and asked.project_name) or project.id
        return Place(NamedProject(project.id, name), "", ROOT)
    found = ica_client().data(project.id, folder_id)
    if not found.data.is_folder:
        abort(404, NO_FOLDER)
    owner, owner_name = found.details.owning_project_id, found.details.owning_project_name
    name = project.name or (owner_name if owner == project.id else "") or project.id
    return Place(NamedProject(project.id, name), folder_id, whole_path(found.data) or ROOT)


def above(project_id: str, folder_id: str, levels: int) -> str:
    """The id of the folder so many levels above, "" of the root; by two calls."""
    place = find(project_id, folder_id)
    names = place.path.strip("/").split("/")
    if levels >= len(names):
        return ""
    path = f"/{'/'.join(names[: len(names) - levels])}/"
    wanted = DataFilter(paths=(path,), type="FOLDER")
    found = ica_client().find_data(Scope(place.project.id), wanted, page_size=20).items
    same = [folder.id for folder in found if whole_path(folder) == path]
    return same[0] if same else abort(404, NOT_ABOVE)


def _name(project_id: str) -> str:
    """What a project is called, as far as that is known here."""
    known = context().read(access.find, viewer().id, project_id)
    return known.project_name if known and known.allowed else ""
