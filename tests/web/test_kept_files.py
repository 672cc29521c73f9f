"""A file with a list survives an error in another field: it is kept here, and not sent twice."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.web.markup import element, elements, field_error
from tests.work.observation import submission
from webapp.store import tables
from webapp.web.submissions.upload import MAX_KEPT_FILES
from webapp.work.housekeeping import INTERVAL_SECONDS, UNFINISHED_SECONDS

LIST = "\n".join(data_ids(3)).encode()
LONG = "\n".join(["#" * 1_100_000, *data_ids(2, start=90_000)])  # the worker reads it


def count(dashboard, table):
    with dashboard.store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar()


def kept(answer):
    """The number by which a form names its kept file, "" without one."""
    found = elements(answer, "input", name="kept_file")
    return found[0]["value"] if found else ""


def send(person, number="", place="/submissions", file=None, project=FIRST_PROJECT, **fields):
    given = {"project_id": project, "kept_file": number, **fields}
    if file:
        given["file"] = (io.BytesIO(file[0]), file[1])
    return person.post(place, given)


def test_the_file_is_sent_once_and_the_next_form_names_it(stored):
    demo = stored.visitor()
    answer = send(demo, project="", file=(LIST, "list.csv"), ids="fil.1 typed")
    assert answer.status_code == 422
    assert field_error(answer, "project_id")
    assert "list.csv (110 B) is kept: choose another to replace it" in text(answer)
    number = kept(answer)
    assert "No submissions yet" in text(demo.get("/submissions"))
    assert demo.get(f"/submissions/{number}").status_code == 404
    stored.work(30)
    assert count(stored, tables.items) == 0

    assert element(answer, "textarea", name="ids").text.strip() == "fil.1 typed"
    assert kept(send(demo, number, project="x")) == number
    taken = send(demo, number, ids=LONG, name="mine")
    assert (taken.status_code, taken.location) == (303, f"/submissions/{number}")
    assert send(demo, number, ids=LONG, name="mine").location == taken.location
    assert "It was not made twice" in text(demo.get(taken.location))
    stored.work()
    page = text(demo.get(taken.location))
    assert "mine" in page
    assert "Submit 5 ids" in page
    assert submission(stored, taken.location).kept_bytes > len(LONG)
    assert count(stored, tables.submissions) == 1

    other = send(demo, number, project="00000000-0000-4000-8000-000000000002")
    assert "kept no longer" in field_error(other, "file")
    assert not kept(other)


def test_without_scripts_a_search_keeps_it_too_and_it_can_be_left_out(demo):
    answer = send(demo, place="/submissions/new", project="", file=(LIST, "a.txt"))
    assert answer.status_code == 200
    number = kept(answer)
    assert "a.txt (110 B) is kept" in text(answer)
    another = send(demo, number, project="", file=(b"\n".join(LIST.split()[:2]), "b.txt"))
    assert "b.txt (73 B) is kept" in text(another)
    assert "kept no longer" in field_error(send(demo, number), "file")
    without = send(demo, kept(another), drop_file="1", name="typed")
    assert field_error(without, "file").startswith("Choose a file with a list, or paste")
    assert not kept(without)
    assert element(without, "input", name="name")["value"] == "typed"
    assert "kept no longer" in field_error(send(demo, kept(another)), "file")


def test_a_kept_file_is_its_sender_s_alone(dashboard, demo):
    number = kept(send(demo, project="", file=(LIST, "Marked-run.csv")))
    for key in ("colleague-key", "stranger-key"):
        other = dashboard.visitor(key)
        assert "Marked-run" not in text(other.get("/submissions"))
        assert other.get(f"/submissions/{number}").status_code == 404
        for place in ("/submissions", "/submissions/new", "/find"):
            for fields in ({}, {"drop_file": "1"}, {"ids": data_ids(1)[0]}):
                answer = send(other, number, place, **fields)
                assert "Marked-run" not in text(answer)
                assert not kept(answer)
                assert number not in (answer.location or "")
    assert send(demo, number).location == f"/submissions/{number}"


@pytest.mark.parametrize("number", ["x", "-1", "9" * 5000, "2147483647", "99999", "\x00"])
def test_a_number_that_names_nothing_loses_nothing(demo, number):
    answer = send(demo, number, ids="fil.1 kept")
    assert answer.status_code == 422
    assert "kept no longer" in field_error(answer, "file")
    assert element(answer, "textarea", name="ids").text.strip() == "fil.1 kept"


def test_it_goes_an_hour_after_the_form_was_seen_last(dashboard, demo):
    number = kept(send(demo, project="", file=(LIST, "a.txt")))
    dashboard.work(UNFINISHED_SECONDS - 60, step=600)
    assert kept(send(demo, number, project="")) == number
    dashboard.work(UNFINISHED_SECONDS - 60, step=600)
    assert count(dashboard, tables.upload_pieces) == 1
    dashboard.work(60 + 2 * INTERVAL_SECONDS)
    assert count(dashboard, tables.submissions) == count(dashboard, tables.upload_pieces) == 0
    assert "kept no longer" in field_error(send(demo, number), "file")


def test_it_counts_to_the_bytes_of_an_account_and_to_no_lists(tmp_path):
    url = f"sqlite:///{tmp_path}/t.db"
    with open_dashboard(
        url, tmp_path, account_gb=0.0005, account_drafts=1, account_unread=1
    ) as dashboard:
        demo = dashboard.visitor()
        first = kept(send(demo, project="", file=(bytes(300_000), "first.txt")))
        second = send(demo, project="", file=(bytes(300_000), "second.txt"))
        assert not kept(second)
        assert "Choose second.txt again: there was no room to keep it" in text(second)
        assert field_error(second, "project_id")
        draft = demo.draft(data_ids(1))
        refused = send(demo, project=FIRST_PROJECT, file=(LIST, "third.txt"))
        assert "You have 1 list that was not submitted" in text(refused)
        assert kept(refused)
        demo.post(f"{draft}/discard")
        third = send(demo, kept(refused))
        assert third.status_code == 303
        demo.post(f"{third.location}/discard")
        assert send(demo, first, drop_file="1", ids=data_ids(1)[0]).status_code == 303
        for at in range(MAX_KEPT_FILES):
            assert kept(send(demo, project="", file=(LIST, f"{at}.txt")))
        assert not kept(send(demo, project="", file=(LIST, "one more.txt")))


def test_a_kept_file_of_no_use_is_told_and_goes(stored):
    demo = stored.visitor()
    number = kept(send(demo, project="", file=(b"no id here", "a.csv")))
    answer = send(demo, number)
    assert "No data id" in field_error(answer, "file")
    assert not kept(answer)
    stored.work(10)
    assert count(stored, tables.submissions) == 0


def test_a_question_keeps_its_file_too(demo):
    answer = send(demo, place="/find", name="n" * 300, file=(LIST, "a.txt"))
    assert answer.status_code == 422
    assert "a.txt (110 B) is kept" in text(answer)
    found = send(demo, kept(answer), place="/find", name="n")
    assert found.status_code == 303
    assert "3 ids" in text(demo.get(found.location))
    without = send(demo, kept(answer), place="/find", drop_file="1", name="typed", ids=" ")
    assert element(without, "input", name="name")["value"] == "typed"
    assert not kept(without)


def test_of_many_clicks_at_once_one_makes_the_list(stored):
    stored.visitor().draft(data_ids(1))  # ICA was asked about the project
    number = kept(send(stored.visitor(), project="", file=(LIST, "a.txt")))
    people = [stored.visitor() for _ in range(4)]
    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(lambda person: send(person, number), people))
    assert {answer.location for answer in answers} == {f"/submissions/{number}"}
    assert count(stored, tables.submissions) == 2
    assert count(stored, tables.items) == 4
