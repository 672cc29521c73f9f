"""What the simulator's tests share: a simulator, ids of every outcome, and a plain caller."""

import hashlib
from contextlib import closing

import pytest
import requests

from tests.simulated_ica import DEMO_KEY, FIRST_PROJECT, simulator

PROJECT = f"/api/projects/{FIRST_PROJECT}"
LINKING = f"{PROJECT}/dataLinkingBatch"
UNLINKING = f"{PROJECT}/dataUnlinkingBatch"

LINK_STATUSES = (
    "INITIALISED",
    "WAITING_RESOURCES",
    "RUNNING",
    "LINKED",
    "ALREADY_LINKED",
    "FAILED",
    "PARTIALLY_LINKED",
)


def media_type(version):
    return f"application/vnd.illumina.{version}+json"


class Caller:
    """Calls the simulator as one user; every answer is a requests.Response."""

    def __init__(self, url, session, **headers):
        self.url = url
        self.session = session
        session.headers.update(headers)

    def get(self, path, version="v3", **params):
        headers = {"Accept": media_type(version)}
        return self.session.get(self.url + path, params=params, headers=headers, timeout=30)

    def post(self, path, version="v3", body=None):
        headers = {"Accept": media_type(version)}
        if body is not None:
            headers["Content-Type"] = media_type(version)
        return self.session.post(self.url + path, json=body, headers=headers, timeout=30)

    def create(self, data_ids, version="v4", path=LINKING):
        """Create a batch and return its address."""
        body = {"items": [{"dataId": data_id} for data_id in data_ids]}
        answer = self.post(path, version, body)
        assert answer.status_code == 201, answer.text
        return f"{path}/{answer.json()['id']}"

    def pages(self, path, version="v4", **params):
        """Every page of a list, by cursor."""
        page = self.get(path, version, **params).json()
        yield page
        while page["nextPageToken"]:
            page = self.get(path, version, **params, pageToken=page["nextPageToken"]).json()
            yield page

    def items(self, batch, version="v4", **params):
        """Every item of a batch."""
        return [
            item
            for page in self.pages(f"{batch}/items", version, **params)
            for item in page["items"]
        ]

    def outcomes(self, batch, version="v4"):
        """(status, reason) of every data id of a batch."""
        return {
            item["request"]["dataId"]: (
                item["processing"]["status"],
                item["processing"]["additionalStatusInformation"],
            )
            for item in self.items(batch, version)
        }

    def count(self, batch, version="v4", **params):
        page = self.get(f"{batch}/items", version, pageOffset="0", pageSize="1", **params).json()
        return page["totalItemCount"]


def data_id(number, ending=None, kind="fil"):
    """An id that looks like any other; its last two hex digits are `ending`, if given."""
    digits = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
    return f"{kind}.{digits if ending is None else digits[:30] + ending}"


def linked(demo, sim, ids, version="v4", path=LINKING):
    """The outcomes of a batch of these ids, once it has ended."""
    batch = demo.create(ids, version, path)
    sim.clock.advance(1_000)
    return demo.outcomes(batch, version)


@pytest.fixture
def sim():
    with simulator(rate=10) as running:
        yield running


@pytest.fixture
def caller_of(sim):
    """Makes a caller with headers of its own."""
    sessions = []

    def caller(**headers):
        sessions.append(requests.Session())
        return Caller(sim.url, sessions[-1], **headers)

    yield caller
    for session in sessions:
        session.close()


@pytest.fixture
def demo(caller_of):
    """The user demo, by key."""
    return caller_of(**{"X-API-Key": DEMO_KEY})


@pytest.fixture
def demo_at():
    """Makes the user demo of another simulator."""
    with closing(requests.Session()) as session:
        yield lambda sim: Caller(sim.url, session, **{"X-API-Key": DEMO_KEY})
