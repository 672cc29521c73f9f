"""What the tests of finding data share: where to ask, and what is found there."""

from tests.simulated_ica import READ_ONLY_PROJECT
from tests.simulator.conftest import PROJECT
from webapp.simulator import planted
from webapp.simulator.catalogue import SOURCES
from webapp.simulator.projects import project_id

DELIVERIES = project_id(planted.DELIVERIES)
SOURCE, PANEL = (f"/api/projects/{one}/data" for one in (DELIVERIES, READ_ONLY_PROJECT))
ELIGIBLE = f"{PROJECT}/data/eligibleForLinking"
EXACT, FULL = {"filenameMatchMode": "EXACT"}, {"filePathMatchMode": "FULL_CASE_INSENSITIVE"}


def data_of(item):
    return item.get("data", item)


def found(demo, place, version="v3", **params):
    """All data that a query finds, by cursor."""
    pages = list(demo.pages(place, version, **params))
    return [data_of(item) for page in pages for item in page["items"]]


def paths(demo, place, **params):
    return [data["details"]["path"] for data in found(demo, place, **params)]


def total(demo, place, **params):
    page = demo.get(place, pageOffset="0", pageSize="1", **params)
    return page.json()["totalItemCount"]


def planted_id(path, project=DELIVERIES):
    return SOURCES[project].id_of(path)
