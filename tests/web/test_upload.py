"""The form for a new submission: the picker, what it takes, and everything it has to refuse."""

import io
import itertools

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT, READ_ONLY_PROJECT, STRANGERS_PROJECT
from tests.web.markup import element, elements, field_error

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06" + bytes(64)


def refused(demo, answer, field):
    """The sentence beside the field; the form came again, and nothing was kept."""
    assert answer.status_code == 422
    assert "No submissions yet" in text(demo.get("/submissions"))
    told = field_error(answer, field)
    assert told
    assert element(answer, "a", href=f"#{field}").text == told
    return told


def choices(answer):
    return [choice["value"] for choice in elements(answer, "input", name="project_id")]


def picked(visitor, typed):
    return visitor.post("/submissions/new", {"project_q": typed})


def chosen(answer):
    return [radio["value"] for radio in elements(answer, "input", name="project_id", checked=None)]


def test_the_picker_searches_in_ica(demo):
    assert len(choices(demo.get("/submissions/new"))) == 8
    answer = picked(demo, "rare disease")
    assert choices(answer) == [FIRST_PROJECT]
    assert chosen(answer) == [FIRST_PROJECT]
    assert "No project" in text(picked(demo, "nobody calls it so"))


def test_the_picker_finds_a_project_by_its_id(demo):
    assert choices(picked(demo, READ_ONLY_PROJECT)) == [READ_ONLY_PROJECT]
    assert choices(picked(demo, STRANGERS_PROJECT)) == []


def test_what_was_chosen_survives_another_search(demo):
    page = demo.get("/submissions/new")
    search = element(page, hx_target="#projects")
    assert search["hx-include"] == "#project-q, [name=project_id]:checked"
    assert "from:#project-q" in search["hx-trigger"]
    assert element(page, id="project-q")["name"] == "project_q"
    given = {"project_q": "exomes", "project_id": FIRST_PROJECT}
    part = demo.post(search["hx-post"], given)
    assert chosen(part) == [FIRST_PROJECT]
    assert len(choices(part)) == 9


def test_a_search_without_scripts_keeps_what_was_filled_in(demo):
    page = demo.get("/submissions/new")
    places = [button["formaction"] for button in elements(page, "button", formaction=None)]
    place = places[0]
    assert places == [place, f"{place}#sources"]
    ids = "\n".join(data_ids(3))
    filled = {"project_q": "rare disease", "ids": ids, "name": "mine"}
    answer = demo.post(place, {**filled, "file": (io.BytesIO(b"x"), "list.txt")})
    assert answer.status_code == 200
    assert chosen(answer) == [FIRST_PROJECT]
    assert element(answer, "textarea", name="ids").text.split() == ids.split()
    assert element(answer, "input", name="name")["value"] == "mine"
    assert element(answer, "input", name="project_q")["value"] == "rare disease"
    assert "list.txt (1 B) is kept: choose another to replace it" in text(answer)
    assert "No submissions yet" in text(demo.get("/submissions"))


def test_the_picker_says_when_ica_is_away(dashboard, demo):
    dashboard.sim.stop()
    for answer in (demo.get("/submissions/new"), demo.post("/projects", {"project_q": "x"})):
        assert answer.status_code == 200
        assert "ICA did not answer" in text(answer)


def test_a_list_without_an_id_is_told_on_the_form(stored):
    demo = stored.visitor()
    for ids in ("", "   \n", "\x00", "nothing here", "# a comment only"):
        answer = demo.upload(ids, name="kept")
        assert len(refused(demo, answer, "ids" if ids.strip() else "file")) > 20
        assert element(answer, "input", name="name")["value"] == "kept"
        assert ids.strip("\x00 \n") in element(answer, "textarea").text


def test_a_file_of_no_use_is_told_beside_the_file(stored):
    demo = stored.visitor()
    for file in ((b"", "empty.txt"), (PNG, "a.png"), (b"no id\n", "a.csv"), (bytes(5000), "zero")):
        refused(demo, demo.upload(file=file), "file")


def test_nothing_is_left_of_what_was_refused(stored):
    demo = stored.visitor()
    demo.upload("no id here", file=(b"nor here", "a.txt"))
    stored.work(10)
    with stored.store.read() as connection:
        for table in ("items", "entries", "upload_pieces", "uploads", "submissions"):
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            assert count == 0, table


def test_a_project_that_is_no_uuid(stored):
    demo, cut, bare = stored.visitor(), FIRST_PROJECT[:-1], FIRST_PROJECT.replace("-", "")
    for project in ("", "1", "x" * 10_000, "\x00", cut, bare, "../../x"):
        answer = demo.upload("fil.1 kept", project=project)
        refused(demo, answer, "project_id")
        assert element(answer, "textarea").text.strip() == "fil.1 kept"


@pytest.mark.parametrize("project", [STRANGERS_PROJECT, "00000000-0000-4000-8000-999999999999"])
def test_a_project_that_may_not_be_read_is_as_if_it_were_not(demo, project):
    answer = demo.upload(data_ids(1), project=project)
    assert refused(demo, answer, "project_id").startswith("ICA knows no such project")
    assert "Coral" not in text(answer)


def test_ica_is_away_when_the_project_is_to_be_checked(dashboard, demo):
    dashboard.sim.stop()
    answer = demo.upload("fil.1 kept")
    assert "ICA does not answer" in refused(demo, answer, "project_id")
    assert element(answer, "textarea").text.strip() == "fil.1 kept"


def test_a_name_of_ten_thousand_characters(demo):
    answer = demo.upload(data_ids(2), name="n" * 10_000)
    assert "10,000" in refused(demo, answer, "name")
    assert element(answer, "textarea").text.split() == data_ids(2)


def test_any_other_name_will_do(stored):
    demo = stored.visitor()
    for name in ("a\x00b", "\x1b[31m", "x\ny", "\u202e\u200b", "' OR 1=1 --", "\0"):
        place = demo.draft(data_ids(1), name=name)
        assert demo.get(place).status_code == 200
        assert demo.get(f"{place}/export.csv").status_code == 200


def test_any_file_name_will_do(stored):
    demo = stored.visitor()
    for name in ("a\x00.txt", "../../etc/passwd", "C:\\ids\\a.txt", "dir/", "/"):
        place = demo.draft("", file=("\n".join(data_ids(1)).encode(), name))
        title = element(demo.get(place), "h1").text.strip()
        assert title
        assert not set(title) & {"/", "\\", "\x00"}


def test_a_file_and_pasted_text_make_one_list(demo):
    place = demo.draft(data_ids(2, start=10), file=("\n".join(data_ids(3)).encode(), "a.txt"))
    exported = demo.get(f"{place}/export.txt").get_data(as_text=True)
    assert exported.split() == data_ids(3) + data_ids(2, start=10)


@pytest.mark.slow
def test_sixty_thousand_ids_can_be_pasted(dashboard, demo):
    place = demo.draft(data_ids(60_000))
    assert "being read" in text(demo.get(place))
    dashboard.work()
    assert "Submit 60,000 ids" in text(demo.get(place))


def test_what_is_not_read_yet_is_shown_nowhere(stored):
    demo = stored.visitor()
    place = demo.draft(data_ids(40_000))
    for path in (f"{place}/items", f"{place}/items/1", f"{place}/export.csv"):
        assert demo.get(path).status_code == 404
    assert "is still being read" in text(demo.get(f"{place}/items"))
    answer = demo.post(f"{place}/submit")
    assert answer.status_code == 409
    assert "being read" in text(answer)


def test_a_large_list_without_an_id_says_so_on_its_page(dashboard, demo):
    place = demo.draft(f"no id at all{' ' * 500}\n" * 3000)
    dashboard.work()
    page = demo.get(place)
    assert "No data id was found" in text(page)
    assert not elements(page, hx_trigger=None, id="progress")
    assert demo.post(f"{place}/discard").location == "/submissions"
    assert "No submissions yet" in text(demo.get("/submissions"))


def test_reading_is_shown_as_it_goes_and_leads_to_the_review(dashboard, demo):
    place = demo.draft(data_ids(40_000))
    part = element(demo.get(place), id="progress")
    assert part["hx-trigger"].startswith("every")
    dashboard.work()
    answer = demo.part(part["hx-get"])
    assert answer.headers["HX-Refresh"] == "true"


def test_a_draft_is_submitted_once(dashboard, demo):
    place = demo.draft(data_ids(3))
    first, second = (demo.post(f"{place}/submit") for _ in range(2))
    assert first.location == second.location == place
    assert "was not submitted twice" in text(demo.get(place))
    dashboard.work(20)
    assert dashboard.sim.calls()["createProjectDataLinkingBatch"] == 1


def test_a_draft_that_is_gone_can_t_be_submitted(demo):
    place = demo.draft(data_ids(3))
    assert demo.post(f"{place}/discard").location == "/submissions"
    assert "was discarded" in text(demo.get("/submissions"))
    again = demo.post(f"{place}/discard")
    assert again.location == "/submissions"
    answer = demo.post(f"{place}/submit")
    assert answer.status_code == 409
    assert "discarded" in text(answer)
    assert "twice" not in text(demo.get("/submissions"))


def test_what_was_submitted_can_t_be_discarded(demo):
    place = demo.submit(data_ids(3))
    answer = demo.post(f"{place}/discard")
    assert answer.status_code == 409
    assert "submitted already" in text(answer)


def test_a_key_that_may_not_write_is_told_at_once(demo):
    place = demo.submit(data_ids(3), project=READ_ONLY_PROJECT)
    page = text(demo.get(place))
    assert "ICA does not let Dana Demo link data into Reference panel (read only)" in page
    assert "Contributor or Administrator" in page


def test_ica_away_when_a_draft_is_confirmed(dashboard, demo):
    place = demo.draft(data_ids(3))
    dashboard.sim.stop()
    assert demo.post(f"{place}/submit").status_code == 303
    assert "ICA does not answer right now" in text(demo.get(place))


def test_stopping_keeps_what_is_sent_and_takes_back_the_rest(tmp_path):
    with open_dashboard(
        f"sqlite:///{tmp_path}/t.db", tmp_path, rate=100, batch_size=10
    ) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(data_ids(35))
        assert "do not send the other 3 batches" in text(demo.get(place))
        demo.post(f"{place}/stop")
        assert "3 batches will not be sent" in text(demo.get(place))
        dashboard.work(30)
        assert "10 of 35 items linked; 25 not." in text(demo.get(place))
        demo.post(f"{place}/stop")
        assert "nothing left to stop" in text(demo.get(place))


def test_what_was_not_submitted_can_t_be_stopped(dashboard, demo):
    place = demo.draft(data_ids(3))
    answer = demo.post(f"{place}/stop")
    assert answer.status_code == 409
    assert "Nothing of it was submitted, so there is nothing to stop" in text(answer)
    assert "3 ids" in text(demo.get(place))


def test_stopping_before_anything_was_sent_says_just_that(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(data_ids(3), project=READ_ONLY_PROJECT)
        demo.post(f"{place}/stop")
        dashboard.work(30)
        page = text(demo.get(place))
        assert "Nothing was sent to ICA." in page
        assert "Try again what was not sent" in page


def test_what_takes_seconds_is_left_to_the_worker(dashboard, demo, monkeypatch):
    """Some kilobytes of .gz may be a million documents without an id."""
    seconds = itertools.count(step=3.0)
    monkeypatch.setattr("webapp.work.reading.thread_time", lambda: next(seconds))
    place = demo.draft("#" * 600_000 + "\n" + data_ids(1)[0])
    assert element(demo.get(place), id="progress")["hx-trigger"].startswith("every")
    dashboard.work()
    assert "Submit 1 id" in text(demo.get(place))
