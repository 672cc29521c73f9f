"""Lists as plain text, as people write, copy and export them."""

import pytest

from tests.idlist.sample_lists import FOLDER, LINK, PROJECT, URN, A, B, C, entries, finished, good
from webapp.idlist import Kind


@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n{FOLDER}\n",
        f"{A}\r\n{B}\r\n{FOLDER}",
        f"{A}\r{B}\r{FOLDER}\r",
        f"{A}\r\n\n{B}\r{FOLDER}",
        f"{A},{B};{FOLDER}",
        f"{A}, {B}\t{FOLDER}\n",
        f"reads:{A},{B} refs={FOLDER}",
        f"\ufeff{A}\n\ufeff{B}\n{FOLDER}\n",
        f"\u200b{A}\u200b\n\u00a0{B}\u00a0\n{FOLDER}\u2060",
        f"\"{A}\"\n'{B}'\n\u201c{FOLDER}\u201d",
        f"['{A}', '{B}',\n '{FOLDER}']\n",
        f"# my list\n{A}  # normal\n{B}\t#tumour\n#{C}\n{FOLDER}",
        f"data_id\n{A}\n{B}\n{FOLDER}\n",
        f"Data ID\n{A}\n{B}\n{FOLDER}\n",
        f"{URN}{A}#/run 1/a, b (c).fastq.gz\n{URN}{B}, {URN}{FOLDER}#/run/\n",
        f"{LINK}{A}\n{LINK}{B}?tab=details\n<{LINK}{FOLDER}>\n",
        f"dataId={A}&x=1\n{B}\nid:{FOLDER}/x\n",
        f"- {A}\n- {B}\n- {FOLDER}\n",
        f"{A}.\n{B}:\n{FOLDER}!",
    ],
)
def test_what_people_have_in_hand_gives_the_same_three_ids(text):
    found = entries(text)
    assert [entry.data_id for entry in found] == [A, B, FOLDER]
    assert {entry.kind for entry in found} == {Kind.GOOD}


def test_places_are_as_an_editor_counts():
    found = entries(f"\n# x\r{A}\r\n\r\n{B} {C}\n")
    assert [(entry.line, entry.column) for entry in found] == [(3, 1), (5, 1), (5, 2)]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_lines_that_are_read_together_keep_their_numbers(end):
    ids = [f"fil.{number:032x}" for number in range(1_000)]
    for blanks in range(40):  # so that each character of a line stands where a block ends
        lines = [" " * blanks, *ids[:950], ids[7], "no id", *ids[950:]]
        found = entries(end.join(lines))
        assert [entry.text for entry in found] == lines[1:]
        assert [entry.line for entry in found] == list(range(2, 1_004))
        kinds = {entry.line: entry.kind for entry in found if entry.kind is not Kind.GOOD}
        assert kinds == {952: Kind.REPEATED, 953: Kind.REJECTED}


def test_a_repeat_tells_where_the_id_stands_first():
    found = entries(f"{A}\n{B},{A}\n{A.upper()}\n")
    assert [(entry.kind, entry.first) for entry in found] == [
        (Kind.GOOD, None),
        (Kind.GOOD, None),
        (Kind.REPEATED, (1, 1)),
        (Kind.REPEATED, (1, 1)),
    ]


def test_a_file_and_a_folder_of_the_same_digits_are_two():
    assert len(good(f"fil.{'f' * 32}\n{FOLDER}")) == 2


def test_capitals_are_mended_and_said():
    [entry] = entries(A.upper())
    assert (entry.data_id, entry.mended, entry.kind) == (A, True, Kind.GOOD)
    assert "Capital" in entry.note


def test_a_lone_word_is_an_unusual_id_and_prose_is_none():
    reading = finished(f"hello\nThis is my list\n{A} and {B}\nfil.123, fil.456\n/data/x.bam\n")
    assert (reading.good, reading.unusual, reading.rejected) == (6, 3, 2)


def test_a_sentence_is_one_reject_as_it_stood():
    first, second, third = entries(f"Please link, if you can, {A} today.")
    assert (first.kind, first.text, first.column) == (Kind.REJECTED, "Please link, if you can", 1)
    assert (second.data_id, second.column) == (A, 2)
    assert (third.text, third.column) == ("today.", 3)


@pytest.mark.parametrize(
    "text",
    [
        "<b>my list</b>",
        "</x>",
        "(to do)",
        '"my list", of run 7;',
        "«a b»",
        "| a | b |",
        "<https://x.y/>",
    ],
)
def test_a_reject_is_shown_as_it_stood(text):
    for line in (f"  {text}\u200b", f"x\tdata_id\n1\t'{text}'\n2\t{A}"):
        entry = entries(line)[0]
        assert (entry.kind, entry.text.strip("'")) == (Kind.REJECTED, text)


def test_a_reject_between_ids_keeps_its_brackets_and_they_theirs():
    found = entries(f'<i>note</i> ("{A}") and <{B}>, (see "x")')
    assert [entry.text for entry in found] == ["<i>note</i>", A, "and", B, '(see "x")']


def test_rejects_are_shortened():
    [entry] = entries("word " * 1000)
    assert entry.kind is Kind.REJECTED
    assert len(entry.text) == 200


def test_a_link_without_a_project():
    assert good(f"https://ica.illumina.com/ica/data/{A}?x=1\n") == [A]


def test_a_link_names_its_project():
    [entry] = entries(LINK + A)
    assert entry.project_id == PROJECT


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (f"{A}\n{B}\n".encode("utf-16"), "UTF-16"),
        (f"{A}\n{B}\n".encode("utf-16-le"), "UTF-16"),
        (f"{A}\n{B}\n".encode("utf-16-be"), "UTF-16"),
        (f"\ufeff{A}\n{B}\n".encode("utf-16-be"), "UTF-16"),
        (f"{A}\n{B}\n".encode("utf-8-sig"), "UTF-8"),
        (f"# größe\n{A}\n{B}\n".encode(), "UTF-8"),
        (f"# größe\n{A}\n{B}\n".encode("latin-1"), "Latin-1"),
    ],
)
def test_encodings(text, encoding):
    reading = finished(text)
    assert (reading.good, reading.rejected, reading.encoding) == (2, 0, encoding)


def test_latin_1_far_into_a_file_is_shown_as_such():
    text = f"{A}\n".encode() * 10_000 + "größe x\n".encode("latin-1")
    assert entries(text)[-1].text == "größe x"


def test_every_line_is_accounted_for():
    reading = finished(f"data_id\n\n# note\n{A}\n  \n{B} {C}\nsome prose\n{A}")
    assert (reading.lines, reading.headers, reading.blank, reading.comments) == (8, 1, 2, 1)
    assert (reading.good, reading.repeated, reading.rejected, reading.frame) == (3, 1, 1, 0)


def test_a_second_part_goes_on_where_the_first_ended():
    first = finished(f"{A}\n{B}\n")
    again, new = entries(f"{B}\n{C}\n", after=first)
    assert (again.kind, again.line, again.first) == (Kind.REPEATED, 3, (2, 1))
    assert (new.kind, new.line) == (Kind.GOOD, 4)


def test_an_id_that_was_cut_is_told_so():
    [entry] = entries(A[:-1])
    assert entry.unusual
    assert "31 characters" in entry.note
