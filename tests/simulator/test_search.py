"""Data are found by name, by path, by folder and by other filters, as ICA's document has it."""

import time
from itertools import pairwise

import pytest

from tests.simulated_ica import READ_ONLY_PROJECT, STRANGER_KEY, STRANGERS_PROJECT
from tests.simulator.conftest import data_id
from tests.simulator.finding import (
    DELIVERIES,
    ELIGIBLE,
    EXACT,
    FULL,
    PANEL,
    SOURCE,
    found,
    paths,
    planted_id,
    total,
)
from webapp.simulator import planted
from webapp.simulator.catalogue import sample_name

pytestmark = pytest.mark.long


def test_two_projects_have_20000_files_in_24_runs(demo):
    for place in (SOURCE, PANEL):
        assert total(demo, place, filePath="/runs/", type="FILE") == 20_000
        runs = found(demo, place, parentFolderPath="/runs/")
        assert (len(runs), {run["details"]["dataType"] for run in runs}) == (24, {"FOLDER"})
    reads = f"{sample_name('NA', 0)}_S1_L001_R1_001.fastq.gz"
    [read] = found(demo, PANEL, filename=reads, **EXACT)
    assert reads == "NA12878_S1_L001_R1_001.fastq.gz"
    run = read["details"]["sequencingRun"]["instrumentRunId"]
    assert read["details"]["path"] == f"/runs/{run}/Analysis/NA12878/{reads}"
    assert read["details"]["owningProjectId"] == READ_ONLY_PROJECT
    assert total(demo, PANEL, instrumentRunId=run) == total(
        demo, PANEL, filePath=f"/runs/{run}/R"
    ) + (total(demo, PANEL, filePath=f"/runs/{run}/Analysis/", type="FILE") + 3)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        (planted.NAME_ONCE, 1),
        (planted.NAME_TWICE, 2),
        (planted.NAME_300_TIMES, 300),
        (planted.NAME_1500_TIMES, 1_500),
        (planted.NAME_IN_TWO_PROJECTS, 2),
        (planted.STRANGERS_NAME, 0),
        ("no such name", 0),
        *((path.rpartition("/")[2], 1) for path in planted.ODD_PATHS.values()),
    ],
)
def test_a_name_is_found_as_often_as_it_stands(demo, name, count):
    rows = found(demo, ELIGIBLE, filename=name, **EXACT)
    assert [row["details"]["name"] for row in rows] == [name] * count
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids))
    assert total(demo, ELIGIBLE, filename=name, **EXACT) == count


def test_values_are_alternatives_and_parameters_narrow(demo):
    names = [planted.NAME_TWICE, "no such name", planted.NAME_ONCE, planted.NAME_ONCE]
    folder = "/deliveries/trio-0417/first/"
    assert len(paths(demo, SOURCE, filename=names, **EXACT)) == 3
    assert paths(demo, SOURCE, filename=names, filePath=folder, **EXACT) == [
        folder + planted.NAME_TWICE
    ]
    assert paths(demo, SOURCE, filename=names, parentFolderPath="/deliveries/", **EXACT) == []
    ids = [planted_id(planted.SMALL_PATH), planted_id(planted.CAPITAL_PATH), "fil.1"]
    assert set(paths(demo, SOURCE, id=ids)) == {planted.SMALL_PATH, planted.CAPITAL_PATH}
    assert paths(demo, SOURCE, id=ids[0].upper()) == [planted.SMALL_PATH]
    assert paths(demo, SOURCE, id=ids, filename="ABC", filenameMatchMode="FUZZY") != []
    assert paths(demo, SOURCE, id=ids, filename="ABC.txt", **EXACT) == [planted.CAPITAL_PATH]


def test_three_modes_of_names(demo):
    inside = {"parentFolderPath": "/deliveries/letters/", "filename": "abc.txt"}
    small, capital, other = planted.SMALL_PATH, planted.CAPITAL_PATH, planted.CAPITALS_ONLY
    assert paths(demo, SOURCE, **inside, **EXACT) == [small]
    assert set(paths(demo, SOURCE, **inside, filenameMatchMode="FUZZY")) == {small, capital}
    assert set(paths(demo, SOURCE, **inside)) == {small, capital}
    excluded = paths(demo, SOURCE, **inside, filenameMatchMode="EXCLUDE")
    assert set(excluded) == {capital, other}
    assert len(paths(demo, SOURCE, filename="x.bam", parentFolderPath="/deliveries/bam/")) == 3


def test_paths_match_whatever_their_capitals_and_as_plain_text(demo):
    both = {planted.SMALL_PATH, planted.CAPITAL_PATH}
    assert set(paths(demo, SOURCE, filePath="/DELIVERIES/letters/abc.TXT", **FULL)) == both
    assert set(paths(demo, SOURCE, filePath=planted.BESIDES[0])) == set(planted.BESIDES)
    assert paths(demo, SOURCE, filePath=planted.BESIDES[0], **FULL) == [planted.BESIDES[0]]
    assert planted.RUN_10 in paths(demo, SOURCE, filePath="/run1")
    assert planted.RUN_10 not in paths(demo, SOURCE, filePath="/run1/")
    several = [planted.PATH_OF_1000, planted.RUN_1, *planted.ODD_PATHS.values()]
    assert set(paths(demo, SOURCE, filePath=several, **FULL)) == set(several)
    assert len(found(demo, ELIGIBLE, filePath=planted.PATH_IN_TWO_PROJECTS, **FULL)) == 2
    like = [planted.FILE_LIKE_FOLDER, planted.FOLDER_LIKE_FILE]
    assert sorted(paths(demo, SOURCE, filename="results", **EXACT)) == like
    assert paths(demo, SOURCE, filename="results", type="FOLDER", **EXACT) == like[1:]


def test_folders_are_looked_into_one_level_deep(demo):
    inside = set(paths(demo, SOURCE, parentFolderPath="/deliveries/trio-0417/"))
    assert len(inside) == 3
    folder = planted_id("/deliveries/trio-0417/")
    other = planted_id("/run1/")
    assert set(paths(demo, SOURCE, parentFolderId=folder)) == inside
    assert set(paths(demo, SOURCE, parentFolderId=[folder, other])) == {*inside, planted.RUN_1}
    assert set(paths(demo, ELIGIBLE, parentFolderId=folder)) == inside
    children = f"{SOURCE}/{folder}/children"
    v4 = demo.get(children, "v4").json()
    assert {item["data"]["details"]["path"] for item in v4["items"]} == inside
    assert {item["projectId"] for item in v4["items"]} == {DELIVERIES}
    v3 = demo.get(children, pageSize="1").json()
    assert v3 == {"items": [item["data"] for item in v4["items"]]}
    assert [len(page["items"]) for page in demo.pages(children, pageSize="2")] == [2, 1]
    named = demo.get(children, "v4", filename=planted.NAME_ONCE, **EXACT).json()
    assert len(named["items"]) == 1
    assert total(demo, SOURCE, parentFolderId=planted_id(planted.EMPTY_FOLDER)) == 0
    assert {"/runs/", "/qc/", "/deliveries/"} < set(paths(demo, SOURCE, parentFolderPath="/"))


def test_children_of_what_is_no_folder_there(demo):
    assert demo.get(f"{SOURCE}/{planted_id(planted.RUN_1)}/children", "v4").status_code == 400
    assert demo.get(f"{PANEL}/{planted_id('/run1/')}/children", "v4").status_code == 404
    assert demo.get(f"{SOURCE}/fol.1/children", "v4").status_code == 404


def test_other_filters(demo):
    """By status, format, tag, run and time."""
    inside = {"filePath": "/deliveries/status/", "type": "FILE"}
    statuses = ["ARCHIVED", "PARTIAL"]
    wanted = {planted.BY_STATUS[status] for status in statuses}
    assert set(paths(demo, SOURCE, **inside, status=statuses)) == wanted
    assert len(paths(demo, SOURCE, **inside)) == 6
    assert paths(demo, SOURCE, userTag=planted.TAG, userTagMatchMode="EXACT") == [planted.TAGGED]
    assert planted.TAGGED in paths(demo, SOURCE, userTag="CONTROL")
    codes = {"BAM": 1, "BAI": 1, "FASTQ": 8, "VCF": 1, "CSV": 1}
    [sample] = found(demo, PANEL, filename="NA12878", type="FOLDER", **EXACT)
    for code, count in codes.items():
        assert total(demo, PANEL, parentFolderId=sample["id"], formatCode=code) == count
    assert total(demo, PANEL, parentFolderId=sample["id"], formatCode=list(codes)) == 12
    noon = "2025-04-01T12:00:00Z"
    earlier = total(demo, PANEL, filePath="/runs/", creationDateBefore=noon)
    later = total(demo, PANEL, filePath="/runs/", creationDateAfter=noon)
    assert min(earlier, later) > 5_000
    assert earlier + later == total(demo, PANEL, filePath="/runs/")
    assert total(demo, SOURCE, owningProjectId=DELIVERIES) > 20_000
    assert paths(demo, SOURCE, owningProjectId=READ_ONLY_PROJECT) == [planted.PATH_IN_TWO_PROJECTS]


@pytest.mark.parametrize(
    "query",
    [
        {"filenameMatchMode": "CONTAINS"},
        {"filePathMatchMode": "EXACT"},
        {"userTagMatchMode": "ANY"},
        {"type": "BUNDLE"},
        {"type": ["FILE", "FOLDER"]},
        {"status": "GONE"},
        {"filePath": "deliveries/"},
        {"parentFolderPath": "/deliveries"},
        {"parentFolderPath": "deliveries/"},
        {"parentFolderPath": ["/deliveries/", "/qc/"]},
        {"creationDateAfter": "2025-04-01"},
        {"creationDateBefore": "yesterday"},
        {"fullText": "x"},
        {"name": "x"},
        {"sort": "colour"},
        {"sort": "name", "pageToken": "x"},
        {"pageOffset": "0", "pageToken": "x"},
    ],
)
def test_what_makes_no_sense_or_is_not_served_is_refused(demo, query):
    for place in (SOURCE, ELIGIBLE):
        assert demo.get(place, **query).status_code == 400


def test_what_only_some_lists_have(demo):
    folder = planted_id("/qc/")
    for query in ({"sort": "name"}, {"filePath": "/"}, {"owningProjectId": DELIVERIES}):
        assert demo.get(f"{SOURCE}/{folder}/children", "v4", **query).status_code == 400
    assert demo.get(ELIGIBLE, owningProjectId=DELIVERIES).status_code == 400
    assert demo.get(SOURCE, "v4").json()["title"] == "ICA_API_004"


def test_what_is_sent_empty_counts_as_not_sent(demo):
    empty = {"pageToken": "", "pageOffset": "", "fullText": "", "filename": "", "sort": ""}
    page = demo.get(SOURCE, pageSize="3", filePath="/qc/", **empty).json()
    assert (len(page["items"]), page["totalItemCount"]) == (3, None)
    assert page["nextPageToken"]


def test_a_token_is_good_for_its_own_filters_only(demo):
    filters = {"filePath": "/qc/", "pageSize": "10"}
    token = demo.get(SOURCE, **filters).json()["nextPageToken"]
    assert demo.get(SOURCE, **filters, pageToken=token).status_code == 200
    assert demo.get(SOURCE, filePath="/qc/", pageSize="7", pageToken=token).status_code == 200
    for other in ({"filePath": "/q"}, {**filters, "type": "FILE"}, {"pageSize": "10"}):
        assert demo.get(SOURCE, **other, pageToken=token).status_code == 400
    assert demo.get(PANEL, **filters, pageToken=token).status_code == 400


def test_lists_are_sorted_and_come_by_offset_then(demo):
    inside = {"parentFolderPath": "/runs/", "pageSize": "24"}
    for attribute in ("timeCreated", "timeModified", "name", "path"):
        for direction, ordered in (("", (0, 1)), (" desc", (1, 0))):
            page = demo.get(SOURCE, sort=attribute + direction, **inside).json()
            values = [item["data"]["details"][attribute] for item in page["items"]]
            assert all(pair[ordered[0]] <= pair[ordered[1]] for pair in pairwise(values))
            assert (page["totalItemCount"], page["nextPageToken"]) == (24, "")
    sizes = demo.get(SOURCE, filePath="/deliveries/", sort="fileSizeInBytes desc").json()["items"]
    assert sizes[0]["data"]["details"]["fileSizeInBytes"] > 0
    for attribute in ("status", "format", "dataType", "willBeArchivedAt", "willBeDeletedAt"):
        assert demo.get(SOURCE, sort=attribute, **inside).status_code == 200


def test_nulls_and_folders_as_answers_may_have_them(demo):
    def datum(path):
        [one] = found(demo, SOURCE, filePath=path, **FULL)
        return one

    assert datum(planted.NO_DETAILS)["details"] is None
    assert datum(planted.NO_PATH)["details"]["path"] is None
    assert datum(planted.NO_URN)["urn"] is None
    folder, strange = datum(planted.EMPTY_FOLDER), datum(planted.NON_INDEXED_FOLDER)
    assert (folder["details"]["fileSizeInBytes"], folder["details"]["format"]) == (None, None)
    assert (folder["folderDetails"], strange["folderDetails"]) == (
        {"nonIndexed": False},
        {"nonIndexed": True},
    )
    twins = found(demo, SOURCE, filename="twin.bam", **EXACT)
    assert {twin["details"]["status"] for twin in twins} == {"AVAILABLE", "PARTIAL"}
    for status, path in planted.BY_STATUS.items():
        assert datum(path)["details"]["status"] == status


def test_who_may_look_where(demo, caller_of):
    stranger = caller_of(**{"X-API-Key": STRANGER_KEY})
    reef = f"/api/projects/{STRANGERS_PROJECT}/data"
    assert demo.get(reef).status_code == stranger.get(SOURCE).status_code == 403
    assert demo.get("/api/projects/00000000-0000-4000-8000-999999999999/data").status_code == 404
    [theirs] = found(stranger, reef, filename=planted.STRANGERS_NAME, **EXACT)
    assert paths(demo, ELIGIBLE, id=theirs["id"]) == []
    assert paths(demo, ELIGIBLE, parentFolderId=planted_id("/reef/", STRANGERS_PROJECT)) == []
    assert total(demo, ELIGIBLE) > 40_000
    mine = found(demo, f"{PANEL}/eligibleForLinking", type="FILE", filename="README")
    assert mine == []
    owners = {data["details"]["owningProjectId"] for data in found(demo, ELIGIBLE, filePath="/re")}
    assert owners == {DELIVERIES, READ_ONLY_PROJECT}
    at_home = demo.get(f"{SOURCE}/eligibleForLinking", filePath="/re").json()["items"]
    assert {data["details"]["owningProjectId"] for data in at_home} == {READ_ONLY_PROJECT}


def test_a_hundred_values_are_looked_up_by_an_index(demo):
    """By FUZZY there is none, so that all data have to be looked through."""
    names = [f"{sample_name('HG', n)}_S1_L001_R1_001.fastq.gz" for n in range(0, 6_900, 69)]
    paths = [f"/runs/no-such-run/{name}" for name in names]
    queries = {
        "name": {"filename": names, **EXACT},
        "path": {"filePath": paths, **FULL},
        "prefix": {"filePath": paths},
        "scan": {"filename": names, "filenameMatchMode": "FUZZY"},
    }
    seconds = {}
    for what, query in queries.items():
        begun = time.process_time()
        assert demo.get(ELIGIBLE, **query).status_code == 200
        seconds[what] = time.process_time() - begun
    assert max(seconds["name"], seconds["path"], seconds["prefix"]) < seconds["scan"] / 3


def test_the_data_of_a_batch_are_those_that_were_found(sim, demo):
    [read] = found(demo, PANEL, filename="NA12878.bam", **EXACT)
    made_up = data_id(1, "99")
    batch = demo.create([read["id"], made_up])
    sim.clock.advance(1_000)
    linked = [item["createdProjectData"]["data"] for item in demo.items(batch)]
    assert linked[0] == read
    home = linked[1]["details"]["owningProjectId"]
    assert (
        demo.get(f"/api/projects/{home}").json()["name"]
        == (linked[1]["details"]["owningProjectName"])
    )
