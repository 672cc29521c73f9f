"""Requests that ICA does not understand are refused: media types, queries and bodies."""

import re

import pytest

from tests.simulator.conftest import LINKING, PROJECT, data_id, media_type


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


@pytest.mark.parametrize("query", [{"pageToken": "€ <{|}>"}, {"status": "\u202e\u2028ÄÖ"}])
def test_the_instance_of_a_problem_is_a_uri(demo, query):
    instance = demo.get("/api/jobs/no such job", "v3", **query).json()["instance"]
    assert re.fullmatch(r"http://[!#-;=?-Z\[\]_a-z~%]+", instance)
    assert "no%20such%20job" in instance
