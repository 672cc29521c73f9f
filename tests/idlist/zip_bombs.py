"""Small workbooks that unpack to as much as the limit allows, of what costs a reader most."""

import io
import itertools
import struct
import zipfile

from tests.idlist.workbook_files import xlsx

SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
EMOJI = "\N{GRINNING FACE}"  # makes each character of its text take four bytes
LONG = EMOJI + "a" * 1_000_000
# As they stand in an archive: an empty part with a name of 6 bytes, and its entry in the directory,
# which has it begin at the first one.
PART = b"PK\3\4" + bytes(22) + b"\6\0\0\0%b"
DIRECTORY_ENTRY = b"PK\1\2" + bytes(24) + b"\6" + bytes(17) + b"%b"
END_BYTES = 22  # of an archive without a comment


def workbook(parts, method=zipfile.ZIP_DEFLATED, level=1):
    """A workbook with these parts, each given in pieces; of a higher level it is smaller."""
    old, file = zipfile.ZipFile(io.BytesIO(xlsx([["a"]]))), io.BytesIO()
    with zipfile.ZipFile(file, "w", method, compresslevel=level) as new:
        for name in set(old.namelist()) - set(parts):
            new.writestr(name, old.read(name))
        for name, pieces in parts.items():
            with new.open(name, "w") as part:
                for piece in pieces:
                    part.write(piece.encode())
    return file.getvalue()


def repeated(text, size):
    """The text again and again, about `size` characters of it, in pieces."""
    return itertools.repeat(text * (1_000_000 // len(text) + 1), size // 1_000_000)


def numbered(form, count):
    """The form with as many different numbers, in pieces."""
    for first in range(0, count, 10_000):
        yield "".join(form.format(number) for number in range(first, first + 10_000))


def sheet(pieces, before="", after=""):
    return {SHEET: itertools.chain([f"<worksheet>{before}"], pieces, [f"{after}</worksheet>"])}


def shared(pieces, rows):
    strings = itertools.chain(["<sst>"], pieces, ["</sst>"])
    return {STRINGS: strings} | sheet(rows)


def many_parts(count):
    """An archive of that many empty parts. zipfile takes 13 microseconds for each of them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        directory_at = archive.start_dir
    data = file.getvalue()
    first, entries = data[:directory_at], data[directory_at:-END_BYTES]
    names = [b"%06d" % number for number in range(count)]
    entries += b"".join(map(DIRECTORY_ENTRY.__mod__, names))
    parts = b"".join(map(PART.__mod__, names))
    end = struct.pack("<4s8xIIH", b"PK\5\6", len(entries), len(first) + len(parts), 0)
    return first + parts + entries + end


ROW_OF_ONE_TEXT = "<row>" + '<c t="s"><v>0</v></c>' * 16_000 + "</row>"
BOMB_MAKERS = {  # each gets how much it may unpack to
    "depth": lambda size: workbook(sheet(repeated("<a>", size)), level=6),
    "comment": lambda size: workbook(sheet(repeated("x", size), "<!--", "-->")),
    "attribute": lambda size: workbook(sheet(repeated("x", size), '<a b="', '"/>')),
    "names": lambda size: workbook(sheet(numbered("<n{}/>", size // 120))),
    "attributes' names": lambda size: workbook(sheet(numbered('<a n{}=""/>', size // 120))),
    "cells of a row": lambda size: workbook(sheet(repeated("<c><v>12</v></c>", size), "<row>")),
    "texts of a cell": lambda size: workbook(sheet(repeated("<t>ab</t>", size), "<row><c>")),
    "texts of a shared text": lambda size: workbook(shared(repeated("<t>ab</t>", size), [])),
    "shared texts": lambda size: workbook(shared(repeated(f"<si><t>{LONG}</t></si>", size), [])),
    "one text in every cell": lambda size: workbook(
        shared([f"<si><t>{LONG}</t></si>"], repeated(ROW_OF_ONE_TEXT, size))
    ),
    "long texts in every row": lambda size: workbook(  # 3/4 of the size, were all of them kept
        sheet(repeated(f'<row><c t="inlineStr"><is><t>{LONG}</t></is></c></row>', size * 3 // 16))
    ),
    "bzip2": lambda size: workbook(sheet(repeated(" ", size)), zipfile.ZIP_BZIP2),
    "parts": lambda size: many_parts(size // 1000),
    "links": lambda size: workbook(
        {"xl/workbook.xml": ["<workbook>", *repeated("<sheet a=''/>", size // 10), "</workbook>"]}
    ),
}
