"""An Excel workbook (.xlsx): finds the first sheet in the zip archive and reads its rows."""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice

from webapp.idlist.entries import Limits, Record, Unreadable, shown
from webapp.idlist.formats.sheet import NO_COLUMNS, Sheet, attributes, damaged, shared_strings

_CHUNK = 1 << 18
_BOOK = "xl/workbook.xml"
_LINKS = "xl/_rels/workbook.xml.rels"
_STRINGS = "xl/sharedStrings.xml"
_SMALL = 64  # chunks in a part that only lists others
_MOST_PARTS = 10_000
_ENTRY = b"PK\x01\x02"  # begins what the archive's directory says of a part
_PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others unpack to gigabytes at once
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # a part that is encrypted, or a compression that Python has not
    ValueError,
)


class Workbook:
    """An open workbook, which unpacked is not over the limit."""

    def __init__(self, stream: io.BufferedReader, limits: Limits) -> None:
        self._most, self._pause = limits.unpacked_bytes, limits.pause
        packed = stream.read(self._most // 10 + 1)  # the limit is 10 times an upload's
        if len(packed) > self._most // 10:
            raise Unreadable(
                f"The workbook is over {self._most // 10_000_000:,} MB, which is the limit. "
                "Split it and upload the parts."
            )
        if packed.count(_ENTRY) > _MOST_PARTS:
            raise damaged(f"it has more than {_MOST_PARTS:,} parts")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(packed))
        except _DAMAGES as error:
            raise damaged("it is cut off or damaged") from error
        names = set(self._archive.namelist())
        if _BOOK not in names:
            raise Unreadable(
                "This is a zip archive, not a list. Unpack it and upload the list that is in it; "
                "save a spreadsheet as .xlsx or .csv."
            )
        self._refuse_bomb()
        self.sheets = self._sheets()  # names and paths of those that are not hidden
        if not self.sheets:
            raise damaged("it has no sheet")
        self.sheet_path = self.sheets[0][1]
        self.replaced = NO_COLUMNS  # columns that get other cells
        self._strings = shared_strings(self.part(_STRINGS)) if _STRINGS in names else []

    @property
    def parts(self) -> list[zipfile.ZipInfo]:
        """All parts of the archive, in order."""
        return self._archive.infolist()

    def rows(self) -> Iterator[Record]:
        """The rows of the first sheet that is not hidden.

        A text that cells share counts for each of them: a few bytes name a million characters.
        """
        total = since_pause = 0
        for row in Sheet(self._strings, self.replaced).rows(self.part(self.sheet_path)):
            size = sum(map(len, row.cells))
            total, since_pause = total + size, since_pause + size
            if total > self._most:
                raise damaged(f"it has more than {self._most:,} characters up to row {row.line:,}")
            if since_pause > _CHUNK:
                since_pause = 0
                self._pause()
            yield row

    def widest_column(self) -> int:
        """The last column of that sheet, from 1, that has a cell, be it empty."""
        sheet = Sheet(self._strings, NO_COLUMNS)
        for _ in sheet.rows(self.part(self.sheet_path)):
            pass
        return sheet.widest

    def part(self, name: str) -> Iterator[bytes]:
        """A part of the archive, unpacked, in chunks: never more than it says that it holds."""
        try:
            with self._archive.open(name) as file:
                while chunk := file.read(_CHUNK):
                    self._pause()
                    yield chunk
        except KeyError:
            raise damaged(f"its part {name} is missing") from None
        except _DAMAGES as error:
            raise damaged(f"its part {name} is damaged") from error

    def _refuse_bomb(self) -> None:
        if any(part.compress_type not in _PACKINGS for part in self.parts):
            raise damaged("its parts are packed in a way that no spreadsheet program does")
        if sum(part.file_size for part in self.parts) > self._most:
            largest = max(self.parts, key=lambda part: part.file_size)
            raise Unreadable(
                f"The workbook is over {self._most // 1_000_000:,} MB unpacked (most of it in its "
                f"part {shown(largest.filename)}), which is the limit. Save the sheet as .csv."
            )

    def _sheets(self) -> list[tuple[str, str]]:
        targets = {
            link["Id"]: posixpath.normpath(posixpath.join("/xl", link["Target"])).lstrip("/")
            for link in self._elements(_LINKS, "Relationship")
            if link.get("Type", "").endswith("/worksheet") and "Id" in link and "Target" in link
        }
        found = []
        for sheet in self._elements(_BOOK, "sheet"):
            target = next((sheet[key] for key in sheet if key.endswith(":id")), "")
            if target in targets and sheet.get("state", "visible") == "visible":
                found.append((sheet.get("name", ""), targets[target]))
        return found

    def _elements(self, part: str, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of this name in a small part."""
        return attributes(islice(self.part(part), _SMALL), tag)
