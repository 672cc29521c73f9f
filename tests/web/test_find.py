"""Where are my ids: the question, the answer as its reader may see it, and what to do next."""

import csv
import io
import itertools

import pytest
from sqlalchemy import event

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.confirmation import confirm


@pytest.fixture
def dashboard(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=100) as dashboard:
        yield dashboard


def asked(visitor, ids, **more):
    answer = visitor.post("/find", {"ids": "\n".join(ids), **more})
    assert answer.status_code == 303, text(answer)
    return answer.location


def table(visitor, place):
    return list(csv.DictReader(io.StringIO(visitor.get(place).get_data(as_text=True))))


def summary(visitor, place):
    page = visitor.get(place).get_data(as_text=True)
    rows = page.split('data-outcome="')[1:]
    numbers = [row.split('class="number">')[1].split("<")[0] for row in rows]
    return {row.split('"')[0]: int(n) for row, n in zip(rows, numbers, strict=True)}


LINKED, FAILED, ALREADY = data_ids(5), data_ids(3, ending="00"), data_ids(2, ending="03")
NEVER = data_ids(4, start=9000)
ANOTHER_PROJECT = "00000000-0000-4000-8000-000000000004"


def submitted(dashboard, ids=(*LINKED, *FAILED, *ALREADY), **options):
    place = dashboard.visitor().submit(ids, **options)
    dashboard.work(30)
    return place


def test_every_id_has_an_outcome_and_a_next_step(dashboard):
    place = submitted(dashboard, name="Run 5")
    v = dashboard.visitor()
    answer = asked(v, [*LINKED, *FAILED, *ALREADY, *NEVER], name="Lost and found")
    assert summary(v, answer) == {"LINKED": 5, "ALREADY_LINKED": 2, "FAILED": 3, "NEVER": 4}
    page = v.get(answer)
    assert "Lost and found" in text(page)
    assert "Try again what failed in “Run 5”, with 3 of these" in text(page)
    assert f'href="{place}/retry?status=FAILED"' in page.get_data(as_text=True)
    assert "Data not found." in text(page)


def test_ids_that_were_not_sent_can_be_tried_again(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, batch_size=2) as dashboard:
        v = dashboard.visitor()
        place = v.submit(LINKED, name="Run 6")
        waiting = asked(v, LINKED)
        assert f'href="{place}/items?status=NOT_SENT"' in v.get(waiting).get_data(as_text=True)
        v.post(f"{place}/stop")
        dashboard.work(30)
        stopped = v.get(asked(v, LINKED))
        assert "Try again what was not sent in “Run 6”, with 3 of these" in text(stopped)
        assert f'href="{place}/retry?status=NOT_SENT"' in stopped.get_data(as_text=True)


def test_never_submitted_ids_go_into_a_new_submission(dashboard):
    submitted(dashboard)
    v = dashboard.visitor()
    answer = asked(v, [*LINKED, *NEVER])
    page = v.get(f"/submissions/new?find={answer.removeprefix('/find/')}&outcome=NEVER")
    area = (
        page.get_data(as_text=True).split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0]
    )
    assert area.split() == NEVER


def test_the_latest_submission_counts_and_the_others_are_told(dashboard):
    submitted(dashboard, FAILED, name="first")
    dashboard.clock.advance(60)
    submitted(dashboard, [*FAILED[:1], *data_ids(1, ending="02")], name="second")
    v = dashboard.visitor()
    answer = asked(v, FAILED)
    rows = table(v, f"{answer}/export.csv")
    assert [row["submission"] for row in rows] == ["second", "first", "first", "first"]
    assert {row["status"] for row in rows} == {"FAILED"}


def test_what_never_reached_ica_says_less_than_what_did(dashboard):
    submitted(dashboard, LINKED, name="sent")
    v = dashboard.visitor()
    v.draft([*LINKED, *NEVER], name="draft")
    answer = asked(v, [*LINKED, *NEVER])
    assert summary(v, answer) == {"LINKED": 5, "DRAFT": 4}
    v.post(f"{answer}/share")
    others = dashboard.visitor("colleague-key")
    assert summary(others, answer) == {"LINKED": 5, "NEVER": 4}


def test_what_is_linked_stays_linked_while_it_waits_to_be_linked_again(dashboard):
    submitted(dashboard, LINKED, name="first")
    v = dashboard.visitor()
    again = v.submit([*LINKED, *NEVER], name="again")
    answer = asked(v, [*LINKED, *NEVER])
    assert summary(v, answer) == {"LINKED": 5, "UNREAD": 4}
    assert text(v.get(answer)).count("also waiting in again") == 5
    dashboard.work(30)
    assert summary(v, answer) == {"LINKED": 9}
    assert "also waiting" not in text(v.get(answer))
    rows = table(v, f"{answer}/export.csv")
    assert [(row["submission"], row["status"]) for row in rows[:2]] == [
        ("first", "LINKED"),
        ("again", "ALREADY_LINKED"),
    ]
    assert f'href="{again}/items/1"' in v.get(answer).get_data(as_text=True)


def test_an_undo_counts_where_it_unlinked_and_not_where_it_failed(dashboard):
    in_use = data_ids(2, ending="fe")
    place = submitted(dashboard, [*LINKED, *in_use], name="Run 8")
    v = dashboard.visitor()
    answer = asked(v, [*LINKED, *in_use])
    confirm(v, f"{place}/undo")
    assert summary(v, answer) == {"LINKED": 7}
    dashboard.work(30)
    assert summary(v, answer) == {"UNLINKED": 5, "LINKED": 2}
    rows = table(v, f"{answer}/export.csv?outcome=LINKED")
    assert [(row["submission"], row["status"]) for row in rows] == [("Run 8", "LINKED")] * 2
    assert [row["data_id"] for row in rows] == in_use
    gone = table(v, f"{answer}/export.csv?outcome=UNLINKED")
    assert [(row["data_id"], row["status"]) for row in gone] == [(i, "UNLINKED") for i in LINKED]


def test_what_another_list_found_linked_is_unlinked_once_its_maker_is_undone(dashboard):
    """A links, B finds it linked, A is undone; B's id is the higher one and its word older."""
    maker = submitted(dashboard, LINKED, name="A")
    dashboard.clock.advance(60)
    finder = submitted(dashboard, LINKED, name="B")
    v = dashboard.visitor()
    answer = asked(v, LINKED)
    assert summary(v, answer) == {"LINKED": 5}
    dashboard.clock.advance(60)
    confirm(v, f"{maker}/undo")
    dashboard.work(30)
    assert summary(v, answer) == {"UNLINKED": 5}
    rows = table(v, f"{answer}/export.csv")
    assert [(row["submission"], row["status"]) for row in rows[:2]] == [
        ("A", "UNLINKED"),
        ("B", "ALREADY_LINKED"),
    ]
    draft = v.draft(LINKED)
    assert "already linked" not in text(v.get(draft))
    assert "unlinked since by A" in text(v.get(f"{finder}/items"))


def test_what_was_linked_again_after_an_undo_is_linked(dashboard):
    place = submitted(dashboard, LINKED, name="Run 9")
    v = dashboard.visitor()
    answer = asked(v, LINKED)
    confirm(v, f"{place}/undo")
    dashboard.work(30)
    assert summary(v, answer) == {"UNLINKED": 5}
    confirm(v, f"{place}/retry?status=UNLINKED")
    dashboard.work(30)
    assert summary(v, answer) == {"LINKED": 5}
    assert "5 ids already linked" in text(v.get(v.draft(LINKED)))


def test_the_project_counts_where_it_went_last(dashboard):
    submitted(dashboard, FAILED)
    dashboard.clock.advance(60)
    submitted(dashboard, [*FAILED, *LINKED])
    dashboard.clock.advance(60)
    submitted(dashboard, LINKED, project=ANOTHER_PROJECT)
    v = dashboard.visitor()
    rows = table(v, asked(v, [*FAILED, *LINKED]) + "/export.csv")
    assert {row["outcome"] for row in rows} == {"FAILED", "LINKED"}
    projects = [row["project"] for row in rows if row["outcome"] == "LINKED"]
    assert projects[0] != projects[1]


def looked_up(dashboard, person, place):
    """How often all ids of a question were looked for, to show this page."""
    statements = []
    event.listen(
        dashboard.store.engine, "before_cursor_execute", lambda *call: statements.append(call[2])
    )
    assert person.get(place).status_code == 200
    return sum("find_ids.ordinal <=" in statement for statement in statements)


def test_an_answer_is_worked_out_again_only_when_something_has_changed(dashboard):
    place = submitted(dashboard)
    v = dashboard.visitor()
    answer = asked(v, [*LINKED, *FAILED, *NEVER])
    assert looked_up(dashboard, v, answer) == 1
    assert looked_up(dashboard, v, f"{answer}?outcome=FAILED&size=100") == 0
    assert looked_up(dashboard, v, f"{answer}/export.txt?outcome=LINKED") == 0
    v.post(f"{answer}/share")
    assert looked_up(dashboard, dashboard.visitor("stranger-key"), answer) == 1
    v.submit(data_ids(3, start=700))
    assert looked_up(dashboard, v, answer) == 1
    assert looked_up(dashboard, v, answer) == 0  # what runs now holds none of these ids
    v.submit(NEVER)
    assert looked_up(dashboard, v, answer) == 1
    assert (
        looked_up(dashboard, v, answer) == 1
    )  # what runs holds some: they may change at any moment
    dashboard.work(30)
    assert summary(v, answer) == {"LINKED": 9, "FAILED": 3}
    assert looked_up(dashboard, v, answer) == 0
    v.post(f"{place}/delete")
    assert summary(v, answer) == {"NEVER": 8, "LINKED": 4}


def test_an_item_that_waits_to_be_sent_is_not_sent(dashboard):
    v = dashboard.visitor()
    v.submit(data_ids(150))
    assert summary(v, asked(v, data_ids(150))) == {"NOT_SENT": 50, "UNREAD": 100}


def test_each_reader_gets_their_own_answer(dashboard):
    submitted(dashboard, name="Secret run")
    answer = asked(v := dashboard.visitor(), LINKED)
    v.post(f"{answer}/share")
    stranger = dashboard.visitor("stranger-key")
    assert summary(stranger, answer) == {"NEVER": 5}
    assert "Secret run" not in text(stranger.get(answer))
    assert "Asked by" in text(stranger.get(answer))
    assert dashboard.visitor(key=None).get(answer).status_code == 303


def test_filters_and_pages_stand_in_the_url(dashboard):
    submitted(dashboard, [*data_ids(130), *FAILED])
    v = dashboard.visitor()
    answer = asked(v, [*data_ids(130), *FAILED])
    first = v.get(f"{answer}?outcome=LINKED").get_data(as_text=True)
    assert first.count('data-label="Data id"') == 50
    second = v.get(f"{answer}?outcome=LINKED&after=100").get_data(as_text=True)
    assert second.count('data-label="Data id"') == 30
    assert f"{answer}?outcome=LINKED&amp;before=101" in second
    back = v.get(f"{answer}?outcome=LINKED&before=101").get_data(as_text=True)
    assert data_ids(51)[50] in back
    assert data_ids(50)[49] not in back
    assert "Nothing of this list has this outcome" in text(v.get(f"{answer}?outcome=RUNNING"))
    ids = v.get(f"{answer}/export.txt?outcome=FAILED").get_data(as_text=True).split()
    assert ids == FAILED


def test_a_file_is_read_as_for_a_submission(dashboard):
    submitted(dashboard)
    v = dashboard.visitor()
    lines = ["sample,data_id", *(f"s{i},{data_id}" for i, data_id in enumerate(LINKED))]
    content = "\r\n".join([*lines, "s9,not an id at all", f"s8,{LINKED[0]}"]).encode("utf-16")
    answer = v.post("/find", {"file": (io.BytesIO(content), "samples.csv"), "ids": FAILED[0]})
    page = text(v.get(answer.location))
    assert summary(v, answer.location) == {"LINKED": 5, "FAILED": 1}
    assert "1 entry is no data id" in page
    assert "Repeated in the list 1" in page


def test_items_of_other_projects_are_found_too(dashboard):
    submitted(dashboard, LINKED)
    submitted(dashboard, ALREADY, project=ANOTHER_PROJECT)
    v = dashboard.visitor()
    rows = table(v, asked(v, [*LINKED, *ALREADY]) + "/export.csv")
    assert len({row["project"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"ids": ""}, "Choose a file with a list"),
        ({"ids": "what is this list"}, "No data id, name or path was found"),
        ({"ids": LINKED[0], "name": "n" * 10_000}, "A name may have 200 characters"),
    ],
)
def test_a_question_without_ids_is_told_so(dashboard, form, said):
    answer = dashboard.visitor().post("/find", form)
    assert answer.status_code == 422
    assert said in text(answer)
    assert form["ids"] in answer.get_data(as_text=True)


def test_a_picture_is_no_list_of_ids(dashboard):
    picture = (io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(99)), "ids.txt")
    answer = dashboard.visitor().post("/find", {"file": picture, "ids": LINKED[0]})
    assert answer.status_code == 422
    assert "a PNG picture" in text(answer)
    assert LINKED[0] in text(answer)


@pytest.mark.slow
def test_more_ids_than_a_question_may_have(dashboard):
    answer = dashboard.visitor().post("/find", {"ids": "\n".join(data_ids(100_001))})
    assert answer.status_code == 422
    assert "100,000" in text(answer)


def test_a_list_that_takes_too_long_is_given_up_in_words(dashboard, monkeypatch):
    seconds = itertools.count(step=6.0)
    monkeypatch.setattr("webapp.idlist.entries.thread_time", lambda: next(seconds))
    answer = dashboard.visitor().post("/find", {"ids": " " * 1_000_000 + LINKED[0]})
    assert answer.status_code == 422
    assert "read for 10 seconds without coming to its end" in text(answer)


def test_made_up_addresses(dashboard):
    v = dashboard.visitor()
    answer = asked(v, LINKED)
    assert v.get("/find/nonsense").status_code == 404
    assert v.get("/find/nonsense/export.csv").status_code == 404
    assert v.get("/submissions/new?find=nonsense").status_code == 404
    assert v.get(f"{answer}?outcome=a'b").status_code == 400
    assert v.get(f"{answer}?after=x").status_code == 400
    assert v.get(f"{answer}/export.pdf").status_code == 404


def test_a_question_is_forgotten_after_three_months(dashboard):
    v = dashboard.visitor()
    answer = asked(v, LINKED)
    dashboard.clock.advance(89 * 86_400)
    dashboard.work()
    assert dashboard.visitor().get(answer).status_code == 200
    dashboard.clock.advance(2 * 86_400)
    dashboard.work(12)  # its ids, then the question
    gone = dashboard.visitor().get(answer)
    assert gone.status_code == 404
    assert "too old to be kept" in text(gone)
