"""How items end, by their ids and by what the project holds already."""

import re

from tests.simulated_ica import FIRST_PROJECT
from tests.simulator.conftest import LINKING, PROJECT, UNLINKING, data_id, linked

OTHER_LINKING = LINKING.replace(FIRST_PROJECT, "00000000-0000-4000-8000-000000000004")


def test_outcomes_follow_from_the_ending_of_the_id(sim, demo):
    ids = [data_id(n, f"{n:02x}") for n in range(256)]
    statuses = [status for status, _ in linked(demo, sim, ids).values()]
    assert statuses[:3] == ["FAILED"] * 3
    assert statuses[3:16] == ["ALREADY_LINKED"] * 13
    assert statuses[16:] == ["LINKED"] * 240


def test_each_failure_has_its_reason(sim, demo):
    ids = [data_id(n, ending) for n in range(20) for ending in ("00", "01", "02")]
    reasons = [reason for _, reason in linked(demo, sim, ids).values()]
    assert set(reasons[0::3]) == {"Data not found."}
    assert set(reasons[2::3]) == {"Data is being archived."}
    pattern = r"Data sharing is disabled in the owning project [0-9a-f-]{36}\."
    assert all(re.fullmatch(pattern, reason) for reason in reasons[1::3])
    assert len(set(reasons[1::3])) == 20


def test_any_string_is_taken_and_what_has_no_hex_is_not_found(sim, demo):
    odd = ["", "x", "fil.zz", "réads_ü", " ", "fil." + "g" * 300, "urn:ilmn:ica:x"]
    outcomes = linked(demo, sim, odd)
    assert set(outcomes.values()) == {("FAILED", "Data not found.")}
    assert linked(demo, sim, ["FIL.ABCDEF", "7"]) == {
        "FIL.ABCDEF": ("LINKED", None),
        "7": ("FAILED", "Data not found."),
    }


def test_an_empty_list_is_taken(sim, demo):
    assert linked(demo, sim, []) == {}


def test_what_was_linked_is_already_linked_in_that_project_only(sim, demo):
    ids = [data_id(n, "99") for n in range(5)]
    assert {status for status, _ in linked(demo, sim, ids).values()} == {"LINKED"}
    assert {status for status, _ in linked(demo, sim, ids).values()} == {"ALREADY_LINKED"}
    elsewhere = linked(demo, sim, ids, path=OTHER_LINKING)
    assert {status for status, _ in elsewhere.values()} == {"LINKED"}


def test_a_repeat_within_one_batch_is_already_linked(sim, demo):
    batch = demo.create([data_id(1, "99")] * 2)
    sim.clock.advance(1_000)
    statuses = [item["processing"]["status"] for item in demo.items(batch)]
    assert statuses == ["LINKED", "ALREADY_LINKED"]


def test_archived_data_link_when_tried_again_in_the_same_project(sim, demo):
    archived = data_id(1, "02")
    assert linked(demo, sim, [archived])[archived][0] == "FAILED"
    assert linked(demo, sim, [archived], path=OTHER_LINKING)[archived][0] == "FAILED"
    assert linked(demo, sim, [archived])[archived][0] == "LINKED"
    assert linked(demo, sim, [archived])[archived][0] == "ALREADY_LINKED"


def test_folders_link_in_part(sim, demo):
    folders = [data_id(n, f"{n:02x}", "fol") for n in range(0x10, 0x20)]
    outcomes = linked(demo, sim, [*folders, data_id(1, "1a"), data_id(2, "20", "fol")])
    for folder in folders:
        status, reason = outcomes[folder]
        lost, total = re.fullmatch(r"(\d) of (\d) files could not be linked\.", reason).groups()
        assert status == "PARTIALLY_LINKED"
        assert 1 <= int(lost) < int(total) <= 5
    assert list(outcomes.values())[16:] == [("LINKED", None), ("LINKED", None)]


def test_v3_makes_one_item_of_each_file_in_a_folder(sim, demo):
    folder, file = data_id(1, "15", "fol"), data_id(2, "99")
    _, reason = linked(demo, sim, [folder], path=OTHER_LINKING)[folder]
    lost, total = map(int, re.findall(r"\d", reason))
    outcomes = linked(demo, sim, [folder, file], "v3")
    assert folder not in outcomes
    assert len(outcomes) == total + 1
    assert all(one.startswith("fil.") for one in outcomes)
    statuses = [status for status, _ in outcomes.values()]
    assert statuses == ["FAILED"] * lost + ["LINKED"] * (total - lost + 1)
    assert list(outcomes)[-1] == file


def test_items_carry_their_data_once_they_are_linked(sim, demo):
    ids = [data_id(1, "99"), data_id(2, "05"), data_id(3, "15", "fol"), data_id(4, "00")]
    batch = demo.create(ids)
    assert not any("createdProjectData" in item for item in demo.items(batch))
    sim.clock.advance(1_000)
    *linked_items, failed = demo.items(batch)
    assert "createdProjectData" not in failed
    for item in linked_items:
        data = item["createdProjectData"]["data"]
        assert data["id"] == item["request"]["dataId"]
        assert data["details"]["path"].startswith("/runs/")
        assert data == demo.get(f"{PROJECT}/data/{data['id']}").json()["data"]
    names = [item["createdProjectData"]["data"]["details"]["name"] for item in linked_items]
    assert all(re.fullmatch(r"(NA|HG)\d{5}[\w.-]*", name) for name in names)


def test_unlinking_forgets(sim, demo):
    file, held = data_id(1, "99"), data_id(2, "05")
    linked(demo, sim, [file, held])
    first = linked(demo, sim, [file, held], "v3", UNLINKING)
    second = linked(demo, sim, [file, held], "v3", UNLINKING)
    assert [status for status, _ in first.values()] == ["UNLINKED"] * 2
    assert [status for status, _ in second.values()] == ["ALREADY_UNLINKED"] * 2
    assert demo.get(f"{PROJECT}/data/{held}").status_code == 404
    assert {status for status, _ in linked(demo, sim, [file, held]).values()} == {"LINKED"}


def test_unlinking_fails_too(sim, demo):
    missing, in_use = data_id(1, "00"), data_id(2, "fe")
    folder, never = data_id(3, "ff", "fol"), data_id(4, "fe")
    linked(demo, sim, [in_use, folder])
    outcomes = linked(demo, sim, [missing, in_use, folder, never], "v3", UNLINKING)
    assert outcomes[missing] == ("FAILED", "Data not found.")
    assert outcomes[in_use] == ("FAILED", "Data is used by a running analysis.")
    assert outcomes[never] == ("ALREADY_UNLINKED", None)
    assert outcomes[folder][0] == "PARTIALLY_UNLINKED"
    assert re.fullmatch(r"\d of \d files could not be unlinked\.", outcomes[folder][1])


def test_eligible_data_leave_out_what_would_be_refused(demo):
    ids = [data_id(n, f"{n:02x}") for n in range(5)] + ["no hex at the end!"]
    page = demo.get(f"{PROJECT}/data/eligibleForLinking", id=ids).json()
    assert [data["id"] for data in page["items"]] == sorted(ids[2:5])
    some = demo.get(f"{PROJECT}/data/eligibleForLinking", pageOffset="0", pageSize="3").json()
    assert len(some["items"]) == 3 < some["totalItemCount"]
