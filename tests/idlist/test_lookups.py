"""Names and paths in place of ids: what an entry is, in texts, tables, documents and workbooks."""

import json
import unicodedata

import pytest
from hypothesis import assume, example, given, settings

from tests.idlist.annotated_lists import led_to, led_to_of, returned
from tests.idlist.list_strategies import LISTS
from tests.idlist.sample_lists import (
    LINK,
    PROJECT,
    URN,
    A,
    B,
    C,
    entries,
    finished,
    opened,
    read_all,
)
from tests.idlist.workbook_files import cells, xlsx
from webapp.idlist import Holds, Kind

NAMES = ("S1_R1.fastq.gz", "S1_R2.fastq.gz", "S2_R1.fastq.gz", "S2_R2.fastq.gz")
PAIRS = "sample_id,fastq_1,fastq_2\nS1,{},{}\nS2,{},{}\n".format(*NAMES)


def found(text, **options):
    """Of each entry that is used: its id, or kind, text and project of its name or path."""
    return [
        entry.data_id or (entry.lookup.kind.value, entry.lookup.text, entry.lookup.project)
        for entry in entries(text, **options)
        if entry.kind is not Kind.REJECTED
    ]


def texts(text, **options):
    """Ids, names and paths alone."""
    return [one if isinstance(one, str) else one[1] for one in found(text, **options)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/run1/a/x.bam", [("path", "/run1/a/x.bam", "")]),
        ("/run 1/a+b & c#d=e%20f.bam", [("path", "/run 1/a+b & c#d=e%20f.bam", "")]),
        ("/run1/a.bam  # tumour", [("path", "/run1/a.bam", "")]),
        ("/run1/a.bam # run 7, see /b/x #2", [("path", "/run1/a.bam", "")]),
        ("/run1/results #2.bam # x", [("path", "/run1/results #2.bam", "")]),
        ("/run1/results #2", [("path", "/run1/results #2", "")]),
        ("/run1/a # b", [("path", "/run1/a # b", "")]),
        ("/run1/ # folders", [("folder", "/run1/", "")]),
        ("/run1/ #a/ #b/\t# x", [("folder", "/run1/ #a/ #b/", "")]),
        ("icav2://p/a #3.bam", [("path", "/a #3.bam", "p")]),
        ("x.bam # tumour", [("name", "x.bam", "")]),
        ("/run1/a, b.bam", [("path", "/run1/a, b.bam", "")]),
        ("'/run1/a.bam, /b.bam'", [("path", "/run1/a.bam, /b.bam", "")]),
        ("/run1/a.bam,/run1/b.bam;", [("path", "/run1/a.bam", ""), ("path", "/run1/b.bam", "")]),
        ("(/run1/x (1).bam)", [("path", "/run1/x (1).bam", "")]),
        ("S1\t/run1/a.bam\tok", [("path", "/run1/a.bam", "")]),
        ("/run1/sub/", [("folder", "/run1/sub/", "")]),
        ("icav2://my-project/run1/a.bam", [("path", "/run1/a.bam", "my-project")]),
        (f"ICAV2://{PROJECT}/run1/", [("folder", "/run1/", PROJECT)]),
        ("icav2://my%20project/a%2Bb%25.bam", [("path", "/a+b%.bam", "my project")]),
        ("icav2://p/100%/a%FF.bam", [("path", "/100%/a%FF.bam", "p")]),
        (f"{URN}:#/run 1/a, b.bam", [("path", "/run 1/a, b.bam", "")]),
        (f"urn:ilmn:ica:project:{PROJECT}:data#/run1/", [("folder", "/run1/", PROJECT)]),
        (f"{LINK[:-1]}?tab=x&path=/run%201/a.bam", [("path", "/run 1/a.bam", PROJECT)]),
        (f"{LINK[:-1]}#/run1/a.bam", [("path", "/run1/a.bam", PROJECT)]),
        ("x_R1_001.fastq.gz", [("name", "x_R1_001.fastq.gz", "")]),
        ("a.vcf.gz b.vcf.gz.tbi", [("name", "a.vcf.gz", ""), ("name", "b.vcf.gz.tbi", "")]),
        ("x(1).bam", [("name", "x(1).bam", "")]),
        ("trio-0417.ped", [("name", "trio-0417.ped", "")]),
        ("Müller, Anna.bam", [("name", "Müller, Anna.bam", "")]),
        ("'father and son.vcf.gz'", [("name", "father and son.vcf.gz", "")]),
        ("plate A #3.bam", [("name", "plate A #3.bam", "")]),
        ("a.bam, b.x", [("name", "a.bam", ""), ("name", "b.x", "")]),
        ("a.bam, b c.bam", []),
        ("a.bam # and b.bam", []),
        ("S1;my a.bam", []),
        ("anna@example.org", ["anna@example.org"]),
        ("fil.x", ["fil.x"]),
        (f"{URN}{A}#/run1/a.bam", [A]),
        (f"/run1/a.bam {A}", [A]),
        (f"{LINK}{A}?path=/x", [A]),
    ],
)
def test_what_an_entry_is(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("icav2://my-project/", "whole project"),
        ("/", "From a folder"),
        ("*.bam", "pattern"),
        ("S1*", "pattern"),
        ("/runs/*/Analysis", "pattern"),
        ("icav2://p/r/a_?.bam", "pattern"),
        ("[BCLConvert_Data]", "title of a section"),
        ("[Header],,,", "title of a section"),
        ("S1 and (S2 or S3)?", "can be looked up"),
        ("s3://bucket/run1/a.bam", "outside of ICA"),
        ("file:///run1/a.bam", "outside of ICA"),
        ("https://example.org/a.bam", "outside of ICA"),
        ("C:\\run1\\a.bam", "Windows"),
        ("/run1\\a.bam", "Windows"),
        ("/run1//a.bam", "// or a folder"),
        ("/run1/../a.bam", "// or a folder"),
        ("./a.bam", "part of a path"),
        ("run1/a.bam", "part of a path"),
        ("x" * 2_000, "too long"),
        ("x" * 2_000 + ".bam", "too long"),
        ("/run1/" + "x" * 256, "too long"),
        ("icav2://p/a%00.bam", "can't be seen"),
        ("icav2://p%00/a.bam", "No project"),
        (f"icav2://{'p' * 256}/a.bam", "No project"),
        ("/a" * 600, "too long for a path"),
    ],
)
def test_what_names_no_data_of_ica_is_told_where_it_stands(text, words):
    first, rejected, last = entries(f"{A}\n{text}\n/run1/b.bam\n")
    assert (first.data_id, last.lookup.text) == (A, "/run1/b.bam")
    assert (rejected.kind, rejected.line, rejected.may_be_name) == (Kind.REJECTED, 2, False)
    assert words in rejected.note
    assert rejected.note.endswith(".")


def test_what_may_be_a_name_is_offered_and_not_assumed():
    text = "SRR123456\nsee a.bam and b.bam\nS1, S2\n# x\nfil.123\n"
    reading = finished(text)
    assert (reading.good, reading.unusual, reading.rejected, reading.unsure) == (2, 2, 2, 3)
    assert [entry.may_be_name for entry in entries(text)] == [True, True, True, False]
    assert found(text, names=True) == [
        ("name", "SRR123456", ""),
        ("name", "see a.bam and b.bam", ""),
        ("name", "S1", ""),
        ("name", "S2", ""),
        "fil.123",
    ]
    assert texts("a,b.bam", names=True) == ["a,b.bam"]
    assert texts("a.bam, b c.bam", names=True) == ["a.bam", "b c.bam"]
    assert texts("'a,b'", names=True) == ["a,b"]
    assert texts("sample,size\nS1,1\nS2,2\n", names=True) == ["S1", "S2"]


def test_a_repeat_is_the_same_kind_and_text_code_point_by_code_point():
    name = "Größe.bam"
    other = unicodedata.normalize("NFD", name)
    text = f"/r/x/\n{name}\n/r/x\n{other}\n/r/x\nicav2://p/r/x\n{name} {name.upper()}\n"
    assert [entry.first for entry in entries(text)] == [*[None] * 4, (3, 1), None, (2, 1), None]
    reading = finished(text)
    assert (reading.good, reading.lookups, reading.repeated) == (6, 6, 2)
    assert texts(text)[:4] == ["/r/x/", name, "/r/x", other]
    again = entries("/r/x\n", after=reading)
    assert again[0].first == (3, 1)


def test_a_manifest_of_pairs_gives_two_entries_a_line():
    found = entries(PAIRS)
    assert [(e.line, e.column, e.lookup.text) for e in found] == [
        *((2, 2, NAMES[0]), (2, 3, NAMES[1])),
        *((3, 2, NAMES[2]), (3, 3, NAMES[3])),
    ]
    columns = opened(PAIRS).columns
    assert [(c.header, c.kind, c.ids, c.chosen) for c in columns] == [
        ("fastq_1", Holds.NAMES, 2, True),
        ("fastq_2", Holds.NAMES, 2, True),
    ]
    without_header = PAIRS.partition("\n")[2]
    for delimiter in ("\t", ";", " "):
        assert texts(without_header.replace(",", delimiter)) == list(NAMES)
        assert texts(PAIRS.replace(",", delimiter)) == list(NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file_path,file_name\n/r/a.bam,a.bam\n/r/b.bam,b.bam\n", ["/r/a.bam", "/r/b.bam"]),
        ("file_name,folder\na.bam,/r/\nb,/r/\n,/q/\n", ["a.bam", "b", "/q/"]),
        (f"n,data_id,path\n1,{A},/r/a\n2,,/r/b\n3,,\n4,no id,/r/c\n", [A, "/r/b", "/r/c"]),
        (f"data_id,file_name\n{A},x\n,y z\n/r/a,z\n", [A, "y z", "/r/a"]),
        ("id,fastq_1,fastq_2\nS1,a.fq,b.fq\n", ["a.fq", "b.fq"]),
        ("data_id,fastq_1\nS1,a.fq\nS2,b.fq\n", ["S1", "S2"]),
        ('path,size\n"/r/a, b.bam",1\n/r/c d.bam,2\n', ["/r/a, b.bam", "/r/c d.bam"]),
        ("name,size\na.bam,1\nb.bam,2\nS3,3\n", ["a.bam", "b.bam"]),
        ("data_id,path,name\n,,trio.vcf.gz\n,/r/a,S1\n,,S2\n", ["trio.vcf.gz", "/r/a"]),
        ("sample,size\nS1,1\nS2,2\n", []),
        ("sample,forward,reverse\nS1,a.fq,b.fq\nS2,c.fq,d.fq\n", ["a.fq", "b.fq", "c.fq", "d.fq"]),
        ("R1.fastq\nR2.fastq\n", ["R1.fastq", "R2.fastq"]),
        ("path\nMüller, Anna.bam\nMeier, Eva.bam\n", ["Müller, Anna.bam", "Meier, Eva.bam"]),
        ("father and son.bam\ngirl and boy.bam\n", ["father and son.bam", "girl and boy.bam"]),
        ("S1 S1.bam\nS2 S2_x.bam\n", ["S1.bam", "S2_x.bam"]),
        ("S1, S1.bam\nS2, S2_x.bam\n", ["S1.bam", "S2_x.bam"]),
        ("who,what\nS1,a.x\nS2,b.x\n", ["a.x", "b.x"]),
        ("file,p\na.x,p.Val6Glu\n", ["a.x"]),
        ("n,x,y\n1,a.bam,p.Val6Glu\n2,b.bam,c.A7T\n", ["a.bam", "b.bam"]),
        ("fastq_1,log\na.fq,a.log\n,b.log\n", ["a.fq"]),
        (f"file_name,x\na.bam,1\n{A},2\n/r/b,3\n", ["a.bam", A, "/r/b"]),
        ("file_name,size\n" + "b.bam,1\n" * 300 + f"c.bam,{A}\n", ["b.bam", A]),
        ("file_name,type\na.bam,data\nb,id\n", ["a.bam", "b"]),
        ("Manifest\nfile name;size\na;1\nb;2\n", ["a", "b"]),
        ("file_name\na b\n# c\nd, e.bam\nSRR1\n", ["a b", "d, e.bam", "SRR1"]),
        ("path\n/r/a b.bam\n/r/c.bam\n", ["/r/a b.bam", "/r/c.bam"]),
        ("/r/a, b.bam\n/r/c, d.bam\n", ["/r/a, b.bam", "/r/c, d.bam"]),
        ("/r/a b.bam\n/r/c d.bam\n", ["/r/a b.bam", "/r/c d.bam"]),
        ("S1 /r/a.bam\nS2 /r/b.bam\n", ["/r/a.bam", "/r/b.bam"]),
        (f"/r/a\nx.bam\n{A}\nicav2://p/r/\n", ["/r/a", "x.bam", A, "/r/"]),
    ],
)
def test_of_a_row_the_surest_kind_counts(text, expected):
    assert list(dict.fromkeys(texts(text))) == expected
    if text.startswith(("n,", "data_id,", "f", "id,")) and "# c" not in text:
        rows = [line.split(",") for line in text.splitlines()]
        assert list(dict.fromkeys(texts(xlsx(rows)))) == expected


MIXED = (A, '"/r/Müller, Anna.bam"', "x.bam", "icav2://p/r/c.bam", '"Z, a.bam"', "no data", "/r/b")


@pytest.mark.parametrize("file_name", ["", "list.csv"])
def test_a_column_of_ids_paths_and_names_needs_no_header(file_name):
    text = "sample,what,note\n" + "".join(f"S{i},{MIXED[i % 7]},some words\n" for i in range(50))
    reading = finished(text, file_name=file_name)
    assert (reading.format, reading.headers, reading.rejected) == ("CSV", 1, 7)
    assert list(dict.fromkeys(texts(text, file_name=file_name))) == [
        *(A, "/r/Müller, Anna.bam", "x.bam", "/r/c.bam", "Z, a.bam", "/r/b")
    ]
    rejected = next(e for e in entries(text, file_name=file_name) if e.kind is Kind.REJECTED)
    assert (rejected.text, rejected.column) == ("no data", 2)
    body = text.partition("\n")[2].replace(A, "/r/d")
    assert "/r/Müller, Anna.bam" in texts(body, file_name=file_name)


def test_a_column_that_the_user_chose_counts_over_all():
    text = f"name,data_id,path\nS1,{A},/r/a\nb.bam,{B},/r/b\n/r/c,{C},/r/c\n"
    assert texts(text) == [A, B, C]
    assert found(text, column=1) == [
        *(("name", "S1", ""), ("name", "b.bam", ""), ("path", "/r/c", ""))
    ]
    assert texts(text, column=3) == ["/r/a", "/r/b", "/r/c"]
    columns = opened(text).columns
    assert [(c.number, c.kind, c.chosen) for c in columns] == [
        *((1, Holds.NAMES, False), (2, Holds.IDS, True), (3, Holds.PATHS, False))
    ]
    assert opened(text, column=3).columns[2].why == "You chose it."
    for empty in (entries(text + "S4,,\n", column=3)[-1], entries(PAIRS + "S4,,\n")[-1]):
        assert (empty.kind, empty.text) == (Kind.REJECTED, "S4,,")
        assert ("empty in the column" in empty.note) is (empty.line == 5)
    assert not finished(text).warnings


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["/r/a, b.bam", "x.bam", A], ["/r/a, b.bam", "x.bam", A]),
        ([{"path": "/r/a", "name": "a"}, {"name": "b.bam"}, {"name": "S1"}], ["/r/a", "b.bam"]),
        ([{"id": A, "path": "/r/a"}, {"dataId": "", "path": "/r/b"}], [A, "/r/b"]),
        ({"samples": [{"id": "S1", "fastq_1": "a.fq", "fastq_2": ["b.fq"]}]}, ["a.fq", "b.fq"]),
        ({"items": [{"id": A, "details": {"path": "/r/a"}}], "tags": ["x.bam"]}, [A]),
        ({"file_name": "S1", "tags": ["x"]}, ["S1"]),
        ({"paths": ["/r/a", "/r/"]}, ["/r/a", "/r/"]),
    ],
)
def test_documents(value, expected):
    assert texts(json.dumps(value)) == expected
    assert [led_to(text)[0] for text in expected] == texts(returned(json.dumps(value)).decode())


def test_a_text_with_names_comes_back_as_a_table_and_is_read_as_before():
    text = f"# run 7\n/r/a, b.bam # tumour\n{A}\nmissing.bam, x.bam\nsome words\n"
    back = returned(text).decode()
    assert back.split("\n") == [
        "# run 7",
        "name_or_path\tdata_id\tresolved_path\tstatus\treason",
        f'/r/a, b.bam\t{led_to("/r/a, b.bam")[0]}\t/r/a, b.bam\tLINKED\t\t"# tumour"',
        f"{A}\t{A}\t/p/{A}\tLINKED\t",
        "missing.bam\t\t\tNOT FOUND\tnone",
        f"x.bam\t{led_to('x.bam')[0]}\tx.bam\tLINKED\t",
        "some words\t\t\tREJECTED\tno id",
        "",
    ]
    expected = [led_to("/r/a, b.bam")[0], A, "missing.bam", led_to("x.bam")[0]]
    assert texts(back) == expected
    assert returned(back).decode() == back
    lines = ["a.bam", "Anna, Eva", '"x y', "*.bam", "/r/x\\y", "=1 2", "[Reads]", "- 1"]
    again = entries(returned("\n".join(lines)).decode())
    assert [e.text.lstrip("'") for e in again] == [led_to("a.bam")[0], *lines[1:]]
    assert "pattern" in again[3].note
    beside = returned(f"/r/a.bam {A}\nx.bam\n").decode()
    assert texts(beside) == [A, led_to("x.bam")[0]]
    assert texts(returned("SRR1\nmissing\n", names=True).decode()) == [led_to("SRR1")[0], "missing"]


@pytest.mark.parametrize("packed", ["csv", "xlsx"])
def test_a_row_of_which_one_part_was_not_found_is_read_as_before(packed):
    rows = [["sample", "fastq_1", "fastq_2"], ["S1", "a.fq", "missing.fq"]]
    rows += [["S2", "several.fq", "b.fq"], ["S3", "missing.fq", "missing2.fq"]]
    rows += [["S4", "several.fq", "missing.fq b.fq"]]
    rows += [["S5", "several.fq missing.fq", "several2.fq x.fq"]]
    x = led_to("x.fq")[0]
    text = "\n".join(map(",".join, rows)) if packed == "csv" else xlsx(rows)
    back = returned(text)
    table = cells(back) if packed == "xlsx" else [r.split(",") for r in back.decode().split("\n")]
    first, second = led_to("several.fq")[0].split("; ")
    assert [row[3] or "" for row in table] == [
        *("data_id", f"{led_to('a.fq')[0]}; none"),
        *(f"{first}; {second}; {led_to('b.fq')[0]}", "none; none"),
        f"{first}; {second}; none; {led_to('b.fq')[0]}",
        f"{first}; {second}; none; {'; '.join(led_to('several2.fq')[0].split('; '))}; {x}",
    ]
    assert all(cell.count(";") == (row[3] or "").count(";") for row in table for cell in row[4:7])
    again = texts(back if packed == "xlsx" else back.decode())
    assert again == [
        *(led_to("a.fq")[0], "missing.fq", first, second, led_to("b.fq")[0]),
        *("missing.fq", "missing2.fq", first, second, "missing.fq", led_to("b.fq")[0]),
        *("several.fq", "missing.fq", "several2.fq", "x.fq"),  # which one was missing is not plain
    ]


def test_a_list_of_ids_and_paths_in_one_column_comes_back_and_is_read_as_before():
    text = f"n,data_id\n1,{A}\n2,/r/missing.bam\n3,/r/b.bam\n4,{B}\n"
    assert texts(returned(text).decode()) == [A, "/r/missing.bam", led_to("/r/b.bam")[0], B]
    bare = text.partition("\n")[2]
    assert texts(returned(bare).decode()) == [A, "/r/missing.bam", led_to("/r/b.bam")[0], B]


def meant(data, **options):
    """What the entries of a list lead to: ids, and what has led to none as it stands, but for the
    apostrophes that keep a spreadsheet from running cells.
    """
    found, _ = read_all([data]) if not options else (entries(data, **options), None)
    used = [entry for entry in found if entry.kind is not Kind.REJECTED]
    led = [(led_to_of(entry)[0], entry) for entry in used]
    kept = [ids or f"{e.lookup.kind} {e.lookup.text}" for ids, e in led]
    parts = (text.replace("'", "").replace("; ", " ") for text in kept)
    words = (word for text in parts for word in text.split(" "))
    return list(dict.fromkeys(word for word in words if word.isascii()))


@given(LISTS)
@example(f"x\n\fx y\nbam\tdataid\n{A}\t/0".encode())  # as many lines above it as in it
@example(f"id,path\n{A} 2,/r/a.bam\n/r/b.bam,".encode())  # beside an id, a word and a path
@example(f"{URN}{A}https://ica.illumina.com/x\n/r/a.bam".encode())  # an id that ends with ":"
@settings(max_examples=5 * settings.default.max_examples, deadline=None)
def test_any_list_read_again_means_the_same(data):
    _, reading = read_all([data])
    if not isinstance(reading, str) and reading.lookups:
        once = returned(data)
        assert meant(once) == meant(data)
        assume(opened(once).source.encoding == reading.source.encoding)
        assert meant(returned(once)) == meant(once)
