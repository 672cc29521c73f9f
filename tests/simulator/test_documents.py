"""Every answer of the simulator is valid by ICA's own OpenAPI document."""

import re
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.simulated_ica import READ_ONLY_PROJECT, STRANGERS_PROJECT
from tests.simulator.conftest import LINKING, PROJECT, UNLINKING, data_id, media_type
from tests.simulator.finding import ELIGIBLE, PANEL, SOURCE, planted_id
from webapp.simulator import planted
from webapp.simulator.operations import OPERATIONS

pytestmark = pytest.mark.long

SPECIFICATION = Path(__file__).parents[3] / "shared" / "ica" / "openapi_more.yaml"
NOT_SERVED = re.compile(r"(create|update)Project|\w+(Bundle|ProjectDataCopyBatch)\w*")
IDS = [data_id(n, f"{n:02x}", kind) for n in range(32) for kind in ("fil", "fol")]
NOWHERE = "00000000-0000-4000-8000-999999999999"


@pytest.fixture(scope="module")
def specification():
    """The document as plain JSON Schema, strict: a field that it lacks is an error."""
    if not SPECIFICATION.exists():
        pytest.skip(f"ICA's OpenAPI document is not here: {SPECIFICATION}")
    document = yaml.safe_load(SPECIFICATION.read_text(encoding="utf-8"))
    _translate(document["components"]["schemas"])
    return document


@pytest.fixture
def holds(specification):
    """Asserts that an answer is one that an operation may give."""

    def check(answer, operation_id):
        kind = answer.headers["Content-Type"]
        responses = _operations(specification)[operation_id]["responses"]
        described = responses.get(str(answer.status_code), responses["default"])
        _validate(specification, described["content"][kind]["schema"], answer.json())
        return answer

    return check


def test_every_operation_of_the_document_is_served(specification):
    served = {
        operation.id: (operation.method.lower(), operation.path.replace("<", "{").replace(">", "}"))
        for operation in OPERATIONS
    }
    described = _operations(specification)
    assert set(served) == {name for name in described if not NOT_SERVED.fullmatch(name)}
    for operation_id, (method, path) in served.items():
        assert described[operation_id]["method"] == method
        assert described[operation_id]["path"] == _camel(path)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0, 1.7, 3.5, 100])
@pytest.mark.parametrize("version", ["v4", "v3"])
def test_linking(sim, demo, holds, version, seconds):
    body = {"items": [{"dataId": one} for one in IDS]}
    created = holds(demo.post(LINKING, version, body), "createProjectDataLinkingBatch")
    assert created.status_code == 201
    sim.clock.advance(seconds)
    batch = f"{LINKING}/{created.json()['id']}"
    holds(demo.get(batch), "getProjectDataLinkingBatch")
    items = f"{batch}/items"
    page = holds(demo.get(items, version, pageSize="40"), "getProjectDataLinkingBatchItems").json()
    token = page["nextPageToken"]
    holds(demo.get(items, version, pageToken=token), "getProjectDataLinkingBatchItems")
    holds(demo.get(items, version, pageOffset="60"), "getProjectDataLinkingBatchItems")
    for item in page["items"]:
        holds(demo.get(f"{items}/{item['id']}", version), "getProjectDataLinkingBatchItem")
    holds(demo.get("/api/jobs"), "getJobs")
    holds(demo.get(f"/api/jobs/{created.json()['job']['id']}"), "getJob")


@pytest.mark.parametrize("seconds", [0, 1.7, 3.5, 100])
def test_unlinking(sim, demo, holds, seconds):
    demo.create(IDS)
    body = {"items": [{"dataId": one} for one in IDS]}
    created = holds(demo.post(UNLINKING, "v3", body), "createProjectDataUnlinkingBatch")
    assert created.status_code == 201
    sim.clock.advance(seconds)
    batch = f"{UNLINKING}/{created.json()['id']}"
    holds(demo.get(batch), "getProjectDataUnlinkingBatch")
    page = holds(demo.get(f"{batch}/items"), "getProjectDataUnlinkingBatchItems").json()
    one = page["items"][7]["id"]
    holds(demo.get(f"{batch}/items/{one}"), "getProjectDataUnlinkingBatchItem")


def test_tokens_projects_and_data(demo, holds):
    holds(demo.post("/api/tokens"), "createJwtToken")
    holds(demo.get("/api/projects", pageSize="1000"), "getProjects")
    holds(demo.get("/api/projects", pageOffset="10", sort="name desc"), "getProjects")
    holds(demo.get(PROJECT), "getProject")
    eligible = f"{PROJECT}/data/eligibleForLinking"
    holds(demo.get(eligible), "getDataEligibleForLinking")
    holds(demo.get(eligible, id=IDS), "getDataEligibleForLinking")
    demo.create(IDS)
    holds(demo.get(f"{PROJECT}/data/{IDS[-1]}"), "getProjectData")


def test_lists_of_data(demo, holds):
    """Of all kinds of data, by cursor and by offset."""
    planted_data = {"filePath": "/deliveries/"}
    for query in (planted_data, {**planted_data, "pageOffset": "0", "sort": "name"}):
        rows = holds(demo.get(SOURCE, **query), "getProjectDataList").json()["items"]
        assert len(rows) > 100
        holds(demo.get(ELIGIBLE, **query), "getDataEligibleForLinking")
    holds(demo.get(PANEL, pageSize="1000"), "getProjectDataList")
    holds(demo.get(ELIGIBLE, pageSize="1000"), "getDataEligibleForLinking")
    children = f"{SOURCE}/{planted_id('/qc/plate-0001/')}/children"
    for version in ("v3", "v4"):
        assert holds(demo.get(children, version), "getProjectDataChildren").json()["items"]
    holds(demo.get(f"{SOURCE}/{planted_id(planted.NO_DETAILS)}"), "getProjectData")


def test_refusals(demo, caller_of, holds):
    nobody = caller_of(**{"X-API-Key": "nobody-key"})
    refusals = [
        (401, nobody.post("/api/tokens"), "createJwtToken"),
        (403, demo.post("/api/tokens:refresh"), "refreshJwtToken"),
        (400, demo.get(PROJECT, "v4"), "getProject"),
        (400, demo.get("/api/projects/one"), "getProject"),
        (403, demo.get(f"/api/projects/{STRANGERS_PROJECT}"), "getProject"),
        (404, demo.get(f"/api/projects/{NOWHERE}"), "getProject"),
        (400, demo.get("/api/projects", pageSize="1001"), "getProjects"),
        (404, demo.get(f"{PROJECT}/data/{data_id(1, '00')}"), "getProjectData"),
        (400, demo.get(SOURCE, filePath="runs/"), "getProjectDataList"),
        (403, demo.get(f"/api/projects/{STRANGERS_PROJECT}/data"), "getProjectDataList"),
        (404, demo.get(f"{SOURCE}/fol.1/children", "v4"), "getProjectDataChildren"),
        (400, demo.get("/api/jobs", status="DONE"), "getJobs"),
        (404, demo.get(f"/api/jobs/{NOWHERE}"), "getJob"),
        (
            403,
            demo.post(f"/api/projects/{READ_ONLY_PROJECT}/dataLinkingBatch", "v4", {"items": []}),
            "createProjectDataLinkingBatch",
        ),
        (400, demo.post(LINKING, "v4", {"items": [{}]}), "createProjectDataLinkingBatch"),
        (404, demo.get(f"{LINKING}/{NOWHERE}"), "getProjectDataLinkingBatch"),
        (404, demo.get(f"{UNLINKING}/{NOWHERE}/items"), "getProjectDataUnlinkingBatchItems"),
    ]
    for status, answer, operation_id in refusals:
        assert holds(answer, operation_id).status_code == status


@pytest.mark.parametrize("fault", ["429", "429-date", "429-bare", "500", "null-totals", "null-job"])
def test_faults_keep_to_the_document(sim, demo, holds, fault):
    batch = demo.create(IDS)
    sim.set_faults({fault: 1})
    holds(demo.get(batch), "getProjectDataLinkingBatch")
    holds(demo.get(f"{batch}/items", "v4"), "getProjectDataLinkingBatchItems")


def test_refusals_of_no_operation_are_problems_too(sim, demo, specification):
    put = demo.session.put(demo.url + PROJECT, timeout=10)
    text = demo.session.post(
        demo.url + LINKING,
        data="fil.1",
        headers={"Accept": media_type("v4"), "Content-Type": "text/plain"},
        timeout=10,
    )
    answers = {404: demo.get("/api/no/such/thing"), 405: put, 415: text}
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        _validate(specification, {"$ref": "#/components/schemas/Problem"}, answer.json())


def _operations(specification):
    return {
        described["operationId"]: {**described, "method": method, "path": path}
        for path, methods in specification["paths"].items()
        for method, described in methods.items()
    }


def _camel(path):
    for name in ("project", "data", "job", "batch", "item"):
        path = path.replace(f"{name}_id", f"{name}Id")
    return path


def _translate(node):
    """OpenAPI 3.0's `nullable` as a type, and objects closed to fields nobody described."""
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            _translate(child)
    if isinstance(node, dict) and node.get("nullable") is True and "type" in node:
        node["type"] = [node["type"], "null"]
        if "enum" in node:
            node["enum"] = [*node["enum"], None]
    if isinstance(node, dict) and "properties" in node and "type" in node:
        node.setdefault("additionalProperties", False)


def _validate(specification, schema, document):
    formats = jsonschema.FormatChecker()
    formats.checks("date-time", raises=ValueError)(_is_moment)
    whole = {**schema, "components": specification["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=formats).validate(document)


def _is_moment(value):
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
