"""Labels: the user's own words for the data of a list, and words that say that a cell is empty."""

import json

import pytest

from tests.idlist.sample_lists import FOLDER, A, B, C, entries, finished, opened
from tests.idlist.workbook_files import xlsx

ROWS = [("S 1", A), ("S 2", B), ("S 3", C)]


def labels(text, **options):
    return [entry.label for entry in entries(text, **options)]


def header(text, **options):
    """The header of the column that is read for labels; None for none."""
    chosen = opened(text, **options).layout.labels.chosen
    return chosen and chosen.header


def csv(names, *columns, delimiter=","):
    rows = [names, *zip(*columns, strict=True)]
    return "\n".join(delimiter.join(row) for row in rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_first_texts_beside_the_ids_are_the_labels(delimiter):
    text = "\n".join(delimiter.join(row) for row in [("what", "data_id"), *ROWS])
    assert labels(text) == ["S 1", "S 2", "S 3"]
    assert (header(text), finished(text).labelled) == ("what", 3)


def test_a_table_without_a_header_a_workbook_and_json_have_labels_too():
    assert labels(f"{A},S 1\n{B},S 2\n") == ["S 1", "S 2"]
    assert labels(xlsx([["data_id", "what"], [A, "S 1"], [B, "S 2"]])) == ["S 1", "S 2"]
    rows = [{"id": A, "what": "S 1", "size": 3}, {"id": B, "what": "S 2", "size": 4}]
    for text in (json.dumps(rows), json.dumps({"items": rows}), "\n".join(map(json.dumps, rows))):
        assert (labels(text), header(text)) == (["S 1", "S 2"], "what")


@pytest.mark.parametrize(
    "values",
    [
        ("12", "1,300.5", "-4e7"),
        ("12 MB", "1.5 GiB", "300 bytes"),
        ("2026-01-30", "30/01/2026", "2026-01-30T10:00:00Z"),
        ("30 Jan 2026", "Jan 30, 2026", "Fri, 30 Jan 2026 10:00:00 GMT"),
        ("https://a.example/1", "www.a.example", "s3://bucket/b"),
        ("always", "always", "always"),
        ("d41d8cd98f00b204e9800998ecf8427e", "0" * 32, "ab" * 20),
        ("a@lab.example", "b@lab.example", "c@lab.example"),
        ("true", "no", "FALSE"),
        ("", "", "seldom"),
    ],
)
def test_what_is_no_word_of_the_user_is_no_label_but_may_be_chosen(values):
    text = csv(["data_id", "other", "what"], [A, B, C], values, ["x", "y", "z"])
    if "," in "".join(values):
        text = csv(["data_id", "other", "what"], [A, B, C], values, "xyz", delimiter="\t")
    assert header(text) == "what"
    assert labels(text, label=2) == list(values)


def test_what_names_data_is_no_label():
    for values in (["/run1/a.bam", "/run1/b.bam", "/c/"], ["a.bam", "b.bam", "c.fastq.gz"]):
        assert header(csv(["data_id", "other", "what"], [A, B, C], values, "xyz")) == "what"
        assert header(csv(["data_id", "other", "size"], [A, B, C], values, "123")) is None
    names = csv(["sample", "what"], ["a.bam", "b.bam", "c.bam"], "xyz")
    assert (header(names), finished(names).lookups) == ("what", 3)


def test_a_sample_that_is_called_like_a_file_is_a_label_all_the_same():
    text = csv(["data_id", "sample"], [A, B, ""], ["P1.tumour", "P2.normal", "P3.normal"])
    assert labels(text)[:2] == ["P1.tumour", "P2.normal"]


def test_a_header_that_names_samples_comes_before_others():
    columns = [A, B, C], ["g1", "g2", "g3"], ["P1", "P2", "P3"], ["1", "2", "3"]
    assert header(csv(["data_id", "group", "Patient", "Sample_ID"], *columns)) == "Sample_ID"
    assert header(csv(["data_id", "group", "Patient", "n"], *columns)) == "Patient"
    assert header(csv(["data_id", "status", "owner", "n"], *columns)) is None


def test_none_is_read_where_none_is_wanted_and_plain_lists_have_none():
    text = csv(["data_id", "sample"], [A, B], ["S1", "S2"])
    assert (labels(text, label=0), header(text, label=0)) == (["", ""], None)
    assert labels(text, label=9) == ["S1", "S2"]  # there is no such column
    nameless = json.dumps([{"": "S1", "id": A}, {"": "S2", "id": B}])
    assert (labels(nameless), labels(nameless, label=0)) == (["S1", "S2"], ["", ""])
    assert labels(f"{A}\n{B} # tumour\n") == ["", ""]
    assert [entry.kind for entry in entries(xlsx([["of nothing"]]))] == ["rejected"]
    assert not opened(f"{A}\n{B}\n").layout.labels.offered


def test_a_label_is_one_line_short_and_no_formula():
    text = csv(["data_id", "sample"], [A, B, C], ["'=S1", '"two\nlines\u200b\x07"', "x" * 300])
    assert labels(text) == ["=S1", "two lines", "x" * 199 + "…"]
    assert labels(json.dumps([{"id": A, "sample": "\0a\u202e\n b"}])) == ["a b"]
    assert labels(f"data_id,sample\n{A},M\u00fcller\n".encode("latin-1")) == ["Müller"]


def test_all_data_of_a_row_have_its_label_and_of_repeats_the_first_counts():
    text = f"sample,data_id\nS1,{A} {B}\nS2,{A}\nS1,{B}\n,{B}\nS3,{C}\n"
    reading = opened(text)
    good = [(entry.data_id, entry.label) for entry in reading if entry.kind == "good"]
    assert good == [(A, "S1"), (B, "S1"), (C, "S3")]
    assert (reading.repeated, reading.relabelled, reading.labelled) == (3, 1, 3)


def test_names_and_paths_have_labels():
    text = "sample,fastq_1,fastq_2\nS1,a_R1.fastq.gz,a_R2.fastq.gz\nS2,b_R1.fastq.gz,NA\n"
    found = [(entry.lookup.text, entry.label) for entry in entries(text)]
    assert found == [("a_R1.fastq.gz", "S1"), ("a_R2.fastq.gz", "S1"), ("b_R1.fastq.gz", "S2")]
    assert finished(text).empty_cells == {"NA": 1}


@pytest.mark.parametrize("word", ["N/A", "NA", "-", "null", "None", "#N/A", ".", " nan ", "\\N"])
def test_a_word_for_nothing_is_an_empty_cell_and_is_counted(word):
    text = f"data_id,path,sample\n{A},,S1\n{word},/run1/b.bam,{word}\n{word},{word},S3\n"
    reading = opened(text)
    found = [(entry.data_id or entry.lookup, entry.label, entry.note) for entry in reading]
    assert found[0] == (A, "S1", "")
    assert (found[1][0].text, found[1][1]) == ("/run1/b.bam", "")
    assert found[2][0] is None
    assert "nothing" in found[2][2] or "neither" in found[2][2]
    assert (reading.good, reading.rejected) == (2, 1)
    assert reading.empty_cells == {word.strip(): 4}
    rows = json.dumps([{"id": word, "path": "/run1/b.bam"}, {"id": FOLDER}])
    assert [entry.data_id for entry in entries(rows)] == ["", FOLDER]


def test_a_word_for_nothing_on_a_line_of_its_own_is_no_id():
    reading = finished(f"{A}\nNA\n'none'\n{B}\n")
    assert (reading.good, reading.rejected, reading.unusual) == (2, 2, 0)
    assert finished("file_name\na b\nnone\n").rejected == 1


def test_names_that_look_like_it_are_labels():
    text = csv(["data_id", "sample"], [A, B, C], ["Na", "Nan", "NA12878"])
    assert labels(text) == ["Na", "Nan", "NA12878"]
