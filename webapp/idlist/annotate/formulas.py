"""Escapes cells that a spreadsheet would run as a formula; all others stay as written.

Why no library: defusedcsv 3.0 escapes the strands + and -, misses formulas behind blanks, quotes
or full-width signs, and needs rows that are written anew: a list keeps its cells as they were
quoted.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from webapp.idlist.ids import INVISIBLE, without_invisible

_SIGNS = r"=+@\-\uff1d\uff0b\uff20\uff0d"  # the last four as East Asian keyboards write them
_WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))  # there is none beyond
# A cell that begins otherwise is no formula: most rows have no cell that needs a closer look.
_SUSPECTS = frozenset('"=+@-\uff1d\uff0b\uff20\uff0d' + _WHITE_SPACE + INVISIBLE)
# Numbers, the signs of strands and blanks are no formulas; a tab or a line break may hide one.
# Possessive repeats (*+) never backtrack, or a million blanks would be tried in every way.
_is_formula = re.compile(
    r"""(?!["\s]*+[-+]?(?:[.,]?[0-9][0-9.,]*+(?:[eE][-+]?[0-9]++)?%?)?+["\s]*+\Z)"""
    rf"""["\s]*[\t\r\n{_SIGNS}]""",
).match
_DELIMITERS = ("\t", ",", ";")
_match_cell = {  # of a row: a cell in quotes, or the text up to a delimiter
    each: re.compile(rf'( *"[^"]*+(?:""[^"]*+)*+"(?={each}|\Z))|[^{each}]*').match
    for each in _DELIMITERS
}
# Some readers take a quote behind a space as a letter, and see more cells than one.
_hides_formula = {
    each: re.compile(rf'[{each}\r\n][^\S{each}\r\n]*["{_SIGNS}]').search for each in _DELIMITERS
}


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


def write_row(cells: Iterable[str], end: str, delimiter: str) -> str:
    """The cells as a row that ends with a line end."""
    return delimiter.join(quote_cell(cell, delimiter) for cell in cells) + end


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
