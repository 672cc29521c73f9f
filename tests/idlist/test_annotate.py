"""The owner's list comes back as it was, with outcomes, and can be uploaded again."""

import gzip
import io
import json
import re
import time

import openpyxl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.idlist.annotated_lists import FAILED, LINKED, annotated, outcomes, sent
from tests.idlist.list_strategies import LISTS
from tests.idlist.sample_lists import HEADERS, A, B, C, opened, read_all
from tests.idlist.workbook_files import cells, xlsx
from webapp.idlist import Reading, annotate
from webapp.idlist.annotate import lookup
from webapp.idlist.annotate import text as text_writer


def test_a_text_list_becomes_a_table_by_tabs():
    text = f"# run 7\n{A}  # normal\n\n{B}, {A}\nmy list\n"
    assert annotated(text).decode().split("\n") == [
        "# run 7",
        "data_id\tstatus\treason\tattempt\tlinked_path",
        f'{A}\tLINKED\t\t1\t/run 1/a.bam\t"# normal"',
        "",
        f"{B}\tFAILED\t'=cmd|'/c calc'!A1, twice\t1\t",
        f"{A}\tLINKED\t\t1\t/run 1/a.bam",
        "# my list\tNOT_SENT\tno id\t\t",
        "",
    ]


def test_a_table_keeps_its_rows_and_gets_columns():
    rows = ("# run 7", "name,data_id,note", f'"a, b",{A},x', f"c,{B}", ",,", "d,,y")
    text = "\r\n".join((*rows, f'"e","{B}; {C}",z', ""))
    assert annotated(text).decode().split("\r\n") == [
        "# run 7",
        "name,data_id,note,status,reason,attempt,linked_path",
        f'"a, b",{A},x,LINKED,,1,/run 1/a.bam',
        f"c,{B},,FAILED,\"'=cmd|'/c calc'!A1, twice\",1,",
        ",,",
        "d,,y,NOT_SENT,no id,,",
        f'"e","{B}; {C}",z,FAILED; LINKED,"\'=cmd|\'/c calc\'!A1, twice; ",1,; /run 1/a.bam',
        "",
    ]


def test_a_cell_beyond_the_last_column_stays_in_every_round():
    text = "name,data_id\n" + f"a,{A}\n" * 300 + f"b,{B},beyond\n"
    once = annotated(text)
    assert once.decode().split("\n")[-2].startswith(f"b,{B},FAILED,")
    assert once.endswith(b",1,,beyond\n")
    assert annotated(once) == once


def test_a_table_without_a_header_gets_one():
    assert annotated(f"S1;{A}\nS2;{B}\n").decode().split("\n")[:2] == [
        ";data_id;status;reason;attempt;linked_path",
        f"S1;{A};LINKED;;1;/run 1/a.bam",
    ]


def test_line_ends_encoding_mark_and_gzip_stay():
    text = f"name;data_id\r{A};größe\r\n{B};x".encode("utf-16")
    back = gzip.decompress(annotated(gzip.compress(text)))
    assert back[:2] == text[:2]
    lines = back.decode("utf-16").splitlines(keepends=True)
    assert [line[-1:] for line in lines] == ["\r", "\n", "m"]
    assert lines[1].startswith(f"{A};größe;LINKED;")


def test_bytes_that_are_no_utf_8_stay():
    text = f"{A}\n".encode() * 10_000 + b"# gr\xf6\xdfe\n"
    assert annotated(text).endswith(b"\n# gr\xf6\xdfe\n")


def test_an_object_of_json_gets_a_field():
    text = json.dumps({"items": [{"id": A, "path": "/a"}, B.upper(), {}]}, indent=1)
    told = json.loads(annotated(text))["items"]
    assert told[0] == {
        "id": A,
        "path": "/a",
        "linkboard": dict(zip(("status", "reason", "attempt", "linked_path"), LINKED, strict=True)),
    }
    assert (told[1]["id"], told[1]["linkboard"]["reason"]) == (B.upper(), FAILED[1])
    assert told[2]["linkboard"]["status"] == "NOT_SENT"


def test_an_object_keeps_its_bytes_in_a_second_round():
    digits = "9" * 5_000  # more than Python makes an int of
    text = f'[{{"linkboard": {{}} ,"id":"{A}", "size":1e400, "n":{digits}, "x":"\\"linkboard\\""}}]'
    back = annotated(text).decode()
    assert json.loads(annotated(f'["{A}"]'))[0]["linkboard"]["status"] == "LINKED"
    assert re.sub('({"linkboard": ){.*?}', r"\1{}", back) == text
    assert annotated(back) == back.encode()


def test_json_lines_stay_lines():
    text = "".join(f'{{"dataId": "{name}"}}\n' for name in (A, B))
    back = annotated(text).decode()
    assert [json.loads(line)["linkboard"]["status"] for line in back.splitlines()] == [
        "LINKED",
        "FAILED",
    ]


def test_a_workbook_stays_a_workbook():
    def change(workbook, sheet):
        sheet["A2"].font = openpyxl.styles.Font(bold=True)
        sheet["D3"] = "=1+1"
        sheet["E9"].number_format = "0.00"  # a cell that is there and empty
        workbook.create_sheet("other").append([C])

    data = xlsx([["Run 7"], ["sample", "Data ID"], ["S1", A], ["S2", B], [], ["S3"]], change)
    back = annotated(data)
    assert [row[5:] for row in cells(back)[:6]] == [
        [None] * 4,
        ["status", "reason", "attempt", "linked_path"],
        ["LINKED", None, "1", "/run 1/a.bam"],
        ["FAILED", "'=cmd|'/c calc'!A1, twice", "1", None],
        [None] * 4,
        ["NOT_SENT", "no id", None, None],
    ]
    copy = openpyxl.load_workbook(io.BytesIO(back))
    assert copy.active["A2"].font.bold
    assert copy.active["D3"].value == "=1+1"
    assert copy["other"]["A1"].value == C
    assert sent(back) == sent(data) == [A, B]


def test_a_workbook_s_second_round_replaces_the_cells_of_the_first():
    def change(workbook, sheet):
        sheet["A4"].font = openpyxl.styles.Font(bold=True)

    once = annotated(xlsx([["sample", "Data ID"], ["S1", A], ["S2", B], ["S3"]], change))
    assert cells(annotated(once)) == cells(once)
    again = openpyxl.load_workbook(io.BytesIO(once))
    again.active["C2"], again.active["E3"] = "=1+1", None  # where we had written
    again.active["H3"], again.active["A5"], again.active["B5"] = "mine", "S4", C
    file = io.BytesIO()
    again.save(file)
    assert cells(annotated(file.getvalue())) == [
        ["sample", "Data ID", "status", "reason", "attempt", "linked_path", None, None],
        ["S1", A, "LINKED", None, "1", "/run 1/a.bam", None, None],
        ["S2", B, "FAILED", "'=cmd|'/c calc'!A1, twice", "1", None, None, "mine"],
        ["S3", None, "NOT_SENT", "no id", None, None, None, None],
        ["S4", C, "LINKED", None, "1", "/run 1/a.bam", None, None],
    ]


def test_columns_of_such_names_elsewhere_are_the_user_s_own():
    for names in (["status", "reason", "attempt", "linked_path", "x"], ["reason", "status"]):
        back = annotated(xlsx([["data_id", *names], [A, *names]]))
        assert cells(back)[1] == [A, *names, *(cell or None for cell in LINKED)]


@pytest.mark.long
def test_a_large_workbook_s_second_round():
    """One whose sheet is read in several pieces of 256 kB."""
    once = annotated(xlsx([["n", "data_id"], *([i, f"fil.{i:032x}"] for i in range(5_000))]))
    assert cells(annotated(once)) == cells(once)


def test_a_second_round_replaces_the_columns_of_the_first():
    for text in (f"{A}\n{B} # x\n", f"n,data_id\na,{A}\nb,{B}\n", json.dumps([A, B])):
        once = annotated(text)
        assert annotated(once) == once


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r="])
def test_no_added_cell_runs_as_a_formula(start):
    back = annotate(opened(f"{A}\n"), lambda several: [(start + "A1", "", "", "")], HEADERS)
    assert b"".join(back).decode().split("\n")[1] == f"{A}\t'{start.strip()}A1\t\t\t"


def test_outcomes_are_asked_for_in_the_order_of_the_file():
    asked = []

    def remembering(several):
        asked.append([entry.line for entry in several])
        return outcomes(several)

    text = "".join(f"fil.{number:032x}\n" for number in range(2_500))
    assert len(list(annotate(opened(text), remembering, HEADERS))) > 1
    assert [line for lines in asked for line in lines] == list(range(1, 2_501))
    assert max(map(len, asked)) <= 1_000


def test_the_first_piece_comes_before_the_file_was_read():
    def pieces():
        yield b"".join(b"fil.%032x\n" % number for number in range(20_000))
        started.append(time.monotonic())
        yield f"{A}\n".encode()

    started = []
    back = annotate(Reading(pieces()), outcomes, HEADERS)
    assert next(back)
    assert not started


def plain(names):
    """Without ids like Â¡: what is Latin-1 in one place may be UTF-8 once the rest is gone."""
    return [name for name in names if name.isascii()]


def test_a_text_list_called_csv_becomes_one():
    assert annotated(f"{A}\n{B}\n", file_name="Ids.csv").decode().split("\n")[:2] == [
        "data_id,status,reason,attempt,linked_path",
        f"{A},LINKED,,1,/run 1/a.bam",
    ]


def test_the_comment_of_a_header_stays():
    back = annotated(f"data_id # from run 7\n{A}\n")
    assert back.startswith(b"# from run 7\ndata_id\tstatus\t")
    assert annotated(back) == back


@given(LISTS)
@example(b"path\nA")
@example(f"{{\t#\t\x01\nurn:ilmn:ica:region:\x01:data:{A}\t\x01\x0b\x01".encode())
@settings(max_examples=5 * settings.default.max_examples, deadline=None)
def test_a_second_round_changes_nothing(data):
    _, reading = read_all([data])
    # Without a good entry there is no submission; for names and paths see test_lookups.py.
    if not isinstance(reading, str) and reading.good and not reading.lookups:
        once = annotated(data)
        # What is no UTF-8 before may be some once a bracket beside an id is gone: see plain().
        assume(opened(once).source.encoding == reading.source.encoding)
        assert annotated(once) == once


@given(LISTS)
@example(f"Run 7\n,0\nid,\nS1,{A}".encode())  # as many lines above the table as in it
@settings(max_examples=5 * settings.default.max_examples, deadline=None)
def test_any_list_read_again_gives_the_same_ids(data):
    _, reading = read_all([data])
    if not isinstance(reading, str) and not reading.lookups:
        assert plain(sent(annotated(data))) == plain(sent(data))


PLAIN_CELLS = st.sampled_from(["LINKED", "", "1", "/a b/c.bam", "FAILED"])
ODD_CELLS = st.one_of(
    st.sampled_from(["None", "a  b", " a", "a ", "=1", "#x", "-1", "a\u00a0b", "a\x1eb", "a\vb"]),
    st.text("ab,;\t\n\r\v\x1e\x1f\"'#=\u00a0é", max_size=4),
)
OUTCOMES = st.builds(
    lambda cells, odd, at: (*cells[:at], odd, *cells[at:]),
    st.tuples(*[PLAIN_CELLS] * (len(HEADERS) - 1)),
    st.one_of(PLAIN_CELLS, ODD_CELLS),
    st.integers(0, len(HEADERS) - 1),
)
ODD_LINES = [
    "sample-1",
    "a/b",
    "None",
    f"{A} # x",
    f"{A} {B}",
    f"{A}  ",
    A.upper(),
    "# x",
    "",
    "=1",
    "é",
]
ID_LINES = st.builds(
    lambda lines, end: end.join(lines).encode(),
    st.lists(st.sampled_from([*[A, B, C] * 5, *ODD_LINES]), min_size=2),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


@given(ID_LINES, st.lists(OUTCOMES, min_size=1))
@settings(max_examples=3 * settings.default.max_examples, deadline=None)
def test_lines_that_are_written_together_are_as_when_written_one_by_one(data, cells):
    """Lines of ids alone are written together, and one by one where a cell needs more than that."""

    def told(several):
        return [cells[entry.line % len(cells)] for entry in several]

    _, reading = read_all([data])
    if not isinstance(reading, str):
        together = b"".join(annotate(opened(data), told, HEADERS))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(text_writer, "plain_rows", lambda *_: None)
            patch.setattr(lookup, "_BATCH_ENTRIES", 1)
            assert b"".join(annotate(opened(data), told, HEADERS)) == together
