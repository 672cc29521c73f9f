"""Every fault does what its name says, as often as it was told to, and where."""

import email.utils
import socket

import pytest
import requests

from tests.simulated_ica import DEMO_KEY, simulator
from tests.simulator.conftest import LINKING, PROJECT, UNLINKING, data_id
from webapp.simulator.faults import FAULTS, FaultError, Faults

IDS = [data_id(number, "88") for number in range(30)]


def test_429_says_when_to_come_back(sim, demo):
    sim.set_faults({"429": 1})
    answer = demo.get(PROJECT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert answer.json()["title"] == "ICA_API_429"


def test_429_date_says_it_as_a_date(sim, demo):
    sim.set_faults({"429-date": 1})
    answer = demo.get(PROJECT)
    moment = email.utils.parsedate_to_datetime(answer.headers["Retry-After"]).timestamp()
    assert answer.status_code == 429
    assert moment == int(sim.clock.now + 2)


def test_429_bare_does_not_say_it(sim, demo):
    sim.set_faults({"429-bare": 1})
    answer = demo.get(PROJECT)
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers


def test_500_is_a_problem_and_503_is_html(sim, demo):
    sim.set_faults({"500": 1})
    assert demo.get(PROJECT).json()["status"] == 500
    sim.set_faults({"503": 1})
    answer = demo.get(PROJECT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "<html>" in answer.text


@pytest.mark.parametrize(("fault", "jobs"), [("dropped-before", 0), ("dropped-after", 1)])
def test_a_dropped_create_is_done_or_not(sim, demo, fault, jobs):
    sim.set_faults({f"create:{fault}": "1x"})
    with pytest.raises(requests.ConnectionError):
        demo.create(IDS)
    assert len(demo.get("/api/jobs").json()["items"]) == jobs
    assert sim.calls()["createProjectDataLinkingBatch"] == 1


def test_cut_ends_the_answer_in_its_middle(sim, demo):
    sim.set_faults({"cut": "1x"})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        demo.get(PROJECT)
    assert demo.get(PROJECT).status_code == 200


def test_slow_outlasts_a_hasty_client(sim, demo):
    sim.set_faults({"slow": "1x"})
    with pytest.raises(requests.ReadTimeout):
        demo.session.get(demo.url + PROJECT, timeout=0.1)
    assert demo.get(PROJECT).status_code == 200


def test_a_dripping_answer_begins_and_does_not_end(sim, demo):
    """No wait between two bytes is long, so that no time-out of requests ends it."""
    sim.set_faults({"drip": "1x"})
    with socket.create_connection(("127.0.0.1", sim.port), timeout=2) as plain:
        plain.sendall(b"GET /ica/rest/api/projects HTTP/1.1\r\nHost: localhost\r\n")
        plain.sendall(b"Accept: application/vnd.illumina.v3+json\r\n")
        plain.sendall(f"X-API-Key: {DEMO_KEY}\r\n\r\n".encode())
        assert [plain.recv(100) for _ in range(4)] == [b"H", b"T", b"T", b"P"]
    assert demo.get(PROJECT).status_code == 200


def test_null_totals(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"items:null-totals": 1})
    for params in ({"pageOffset": "0", "pageSize": "1"}, {"pageSize": "10"}):
        page = demo.get(f"{batch}/items", "v4", **params).json()
        assert page["totalItemCount"] is page["remainingRecords"] is None
    assert demo.get("/api/projects", pageOffset="0").json()["totalItemCount"] > 0


def test_null_job(sim, demo):
    sim.set_faults({"null-job": 1})
    batch = demo.create(IDS)
    assert demo.get(batch).json()["job"] is None
    sim.set_faults({})
    assert demo.get(batch).json()["job"]["status"] == "INITIALIZED"


def test_a_status_nobody_has_heard_of(sim, demo):
    sim.set_faults({"unknown-status": "1x"})
    struck, spared = demo.create(IDS), demo.create(IDS)
    sim.clock.advance(100)
    statuses = [status for status, _ in demo.outcomes(struck).values()]
    assert statuses[:8] == ["QUARANTINED", *["LINKED"] * 6, "QUARANTINED"]
    assert "QUARANTINED" not in str(demo.outcomes(spared))


def test_a_refused_page_token(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"refused-token": 1})
    page = demo.get(f"{batch}/items", "v4", pageSize="10")
    assert page.status_code == 200
    token = page.json()["nextPageToken"]
    again = demo.get(f"{batch}/items", "v4", pageSize="10", pageToken=token)
    assert again.status_code == 400


def test_a_cursor_that_repeats(sim, demo):
    batch = demo.create(IDS)
    first = demo.get(f"{batch}/items", "v4", pageSize="10").json()
    sim.set_faults({"repeated-cursor": 1})
    token = first["nextPageToken"]
    second = demo.get(f"{batch}/items", "v4", pageSize="10", pageToken=token).json()
    assert second["nextPageToken"] == token
    assert second["items"] != first["items"]


def test_cursors_that_lead_in_a_circle(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"circling-cursor": 1})
    first = demo.get(f"{batch}/items", "v4", pageSize="20").json()
    token = first["nextPageToken"]
    second = demo.get(f"{batch}/items", "v4", pageSize="20", pageToken=token).json()
    again = demo.get(f"{batch}/items", "v4", pageToken=second["nextPageToken"], pageSize="20")
    assert again.json()["items"] == first["items"]
    assert again.json()["nextPageToken"] == token
    assert demo.get(f"{batch}/items", "v4", pageOffset="0").json()["nextPageToken"] == ""


@pytest.mark.parametrize("status", [408, 302])
def test_a_proxy_answers_after_the_work_was_done(sim, demo, status):
    sim.set_faults({f"create:{status}": "1x"})
    answer = demo.post(LINKING, "v4", {"items": [{"dataId": IDS[0]}]})
    first = (answer.history or [answer])[0]  # the redirect leads nowhere
    assert first.status_code == status
    assert first.headers["Content-Type"].startswith("text/html")
    assert len(demo.get("/api/jobs").json()["items"]) == 1


def test_tokens_without_an_end_are_new_each_time(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"endless-cursor": 1})
    seen, token = [], ""
    for _ in range(5):
        page = demo.get(f"{batch}/items", "v4", pageSize="20", pageToken=token).json()
        token = page["nextPageToken"]
        seen.append((token, [item["request"]["dataId"] for item in page["items"]]))
    assert [ids for _, ids in seen] == [IDS[:20], IDS[20:]] * 2 + [IDS[:20]]
    assert len({token for token, _ in seen}) == 5


def test_offsets_that_are_refused(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"items:refused-offset": 1, "jobs:refused-offset": 1})
    assert demo.get(f"{batch}/items", "v4", pageOffset="0").status_code == 400
    assert demo.get("/api/jobs", sort="timeCreated desc").status_code == 400
    assert demo.get(f"{batch}/items", "v4", pageSize="10").status_code == 200
    assert len(demo.get("/api/jobs").json()["items"]) == 1
    assert demo.get("/api/projects", pageOffset="0").status_code == 200


def test_pages_have_a_limit_of_their_own(demo_at):
    with simulator(page_items=10) as sim:
        demo = demo_at(sim)
        batch = demo.create(IDS)
        assert demo.get(f"{batch}/items", "v4", pageSize="11").status_code == 400
        assert [len(page["items"]) for page in demo.pages(f"{batch}/items")] == [10, 10, 10]


@pytest.mark.parametrize(("fault", "status"), [("too-large", 413), ("too-large-400", 400)])
def test_a_batch_that_is_too_large(demo_at, fault, status):
    with simulator(batch_items=10, faults={fault: 1}) as sim:
        demo = demo_at(sim)
        for ids, said in ((IDS[:11], status), (IDS[:10], 201)):
            body = {"items": [{"dataId": data_id} for data_id in ids]}
            assert demo.post(LINKING, "v4", body).status_code == said
        assert len(demo.get("/api/jobs").json()["items"]) == 1


def test_an_id_that_spoils_its_batch(sim, demo):
    sim.set_faults({"bad-id": 1})
    for ids, said in ((IDS, 201), ([*IDS, data_id(99, "")[:-3] + "bad"], 400)):
        body = {"items": [{"dataId": data_id} for data_id in ids]}
        assert demo.post(LINKING, "v4", body).status_code == said


def test_one_item_that_is_not_as_the_schema_has_it(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"malformed-item": 1})
    items = demo.get(f"{batch}/items", "v4").json()["items"]
    assert [item["processing"]["status"] == 7 for item in items] == [True, *[False] * 29]
    sim.set_faults({"nameless-item": 1})
    items = demo.get(f"{batch}/items", "v4").json()["items"]
    assert ["request" in item for item in items] == [False, *[True] * 29]


def test_a_job_status_nobody_has_heard_of(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"unknown-job": 1})
    job = demo.get(batch).json()["job"]
    assert job["status"] == demo.get(f"/api/jobs/{job['id']}").json()["status"] == "CLEANING_UP"


def test_items_that_are_miscounted(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"miscounted": 1})
    assert demo.count(batch, status="INITIALISED") == 0
    assert demo.count(batch) == len(demo.items(batch)) == 30


def test_ids_in_capitals(sim, demo):
    sim.set_faults({"capitals": 1})
    item = demo.items(demo.create(IDS))[0]
    assert item["request"]["dataId"] == IDS[0].upper()
    assert item["id"] == item["id"].lower()


def test_a_lost_batch(sim, demo):
    batch, unlinking = demo.create(IDS), demo.create(IDS, "v3", UNLINKING)
    item = demo.items(batch)[0]["id"]
    sim.set_faults({"lost-batch": 1})
    assert demo.get(batch).status_code == 404
    assert demo.get(f"{batch}/items", "v4").status_code == 404
    assert demo.get(f"{batch}/items/{item}", "v4").status_code == 404
    assert demo.get(unlinking).status_code == 404
    assert demo.get(PROJECT).status_code == 200


def test_a_refused_batch(sim, demo):
    sim.set_faults({"refused-batch": "2x"})
    body = {"items": [{"dataId": IDS[0]}]}
    for place, version in ((LINKING, "v4"), (UNLINKING, "v3")):
        answer = demo.post(place, version, body)
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("Data of different regions")
    assert demo.get("/api/jobs").json()["items"] == []
    assert demo.post(LINKING, "v4", body).status_code == 201


def test_a_batch_that_is_closed_to_the_user(sim, demo):
    batch = demo.create(IDS)
    sim.set_faults({"forbidden": 1})
    body = {"items": [{"dataId": IDS[0]}]}
    assert demo.post(LINKING, "v4", body).status_code == 403
    assert demo.get(batch).status_code == 403
    assert demo.get(PROJECT).status_code == 200
    assert len(demo.get("/api/jobs").json()["items"]) == 1


def test_a_fault_keeps_to_its_operation_and_its_count(sim, demo):
    sim.set_faults({"project:500": "2x"})
    assert demo.get("/api/projects").status_code == 200
    assert [demo.get(PROJECT).status_code for _ in range(3)] == [500, 500, 200]
    assert sim.faults() == {"project:500": "0x"}


@pytest.mark.slow
def test_a_rate_is_kept_and_the_seed_repeats_it():
    def statuses(seed):
        with simulator(faults={"500": 0.3}, seed=seed) as sim, requests.Session() as session:
            session.headers.update({"X-API-Key": "demo-key", "Accept": "*/*"})
            return [session.get(sim.url + PROJECT, timeout=10).status_code for _ in range(200)]

    first = statuses(1)
    assert first == statuses(1)
    assert first != statuses(2)
    assert 30 <= first.count(500) <= 90


def test_faults_spare_the_controls(sim, demo):
    sim.set_faults(dict.fromkeys(FAULTS, 1))
    assert sim.faults() == dict.fromkeys(FAULTS, 1)
    assert sim.calls() == {}
    with pytest.raises(requests.ConnectionError):
        demo.post(LINKING, "v4", {"items": []})
    assert sim.calls() == {"createProjectDataLinkingBatch": 1}
    sim.forget_calls()
    assert sim.calls() == {}


@pytest.mark.parametrize("text", ["429=2", "429=-1", "429=often", "429", "no-such=1", "nope:429=1"])
def test_a_fault_that_makes_no_sense_is_refused(sim, demo, text):
    with pytest.raises(FaultError, match=r"There is no|between 0 and 1"):
        Faults.parse([text])
    target, _, amount = text.partition("=")
    control = f"{sim.root}/_simulator/faults"
    answer = demo.session.post(control, json={target: amount}, timeout=10)
    assert (answer.status_code, sim.faults()) == (400, {})


def test_faults_are_written_as_they_are_read():
    texts = [":429=0.1", "create:dropped-after=1x"]
    assert Faults.parse(texts).to_json() == {"429": 0.1, "create:dropped-after": "1x"}
    assert Faults.from_json(Faults.parse(texts).to_json()) == Faults.parse(texts)


def test_what_has_hit_a_call_is_counted(sim, demo):
    sim.set_faults({"project:429": "2x", "500": 0})
    assert [demo.get(PROJECT).status_code for _ in range(3)] == [429, 429, 200]
    assert sim.struck() == {"project:429": 2}
