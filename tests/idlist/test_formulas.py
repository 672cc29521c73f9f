"""No cell of a list that is handed back runs as a formula; all others stay as they were."""

import csv
import io
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.idlist.annotated_lists import annotated, sent
from tests.idlist.list_strategies import LISTS, TABLES
from tests.idlist.sample_lists import HEADERS, A, B, good, opened, read_all
from webapp.idlist import annotate

EVIL = '=HYPERLINK("http://x")'
PIECES = st.sampled_from([*"=+-@\t\r\n\"' ,;1.e#x", "\u00a0", "\u200b", "-1.5", "\uff1d", A, EVIL])
READERS = (",", ";", "\t")
CELLS = st.lists(PIECES, max_size=4).map("".join)
ROWS = st.lists(
    st.lists(CELLS, min_size=2, max_size=4).filter(lambda row: not row[0].startswith("#")),
    min_size=1,
    max_size=5,
)
DELIMITERS = st.sampled_from(READERS)


def runs(cell):
    """Whether a spreadsheet may take a cell for a formula."""
    cell = cell.replace("\u200b", "")
    bare = re.sub(r'^["\s]+|["\s]+$', "", cell)
    beginning = cell[: cell.index(bare)]
    if not bare or re.search("[\t\r\n]", beginning):
        return bool(bare)
    is_number = re.fullmatch(r"[-+]?[.,]?\d[\d.,]*([eE][-+]?\d+)?%?", bare)
    return bare[0] in "=+-@\uff1d" and bare not in {"-", "+"} and not is_number


def rows_of(text, delimiter):
    """As a spreadsheet reads it: nothing of ours."""
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def dangerous(text, delimiter):
    return [cell for row in rows_of(text, delimiter) for cell in row if runs(cell)]


def dangerous_anywhere(text, delimiter):
    """As dangerous(), also in a spreadsheet that takes another delimiter for the file's own.

    There a cell may begin with the file's own tab or line break: what follows must be harmless.
    """
    found = dangerous(text, delimiter)
    for other in {*READERS} - {delimiter}:
        cells = (cell for row in rows_of(text, other) for cell in row)
        found += [cell for cell in cells if runs(re.sub(r'^["\s\u200b]+', "", cell))]
    return found


def lines_of(text, **options):
    return annotated(text, **options).decode().split("\n")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+A1", "-A1", "@SUM(A1)", "  =1", "\u00a0=1", "-1+A1", "-e5"]
)
def test_a_cell_that_would_run_is_made_harmless(cell):
    assert lines_of(f"name,data_id,note\na,{A},{cell}\n")[1].startswith(f"a,{A},'{cell},LINKED")


@pytest.mark.parametrize(
    "cell", ["-1.5", "+3e5", '"-1,234.5"', "-", "+", '"-"', "-.5", "-12%", "'=1", 'a"b', ' "x"', ""]
)
def test_numbers_strands_and_all_else_stay(cell):
    assert lines_of(f"name,data_id,note\na,{A},{cell}\n")[1].startswith(f"a,{A},{cell},LINKED")


def test_the_prefix_goes_inside_the_quotes_and_other_cells_stay():
    text = f'name,data_id,note,more\n"a",{A},"=HYPERLINK(""x"",1)", "b"\n'
    assert lines_of(text)[1].startswith(f'"a",{A},"\'=HYPERLINK(""x"",1)", "b",LINKED')


@pytest.mark.parametrize("cell", ["\tx", "\r=1", "\n=1"])
def test_what_hides_behind_white_space_is_made_harmless(cell):
    back = annotated(f'name,data_id\n"{cell}",{A}\n').decode()
    assert f'"\'{cell}"'.replace("=", "'=") in back


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("x;=cmd|'/c calc'!A0", "x;'=cmd|'/c calc'!A0"),
        ("x\t=1+1", "x\t'=1+1"),
        ("x; @a;y", "x;' @a;y"),
        ("chr1;-;100;-1.5;x", "chr1;-;100;-1.5;x"),
        ("chr1;-1", "chr1;'-1"),  # with the cell behind it, it is no number
        ('"x\n=1"', '"x\n\'=1"'),
        ('"x;""=1"', '"x;\'""=1"'),
        ('a;"-1', "a;'\"-1"),
        ("x;\t=1", "x;\t'=1"),
        ("x;\t-1\ty", "x;\t'-1\ty"),
        ("=1;=2", "'=1;'=2"),
        ("a=1;b-c", "a=1;b-c"),
    ],
)
def test_what_another_delimiter_makes_a_cell_of_is_made_harmless(cell, written):
    back = annotated(f"name,data_id,note\na,{A},{cell}\n").decode()
    assert back.split("\n", 1)[1].startswith(f"a,{A},{written},LINKED")


@pytest.mark.parametrize(
    ("row", "written"),
    [
        ("-1,{},5+cmd|'/c calc'!A0", "'-1,{},5+cmd|'/c calc'!A0"),  # -1,5 is a number in German
        ('"-1,5",{},x', '"\'-1,5",{},x'),
        (' "-1",{},x', ' "\'-1",{},x'),
        ("1,{},-1", "1,{},-1"),
    ],
)
def test_a_row_that_another_delimiter_makes_one_cell_of_is_made_harmless(row, written):
    back = annotated(f"name,data_id,note\n{row.format(A)}\n").decode()
    assert back.split("\n")[1].startswith(written.format(A))


@pytest.mark.parametrize(
    ("row", "written"),
    [
        ('"\r"\t"+"', '"\'\r\'"\t"+"'),
        ('b\t"\n"\t-', "b\t\"'\n'\"\t-"),
        ('b\t" \r"\t"-1"\t5+x', 'b\t"\' \r\'"\t"-1"\t5+x'),
        ('x\t"+\r"\t+', "x\t\"'+\r'\"\t+"),
        ('"\r"\tb\t', '"\r"\tb\t'),
    ],
)
def test_a_cell_that_was_harmless_without_its_apostrophe_has_one_before_it_too(row, written):
    text = f"data_id\tb\tc\td\r\n{row}\r\n{A}\tb\r\n"
    back = annotated(text, file_name="x.csv", column=1).decode()
    assert back.split("\r\n", 1)[1].startswith(written)
    assert not dangerous_anywhere(back, "\t")


def test_a_path_or_a_reason_opens_no_cell_for_another_delimiter():
    told = ("FAILED", "not found;=1", "1", "/run;\t@a.bam")
    back = annotate(opened(f"{A}\n"), lambda several: [told], HEADERS)
    assert b"".join(back).decode().split("\n")[1] == f"{A}\tFAILED\tnot found;'=1\t1\t/run;' @a.bam"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_headers_comments_and_footers_too(delimiter):
    text = f"# x,{EVIL}\nRun,=2\n@name,data_id\n+x,{A}\nNo of items: 1,=3\n".replace(",", delimiter)
    back = annotated(text).decode()
    assert not dangerous(back, delimiter)
    assert back.count("'") == 5


def test_a_table_by_spaces_and_text():
    assert lines_of(f"=1 {A}\nb {B}\n")[1].startswith(f"'=1\t{A}\tLINKED")
    assert lines_of(f"# x\t=1\n{A}\n=sum\n")[::3] == [
        "# x\t'=1",
        "'=sum\tLINKED\t\t1\t/run 1/a.bam",
    ]


def test_a_rejected_text_opens_no_cell():
    [line] = [line for line in lines_of(f"{A}\nmy\t=1 list\n") if line.startswith("# ")]
    assert line.startswith("# my =1 list\tNOT_SENT\t")


@pytest.mark.parametrize(
    "line",
    [
        f'a, "b,=1",{A}',  # some read a quote behind a space as a letter
        f'a, "b,""=1",{A}',
        f'a, "b,",{A}\n=1,"c",{B}',
        f'"a,{A}\n=1,{B},"x',  # a quote that is never closed
        f'""=1,{A}',
        f'# "x", "y\nb,{A}\n",=1"',
        f'#,"\na,{A}\n"c,=1",{B}',
    ],
)
def test_readers_that_take_quotes_otherwise_see_no_formula(line):
    back = annotated(f"name,data_id\n{line}\n", column=2).decode()
    assert not dangerous(back, ",")


@pytest.mark.parametrize(
    "cell", [f"={A}", f'="{A}"', f"@{A}", f"- {A}", f"+{A.upper()}", f'"\t{A}"']
)
def test_an_id_whose_cell_was_made_harmless_is_read_again(cell):
    text = f"name,data_id\na,{cell}\n"
    back = annotated(text)
    assert b",'" in back or b",\"'" in back
    assert good(back.decode()) == good(text)


@given(ROWS, DELIMITERS, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
@settings(max_examples=4 * settings.default.max_examples, deadline=None)
def test_harmless_cells_stay_and_no_cell_is_dangerous(rows, delimiter, quoting):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting)
    writer.writerows([["data_id", "a", "b", "c"], *rows, [A, "b"]])
    back = annotated(file.getvalue(), file_name="x.csv", column=1).decode()
    before, after = (rows_of(text, delimiter) for text in (file.getvalue(), back))
    assert len(after) == len(before)
    for had, has in zip(before, after, strict=True):
        assert not any(map(runs, has))
        for number, (was, cell) in enumerate(zip(had, has, strict=False)):
            assert cell.replace("'", "") == was.replace("'", "")
            if number and not re.search(r"[,;\s]", was):
                assert cell == (f"'{was}" if runs(was) else was)
    assert not dangerous_anywhere(back, delimiter)
    others = "".join({*READERS} - {delimiter})
    may_begin_a_cell = rf'(?:\A|[{others}\r\n])["\s\u200b]*[=+@\-\uff1d]'
    written = file.getvalue()
    if not dangerous(written, delimiter) and not re.search(may_begin_a_cell, written):
        at = 0
        for line in written.removesuffix("\r\n").split("\r\n"):
            at = back.index(line, at) + len(line)


@given(
    st.one_of(LISTS, TABLES.map(str.encode), st.lists(CELLS).map(lambda c: ",".join(c).encode()))
)
@settings(max_examples=10 * settings.default.max_examples, deadline=None)
def test_no_cell_of_any_list_is_dangerous(data):
    _, reading = read_all([data])
    if isinstance(reading, str) or reading.format.startswith("JSON"):
        return
    back = annotated(data)
    # What is no UTF-8 before may be some once a lone byte at a line's end is gone: left as it is.
    assume(opened(back).source.encoding == reading.source.encoding)
    text = opened(back).source.text().read()
    delimiter = reading.layout.delimiter.strip(" ") or "\t"
    assert not dangerous_anywhere(text, delimiter)
    assert sent(back) == sent(data)


@pytest.mark.parametrize(
    "data",
    [
        b",bam\t/0/\nfil.00000000000000000000000000000000\t,\n\x01,\n\x01",
        b"\x01,\x01,\n,-0,\x01\x01\x01\x01\x01\x01------------------------/ \t -\n"
        b"-,fil.00000000000000000000000000000000,\n/r",
    ],
)
def test_lists_of_rubbish_come_back_as_they_were(data):
    assert sent(annotated(data)) == sent(data)


def test_added_cells_are_held_to_the_same():
    back = annotate(opened(f"{A}\n"), lambda several: [("=1", "-A1", "-1", "-")], HEADERS)
    assert b"".join(back).decode().split("\n")[1] == f"{A}\t'=1\t'-A1\t-1\t-"
