"""Watching a batch that was made elsewhere."""

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import FIRST_PROJECT, STRANGERS_PROJECT
from tests.web.markup import column, element, elements, field_error, rows, with_class
from webapp.web.core.formatting import clock

NOBODY_S = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
ANOTHER_PROJECT = "00000000-0000-4000-8000-000000000004"
RECENT = "/submissions/adopt/recent"
NOTHING = "\N{EN DASH}"  # in a column, where nothing is known


@pytest.fixture
def batch(dashboard):
    """A batch that somebody's script made in ICA: its id."""
    script = dashboard.context.clients.for_key("demo-key", "")
    return script.create_batch(FIRST_PROJECT, data_ids(3)).id


def adopt(person, batch_id, project=FIRST_PROJECT, name=""):
    given = {"project_id": project, "batch_id": batch_id, "name": name}
    return person.post("/submissions/adopt", given)


def test_a_batch_of_a_script_is_followed_like_our_own(dashboard, batch):
    demo = dashboard.visitor()
    place = adopt(demo, batch, name="from a script").location
    assert "from a script" in text(demo.get(place))
    assert "No rows yet" in text(demo.get(f"{place}/items"))
    dashboard.work(60)
    assert "All 3 items are linked" in text(demo.get(place))
    assert sorted(rows(demo.get(f"{place}/items"))) == data_ids(3)


def test_until_ica_has_told_of_it_nothing_is_known_of_it(dashboard, batch):
    demo = dashboard.visitor()
    place = adopt(demo, batch, name="from a script").location
    page, board = demo.get(place), demo.get("/submissions")
    told = "Asking ICA ICA is being asked for this batch, and its items are being read."
    assert told in text(page)
    assert "1 batch, running" in text(page)
    assert element(page, "title").text == "from a script · Linkboard"
    assert element(page, id="progress")["data-icon"] == "moving"
    assert column(board, "State") == ["Asking ICA"]
    assert column(board, "Items") == [NOTHING]
    attempts, attempt = demo.get(f"{place}/attempts"), demo.get(f"{place}/attempts/1")
    for one in (page, attempts, attempt):
        untrue = [words for words in ("Waiting", "to be sent", " 0 ") if words in text(one)]
        assert untrue == []
    for one in (attempts, attempt):
        assert "Its items are being read from ICA." in text(one)
    dashboard.work()
    assert told not in text(demo.get(place))
    assert "Linking ICA has all of it and is linking" in text(demo.get(place))
    assert column(demo.get("/submissions"), "State") == ["Linking 0 %"]


def test_a_batch_that_has_ended_long_ago_has_ica_s_own_times(dashboard, batch):
    made_at, demo = dashboard.clock.now, dashboard.visitor()
    dashboard.clock.advance(900)
    adopted = clock(dashboard.clock.now)
    place = adopt(demo, batch).location
    dashboard.work(60)
    said = text(demo.get(place))
    made, ends = clock(made_at), {clock(made_at), clock(made_at + 0.5)}
    begun = f"Watched by you since {adopted} Sent {made} Ended"
    assert any(f"{begun} {end} Took under a second" in said for end in ends)
    listed = text(demo.get(f"{place}/batches"))
    assert any(f"{made} {end} under a second" in listed for end in ends)


def test_it_is_watched_by_whom_it_is_not_submitted_by(dashboard, batch):
    demo, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
    adopted = clock(dashboard.clock.now)
    place = adopt(demo, batch).location
    dashboard.work(60)
    board = "/submissions"
    assert f"Watched by you since {adopted}" in text(demo.get(place))
    assert f"Watched by Dana Demo since {adopted}" in text(colleague.get(place))
    assert column(demo.get(board), "By") == ["watched by you"]
    assert column(colleague.get(board), "By") == ["watched by Dana Demo"]
    attempts = demo.get(f"{place}/attempts")
    assert column(attempts, "By") == ["watched by Dana Demo"]
    assert column(attempts, "Began") == [f"watched since {adopted}"]
    assert "Attempt 1: the batch as it was made" in text(attempts)
    attempt = text(demo.get(f"{place}/attempts/1"))
    assert f"Watched by Dana Demo Watched since {adopted}" in attempt
    assert "watched by Dana Demo" in text(demo.get(f"{place}/delete"))
    for page in (place, f"{place}/attempts", f"{place}/attempts/1", f"{place}/delete"):
        assert "ubmitted by" not in text(demo.get(page))
    refused = colleague.get(f"{place}/delete")
    assert "Only Dana Demo, who has this batch watched, can" in text(refused)


def test_without_ica_s_time_none_is_told(dashboard, batch):
    dashboard.sim.set_faults({"null-job": 1.0})
    said = text(dashboard.visitor().get(adopt(dashboard.visitor(), batch).location))
    assert "Watched by you since" in said
    assert " Sent " not in said


def test_the_same_batch_twice_is_the_same_submission(dashboard, batch):
    demo = dashboard.visitor()
    place = adopt(demo, batch).location
    assert adopt(demo, batch.upper()).location == place
    assert adopt(dashboard.visitor("colleague-key"), f" {batch}\n").location == place
    assert "watched here already" in text(demo.get(place))


@pytest.mark.parametrize("wrong", ["1", "x" * 10_000, "../x", "{%}"])
def test_what_is_no_uuid_is_told_beside_the_field(demo, wrong):
    answer = adopt(demo, wrong, project=wrong, name="kept")
    assert answer.status_code == 422
    assert "UUID" in field_error(answer, "batch_id")
    assert "UUID" in field_error(answer, "project_id")
    assert element(answer, "a", href="#project_id").text == field_error(answer, "project_id")
    assert element(answer, "input", name="name")["value"] == "kept"


@pytest.mark.parametrize("wrong", ["", "\x00"])
def test_without_a_project_nothing_is_listed_and_both_are_asked_for(demo, batch, wrong):
    answer = adopt(demo, wrong, project=wrong, name="kept")
    assert answer.status_code == 422
    assert field_error(answer, "project_id").startswith("Choose the project")
    assert field_error(answer, "batch_id") == "Type the id of the batch."
    assert "Recent batches" not in text(answer)
    assert "Once a project is chosen, its recent batches are listed here" in text(answer)
    assert element(answer, "input", name="name")["value"] == "kept"


def test_an_empty_field_beside_a_list_leads_to_the_list(demo, batch):
    answer = adopt(demo, "", name="kept")
    assert answer.status_code == 422
    told = "Type the id of the batch, or press Watch it beside one of the list."
    assert field_error(answer, "batch_id") == told
    assert element(answer, "button", name="watch")["value"] == batch
    assert element(answer, "input", name="name")["value"] == "kept"


def test_the_project_comes_first_then_its_batches_then_the_id(demo, batch):
    said = text(demo.get(f"/submissions/adopt?project_id={FIRST_PROJECT}"))
    parts = ("1. Project", "Recent batches of this project", "Or by its id", "Name (optional)")
    places = [said.index(part) for part in parts]
    assert places == sorted(places)


def test_one_button_is_filled_at_most_and_none_beside_a_list(demo, batch):
    def filled(project):
        page = demo.get(f"/submissions/adopt?project_id={project}")
        return [one.text for one in with_class(page, "primary") if one.tag == "button"]

    assert filled(FIRST_PROJECT) == filled("") == []
    assert filled(ANOTHER_PROJECT) == ["Watch the batch of this id"]


def test_a_project_without_batches_is_told_in_one_sentence(demo):
    said = text(demo.get(f"/submissions/adopt?project_id={FIRST_PROJECT}"))
    assert "Recent batches of this project There are none: among the newest" in said
    assert "Or by its id" not in said
    assert "By its id" in said


def test_what_was_typed_and_chosen_survives_an_error(demo, batch):
    given = {"project_q": "rare disease", "project_id": FIRST_PROJECT, "batch_id": NOBODY_S}
    answer = demo.post("/submissions/adopt", {**given, "name": "kept"})
    assert answer.status_code == 422
    assert element(answer, "input", name="project_id", checked=None)["value"] == FIRST_PROJECT
    assert element(answer, "input", name="batch_id")["value"] == NOBODY_S
    assert element(answer, "input", name="name")["value"] == "kept"
    assert element(answer, "input", name="project_q")["value"] == "rare disease"
    assert "Rare disease WGS 2026" in element(answer, "summary").text
    searched = demo.post(RECENT, {**given, "project_q": "exomes 2023", "batch_id": "mine"})
    assert element(searched, "input", name="project_id", checked=None)["value"] == FIRST_PROJECT
    assert element(searched, "input", name="batch_id")["value"] == "mine"


def test_recent_batches_of_the_project_are_watched_by_one_click(dashboard, demo, batch):
    script = dashboard.context.clients.for_key("demo-key", "")
    adopt(demo, script.create_batch(FIRST_PROJECT, data_ids(2)).id)
    demo.submit(data_ids(2))
    script.create_batch(FIRST_PROJECT, data_ids(2), kind="unlink")
    script.create_batch(ANOTHER_PROJECT, data_ids(2))
    dashboard.sim.forget_calls()
    part = demo.part_of(RECENT, {"project_id": FIRST_PROJECT})
    assert dashboard.sim.calls() == {"getJobs": 1}
    assert "<html" not in part.get_data(as_text=True)
    offered = elements(part, "button", name="watch")
    assert [button["value"] for button in offered] == [batch]
    assert "Initialized" in text(part)
    page = demo.post(RECENT, {"project_id": FIRST_PROJECT, "name": "from a script"})
    assert element(page, "button", name="watch")["value"] == batch
    given = {"project_id": FIRST_PROJECT, "batch_id": "typed before", "watch": batch}
    place = demo.post("/submissions/adopt", {**given, "name": "from a script"}).location
    assert "from a script" in text(demo.get(place))
    none = text(demo.part_of(RECENT, {"project_id": FIRST_PROJECT}))
    assert "are watched here already" in none
    assert batch not in none


def test_a_job_that_does_not_tell_its_batch_is_listed_with_what_to_do(dashboard, demo, batch):
    dashboard.sim.set_faults({"nameless-job": 1.0})
    part = demo.part_of(RECENT, {"project_id": FIRST_PROJECT})
    assert not elements(part, "button", name="watch")
    assert "ICA does not tell which batch this job works on" in text(part)


@pytest.mark.parametrize("project", ["", "x", STRANGERS_PROJECT])
def test_without_such_a_project_no_job_is_shown(dashboard, demo, batch, project):
    dashboard.sim.forget_calls()
    part = demo.part_of(RECENT, {"project_id": project})
    assert batch not in part.get_data(as_text=True)
    assert ("getJobs" in dashboard.sim.calls()) == (project == STRANGERS_PROJECT)


def test_ica_does_not_tell_its_jobs(dashboard, demo, batch):
    dashboard.sim.set_faults({"jobs:500": 1.0})
    part = demo.part_of(RECENT, {"project_id": FIRST_PROJECT})
    assert part.status_code == 200
    assert "ICA" in text(part)
    assert "They can't be listed now" in text(part)
    dashboard.sim.set_faults({"refused-offset": 1.0})
    dashboard.sim.forget_calls()
    part = demo.part_of(RECENT, {"project_id": FIRST_PROJECT})
    assert element(part, "button", name="watch")["value"] == batch
    assert dashboard.sim.total_calls() <= 8


def test_a_name_that_is_too_long(demo, batch):
    answer = adopt(demo, batch, name="n" * 10_000)
    assert answer.status_code == 422
    assert "10,000" in field_error(answer, "name")


@pytest.mark.parametrize(("project", "of"), [(FIRST_PROJECT, NOBODY_S), (STRANGERS_PROJECT, None)])
def test_what_ica_does_not_know_or_show(dashboard, batch, project, of):
    answer = adopt(dashboard.visitor(), of or batch, project=project)
    assert answer.status_code == 422
    assert field_error(answer, "batch_id").startswith("ICA knows no such batch")
    assert "No submissions yet" in text(dashboard.visitor().get("/submissions"))


def test_ica_away(dashboard, batch):
    demo = dashboard.visitor()
    dashboard.sim.stop()
    answer = adopt(demo, batch)
    assert answer.status_code == 422
    assert "ICA did not answer" in field_error(answer, "batch_id")


def test_a_stranger_learns_nothing_of_a_batch_that_is_watched(dashboard, batch):
    adopt(dashboard.visitor(), batch)
    answer = adopt(dashboard.visitor("stranger-key"), batch)
    assert field_error(answer, "batch_id").startswith("ICA knows no such batch")
