"""Forms: how large each may be, and how they are read without taking much more than their bytes.

Werkzeug's own parser holds no form to a number of fields unless it came in parts, keeps whatever
the headers of a part are, makes an object of every `%41`, and takes the beginning of a chunked form
for all of it.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from itertools import chain
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from flask import Flask, Request, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from webapp.store.retry.selection import MOST_PICKED
from webapp.web.core import params
from webapp.web.core.context import context
from webapp.web.core.formatting import bytes_size

URL_ENCODED = "application/x-www-form-urlencoded"
IN_PARTS = "multipart/form-data"

LISTS = {"submissions.create", "submissions.search", "find.ask"}
SELECTIONS = {"retry.retry", "retry.undo"}
SMALL = 64_000  # bytes of every other form
SELECTION = 1_000_000  # bytes: some fifty for each item that can be picked, twice
FIELDS = 100
MARGIN = 256 * 1024  # bytes for the fields and the boundaries around an upload
LONGEST = {"name": 200, "note": 2000}  # characters, of a submission and of what is said of it
PIECE = 8 * 1024  # bytes that are looked at at once; twice as many are the longest headers

NOT_OURS = (
    "This form has more fields, or longer headers, than any page of ours sends. Nothing was "
    "changed. Open the page again, and send it from there."
)

Parsed = tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]


def limit(app: Flask) -> None:
    """Hold every form to a size and a number of fields: small ones, but for those listed above."""
    app.request_class = WholeRequest
    app.config.update(MAX_CONTENT_LENGTH=SMALL, MAX_FORM_PARTS=FIELDS)
    app.before_request(_allow_more)


def _allow_more() -> None:
    if request.endpoint in LISTS:
        request.max_content_length = context().settings.upload_limit_bytes + MARGIN
    elif request.endpoint in SELECTIONS:
        request.max_content_length = SELECTION
        request.max_form_parts = 2 * MOST_PICKED + FIELDS


def name(given: str) -> str:
    """A name as it is kept: one line, words with one space between them."""
    return " ".join(params.line(given).split())


def too_long(given: Mapping[str, str]) -> dict[str, str]:
    """What is said of a name and a note that are too long: field -> sentence."""
    return {
        field: f"A {field} may have {most:,} characters; this one has {len(given[field]):,}."
        for field, most in LONGEST.items()
        if len(given.get(field, "")) > most
    }


def answer(template: str, errors: Mapping[str, str], **shown: Any) -> ResponseReturnValue:
    """The page of a form; with errors, by field, the answer to what can't be taken (422)."""
    return render_template(template, errors=errors, **shown), 422 if errors else 200


def too_large() -> str:
    """What is said of a form over the limit of its address."""
    if request.endpoint in LISTS:
        limit = bytes_size(context().settings.upload_limit_bytes)
        return (
            f"A list may have up to {limit}, and this one has more. Nothing was kept of it. "
            "Split it into several files, or compress it (.gz), and upload those."
        )
    if request.endpoint in SELECTIONS:
        return f"At most {MOST_PICKED:,} items can be picked by hand. Use a filter."
    return (
        f"This form may have up to {bytes_size(SMALL)}, and this one has more. Nothing was "
        "changed. Go back, shorten what you typed, and send it again."
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
            raise RequestEntityTooLarge(NOT_OURS)


class WholeRequest(Request):
    """A request whose form is whole, or refused."""

    form_data_parser_class = _Parser


def _events(stream: IO[bytes], boundary: str) -> Iterator[Event]:
    decoder = MultipartDecoder(boundary.encode("ascii"))
    for data in chain(iter(partial(stream.read, PIECE), b""), [None]):
        if len(decoder.buffer) > PIECE:  # what a part holds does not stay there, its headers do
            raise RequestEntityTooLarge(NOT_OURS)
        decoder.receive_data(data)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            yield event


def _decoded(text: bytes) -> str:
    pieces = map(unquote_to_bytes, _pieces(text.replace(b"+", b" ")))
    return b"".join(pieces).decode(errors="replace")


def _pieces(text: bytes) -> Iterator[bytes]:
    """The text in pieces, none of which ends within an escape."""
    at = 0
    while at < len(text):
        end = at + PIECE
        escape = text.rfind(b"%", end - 2, end)
        end = escape if escape > 0 else end
        yield text[at:end]
        at = end
