"""Turns the bytes of a list into text: unpacks gzip, finds the encoding, refuses other files."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from webapp.idlist.entries import Limits, Unreadable

_HEAD_BYTES = 1 << 18  # that are looked at before the list is read
_CHUNK_BYTES = 1 << 18
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_OTHER_FILES = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "a text processor's document (RTF)"),
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Office file: save it as .xlsx or .csv"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"BZh", "packed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "packed with xz: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it first"),
    (b"\xff\xfe\x00\x00", "text in UTF-32: save it as UTF-8"),
    (b"BAM\x01", "a BAM file"),
    (b"CRAM", "a CRAM file"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database"),
)
_MARKUP = re.compile(
    r"[\s\ufeff]*<(?:!--|(?:!doctype|\?xml|html|head|meta|title|body|script|style|table|div)\b)",
    re.IGNORECASE,
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r"))


class Source(NamedTuple):
    """The unpacked bytes of a list, and what its beginning tells of them."""

    stream: io.BufferedReader
    head: bytes
    encoding: str  # Python's name, "" for a workbook
    has_mark: bool  # it begins with a byte-order mark
    gzip: bool

    @property
    def is_workbook(self) -> bool:
        return not self.encoding

    @property
    def errors(self) -> str:
        """How the text is decoded and encoded: bytes that are not UTF-8 become surrogates."""
        return "surrogateescape" if self.encoding == "utf-8" else "replace"

    def text(self) -> io.TextIOWrapper:
        """The text without its byte-order mark; line ends stay as they are."""
        text = io.TextIOWrapper(self.stream, self.encoding, self.errors, newline="")
        if self.has_mark:
            text.read(1)
        return text

    def sample(self) -> str:
        """The text of the head, up to the last whole line if there is more."""
        text = self.head.decode(self.encoding, "replace").removeprefix("\ufeff")
        return text if len(self.head) < _HEAD_BYTES else text[: text.rfind("\n") + 1] or text


def open_source(pieces: Iterable[bytes], limits: Limits) -> Source:
    """Look at the beginning of a list. Raises Unreadable for another kind of file."""
    stream = _buffered(iter(pieces), limits)
    head = stream.peek(_HEAD_BYTES)
    is_gzip = head.startswith(_GZIP)
    if is_gzip:
        stream = _buffered(_unpacked(stream, limits.unpacked_bytes), limits)
        head = stream.peek(_HEAD_BYTES)
    _refuse_other_files(head)
    if head.startswith(_ZIP):
        return Source(stream, head, "", False, is_gzip)
    encoding, has_mark = _encoding(head)
    _refuse_web_pages_and_binaries(head, encoding)
    return Source(stream, head, encoding, has_mark, is_gzip)


class _PieceReader(io.RawIOBase):
    """Pieces of bytes as a file. A read is always filled, so the sizes of pieces don't matter."""

    def __init__(self, pieces: Iterator[bytes], limits: Limits) -> None:
        self._pieces = pieces
        self._pause, self._since_pause = limits.pause, 0
        self._waiting = bytearray()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while len(self._waiting) < len(buffer) and (piece := next(self._pieces, None)) is not None:
            self._waiting += piece
        filled = min(len(self._waiting), len(buffer))
        buffer[:filled] = self._waiting[:filled]
        del self._waiting[:filled]
        self._since_pause += filled
        if self._since_pause >= _CHUNK_BYTES:
            self._since_pause = 0
            self._pause()
        return filled


def _buffered(pieces: Iterator[bytes], limits: Limits) -> io.BufferedReader:
    return io.BufferedReader(_PieceReader(pieces, limits), _HEAD_BYTES)


def _unpacked(packed: io.BufferedReader, max_bytes: int) -> Iterator[bytes]:
    total = 0
    with gzip.GzipFile(fileobj=packed) as file:
        while True:
            try:
                chunk = file.read1(_CHUNK_BYTES)
            except (OSError, EOFError, zlib.error) as error:
                raise Unreadable(
                    f"The gzip file is damaged or cut off: {_mb(total)} could be unpacked, then "
                    "it goes wrong. Pack it or upload it again."
                ) from error
            if not chunk:
                return
            total += len(chunk)
            if total > max_bytes:
                raise Unreadable(
                    f"The gzip file is over {_mb(max_bytes)} unpacked, which is the limit. "
                    "Split the list and upload the parts."
                )
            yield chunk


def _mb(size: int) -> str:
    return f"{size // 1_000_000:,} MB" if size >= 1_000_000 else f"{size:,} bytes"


def _refuse_other_files(head: bytes) -> None:
    for magic, name in _OTHER_FILES:
        if head.startswith(magic):
            raise Unreadable(f"This file is {name}, not a list of data ids.")
    if head.startswith(_GZIP):
        raise Unreadable("This file is packed with gzip twice. Unpack it once and upload that.")


def _refuse_web_pages_and_binaries(head: bytes, encoding: str) -> None:
    if _MARKUP.match(head.decode(encoding, "replace")):
        raise Unreadable(
            "This file is a web page (HTML or XML, from line 1 on), not a list of data ids. "
            "A download that needed a sign-in is often saved like this."
        )
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls * 10 > len(head) and not encoding.startswith("utf-16"):
        raise Unreadable(
            "This is a binary file, not a list of data ids: "
            f"{controls:,} of its first {len(head):,} bytes are no characters."
        )


def _encoding(head: bytes) -> tuple[str, bool]:
    """Python's name of the encoding, and whether the head begins with a byte-order mark."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding, True
    # In UTF-16 every second byte of most texts is 0.
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    half = 0 if len(head) % 2 else len(head[:4096]) // 2
    for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if half and zeros * 5 > half * 2 and others * 20 <= half:
            return encoding, False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # it may end within a character
    except UnicodeDecodeError:
        return "latin-1", False
    return "utf-8", False
