"""Makes cells harmless that a spreadsheet would run as a formula; all others stay as written."""

import re
from collections.abc import Iterable, Iterator, Sequence

from webapp.idlist.ids import INVISIBLE, clean

_SIGNS = r"=+@\-\uff1d\uff0b\uff20\uff0d"  # the last four as East Asian keyboards write them
_WHITE = "".join(filter(str.isspace, map(chr, range(0x3001))))  # there is none beyond
# What a cell may begin with that is to be looked at: most rows have no such cell.
_SUSPECTS = frozenset('"=+@-\uff1d\uff0b\uff20\uff0d' + _WHITE + INVISIBLE)
# Numbers, the signs of strands and blanks are none; a tab or a line break may hide a formula.
# What is passed once is not given back (*+), or a million blanks would be tried in every way.
_runs = re.compile(
    r"""(?!["\s]*+[-+]?(?:[.,]?[0-9][0-9.,]*+(?:[eE][-+]?[0-9]++)?%?)?+["\s]*+\Z)"""
    rf"""["\s]*[\t\r\n{_SIGNS}]""",
).match
_DELIMITERS = ("\t", ",", ";")
_piece = {  # of a row: a cell in quotes, or what stands up to a delimiter
    each: re.compile(rf'( *"[^"]*+(?:""[^"]*+)*+"(?={each}|\Z))|[^{each}]*').match
    for each in _DELIMITERS
}
# Some readers take a quote behind a space as a letter, and see more cells than one.
_would_run = {
    each: re.compile(rf'[{each}\r\n][^\S{each}\r\n]*["{_SIGNS}]').search for each in _DELIMITERS
}


def harmless(cell: str) -> str:
    """The cell, behind an apostrophe if a spreadsheet would run it."""
    return f"'{cell}" if cell[:1] in _SUSPECTS and _runs(clean(cell)) else cell


def quoted(cell: str, delimiter: str) -> str:
    """The cell as it is written, in quotes if it needs them."""
    needs_quotes = '"' in cell or delimiter in cell or "\n" in cell or "\r" in cell
    if needs_quotes or cell.startswith(("#", " ")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def row_of(cells: Iterable[str], end: str, delimiter: str = "\t") -> str:
    """The cells as a row, closed by a line end."""
    return delimiter.join(quoted(cell, delimiter) for cell in cells) + end


def written(raw: str, cells: Sequence[str], delimiter: str) -> Sequence[str]:
    """The cells of a row as they stand in `raw`, quotes included, and harmless.

    Joined by the delimiter they are `raw` again, but for cells that would run, and for quotes
    that would tempt another reader to see other cells.
    """
    if '"' not in raw:
        return [harmless(cell) for cell in cells]
    as_split = raw.split(delimiter, len(cells))
    if list(cells) == as_split:  # quotes were taken as they are
        pieces: Iterable[str] = (_closed(cell, delimiter) for cell in as_split)
    else:
        pieces = _pieces(raw, delimiter)
    return [_harmless_piece(piece, delimiter) for piece in pieces]


def written_line(line: str, delimiter: str) -> str:
    """A line that is no row, such as a comment, likewise."""
    return delimiter.join(_harmless_piece(cell, delimiter) for cell in _pieces(line, delimiter))


def _pieces(raw: str, delimiter: str) -> Iterator[str]:
    """Cut a row at its delimiters, but for those within quotes."""
    at = -1
    while at < len(raw):
        found = _piece[delimiter](raw, at + 1)
        assert found  # the second way matches anything
        yield found[0] if found[1] else _closed(found[0], delimiter)
        at = found.end()


def _closed(cell: str, delimiter: str) -> str:
    """A cell whose quote is a letter of it, written so that nobody takes it for an open one."""
    return quoted(cell, delimiter) if cell.lstrip(" ").startswith('"') else cell


def _harmless_piece(piece: str, delimiter: str) -> str:
    bare = piece.lstrip(" ")
    if not bare.startswith('"'):
        return harmless(piece)
    if piece != bare and _would_run[delimiter](bare):
        piece = bare
    if not _runs(clean(bare)):
        return piece
    return piece.replace('"', "\"'", 1)
