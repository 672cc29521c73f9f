"""Named projects: which project of ICA a line of a list means by a name or an id."""

import uuid

from webapp.ica.client import MAX_PAGE_ROWS, IcaClient
from webapp.ica.errors import Forbidden, NotFound, PagingLoop, Refused
from webapp.ica.models import Project
from webapp.store.lookups import folded

MAX_PAGES = 30  # of projects that contain a name: a tenant can have 30,000
SHOWN_IDS = 5
NONE = "ICA shows you no project that is called “{name}”."
OTHERWISE = "ICA shows you no project that is called “{name}”, only “{other}”."
SEVERAL = (
    "{count} projects are called “{name}”: {ids}. Put the id of the one that is meant in place of "
    "the name."
)
CLOSED = "ICA shows you no project with the id {name}."


class NoSuchProject(Exception):
    """There is none, or more than one; the message says so."""


def find(client: IcaClient, name: str) -> str:
    """The id of the project that is called so, or has this id. Raises NoSuchProject, IcaError."""
    if _is_id(name):
        try:
            return client.project(name).id
        except (Forbidden, NotFound, Refused) as error:
            raise NoSuchProject(CLOSED.format(name=name)) from error
    like = [one for one in _containing(client, name) if folded(one.name) == folded(name)]
    found = [one.id for one in like if one.name == name]
    if len(found) > 1:
        ids = ", ".join(sorted(found)[:SHOWN_IDS]) + (" …" if len(found) > SHOWN_IDS else "")
        raise NoSuchProject(SEVERAL.format(count=len(found), name=name, ids=ids))
    if not found:
        words = OTHERWISE.format(name=name, other=like[0].name) if like else NONE.format(name=name)
        raise NoSuchProject(words)
    return found[0]


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _containing(client: IcaClient, name: str) -> list[Project]:
    projects: list[Project] = []
    token: str | None = None
    for _ in range(MAX_PAGES):
        page = client.search_projects(name, page_token=token, page_size=MAX_PAGE_ROWS)
        projects += page.items
        if page.next_token is None:
            return projects
        if page.next_token == token:
            raise PagingLoop("ICA's pages of projects go round in a circle.")
        token = page.next_token
    return projects
