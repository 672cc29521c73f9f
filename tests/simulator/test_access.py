"""Who is let in, what they may see and do, and what the simulator refuses to understand."""

import base64
import json

import pytest

from tests.simulated import (
    COLLEAGUE_KEY,
    DEMO_KEY,
    FIRST_PROJECT,
    READ_ONLY_PROJECT,
    STRANGER_KEY,
    STRANGERS_PROJECT,
    simulator,
)
from tests.simulator.conftest import LINKING, PROJECT, UNLINKING, data_id, media_type

NOWHERE = "00000000-0000-4000-8000-999999999999"


def batches_of(project):
    return f"/api/projects/{project}/dataLinkingBatch"


@pytest.fixture
def as_user(caller_of):
    return lambda key: caller_of(**{"X-API-Key": key})


def token_of(caller, **params):
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return caller.post(f"/api/tokens?{query}")


def test_a_token_names_its_subject_and_its_end(sim, demo):
    token = token_of(demo).json()["token"]
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["iat"] == int(sim.clock.now)
    assert (claims["name"], claims["email"]) == ("Dana Demo", "demo@example.org")
    assert claims["sub"]
    assert claims["tenant"] == "linkboard-demo"


def test_a_token_is_as_good_as_the_key_until_it_runs_out(demo_at, caller_of):
    with simulator(token_seconds=60) as sim:
        caller = demo_at(sim)
        token = token_of(caller).json()["token"]
        del caller.session.headers["X-API-Key"]
        caller.session.headers["Authorization"] = f"Bearer {token}"
        assert caller.get(PROJECT).status_code == 200
        sim.clock.advance(61)
        assert caller.get(PROJECT).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "no-such-key"},
        {"X-API-Key": ""},
        {"Authorization": "Bearer demo-key"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic ZGVtbzpkZW1v"},
    ],
)
def test_no_key_no_answer(caller_of, headers):
    caller = caller_of(**headers)
    for answer in (caller.get(PROJECT), token_of(caller)):
        assert (answer.status_code, answer.json()["title"]) == (401, "ICA_SEC_002")


def test_a_forged_token_is_refused(demo, caller_of):
    header, body, signature = token_of(demo).json()["token"].split(".")
    forged = caller_of(Authorization=f"Bearer {header}.{body[:-2]}AA.{signature}")
    assert forged.get(PROJECT).status_code == 401


def test_the_tenant_is_the_users_own(demo):
    assert token_of(demo, tenant="linkboard-demo").status_code == 200
    assert token_of(demo, tenant="another").status_code == 401


def test_a_token_made_from_a_key_is_not_refreshed(demo):
    assert demo.post("/api/tokens:refresh").status_code == 403


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
    strangers = as_user(STRANGER_KEY).get("/api/projects").json()["items"]
    assert STRANGERS_PROJECT in [project["id"] for project in strangers]
    assert not {p["id"] for p in strangers} & {p["id"] for p in found}


@pytest.mark.parametrize(
    ("accept", "content_type", "status"),
    [
        (media_type("v4"), media_type("v4"), 201),
        (media_type("v3"), media_type("v3"), 201),
        ("*/*", media_type("v3"), 201),
        (media_type("v4"), "application/json", 201),
        (media_type("v3"), "application/json; charset=utf-8", 201),
        (f"{media_type('v4')}, application/problem+json", media_type("v4"), 201),
        (media_type("v4"), media_type("v3"), 400),
        (media_type("v3"), media_type("v4"), 400),
        ("application/json", media_type("v4"), 400),
        (None, media_type("v4"), 400),
        (media_type("v5"), media_type("v4"), 400),
        (media_type("v4"), "text/plain", 415),
        (media_type("v4"), None, 415),
    ],
)
def test_media_types_of_a_create_call(demo, accept, content_type, status):
    headers = {"Accept": accept, "Content-Type": content_type}
    answer = demo.session.post(
        demo.url + LINKING, data=b'{"items": []}', headers=headers, timeout=10
    )
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["title"] == "ICA_API_004"


def test_operations_of_v3_are_not_answered_in_v4(demo):
    batch = demo.create([data_id(1)])
    for path in (PROJECT, "/api/projects", "/api/jobs", batch):
        answer = demo.get(path, "v4")
        assert (answer.status_code, answer.json()["detail"]) == (400, "Invalid Accept Header")


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": "0"},
        {"pageSize": "1001"},
        {"pageSize": "-1"},
        {"pageSize": "ten"},
        {"pageOffset": "-1"},
        {"pageOffset": "1e3"},
        {"pageToken": "made-up"},
        {"pageToken": "bm90IGEgdG9rZW4gb2Ygb3Vycw=="},
        {"pageToken": "€"},
        {"pageToken": "x", "pageOffset": "0"},
        {"status": "DONE"},
        {"status": ["FAILED", "failed"]},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(demo, query):
    batch = demo.create([data_id(1)])
    answer = demo.get(f"{batch}/items", "v4", **query)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


def test_a_token_is_good_for_its_own_list_only(demo):
    ids = [data_id(n) for n in range(3)]
    first, second = demo.create(ids), demo.create(ids)
    token = demo.get(f"{first}/items", "v4", pageSize="1").json()["nextPageToken"]
    assert demo.get(f"{first}/items", "v4", pageToken=token).status_code == 200
    assert demo.get(f"{second}/items", "v4", pageToken=token).status_code == 400
    filtered = demo.get(f"{first}/items", "v4", pageToken=token, status="LINKED")
    assert filtered.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"items": null}',
        b'{"items": [1]}',
        b'{"items": [{"dataId": 7}]}',
        b'{"items": [{"dataId": "\xff"}]}',
        b'{"items": [{"dataId": "\\ud800"}]}',
    ],
)
def test_a_body_that_makes_no_sense_is_refused(demo, body):
    headers = {"Accept": media_type("v4"), "Content-Type": media_type("v4")}
    answer = demo.session.post(demo.url + LINKING, data=body, headers=headers, timeout=10)
    assert answer.status_code == 400
    assert demo.get("/api/jobs").json()["items"] == []


@pytest.mark.parametrize("sort", ["name", "timeCreated up", "timeCreated desc desc"])
def test_sorting_by_anything_else_is_refused(demo, sort):
    assert demo.get("/api/jobs", sort=sort).status_code == 400
