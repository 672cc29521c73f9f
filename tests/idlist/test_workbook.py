"""Lists as Excel workbooks."""

import time

import pytest

from tests.idlist.sample_lists import PROJECT, A, B, C, entries, finished, good
from tests.idlist.workbook_files import with_part, with_sheet, xlsx
from webapp.idlist import Kind, Unreadable


def test_the_column_is_found_as_in_any_table():
    found = entries(xlsx([["sample", "Data ID", "project_id"], ["S1", A, PROJECT], [2, B, None]]))
    assert [(e.line, e.column, e.data_id, e.project_id) for e in found] == [
        (2, 2, A, PROJECT),
        (3, 2, B, ""),
    ]


def test_a_column_of_ids_and_nothing_else():
    reading = finished(xlsx([[A], [B], [None], [A]]))
    assert (reading.format, reading.good, reading.repeated, reading.blank) == ("Excel", 2, 1, 1)


def test_formulas_merged_cells_and_other_sheets():
    def change(workbook, sheet):
        sheet["A1"] = "Manifest of run 7"
        sheet.merge_cells("A1:C1")
        sheet["B5"] = "=B4"
        sheet["C5"] = 3.5
        workbook.create_sheet("other").append([C])

    data = xlsx([[], [], ["sample", "data_id"], ["S1", A]], change)
    good_one, formula = entries(data)
    assert (good_one.line, good_one.data_id) == (4, A)
    assert (formula.kind, formula.line) == (Kind.REJECTED, 5)  # its value was never worked out
    reading = finished(data)
    assert (reading.lines, reading.headers, reading.blank, reading.frame) == (5, 2, 1, 0)
    assert "first sheet" in reading.warnings[0]


def test_hidden_sheets_are_passed_over():
    def change(workbook, sheet):
        workbook.create_sheet("list").append([A])
        sheet.sheet_state = "hidden"

    assert good(xlsx([[B]], change)) == [A]


def test_a_stray_cell_in_the_last_corner_of_the_sheet():
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    data = with_sheet(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{A}</t></is></c></row>{far}')
    first, stray = entries(data)
    assert (first.data_id, first.line) == (A, 1)
    assert (stray.kind, stray.line, stray.text) == (Kind.REJECTED, 1_048_576, "1")


def wide(header, cell, column, rows=1):
    """A sheet with names in column A, and one other column far out."""
    return xlsx(
        [["name"] + [None] * (column - 2) + [header]] + [["S", *[None] * (column - 2), cell]] * rows
    )


@pytest.mark.parametrize("column", [256, 257, 300, 16_384])
@pytest.mark.parametrize("header", ["data_id", "ICA", "x"])
def test_a_column_of_ids_may_stand_anywhere(header, column):
    [found] = entries(wide(header, A, column))
    assert (found.data_id, found.line, found.column) == (A, 2, column)


def test_an_error_in_a_cell_is_no_comment():
    error = '<c r="A{0}" t="e"><v>#N/A</v></c><c r="B{0}" t="inlineStr"><is><t>{1}</t></is></c>'
    rows = (f'<row r="{i}">{error.format(i, name)}</row>' for i, name in enumerate([A, B], 1))
    assert good(with_sheet("".join(rows))) == [A, B]


def test_ids_that_turn_up_late_in_another_column_are_told_of():
    rows = [[f"fil.{i:032x}", "n"] for i in range(300)]
    reading = finished(xlsx([*rows, [A, B]]))
    assert "stand in column 2 too" in reading.warnings[0]


def test_far_columns_with_ids_are_told_of():
    def change(workbook, sheet):
        sheet["XFD3"] = C

    reading = finished(xlsx([["data_id"], [A], [B]], change))
    assert (reading.good, reading.columns[-1].number) == (2, 16_384)
    assert "stand in column 16,384 too" in reading.warnings[0]


def test_a_matrix_of_ids_offers_some_columns():
    ids = [[f"fil.{row:016x}{column:016x}" for column in range(100)] for row in range(5)]
    reading = finished(xlsx(ids))
    assert reading.good == 5
    assert len(reading.columns) == 21
    assert "20, 21 and more too" in reading.warnings[0]


@pytest.mark.long
def test_a_sheet_of_far_cells_costs_no_more_than_it_holds():
    cell = '<c t="inlineStr" r="XFD{0}"><is><t>fil.{0:032x}</t></is></c>'
    rows = [f'<row r="{number}">{cell.format(number)}</row>' for number in range(1, 20_000)]
    started = time.process_time()
    assert len(good(with_sheet("".join(rows[:2_000])))) == 2_000
    read = time.process_time() - started
    with pytest.raises(Unreadable, match="row 6,"):
        finished(with_sheet("".join(rows)))
    assert read < 5  # 1.5 on an idle machine; with all the cells between, a minute
    assert time.process_time() - started < 5 * read  # it is refused before it is read to its end


def test_a_cell_beyond_the_last_column_of_excel():
    with pytest.raises(Unreadable, match="row 7 has a cell in a column XFE"):
        finished(with_sheet(f'<row r="7"><c r="XFE7"><v>{A}</v></c></row>'))


def test_rich_text_in_a_cell():
    rich = f'<is><r><t>fil.</t></r><r><t>{"a" * 32}</t></r><rPh sb="0" eb="1"/></is>'
    data = with_sheet(f'<row><c t="inlineStr">{rich}</c><c><f>1</f><v>7</v></c></row>')
    assert good(data) == [A]


def test_texts_that_cells_share():
    cell = '<row r="{0}"><c r="B{0}" t="s"><v>{1}</v></c></row>'
    spoken = '<rPh sb="0" eb="1"><t>spoken</t></rPh>'
    rich = f"<r><t>fil.</t></r><r><t>{'b' * 32}</t></r>"
    strings = f"<sst><si><t>{A}</t>{spoken}</si><si>{rich}</si></sst>"
    sheet = with_sheet(cell.format(2, 1) + cell.format(4, 0))
    found = entries(with_part(sheet, "xl/sharedStrings.xml", strings))
    assert [(e.line, e.column, e.data_id) for e in found] == [(2, 2, B), (4, 2, A)]


def test_elements_may_have_a_prefix():
    sheet = f'<x:worksheet xmlns:x="x"><x:row><x:c><x:v>{A}</x:v></x:c></x:row></x:worksheet>'
    assert good(with_part(xlsx([]), "xl/worksheets/sheet1.xml", sheet)) == [A]
