"""Lists as JSON, as icav2, the REST API and scripts write it."""

import json

import pytest

from tests.idlist.annotated_lists import annotated
from tests.idlist.sample_lists import FOLDER, PROJECT, URN, A, B, C, entries, finished, good
from webapp.idlist import Kind

DETAILS = {"path": "/a", "tags": {"userTags": ["x"]}, "owningProjectId": PROJECT}
FLAT = {"items": [{"id": name, "details": DETAILS} for name in (A, B)], "nextPageToken": ""}
NESTED = {
    "items": [{"data": {"id": name, "details": DETAILS}, "projectId": PROJECT} for name in (A, B)]
}
BODY = {"items": [{"dataId": A}, {"dataId": B}]}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "value",
    [
        FLAT,
        NESTED,
        BODY,
        [A, B],
        [{"id": A}, {"id": B}],
        {"dataIds": [A, B]},
        {"response": {"id": PROJECT, "items": [{"id": A}, {"id": B}]}, "tags": ["x"]},
        {"id": PROJECT, "items": [{"id": PROJECT, "dataId": A}, {"id": PROJECT, "dataId": B}]},
        [[A], [B]],
    ],
)
def test_every_shape_gives_the_same_ids(value, indent):
    found = entries(json.dumps(value, indent=indent))
    assert [(entry.kind, entry.data_id) for entry in found] == [(Kind.GOOD, A), (Kind.GOOD, B)]


@pytest.mark.parametrize(
    "value",
    [
        {"samples": [{"name": "s1", "files": [A]}, {"name": "s2", "files": [{"id": B}]}]},
        [{"tumor": A, "normal": B, "note": "x"}],
        {"tumor": A, "normal": B},
        {A: "tumor", B: {"size": 1}},
        {"run": {"tumor": {"bam": A}, "normal": {"bam": URN + B}}},
        [{"id": "S1", "file": A}, {"id": "S2", "file": B}],
        {"id": "run 7", "samples": [{"id": A}, {"id": B}]},
    ],
)
def test_ids_under_any_name_are_found_where_no_name_tells(value):
    assert good(json.dumps(value)) == [A, B]
    assert json.loads(annotated(json.dumps(value)))
    assert good(annotated(json.dumps(value)).decode()) == [A, B]


def test_an_id_beside_a_list_is_told_of_and_not_sent():
    first, second, third = entries(json.dumps({"parentId": FOLDER, "items": [{"id": A}], "x": B}))
    assert (first.kind, first.text) == (Kind.REJECTED, FOLDER)
    assert (second.data_id, third.text) == (A, B)
    assert "beside the list" in third.note


def test_an_odd_data_id_is_not_replaced_by_its_folder_s():
    assert good(json.dumps([{"dataId": "abc", "folder": FOLDER}])) == ["abc"]


def test_json_lines():
    reading = finished("".join(json.dumps({"n": 1, "dataId": name}) + "\n" for name in (A, B, A)))
    assert (reading.format, reading.lines) == ("JSON lines", 3)
    assert (reading.good, reading.repeated, reading.frame) == (2, 1, 0)


def test_a_single_record():
    assert good(json.dumps(NESTED["items"][0])) == [A]


def test_places_and_projects():
    text = json.dumps(NESTED, indent=1)
    first, second = entries(text)
    lines = text.split("\n")
    assert A in lines[first.line - 1]
    assert B in lines[second.line - 1]
    assert (first.column, first.project_id) == (1, PROJECT)


def test_entries_on_one_line_are_numbered():
    assert [(e.line, e.column) for e in entries(json.dumps([A, B, C]))] == [(1, 1), (1, 2), (1, 3)]


def test_values_without_an_id_are_rejected_where_they_stand():
    found = entries(json.dumps([{"x": 1}, None, 5, "", "my list", A], indent=0))
    assert [(e.kind, e.line) for e in found] == [
        *((Kind.REJECTED, line) for line in (2, 5, 6, 7, 8)),
        (Kind.GOOD, 9),
    ]
    assert [e.text for e in found[1:3]] == ["null", "5"]


def test_every_line_is_accounted_for():
    reading = finished(json.dumps(FLAT, indent=2))
    assert reading.lines == reading.frame + 2


def test_a_value_longer_than_what_is_read_at_once():
    text = json.dumps([{"id": A, "note": "x" * 1_000_000}, {"id": B}])
    assert good(text) == [A, B]
