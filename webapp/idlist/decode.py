"""From pieces of bytes to text: unpacks gzip, tells the encoding, refuses what is no text."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from webapp.idlist.entries import Limits, Unreadable

HEAD = 1 << 18  # bytes that are looked at before the list is read
_CHUNK = 1 << 18
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

_NO_LISTS = (
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
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r"))


class Source(NamedTuple):
    """The bytes of a list, unpacked, and what its beginning tells."""

    stream: io.BufferedReader
    head: bytes
    encoding: str  # Python's name, "" for a workbook
    mark: bool  # begins with a byte-order mark
    gzip: bool

    @property
    def is_workbook(self) -> bool:
        return not self.encoding

    def text(self) -> io.TextIOWrapper:
        """The text without its mark, line ends kept; what is not UTF-8 becomes surrogates."""
        errors = "surrogateescape" if self.encoding == "utf-8" else "replace"
        text = io.TextIOWrapper(self.stream, self.encoding, errors, newline="")
        if self.mark:
            text.read(1)
        return text

    def sample(self) -> str:
        """The text of the head, up to the last whole line if there is more."""
        text = self.head.decode(self.encoding, "replace").removeprefix("\ufeff")
        return text if len(self.head) < HEAD else text[: text.rfind("\n") + 1] or text


def open_source(pieces: Iterable[bytes], limits: Limits) -> Source:
    """Look at the beginning of a list. Raises Unreadable for what is no list."""
    stream = _buffered(iter(pieces), limits)
    head = stream.peek(HEAD)
    packed = head.startswith(_GZIP)
    if packed:
        stream = _buffered(_unpacked(stream, limits.unpacked_bytes), limits)
        head = stream.peek(HEAD)
    _refuse_other_files(head)
    if head.startswith(_ZIP):
        return Source(stream, head, "", False, packed)
    encoding, mark = _encoding(head)
    _refuse_what_is_no_list(head, encoding)
    return Source(stream, head, encoding, mark, packed)


class _Pieces(io.RawIOBase):
    """Pieces as a file that fills what it is given to fill: their sizes don't matter."""

    def __init__(self, pieces: Iterator[bytes], limits: Limits) -> None:
        self._pieces = pieces
        self._pause, self._since_pause = limits.pause, 0
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        filled = 0
        while filled < len(buffer):
            if not self._left:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._left = memoryview(piece)
            size = min(len(self._left), len(buffer) - filled)
            buffer[filled : filled + size] = self._left[:size]
            self._left = self._left[size:]
            filled += size
        self._since_pause += filled
        if self._since_pause >= _CHUNK:
            self._since_pause = 0
            self._pause()
        return filled


def _buffered(pieces: Iterator[bytes], limits: Limits) -> io.BufferedReader:
    return io.BufferedReader(_Pieces(pieces, limits), HEAD)


def _unpacked(packed: io.BufferedReader, most: int) -> Iterator[bytes]:
    total = 0
    with gzip.GzipFile(fileobj=packed) as file:
        while True:
            try:
                chunk = file.read1(_CHUNK)
            except (OSError, EOFError, zlib.error) as error:
                raise Unreadable(
                    f"The gzip file is damaged or cut off: {_mb(total)} could be unpacked, then "
                    "it goes wrong. Pack it or upload it again."
                ) from error
            if not chunk:
                return
            total += len(chunk)
            if total > most:
                raise Unreadable(
                    f"The gzip file is over {_mb(most)} unpacked, which is the limit. "
                    "Split the list and upload the parts."
                )
            yield chunk


def _mb(size: int) -> str:
    return f"{size // 1_000_000:,} MB" if size >= 1_000_000 else f"{size:,} bytes"


def _refuse_other_files(head: bytes) -> None:
    for magic, what in _NO_LISTS:
        if head.startswith(magic):
            raise Unreadable(f"This file is {what}, not a list of data ids.")
    if head.startswith(_GZIP):
        raise Unreadable("This file is packed with gzip twice. Unpack it once and upload that.")


def _refuse_what_is_no_list(head: bytes, encoding: str) -> None:
    if _MARKUP.match(head.decode(encoding, "replace")):
        raise Unreadable(
            "This file is a web page (HTML or XML, from line 1 on), not a list of data ids. "
            "A download that needed a sign-in is often saved like this."
        )
    controls = len(head) - len(head.translate(None, _CONTROL))
    if controls * 10 > len(head) and not encoding.startswith("utf-16"):
        raise Unreadable(
            "This is a binary file, not a list of data ids: "
            f"{controls:,} of its first {len(head):,} bytes are no characters."
        )


def _encoding(head: bytes) -> tuple[str, bool]:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, True
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    half = 0 if len(head) % 2 else len(head[:4096]) // 2
    for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if half and zeros * 5 > half * 2 and others * 20 <= half:
            return encoding, False
    return ("utf-8" if _is_utf8(head) else "latin-1"), False


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # it may end within a character
    except UnicodeDecodeError:
        return False
    return True
