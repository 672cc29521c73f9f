"""Who may see what: projects, and the batches in them."""

import pytest

from tests.simulated_ica import (
    COLLEAGUE_KEY,
    DEMO_KEY,
    FIRST_PROJECT,
    READ_ONLY_PROJECT,
    STRANGER_KEY,
    STRANGERS_PROJECT,
)
from tests.simulator.conftest import UNLINKING, data_id
from webapp.simulator.projects import NAME_OF_TWO

NOWHERE = "00000000-0000-4000-8000-999999999999"


@pytest.fixture
def as_user(caller_of):
    return lambda key: caller_of(**{"X-API-Key": key})


def batches_of(project):
    return f"/api/projects/{project}/dataLinkingBatch"


def test_who_may_read_which_project(as_user):
    status = {
        (key, project): as_user(key).get(f"/api/projects/{project}").status_code
        for key in (DEMO_KEY, COLLEAGUE_KEY, STRANGER_KEY)
        for project in (FIRST_PROJECT, READ_ONLY_PROJECT, STRANGERS_PROJECT, NOWHERE, "one")
    }
    team, stranger = [200, 200, 403, 404, 400], [403, 403, 200, 404, 400]
    assert list(status.values()) == [*team, *team, *stranger]


def test_a_project_may_be_read_and_not_written(demo):
    body = {"items": []}
    assert demo.get(f"/api/projects/{READ_ONLY_PROJECT}").status_code == 200
    assert demo.post(batches_of(READ_ONLY_PROJECT), "v4", body).status_code == 403
    assert demo.post(batches_of(FIRST_PROJECT), "v4", body).status_code == 201


def test_a_colleague_sees_the_batch_and_a_stranger_does_not(demo, as_user):
    batch = demo.create([data_id(1)])
    job = demo.get(batch).json()["job"]["id"]
    colleague, stranger = as_user(COLLEAGUE_KEY), as_user(STRANGER_KEY)
    assert colleague.get(batch).json()["job"]["owner"]["username"] == "demo@example.org"
    assert len(colleague.get("/api/jobs").json()["items"]) == 1
    assert stranger.get(batch).status_code == 403
    assert stranger.get(f"{batch}/items", "v4").status_code == 403
    assert stranger.get(f"/api/jobs/{job}").status_code == 404
    assert stranger.get("/api/jobs").json()["items"] == []


def test_a_batch_belongs_to_one_project_and_one_kind(demo):
    batch = demo.create([data_id(1)]).rpartition("/")[2]
    assert demo.get(f"{batches_of(READ_ONLY_PROJECT)}/{batch}").status_code == 404
    assert demo.get(f"{UNLINKING}/{batch}").status_code == 404
    first, second = (demo.create([data_id(2)]) for _ in range(2))
    item = demo.items(first)[0]["id"]
    assert demo.get(f"{second}/items/{item}", "v4").status_code == 404
    assert demo.get(f"{second}/items/1", "v4").status_code == 400


def test_projects_are_many_and_found_by_a_part_of_the_name(demo, as_user):
    whole = demo.get("/api/projects", pageOffset="0", pageSize="1").json()["totalItemCount"]
    found = [p for page in demo.pages("/api/projects", "v3", pageSize="50") for p in page["items"]]
    assert len(found) == len({project["id"] for project in found}) == whole > 300
    exomes = demo.get("/api/projects", search="EXOMES 2024").json()["items"]
    assert len(exomes) == 20
    assert demo.get("/api/projects", search="no such thing").json()["items"] == []
    twins = demo.get("/api/projects", search=NAME_OF_TWO).json()["items"]
    assert [project["name"] for project in twins] == [NAME_OF_TWO] * 2
    strangers = as_user(STRANGER_KEY).get("/api/projects").json()["items"]
    assert STRANGERS_PROJECT in [project["id"] for project in strangers]
    assert not {p["id"] for p in strangers} & {p["id"] for p in found}
