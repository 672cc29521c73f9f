"""Lists as tables: which column is read, and how its rows are counted."""

import pytest

from tests.idlist.annotated_lists import annotated
from tests.idlist.sample_lists import (
    FOLDER,
    LINK,
    PROJECT,
    A,
    B,
    C,
    entries,
    finished,
    good,
    opened,
)
from webapp.idlist import Kind

MANIFEST = f"""sample_id,file_name,file_path,data_id,project_id
S1,S1.fastq.gz,/run 1/S1.fastq.gz,{A},{PROJECT}
S2,S2.fastq.gz,"/run 1/a, b",{B},{PROJECT.upper()}
S3,"S3
of two lines",/run 1,{C},
"""
ICAV2 = f"""PATH\tNAME\tTYPE\tSTATUS\tID\tOWNING PROJECT ID
/run 1/a.bam\ta.bam\tFILE\tAVAILABLE\t{A}\t{PROJECT}
/run 1/\trun 1\tFOLDER\tAVAILABLE\t{FOLDER}\t{PROJECT}
No of items :  2
"""


def chosen(text, **options):
    return next(column for column in opened(text, **options).columns if column.chosen)


def test_a_manifest():
    found = entries(MANIFEST)
    assert [(entry.line, entry.column, entry.data_id) for entry in found] == [
        (2, 4, A),
        (3, 4, B),
        (5, 4, C),
    ]
    assert [entry.project_id for entry in found] == [PROJECT, PROJECT, ""]


def test_a_manifest_s_lines_are_accounted_for():
    reading = finished(MANIFEST)
    assert (reading.format, reading.lines, reading.headers, reading.frame) == ("CSV", 5, 1, 1)


def test_the_table_of_icav2():
    reading = finished(ICAV2)
    assert (reading.format, reading.good, reading.rejected) == ("icav2 table", 2, 0)
    assert (reading.lines, reading.headers) == (4, 2)


def test_pages_of_icav2_one_after_the_other():
    reading = finished(ICAV2 + "\n" + ICAV2)
    assert (reading.good, reading.repeated, reading.rejected, reading.headers) == (2, 2, 0, 4)


@pytest.mark.parametrize("header", ["data_id", "dataId", "Data ID", "fileId", "file_id", "ID"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_finds_the_column(header, delimiter):
    rows = [["name", header, "size"], ["a", A, "1"], ["b", B, "2"]]
    assert good("\n".join(delimiter.join(row) for row in rows)) == [A, B]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", "   "])
def test_without_a_header_the_content_finds_the_column(delimiter):
    rows = [["S1", A, "x"], ["S2", B, "y"], ["S3", C, "z"]]
    assert [entry.data_id for entry in entries("\n".join(delimiter.join(r) for r in rows))] == [
        A,
        B,
        C,
    ]


def test_a_header_that_names_data_ids_wins_over_other_columns_with_ids():
    text = f"folder,data_id,note\n{FOLDER},{A},x\n{FOLDER},{B},y\n"
    reading = finished(text)
    assert reading.good == 2
    assert chosen(text).why == "Its header names data ids."
    assert [(c.header, c.ids) for c in reading.columns] == [("folder", 2), ("data_id", 2)]
    assert "column 1" in reading.warnings[0]


def test_a_column_that_is_only_called_id_gives_way_to_one_that_holds_ids():
    text = f"id,file\n1,{A}\n2,{B}\n"
    assert good(text) == [A, B]
    assert chosen(text).why == "It holds data ids."


def test_a_column_called_data_id_that_is_empty_gives_way():
    text = f"data_id,file_id\n,{A}\n,{B}\n"
    assert good(text) == [A, B]
    assert good(text.replace("\n,", "\nx1,", 1)) == ["x1"]  # it may hold odd ids


def test_what_can_t_be_seen_does_not_hide_a_project():
    [first] = entries(f"data_id,projectId\n{A},\u200b{PROJECT}\u00a0\n")
    assert first.project_id == PROJECT


@pytest.mark.parametrize("header", ["data_id", "x"])
def test_the_column_of_ids_may_stand_far_out(header):
    rows = [["n"] * 300 + [header], *(["S"] * 300 + [name] for name in (A, B, C))]
    found = entries("\n".join(map(",".join, rows)))
    assert [(e.data_id, e.column) for e in found] == [(A, 301), (B, 301), (C, 301)]


@pytest.mark.parametrize("delimiter", [" ", ",", "\t"])
def test_ids_that_turn_up_late_in_another_column_are_told_of(delimiter):
    rows = [f"fil.{i:032x},n{i}" for i in range(300)] + [f"{A},{B.upper()}", f"{B},"]
    reading = finished("\n".join(rows).replace(",", delimiter))
    assert reading.good == 302
    assert [(c.number, c.ids, c.sampled) for c in reading.columns] == [(1, 200, 200), (2, 1, 302)]
    assert "stand in column 2 too" in reading.warnings[0]


def test_a_spreadsheet_s_error_is_no_comment():
    text = f"name,data_id\n#N/A,{A}\n#REF!,{B}\n# x,{C}\n"
    assert good(text) == [A, B]
    assert good(annotated(text).decode()) == [A, B]


def test_the_user_may_choose_another_column():
    text = f"tumor,data_id\n{A},{B}\n{C},{FOLDER}\n"
    assert good(text, column=1) == [A, C]
    assert chosen(text, column=1).why == "You chose it."


def test_the_header_need_not_be_the_first_row():
    reading = finished(f"Manifest of run 7,,\n,,\nname,data_id,size\na,{A},1\nb,{B},2\n")
    assert (reading.good, reading.rejected, reading.headers, reading.blank) == (2, 0, 2, 1)


def test_rows_without_an_id_are_rejected_and_empty_ones_blank():
    empty, prose = (
        e for e in entries(f"n,data_id\na,\n,\n# x\nb,not yet known\nc,{A}\n") if e.note
    )
    assert (empty.kind, empty.line, empty.text) == (Kind.REJECTED, 2, "a,")
    assert (prose.kind, prose.line, prose.text) == (Kind.REJECTED, 5, "not yet known")


def test_several_ids_in_a_cell_share_its_column():
    found = entries(f'sample,data_id\nS1,"{A}, {B}"\nS2,{C};{A}\n')
    assert [(e.line, e.column, e.kind) for e in found] == [
        (2, 2, Kind.GOOD),
        (2, 2, Kind.GOOD),
        (3, 2, Kind.GOOD),
        (3, 2, Kind.REPEATED),
    ]


def test_several_ids_a_line_are_no_table():
    reading = finished(f"{A},{B}\n{C},{FOLDER}\n")
    assert (reading.format, reading.good) == ("text", 4)


def test_links_in_a_column():
    [first, _] = entries(f"name,link\na,{LINK}{A}\nb,{LINK}{B}\n")
    assert (first.data_id, first.project_id) == (A, PROJECT)


def test_a_quote_that_is_never_closed_costs_its_own_row_only():
    assert good(f'name,data_id\n"a,{A}\nb,{B}\n' + f"c,{C}\n" * 100) == [A, B, C]


def test_a_name_decides_what_the_content_leaves_open():
    row = f"S1,{A}\n"
    assert opened(row).format == "text"
    assert opened(row, file_name="One.CSV").format == "CSV"
