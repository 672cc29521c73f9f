"""Exports: every row of a filter, in the order of the list, safe to open in a spreadsheet."""

import csv
import io
import json

import pytest

from tests.simulated import FIRST_PROJECT
from tests.stage import data_ids, stage, text
from tests.web.markup import link

GOOD, FAILED = data_ids(3), data_ids(2, ending="00")


@pytest.fixture
def st(database_url, tmp_path):
    with stage(database_url, tmp_path, batch_size=100) as set_up:
        yield set_up


@pytest.fixture
def place(st):
    found = st.visitor().submit([*GOOD, *FAILED], name="Run 5, größer")
    st.work(30)
    return found


def body(st, path):
    answer = st.visitor().get(path)
    assert answer.status_code == 200, text(answer)
    return answer.get_data(as_text=True)


def table(st, path):
    return list(csv.DictReader(io.StringIO(body(st, path))))


def test_the_table_begins_with_line_id_status_reason(st, place):
    content = body(st, f"{place}/export.csv")
    assert content.startswith("line,data_id,status,reason,")
    rows = table(st, f"{place}/export.csv")
    assert [row["data_id"] for row in rows] == [*GOOD, *FAILED]
    assert [row["line"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["reason"] for row in rows] == ["", "", "", "Data not found.", "Data not found."]


def test_each_form_follows_the_filter(st, place):
    failed = f"status=FAILED&q={FAILED[1]}"
    assert [row["data_id"] for row in table(st, f"{place}/export.csv?{failed}")] == FAILED[1:]
    assert body(st, f"{place}/export.txt?status=FAILED").split() == FAILED
    lines = [json.loads(line) for line in body(st, f"{place}/export.jsonl?{failed}").splitlines()]
    assert [(line["line"], line["data_id"], line["status"]) for line in lines] == [
        (5, FAILED[1], "FAILED")
    ]


def test_a_manifest_has_what_the_next_pipeline_reads(st, place):
    rows = table(st, f"{place}/export.csv?columns=manifest&status=LINKED")
    assert list(rows[0]) == ["data_id", "file_name", "file_path", "project_id", "status"]
    assert [row["data_id"] for row in rows] == GOOD
    assert {row["project_id"] for row in rows} == {FIRST_PROJECT}
    assert all(row["file_path"].endswith(row["file_name"]) and row["file_name"] for row in rows)
    assert st.visitor().get(f"{place}/export.csv?columns=all").status_code == 400


def test_the_page_of_items_offers_each_form_of_its_filter(st, place):
    page = st.visitor().get(f"{place}/items?status=FAILED")
    offered = [link(page, text) for text in ("CSV", "Plain ids", "JSON lines", "Manifest")]
    forms = ("csv?", "txt?", "jsonl?", "csv?")
    assert offered == [
        f"{place}/export.{form}status=FAILED{more}"
        for form, more in zip(forms, ("", "", "", "&columns=manifest"), strict=True)
    ]


def test_a_manifest_is_a_list_that_can_be_submitted(st, place):
    manifest = body(st, f"{place}/export.csv?columns=manifest").encode()
    again = st.visitor().draft("", file=(manifest, "manifest.csv"))
    assert body(st, f"{again}/export.txt").split() == [*GOOD, *FAILED]


def test_the_file_is_named_after_the_submission_and_the_filter(st, place):
    answer = st.visitor().get(f"{place}/export.csv?status=FAILED")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="Run_5_gr_er-FAILED.csv"; '
        "filename*=UTF-8''Run%205%2C%20gr%C3%B6%C3%9Fer-FAILED.csv"
    )


def test_nothing_runs_as_a_formula(st):
    wild = "@cmd"
    place = st.visitor().draft([*GOOD, wild])
    rows = table(st, f"{place}/export.csv")
    assert rows[3]["data_id"] == f"'{wild}"


def test_others_get_no_export_of_what_they_may_not_see(st, place):
    stranger = st.visitor("stranger-key")
    for ending in ("export.csv", "export.jsonl", "export.txt", "export.csv?columns=manifest"):
        assert stranger.get(f"{place}/{ending}").status_code == 404


@pytest.mark.parametrize("asked", ["q=zzz", "reason=1", "columns=manifest"])
def test_what_an_attempt_found_is_exported_by_its_status_alone(st, asked):
    place = st.visitor().submit(data_ids(3))
    st.work(30)
    answer = st.visitor().get(f"{place}/export.csv?attempt=1&{asked}")
    assert answer.status_code == 400
    assert "by its status alone" in text(answer)
    assert st.visitor().get(f"{place}/export.csv?attempt=0").status_code == 404


@pytest.mark.slow
def test_an_attempt_is_exported_whole_while_it_runs(st):
    ids = data_ids(2_500)
    place = st.visitor().submit(ids)
    st.work(2)  # ICA has counted all, and not a half of the rows is read
    lines = st.visitor().get(f"{place}/export.txt?attempt=1").get_data(as_text=True)
    assert lines.split() == ids
