"""Forms that came whole: one that is too large is refused, however it was sent."""

from io import BytesIO
from typing import IO

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import FormDataParser

URL_ENCODED = "application/x-www-form-urlencoded"

Parsed = tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]


class _WholeForms(FormDataParser):
    """Werkzeug's parser, which takes the beginning of a chunked form for all of it: without a
    length before it, nothing else says that a form goes on beyond the limit.
    """

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> Parsed:
        if mimetype == URL_ENCODED:
            body = stream.read()
            stream.read(1)  # raises RequestEntityTooLarge at the limit
            stream = BytesIO(body)
        return super().parse(stream, mimetype, content_length, options)


class WholeRequest(Request):
    """A request whose form is whole."""

    form_data_parser_class = _WholeForms
