"""Reads Excel workbooks (.xlsx): finds the first sheet in the zip archive and reads its rows.

Why no library: openpyxl (read_only, data_only) took 22.7 s and 225 MB for 1,000,000 ids, this
module 12.2 s and 270 MB; a workbook of 40 shared texts of 50 MB took it 12 s and 1,980 MB, and is
refused here after 0.12 s with 38 MB. python-calamine allocated the whole grid for one stray cell in
the last row and column. Neither tells where a cell stands in the XML, which annotating needs.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice

from webapp.idlist.entries import Limits, Record, Unreadable, display_text
from webapp.idlist.formats.sheet import NO_COLUMNS, Elements, Sheet, Strings, damaged

_CHUNK_BYTES = 1 << 18
_WORKBOOK_PART = "xl/workbook.xml"
_LINKS_PART = "xl/_rels/workbook.xml.rels"
_STRINGS_PART = "xl/sharedStrings.xml"
_MAX_INDEX_CHUNKS = 64  # of a part that only lists others
_MAX_PARTS = 10_000
_DIRECTORY_ENTRY = b"PK\x01\x02"  # the archive's directory has one for each part
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others unpack to gigabytes at once
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # a part is encrypted, or Python lacks its compression
    ValueError,
)


class Workbook:
    """An open workbook. Raises Unreadable if it is over the limits, or damaged."""

    def __init__(self, stream: io.BufferedReader, limits: Limits) -> None:
        self._max_bytes, self._pause = limits.unpacked_bytes, limits.pause
        max_packed = self._max_bytes // 10  # limits.unpacked_bytes is 10 times an upload
        packed = stream.read(max_packed + 1)
        if len(packed) > max_packed:
            raise Unreadable(
                f"The workbook is over {max_packed // 1_000_000:,} MB, which is the limit. "
                "Split it and upload the parts."
            )
        if packed.count(_DIRECTORY_ENTRY) > _MAX_PARTS:
            raise damaged(f"it has more than {_MAX_PARTS:,} parts")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(packed))
        except _ZIP_ERRORS as error:
            raise damaged("it is cut off or damaged") from error
        self.parts = self._archive.infolist()
        names = self._archive.namelist()
        if _WORKBOOK_PART not in names:
            raise Unreadable(
                "This is a zip archive, not a list. Unpack it and upload the list that is in it; "
                "save a spreadsheet as .xlsx or .csv."
            )
        self._check_parts()
        self.sheets = self._visible_sheets()  # names and parts
        if not self.sheets:
            raise damaged("it has no sheet")
        self.sheet_part = self.sheets[0][1]
        self.replaced = NO_COLUMNS  # the columns, from 1, that get other cells
        self._strings: list[str] = []  # that cells share
        if _STRINGS_PART in names:
            self._strings = Strings().read(self.part(_STRINGS_PART)).texts

    def rows(self) -> Iterator[Record]:
        """The rows of the first sheet that is not hidden.

        A shared text counts in every cell, since a few bytes can refer to a million characters.
        """
        chars = since_pause = 0
        sheet = Sheet(self._strings, self.replaced)
        for row in sheet.rows(self.part(self.sheet_part)):
            size = sum(map(len, row.cells))
            chars, since_pause = chars + size, since_pause + size
            if chars > self._max_bytes:
                limit = f"{self._max_bytes:,} characters"
                raise damaged(f"it has more than {limit} up to row {row.line:,}")
            if since_pause > _CHUNK_BYTES:
                since_pause = 0
                self._pause()
            yield row

    def last_column(self) -> int:
        """The last column of that sheet, from 1, that has a cell, even an empty one."""
        sheet = Sheet(self._strings, NO_COLUMNS)
        for _ in sheet.rows(self.part(self.sheet_part)):
            pass
        return sheet.last_column

    def part(self, name: str) -> Iterator[bytes]:
        """A part of the archive, unpacked, in chunks: never more than its declared size."""
        try:
            with self._archive.open(name) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    self._pause()
                    yield chunk
        except KeyError:
            raise damaged(f"its part {name} is missing") from None
        except _ZIP_ERRORS as error:
            raise damaged(f"its part {name} is damaged") from error

    def _check_parts(self) -> None:
        if any(part.compress_type not in _COMPRESSIONS for part in self.parts):
            raise damaged("its parts are packed in a way that no spreadsheet program does")
        if sum(part.file_size for part in self.parts) > self._max_bytes:
            largest = max(self.parts, key=lambda part: part.file_size)
            raise Unreadable(
                f"The workbook is over {self._max_bytes // 1_000_000:,} MB unpacked (most of it in "
                f"its part {display_text(largest.filename)}), which is the limit. Save the sheet "
                "as .csv."
            )

    def _visible_sheets(self) -> list[tuple[str, str]]:
        parts = {
            link["Id"]: posixpath.normpath(posixpath.join("/xl", link["Target"])).lstrip("/")
            for link in self._elements(_LINKS_PART, "Relationship")
            if link.get("Type", "").endswith("/worksheet") and "Id" in link and "Target" in link
        }
        found = []
        for sheet in self._elements(_WORKBOOK_PART, "sheet"):
            link_id = next((sheet[key] for key in sheet if key.endswith(":id")), "")
            if link_id in parts and sheet.get("state", "visible") == "visible":
                found.append((sheet.get("name", ""), parts[link_id]))
        return found

    def _elements(self, part: str, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of this name in a part that lists others."""
        return Elements(tag).read(islice(self.part(part), _MAX_INDEX_CHUNKS)).found
