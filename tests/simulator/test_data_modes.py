"""What nobody knows of ICA's lists of data, and what may go wrong with them: a fault for each."""

import http.client
import unicodedata
from contextlib import closing

import pytest
import requests

from tests.simulated_ica import FIRST_PROJECT, READ_ONLY_PROJECT, simulator
from tests.simulator.conftest import PROJECT, UNLINKING, data_id, linked
from tests.simulator.finding import (
    DELIVERIES,
    ELIGIBLE,
    EXACT,
    FULL,
    PANEL,
    SOURCE,
    data_of,
    found,
    paths,
    planted_id,
    total,
)
from webapp.simulator import planted

TARGET = f"{PROJECT}/data"
LETTERS = "/deliveries/letters/"


def names(data):
    return [datum["details"]["name"] for datum in data]


def test_exact_folds_case_or_not(sim, demo):
    asked = {"filename": "SAMPLE_07_r1.fastq.gz", **EXACT}
    assert paths(demo, SOURCE, **asked) == []
    sim.set_faults({"exact-folds-case": 1})
    assert paths(demo, SOURCE, **asked) == [planted.CAPITALS_ONLY]
    assert len(paths(demo, SOURCE, filename="abc.txt", **EXACT)) == 2


def test_nfc_equals_nfd_or_not(sim, demo):
    stored = planted.ODD_PATHS["nfd"].rpartition("/")[2]
    asked = {"filename": unicodedata.normalize("NFC", stored), **EXACT}
    assert asked["filename"] != stored
    assert found(demo, SOURCE, **asked) == []
    sim.set_faults({"nfc-equals-nfd": 1})
    assert names(found(demo, SOURCE, **asked)) == [stored]
    both = planted.ODD_PATHS["both nfc"].rpartition("/")[2]
    assert len(found(demo, SOURCE, filename=both, **EXACT)) == 2


def test_commas_cut_values_or_not(sim, demo):
    path = planted.ODD_PATHS["comma"]
    asked = {"filename": path.rpartition("/")[2], **EXACT}
    assert paths(demo, SOURCE, **asked) == [path]
    sim.set_faults({"comma-cuts-values": 1})
    assert paths(demo, SOURCE, **asked) == []
    joined = f"{planted.NAME_ONCE},{planted.NAME_TWICE}"
    assert len(paths(demo, SOURCE, filename=joined, **EXACT)) == 3


@pytest.mark.parametrize(
    "query", [{"filePath": "run1/"}, {"parentFolderPath": "/run1"}, {"parentFolderPath": "run1/"}]
)
def test_a_bad_slash_is_refused_or_finds_nothing(sim, demo, query):
    assert demo.get(SOURCE, **query).status_code == 400
    sim.set_faults({"bad-slash-is-empty": 1})
    assert found(demo, SOURCE, **query) == []


def test_the_path_is_the_whole_one_or_that_of_the_folder(sim, demo):
    inside = {"parentFolderPath": LETTERS}
    whole = {planted.SMALL_PATH, planted.CAPITAL_PATH, planted.CAPITALS_ONLY}
    assert set(paths(demo, SOURCE, **inside)) == whole
    sim.set_faults({"path-is-parent": 1})
    assert set(paths(demo, SOURCE, **inside)) == {LETTERS}
    assert paths(demo, SOURCE, filePath=planted.RUN_1, **FULL) == ["/run1/"]
    assert paths(demo, SOURCE, filePath="/run1/", type="FOLDER") == ["/"]
    [read] = found(demo, PANEL, filename="NA12878.bam", **EXACT)
    batch = demo.create([read["id"]])
    sim.clock.advance(1_000)
    assert data_of(demo.items(batch)[0]["createdProjectData"]) == read


def test_what_was_linked_is_listed_in_the_target(sim, demo):
    """By its own name, path and home, as it is in its own project, until it is unlinked."""
    [read] = found(demo, PANEL, filename="NA12878.bam", **EXACT)
    path, made_up = read["details"]["path"], data_id(1, "99")
    assert total(demo, TARGET) == 0
    linked(demo, sim, [read["id"], made_up])
    assert found(demo, TARGET, filename="NA12878.bam", **EXACT) == [read]
    assert found(demo, TARGET, filePath=path, **FULL) == [read]
    assert found(demo, TARGET, parentFolderPath=path.removesuffix("NA12878.bam")) == [read]
    assert found(demo, TARGET, owningProjectId=READ_ONLY_PROJECT) == [read]
    assert {data["id"] for data in found(demo, TARGET)} == {read["id"], made_up}
    [item] = demo.get(TARGET, id=made_up).json()["items"]
    assert item["projectId"] == FIRST_PROJECT
    assert demo.get(f"{TARGET}/{made_up}").json() == item
    linked(demo, sim, [read["id"]], "v3", UNLINKING)
    assert [data["id"] for data in found(demo, TARGET)] == [made_up]


def test_the_contents_of_a_linked_folder_are_found_by_its_id_alone(sim, demo):
    folder, inner = planted_id("/deliveries/"), planted_id(LETTERS)
    linked(demo, sim, [folder, data_id(2, "99", "fol")])
    assert paths(demo, TARGET, parentFolderPath="/") == ["/deliveries/"]
    assert paths(demo, TARGET, parentFolderPath="/deliveries/") == []
    assert paths(demo, TARGET, filePath=LETTERS) == []
    assert LETTERS in paths(demo, TARGET, parentFolderId=folder)
    assert planted.SMALL_PATH in paths(demo, TARGET, parentFolderId=inner)
    children = demo.get(f"{TARGET}/{inner}/children", "v4").json()["items"]
    assert {item["projectId"] for item in children} == {FIRST_PROJECT}
    assert len(children) == 3
    assert demo.get(f"{TARGET}/{planted_id('/qc/')}/children", "v4").status_code == 404
    made_up = f"{TARGET}/{data_id(2, '99', 'fol')}/children"
    assert 2 <= len(demo.get(made_up, "v4").json()["items"]) <= 5


def test_a_linked_datum_may_have_the_path_of_an_own_one(demo):
    rows = found(demo, SOURCE, filePath=planted.PATH_IN_TWO_PROJECTS, **FULL)
    homes = {row["details"]["owningProjectId"] for row in rows}
    assert homes == {DELIVERIES, READ_ONLY_PROJECT}


def test_what_is_held_already_is_eligible_or_not(sim, demo):
    asked = {"filename": planted.NAME_ONCE, **EXACT}
    [datum] = found(demo, ELIGIBLE, **asked)
    held = data_id(1, "05")
    linked(demo, sim, [datum["id"]])
    assert found(demo, ELIGIBLE, **asked) == [datum]
    assert len(found(demo, ELIGIBLE, id=[datum["id"], held])) == 2
    sim.set_faults({"eligible-hides-linked": 1})
    assert found(demo, ELIGIBLE, **asked) == []
    assert found(demo, ELIGIBLE, id=[datum["id"], held]) == []


def test_which_statuses_can_be_linked(sim, demo):
    ids = {status: planted_id(path) for status, path in planted.BY_STATUS.items()}
    assert {data["id"] for data in found(demo, ELIGIBLE, id=list(ids.values()))} == set(
        ids.values()
    )
    sim.set_faults({"only-available-links": 1})
    strict = linked(demo, sim, ids.values())
    assert strict.pop(ids["AVAILABLE"]) == ("LINKED", None)
    assert strict[ids["ARCHIVED"]] == ("FAILED", "Data of status ARCHIVED can't be linked.")
    assert {status for status, _ in strict.values()} == {"FAILED"}
    sim.set_faults({})
    again = linked(demo, sim, ids.values())
    assert again.pop(ids["AVAILABLE"])[0] == "ALREADY_LINKED"
    assert again.pop(ids["DELETING"]) == ("FAILED", "Data of status DELETING can't be linked.")
    assert set(again.values()) == {("LINKED", None)}


def test_only_available_links_is_remembered(tmp_path, demo_at):
    ids = [planted_id(planted.PARTIAL_TWIN)]
    state = tmp_path / "simulator.jsonl"
    with simulator(state=state, rate=1_000, faults={"only-available-links": 1}) as sim:
        batch = demo_at(sim).create(ids)
    sim.clock.advance(10)
    with simulator(state=state, clock=sim.clock) as sim:
        assert [status for status, _ in demo_at(sim).outcomes(batch).values()] == ["FAILED"]


def test_data_that_move_while_they_are_read(sim, demo):
    asked = {"filePath": "/deliveries/bam/", "type": "FILE", "pageSize": "1"}
    before = paths(demo, SOURCE, **asked)
    sim.set_faults({"moved": 1})
    assert paths(demo, SOURCE, **asked) == [before[0], "/deliveries/bam/renamed.bam"]
    page = demo.get(SOURCE, **asked, pageOffset="0").json()
    assert page["totalItemCount"] == 3


def test_a_page_by_offset_may_begin_with_a_row_twice(sim, demo):
    asked = {"filePath": "/deliveries/bam/", "type": "FILE", "pageSize": "2"}
    before = paths(demo, SOURCE, **asked)
    sim.set_faults({"twice": 1})
    pages = [demo.get(SOURCE, **asked, pageOffset=str(n)).json()["items"] for n in (0, 2)]
    assert [[data_of(row)["details"]["path"] for row in page] for page in pages] == [
        before[:2],
        before[1:],
    ]
    assert paths(demo, SOURCE, **asked) == before


def test_a_status_of_data_nobody_has_heard_of(sim, demo):
    sim.set_faults({"unknown-data-status": 1})
    [datum] = found(demo, SOURCE, filename=planted.NAME_ONCE, **EXACT)
    assert datum["details"]["status"] == "HIBERNATING"


def line_of(length):
    """The address of a list of data whose request line has so many bytes."""
    address = f"/ica/rest{ELIGIBLE}?filename="
    return address + "x" * (length - len(f"GET {address} HTTP/1.1"))


def test_request_lines_are_not_endless(sim):
    def answer(length):
        with closing(http.client.HTTPConnection("127.0.0.1", sim.port, timeout=10)) as connection:
            headers = {"X-API-Key": "demo-key", "Accept": "*/*"}
            connection.request("GET", line_of(length), headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"]

    assert answer(8_192) == (200, "application/vnd.illumina.v3+json")
    assert answer(8_193) == (414, "text/html; charset=utf-8")
    sim.set_faults({"long-url-is-400": 1})
    assert answer(8_193) == (400, "application/problem+json")
    sim.set_faults({"long-url-drops": 1})
    with pytest.raises(http.client.RemoteDisconnected):
        answer(8_193)
    assert answer(8_192)[0] == 200


def test_a_parameter_may_have_a_limit_of_values(demo_at):
    with simulator(values=3) as sim:
        demo = demo_at(sim)
        many, few = ({"filename": ["a", "b", "c", "d"][:n]} for n in (4, 3))
        assert demo.get(SOURCE, **many).status_code == 200
        sim.set_faults({"too-many-values": 1})
        assert demo.get(SOURCE, **many).status_code == 400
        assert demo.get(SOURCE, **few).status_code == 200


def test_calls_and_their_length_are_counted(sim, demo):
    demo.get(SOURCE, filename=["a", "b", "c"], filePath=["/a", "/b"])
    demo.get(SOURCE, filename=["a"])
    demo.get(f"{SOURCE}/{planted_id('/qc/')}/children", "v4")
    assert sim.calls() == {"getProjectDataList": 2, "getProjectDataChildren": 1}
    query = "filename=a&filename=b&filename=c&filePath=%2Fa&filePath=%2Fb"
    line = f"GET /ica/rest{SOURCE}?{query} HTTP/1.1"
    assert sim.longest()["getProjectDataList"] == {"values": 3, "bytes": len(line)}
    assert sim.longest()["getProjectDataChildren"]["values"] == 0
    sim.forget_calls()
    assert sim.longest() == {}


@pytest.mark.parametrize("fault", ["429", "500", "503"])
def test_the_usual_faults_hit_lists_of_data_too(sim, demo, fault):
    sim.set_faults({f"data-list:{fault}": "1x", f"children:{fault}": "1x"})
    children = f"{SOURCE}/{planted_id('/qc/')}/children"
    for place, version in ((SOURCE, "v3"), (children, "v4")):
        statuses = [demo.get(place, version).status_code for _ in range(2)]
        assert statuses == [int(fault), 200]


def test_an_answer_of_data_may_be_cut(sim, demo):
    sim.set_faults({"eligible:cut": "1x"})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        demo.get(ELIGIBLE)


def test_a_larger_catalogue_has_the_same_data_and_more(demo_at):
    with simulator(catalogue_files=1_000) as small, simulator(catalogue_files=30_000) as large:
        few, many = demo_at(small), demo_at(large)
        asked = {"filename": "NA12878.bam", **EXACT}
        assert found(few, PANEL, **asked) == found(many, PANEL, **asked)
        runs = {"parentFolderPath": "/runs/"}
        assert (len(paths(few, PANEL, **runs)), len(paths(many, PANEL, **runs))) == (2, 36)
        assert total(many, PANEL, filePath="/runs/", type="FILE") == 30_000
        assert total(few, SOURCE, filename=planted.NAME_1500_TIMES, **EXACT) == 1_500
