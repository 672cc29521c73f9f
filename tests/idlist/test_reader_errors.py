"""What is no list: a sentence that names the place, and nothing else, whatever the bytes."""

import gzip
import io
import json
import os
import time
import zipfile

import pytest

from tests.idlist.sample_lists import LINK, A, B, C, entries, finished, good
from tests.idlist.workbook_files import with_part, with_sheet, xlsx
from webapp.idlist import Limits, Unreadable

SMALL = Limits(unpacked_bytes=1_000_000)


def problem(data, **options):
    with pytest.raises(Unreadable) as raised:
        entries(data, **options)
    return str(raised.value)


def zipped(data):
    """Without the time: it would be in the test's name, which is to be the same in each process."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG picture"),
        (b"%PDF-1.7\n", "PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "password-protected"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "web page"),
        (b"\n <HTML>", "web page"),
        ("<!DOCTYPE html>\n<html>".encode("utf-16"), "web page"),
        ("\ufeff <html>".encode(), "web page"),
        (b"<!-- saved from url -->", "web page"),
        (b'<meta charset="utf-8">', "web page"),
        (b"BZh91AY", "bzip2"),
        (zipped(b"BAM\x01" + bytes(100)), "BAM file"),
        (zipped(zipped(A.encode())), "twice"),
        (os.urandom(10_000).translate(bytes(range(16)) * 16), "binary file"),
        (f"{A}\n{B}\n{C[:10]}\0\n".encode(), "line 3, character 11"),
        (b"\0", "binary file"),
        (b"\0ab", "binary file"),
        (f'["{A}",\n"\0"]'.encode(), "line 2, character 2"),
        (zipped(A.encode() * 1000)[:-20], "damaged or cut off"),
        (b"\x1f\x8b\x08\x00nonsense", "damaged or cut off"),
        (b"[" * 100_000, "nested too deep from line 1, column 65"),
        (b'{"a":' * 100_000, "nested too deep from line 1"),
        (b'[\n{"a":' + b'{"a":' * 100_000, "nested too deep from line 2"),
        (f'[{{"id": "{A}"}},\n {{"id": "{B[:9]}'.encode(), "line 2, column 9"),
        (f'{{"items": [{{"id": "{A}"}}'.encode(), "too early"),
        (f'{{"items": [{{"id": "{A}"}}, oops]}}'.encode(), "line 1, column 60"),
        (b'{"items" [1]}', ": is missing"),
        (b"[" + b"[" * 10 + b"]}", "breaks at line 1, column 13"),
        (b"PK\x03\x04" + bytes(100), "workbook can't be read"),
        (xlsx([[A]])[:-200], "cut off or damaged"),
        (with_part(xlsx([[A]]), "xl/worksheets/sheet1.xml", "<worksheet><row>"), "line 1"),
        (with_part(xlsx([[A]]), "xl/workbook.xml", "<workbook/>"), "no sheet"),
        (with_part(xlsx([[A]]), "xl/worksheets/sheet1.xml", "<!DOCTYPE a><a/>"), "document type"),
        (with_sheet('<row><c t="s"><v>99</v></c></row>'), "row 1 refers to a text"),
    ],
)
def test_what_is_no_list_is_told_in_a_sentence(data, words):
    assert words in problem(data)


def test_a_zip_archive_without_a_workbook():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ids.txt", A)
    assert "zip archive" in problem(file.getvalue())


def test_a_gzip_bomb_is_stopped():
    bomb = gzip.compress(bytes(f"{A}\n", "ascii") * 100_000)
    assert "over 1 MB unpacked" in problem(bomb, limits=SMALL)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_a_bomb_in_a_workbook_is_stopped(part):
    bomb = with_part(xlsx([["a"]]), part, "<a>" + "<b/>" * 1_000_000 + "</a>")
    assert f"over 1 MB unpacked (most of it in its part {part})" in problem(bomb, limits=SMALL)


def test_a_bomb_of_many_parts_is_stopped():
    bomb = xlsx([[A]])
    for number in range(5):
        bomb = with_part(bomb, f"xl/media/{number}.bin", b"\0" * 300_000)
    assert "over 1 MB unpacked" in problem(bomb, limits=SMALL)


def test_a_bomb_that_lies_about_its_size():
    bomb = with_part(xlsx([["a"]]), "xl/worksheets/sheet1.xml", "<a>" + "<b/>" * 1_000_000 + "</a>")
    true, lie = (4_000_007).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    assert true in bomb
    assert "is damaged" in problem(bomb.replace(true, lie))


def test_one_text_as_long_as_a_book_in_a_workbook():
    bomb = with_sheet(f"<row><c><v>{'9' * 20_000_000}</v></c></row>")
    assert "longer than" in problem(bomb)


def test_over_the_limit_of_entries():
    assert "more than 2 entries" in problem(f"{A}\n{B}\n{C}\n", limits=Limits(entries=2))
    assert "line 3" in problem(f"{A}\n{B}\n{C}\n", limits=Limits(entries=2))


def test_the_limit_holds_for_both_parts_of_a_list():
    limits = Limits(entries=2)
    first = finished(f"{A}\n{B}\n", limits=limits)
    assert "line 3" in problem(C, limits=limits, after=first)


def test_an_empty_list_is_no_error():
    assert (finished("").lines, good("")) == (0, [])


@pytest.mark.long
@pytest.mark.parametrize(
    "line",
    [
        ",".join(f"fil.{number:032x}" for number in range(67_500)),
        "word " * 500_000,
        "x" * 2_500_000,
        "urn:ilmn:ica:#" + ", " * 1_250_000,
        " " * 2_500_000,
        '"' * 2_500_000,
        '"a,' * 833_333,
        "https://" * 312_500,
        "a=" * 1_250_000,
        json.dumps([f"fil.{number:032x}" for number in range(62_500)]),
        "/a/b c, " * 75_000,
        "/a" + " " * 2_500_000 + "b",
        "a.bam," * 100_000,
        (f"{LINK[:-1]}?path={'a' * 19_000} & b\n") * 50,
        (LINK[:-1] + f"{LINK[28:-1]}?&&&&" * 200 + "\n") * 50,
        ("urn:ilmn:ica:region:" + "a" * 19_000 + "\n") * 50,
    ],
    ids=[
        *("ids", "words", "letters", "urn", "spaces", "quotes", "open", "links", "labels", "json"),
        *("paths", "path", "names", "queries", "link", "regions"),
    ],
)
def test_megabytes_on_few_lines_take_linear_time(line):
    started = time.process_time()
    finished(line)
    assert time.process_time() - started < 4  # at most 1.3 s; a quadratic way takes many minutes


@pytest.mark.long
def test_a_line_of_millions_of_words_is_told():
    assert "more than 4,000,000 words" in problem("a " * 4_000_001)


def test_a_long_json_value_is_tried_a_few_times_only():
    """A value that goes on behind what was read so far was tried anew every 256 kB."""

    def seconds(numbers):
        started = time.process_time()
        finished('[{"id":[' + "0," * numbers + "0]}]")
        return time.process_time() - started

    assert seconds(2_000_000) < 20 * min(seconds(250_000), seconds(250_000))


def test_lines_that_all_open_a_quote_take_linear_time():
    started = time.process_time()
    reading = finished("name,data_id\n" + f'"a,{A}\n' * 50_000)
    assert reading.good == 1
    assert time.process_time() - started < 15


def test_over_the_limit_of_lines():
    limits = Limits(lines=3)
    assert finished(f"{A}\n\n\n", limits=limits).lines == 3
    assert "more than 3 lines" in problem(f"{A}\n\n\n\n", limits=limits)
    assert "more than 3 lines" in problem(xlsx([[A], [None], [None], [B]]), limits=limits)


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_megabytes_without_an_entry_are_read_in_pieces(packed):
    pauses = []
    finished(packed(b" " * 3_000_000), limits=Limits(pause=lambda: pauses.append(1)))
    assert len(pauses) > 10


def test_a_reading_can_be_ended_from_outside():
    class Enough(Exception):
        pass

    def pause():
        raise Enough

    with pytest.raises(Enough):
        finished(xlsx([[A]]), limits=Limits(pause=pause))


def test_ids_are_held_to_a_number_of_characters_in_all():
    limits = Limits(id_chars=100)
    said = problem(f"{A}\n{B}\n{C}\n", limits=limits)
    assert "more than 100 characters in all" in said
    assert "line 3 goes over it. A data id has 36." in said
    first = finished(f"{A}\n{B}\n", limits=limits)
    assert "line 3" in problem(C, limits=limits, after=first)
    assert good(f"{A}\n{B}\n{A}\n{A}\n", limits=limits) == [A, B]
