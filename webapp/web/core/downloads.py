"""Downloads: rows streamed into a file in constant memory, safe to open in a spreadsheet."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice
from urllib.parse import quote

from flask import Response

from webapp import idlist

TYPES = {"csv": "text/csv", "jsonl": "application/jsonl", "txt": "text/plain"}
MAX_NAME_CHARACTERS = 100  # of a file
NON_ASCII_NAME = re.compile(r"[^A-Za-z0-9._-]+")
FORBIDDEN_IN_NAME = re.compile(r"[\x00-\x1f/\\\x7f]+")
CHUNK_LINES = 500  # sent together

Row = Sequence[object]


def response(lines: Iterable[str], stem: str, ending: str) -> Response:
    """The lines as a file called `stem` with this ending, one of TYPES."""
    content_type = f"{TYPES[ending]}; charset=utf-8"
    return as_file(_in_chunks(lines), content_type, stem, ending)


def as_file(chunks: Iterable[bytes], content_type: str, stem: str, ending: str) -> Response:
    """The bytes as a file: a name that any system takes, and the real one for those that can."""
    plain = f"{_plain(stem) or 'items'}.{_plain(ending)}"
    exact = f"{_exact(stem)}.{_exact(ending)}"
    found = Response(chunks, content_type=content_type)
    found.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
    )
    return found


def _plain(name: str) -> str:
    return NON_ASCII_NAME.sub("_", name[:MAX_NAME_CHARACTERS]).strip("._-")


def _exact(name: str) -> str:
    return quote(FORBIDDEN_IN_NAME.sub("_", name[:MAX_NAME_CHARACTERS]), safe="", errors="replace")


def csv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Comma separated, with a header; a spreadsheet runs none of it as a formula."""
    yield ",".join(columns) + "\r\n"
    buffer = StringIO()
    write = csv.writer(buffer, lineterminator="").writerow
    for row in rows:
        write([idlist.escape_formula(cell) if isinstance(cell, str) else cell for cell in row])
        yield idlist.escape_other_cells(buffer.getvalue(), ",") + "\r\n"
        buffer.seek(0)
        buffer.truncate()


def json_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """An object a line."""
    for row in rows:
        yield json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n"


def _in_chunks(lines: Iterable[str]) -> Iterator[bytes]:
    """The lines, some hundred at a time; the first at once, so that a download begins."""
    left = iter(lines)
    yield next(left, "").encode()
    while chunk := "".join(islice(left, CHUNK_LINES)):
        yield chunk.encode()
