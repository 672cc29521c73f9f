"""Escapes cells that a spreadsheet would run as a formula; all others stay as written.

A spreadsheet may take another delimiter for the file's own, and see other cells: those that begin
in the middle of ours, behind a comma, a semicolon, a tab or a line break, are escaped as well.

Why no library: defusedcsv 3.0 escapes the strands + and -, misses formulas behind blanks, quotes
or full-width signs, and needs rows that are written anew: a list keeps its cells as they were
quoted.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from webapp.idlist.ids import INVISIBLE, without_invisible

_SIGNS = r"=+@\-\uff1d\uff0b\uff20\uff0d"  # the last four as East Asian keyboards write them
_WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))  # there is none beyond
# A cell that begins otherwise is no formula: most rows have no cell that needs a closer look.
_SUSPECTS = frozenset('"=+@-\uff1d\uff0b\uff20\uff0d' + _WHITE_SPACE + INVISIBLE)
# Blanks, numbers and the signs of strands are no formulas; a tab or a line break may hide one.
# Possessive repeats (*+) never backtrack, or a million blanks would be tried in every way.
_NUMBER = r"[-+]?(?:[.,]?[0-9][0-9.,]*+(?:[eE][-+]?[0-9]++)?%?)?+"
_is_formula = re.compile(
    rf"""(?!(?:["\s]*+|(?:"|[^\S\t\r\n])*+{_NUMBER}["\s]*+)\Z)["\s]*[\t\r\n{_SIGNS}]""",
).match
_DELIMITERS = ("\t", ",", ";")
_CELL = "\x1f"  # stands before each cell while many rows are looked over
_NOT_PLAIN = (*'",;\t\r', "None")  # wherever they stand; None may be a cell that is to be empty
_not_plain_cell = re.compile(f"{_CELL}[#{re.escape(''.join(_SUSPECTS - {_CELL, chr(10)}))}]").search
_match_cell = {  # of a row: a cell in quotes, or the text up to a delimiter
    each: re.compile(rf'( *"[^"]*+(?:""[^"]*+)*+"(?={each}|\Z))|[^{each}]*').match
    for each in _DELIMITERS
}
# Some readers take a quote behind a space as a letter, and see more cells than one.
_hides_formula = {
    each: re.compile(rf'[{each}\r\n][^\S{each}\r\n]*["{_SIGNS}]').search for each in _DELIMITERS
}
# What stands before a sign where some reader begins a cell: at the start of the row, or behind a
# delimiter that is not the row's. Each run of such characters is looked at once.
_OTHERS = {each: "\t,;\r\n".replace(each, "") for each in _DELIMITERS}
_BEFORE_SIGN = {each: rf'"\s{INVISIBLE}{others}' for each, others in _OTHERS.items()}
_sign_at_other_cell = {
    each: re.compile(rf"(?:\A[{run}]*+|(?<![{run}])[{run}]++)(?=[{_SIGNS}])")
    for each, run in _BEFORE_SIGN.items()
}
_number = re.compile(rf" *+{_NUMBER} *+").match


def escape_formula(cell: str) -> str:
    """The cell, behind an apostrophe if a spreadsheet would run it."""
    is_formula = cell[:1] in _SUSPECTS and _is_formula(without_invisible(cell))
    return f"'{cell}" if is_formula else cell


def quote_cell(cell: str, delimiter: str) -> str:
    """The cell as it is written, in quotes if it needs them."""
    needs_quotes = '"' in cell or delimiter in cell or "\n" in cell or "\r" in cell
    if needs_quotes or cell.startswith(("#", " ")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def write_row(cells: Iterable[str], delimiter: str) -> str:
    """The cells as a row, without a line end."""
    return delimiter.join(quote_cell(cell, delimiter) for cell in cells)


def plain_rows(rows: Sequence[Sequence[object]], delimiter: str, end: str) -> str | None:
    """Rows of as many cells each, at least two, as they are written with this end; None if any of
    them needs quotes or escapes. It looks at all of them together, which takes a tenth of the time.
    """
    width = len(rows[0])
    text = (f"{_CELL}%s" * width + "\n") * len(rows) % tuple(chain.from_iterable(rows))
    if text.count("\n") != len(rows) or text.count(_CELL) != width * len(rows):
        return None
    if _not_plain_cell(text) or any(each in text for each in _NOT_PLAIN):
        return None
    return text[1:-1].replace(f"\n{_CELL}", end).replace(_CELL, delimiter) + end


def escape_row(raw: str, cells: Sequence[str], delimiter: str) -> Sequence[str]:
    """The cells of a row as written in `raw`, quotes included, with formulas escaped.

    Joined by the delimiter they are `raw` again, except for formulas, and for quotes that another
    reader may take otherwise.
    """
    if '"' not in raw:
        return [escape_formula(cell) for cell in cells]
    as_split = raw.split(delimiter, len(cells))
    if list(cells) == as_split:  # quotes were taken as they are
        written: Iterable[str] = (_quote_open(cell, delimiter) for cell in as_split)
    else:
        written = _written_cells(raw, delimiter)
    return [_escape_written(cell, delimiter) for cell in written]


def escape_line(line: str, delimiter: str) -> str:
    """A line that is no row, such as a comment, with formulas escaped in the same way."""
    cells = _written_cells(line, delimiter)
    return delimiter.join(_escape_written(cell, delimiter) for cell in cells)


def escape_other_cells(row: str, delimiter: str) -> str:
    """The row, whose own cells are harmless, with the cells escaped that it has for a spreadsheet
    of another delimiter. Its own cells stay the same ones, each with an apostrophe more at most
    where another one begins, and one before all of it if it was harmless only without that.
    """

    def escaped(found: re.Match[str]) -> str:
        run = found[0]
        at = max(map(run.rfind, others)) + 1  # where the last of these cells begins
        if not at and found.start():
            return run
        begun_by = run[at - 1 : at]
        if set(run) <= {" ", begun_by} and _is_number(row, found.start() + at, begun_by):
            return run
        if not at and run.lstrip(" ").startswith('"'):
            at = run.index('"') + 1  # within the quotes of the first cell
        return f"{run[:at]}'{run[at:]}"

    others = _OTHERS[delimiter]
    if row[:1] not in _SUSPECTS and not any(other in row for other in others):  # most rows
        return row
    changed = _sign_at_other_cell[delimiter].sub(escaped, row)
    return row if changed == row else escape_line(changed, delimiter)


def _is_number(row: str, at: int, begun_by: str) -> bool:
    """Whether a cell is a number to its end: up to the delimiter that it was begun by, too."""
    found = _number(row, at)
    end = found.end() if found else at
    return end == len(row) or (begun_by != "" and row[end] in {begun_by, "\r", "\n"})


def _written_cells(raw: str, delimiter: str) -> Iterator[str]:
    """The cells of a row as written; delimiters within quotes don't end a cell."""
    at = -1
    while at < len(raw):
        found = _match_cell[delimiter](raw, at + 1)
        assert found  # the second alternative matches anything
        yield found[0] if found[1] else _quote_open(found[0], delimiter)
        at = found.end()


def _quote_open(cell: str, delimiter: str) -> str:
    """A cell that begins with a quote as a letter, written so that no reader takes it as open."""
    return quote_cell(cell, delimiter) if cell.lstrip(" ").startswith('"') else cell


def _escape_written(cell: str, delimiter: str) -> str:
    bare = cell.lstrip(" ")
    if not bare.startswith('"'):
        return escape_formula(cell)
    if cell != bare and _hides_formula[delimiter](bare):
        cell = bare
    return cell.replace('"', "\"'", 1) if _is_formula(without_invisible(bare)) else cell
