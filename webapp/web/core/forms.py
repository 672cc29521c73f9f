"""Forms: how large each may be, and how they are read without taking much more than their bytes.

Werkzeug's own parser holds no form to a number of fields unless it came in parts, keeps whatever
the headers of a part are, makes an object of every `%41`, and takes the beginning of a chunked form
for all of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import chain
from typing import IO
from urllib.parse import unquote_to_bytes

from flask import Request, request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from webapp.store.retry.selection import MAX_PICKED_ITEMS
from webapp.web.core import params
from webapp.web.core.context import context
from webapp.web.core.formatting import bytes_size
from webapp.web.core.page import Page, Part, render

URL_ENCODED = "application/x-www-form-urlencoded"
IN_PARTS = "multipart/form-data"

LISTS = {"submissions.create", "submissions.search", "find.ask"}
SELECTIONS = {"retry.retry", "retry.undo"}
MAX_FORM_BYTES = 64_000  # of every other form
MAX_SELECTION_BYTES = 1_000_000  # some fifty for each item that can be picked, twice
MAX_FIELDS = 100
MARGIN_BYTES = 256 * 1024  # for the fields and the boundaries around an upload
MAX_CHARACTERS = {"name": 200, "note": 2000}  # of a submission
PIECE_BYTES = 8 * 1024  # read at a time; headers may have twice as many

FOREIGN_FORM = (
    "This form has more fields, or longer headers, than any page of ours sends. Nothing was "
    "changed. Open the page again, and send it from there."
)

Parsed = tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]


class Errors(dict[str, str]):
    """What can't be taken as it is: field -> sentence; "" for every other field."""

    def __missing__(self, field: str) -> str:
        return ""


@dataclass(eq=False)
class Unusable(Exception):
    """The form can't be taken; `errors` says why, field by field."""

    errors: Errors


class FormPage(Page):
    """A page with a form, and what was wrong with the one that came."""

    errors: Errors


def name(given: str) -> str:
    """A name as it is kept: one line, words with one space between them."""
    return " ".join(params.line(given).split())


def too_long(given: Mapping[str, str]) -> Errors:
    """The errors of a name and a note that are too long."""
    return Errors(
        (field, f"A {field} may have {most:,} characters; this one has {len(given[field]):,}.")
        for field, most in MAX_CHARACTERS.items()
        if len(given.get(field, "")) > most
    )


def answer(page: FormPage, *parts: Part) -> tuple[str, int]:
    """The page of a form; with errors the answer to what can't be taken (422)."""
    return render(page, *parts), 422 if page.errors else 200


def too_large() -> str:
    """The text for a form over the limit of its address."""
    if request.endpoint in LISTS:
        limit = bytes_size(context().settings.upload_limit_bytes)
        return (
            f"A list may have up to {limit}, and this one has more. Nothing was kept of it. "
            "Split it into several files, or compress it (.gz), and upload those."
        )
    if request.endpoint in SELECTIONS:
        return f"At most {MAX_PICKED_ITEMS:,} items can be picked by hand. Use a filter."
    return (
        f"This form may have up to {bytes_size(MAX_FORM_BYTES)}, and this one has more. Nothing "
        "was changed. Go back, shorten what you typed, and send it again."
    )


class _Parser(FormDataParser):
    """Reads a form of either kind; one that is broken has no fields, as Werkzeug has it."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> Parsed:
        fields: list[tuple[str, str]] = []
        files: list[tuple[str, FileStorage]] = []
        try:
            if mimetype == URL_ENCODED:
                fields = self._pairs(stream)
            elif mimetype == IN_PARTS:
                for part, content in self._parts(stream, (options or {}).get("boundary", "")):
                    self._demand_few(len(fields) + len(files))
                    if isinstance(part, File):
                        files.append((part.name, FileStorage(content, part.filename, part.name)))
                    else:
                        fields.append((part.name, content.read().decode(errors="replace")))
        except ValueError:
            return stream, self.cls(), self.cls()
        return stream, self.cls(fields), self.cls(files)

    def _pairs(self, stream: IO[bytes]) -> list[tuple[str, str]]:
        body = stream.read()
        stream.read(1)  # raises RequestEntityTooLarge where a chunked form goes on
        self._demand_few(body.count(b"&"))
        pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
        return [(_decoded(name), _decoded(value)) for name, _, value in pairs]

    def _parts(self, stream: IO[bytes], boundary: str) -> Iterator[tuple[Field | File, IO[bytes]]]:
        """The fields and files, each with what it holds; large files go to disk."""
        for event in _events(stream, boundary):
            if isinstance(event, Field | File):
                part, content = event, self._room_for(event)
            elif isinstance(event, Data):
                content.write(event.data)
                if not event.more_data:
                    content.seek(0)
                    yield part, content

    def _room_for(self, part: Field | File) -> IO[bytes]:
        if isinstance(part, Field):
            return BytesIO()
        return self.stream_factory(None, None, part.filename)

    def _demand_few(self, fields: int) -> None:
        """`fields` were read and one more is there."""
        if self.max_form_parts is not None and fields >= self.max_form_parts:
            raise RequestEntityTooLarge(FOREIGN_FORM)


class WholeRequest(Request):
    """A request whose form is whole, or refused. A form is held to a size and a number of fields:
    small ones, but for those listed above.
    """

    form_data_parser_class = _Parser

    def _most_bytes(self) -> int | None:
        if self.endpoint in LISTS:
            return context().settings.upload_limit_bytes + MARGIN_BYTES
        return MAX_SELECTION_BYTES if self.endpoint in SELECTIONS else super().max_content_length

    def _most_fields(self) -> int | None:
        more = self.endpoint in SELECTIONS
        return 2 * MAX_PICKED_ITEMS + MAX_FIELDS if more else super().max_form_parts

    max_content_length = property(_most_bytes)
    max_form_parts = property(_most_fields)


def _events(stream: IO[bytes], boundary: str) -> Iterator[Event]:
    decoder = MultipartDecoder(boundary.encode("ascii"))
    for data in chain(iter(partial(_read_piece, stream, f"--{boundary}".encode()), b""), [None]):
        if len(decoder.buffer) > PIECE_BYTES:  # of a part only the headers stay there
            raise RequestEntityTooLarge(FOREIGN_FORM)
        decoder.receive_data(data)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            yield event


def _read_piece(stream: IO[bytes], boundary: bytes) -> bytes:
    """The next bytes. A boundary at their end is whole, with its line break: where one character of
    it is missing, Werkzeug adds the CR before the boundary to the file.
    """
    piece = stream.read(PIECE_BYTES)
    longest = len(boundary + b"--\r\n")
    while boundary in piece[-longest:] and piece[-1:] != b"\n" and (more := stream.read(1)):
        piece += more
    return piece


def _decoded(text: bytes) -> str:
    pieces = map(unquote_to_bytes, _pieces(text.replace(b"+", b" ")))
    return b"".join(pieces).decode(errors="replace")


def _pieces(text: bytes) -> Iterator[bytes]:
    """The text in pieces, none of which ends within an escape."""
    at = 0
    while at < len(text):
        end = at + PIECE_BYTES
        escape = text.rfind(b"%", end - 2, end)
        end = escape if escape > 0 else end
        yield text[at:end]
        at = end
