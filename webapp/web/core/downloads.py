"""Downloads: rows streamed into a file in constant memory, safe to open in a spreadsheet.

Each holds a thread for as long as its reader takes, so only some are sent at once: by one web
process `most_long_requests`, and MAX_OF_ACCOUNT to one account.
"""

import csv
import errno
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from io import StringIO
from itertools import chain, islice
from json.encoder import encode_basestring
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, Response, request, session
from werkzeug.exceptions import TooManyRequests

from webapp import idlist, metrics
from webapp.store import Connection, sessions
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import plural
from webapp.work.context import Context

TYPES = {"csv": "text/csv", "jsonl": "application/jsonl", "txt": "text/plain"}
MAX_NAME_CHARACTERS = 100  # of a file
NON_ASCII_NAME = re.compile(r"[^A-Za-z0-9._-]+")
FORBIDDEN_IN_NAME = re.compile(r"[\x00-\x1f/\\\x7f]+")
CHUNK_LINES = 1_000  # made together
PIECE_BYTES = 64 * 1024  # sent together: a client has as long for each, see connections.py
FILES = {"exports.export", "find_exports.export", "reasons.export", "returned_list.download"}
MAX_OF_ACCOUNT = 2
COME_AGAIN_SECONDS = 30
CHECKED_SECONDS = 30.0  # between two looks whether its reader is still signed in

log = logging.getLogger(__name__)

T = TypeVar("T")
Row = Sequence[object]
Kept = Callable[[Connection], bool]


class _Running:
    """The downloads of this process, by account."""

    def __init__(self) -> None:
        self._by_account: Counter[int] = Counter()
        self._lock = Lock()

    def begin(self, account_id: int, most: int) -> Callable[[], None]:
        """Begin one more; returns what ends it, however often that is called.

        Raises TooManyRequests when there are `most`, or the account has its share.
        """
        with self._lock:
            own, all_ = self._by_account[account_id], self._by_account.total()
            if own >= MAX_OF_ACCOUNT:
                text = f"You have {plural(own, 'download')} running. Wait for one to end"
            elif all_ >= most:
                text = f"Linkboard is sending {plural(all_, 'file')} right now. Wait a little"
            else:
                self._by_account[account_id] += 1
                metrics.DOWNLOADS.inc()
                return partial(self._end, [account_id])
        log.warning(
            "A download of account %d was refused: it has %d, all together %d.",
            *(account_id, own, all_),
        )
        text += ", then begin this one again: nothing is lost."
        raise TooManyRequests(text, retry_after=COME_AGAIN_SECONDS)

    def _end(self, left: list[int]) -> None:
        with self._lock:
            if left:
                self._by_account.subtract([left.pop()])
                metrics.DOWNLOADS.dec()
                self._by_account += Counter()  # drops who has none


def limit(app: Flask) -> None:
    """Hold the downloads that run at once to a number; after the application has all its views."""
    running = _Running()
    for endpoint in FILES:
        app.view_functions[endpoint] = _limited(app.view_functions[endpoint], running)


def _limited(view: Callable[..., Any], running: _Running) -> Callable[..., Response]:
    """The view of a file: counted before it looks for the rows, which is most of the work of some,
    until the last byte is sent, or its reader breaks it off.
    """

    def answer(**place: Any) -> Response:
        end = running.begin(viewer().id, context().settings.most_long_requests)
        try:
            found: Response = view(**place)
        except Exception:
            end()
            raise
        signed_in = partial(_is_signed_in, context(), str(session.get("token", "")))
        clock = context().clock.steady
        found.response = _while_signed_in(found.iter_encoded(), signed_in, clock, end)
        found.call_on_close(end)
        return found

    return answer


def _while_signed_in(
    chunks: Iterable[bytes],
    signed_in: Callable[[], bool],
    clock: Callable[[], float],
    end: Callable[[], None],
) -> Iterator[bytes]:
    """The chunks in pieces; broken off, which a browser tells, when their reader's session has
    ended. In any case `end` is called.
    """
    looked_at = clock()
    try:
        for chunk in chunks:
            for begin in range(0, len(chunk), PIECE_BYTES):
                if clock() - looked_at > CHECKED_SECONDS:
                    looked_at = clock()
                    if not signed_in():
                        raise _broken_off("The session of who downloads it has ended.")
                yield chunk[begin : begin + PIECE_BYTES]
    finally:
        end()


def _is_signed_in(here: Context, token: str) -> bool:
    return here.read_one(sessions.account_of, token, here.clock()) is not None


def response(texts: Iterable[str], stem: str, ending: str, kept: Kept) -> Response:
    """The texts as a file called `stem` with this ending, one of TYPES; `kept` as for as_file()."""
    content_type = f"{TYPES[ending]}; charset=utf-8"
    return as_file(map(str.encode, texts), content_type, stem, ending, kept)


def as_file(
    chunks: Iterable[bytes], content_type: str, stem: str, ending: str, kept: Kept
) -> Response:
    """The bytes as a file: a name that any system takes, and the real one for those that can.

    `kept` tells whether all that the file is made of is there still. It is asked once the last byte
    was sent; when it is not, the download is broken off, so that nobody takes a part for the whole.
    Raises LookupError for an address that is not among FILES, so that none is without a limit.
    """
    if request.endpoint not in FILES:
        raise LookupError(f"{request.endpoint} sends a file, and is not listed as one that does.")
    plain = f"{_plain(stem) or 'items'}.{_plain(ending)}"
    exact = f"{_exact(stem)}.{_exact(ending)}"
    whole = _if_kept(chunks, partial(context().read, kept))
    found = Response(whole, content_type=content_type)
    found.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
    )
    return found


def _if_kept(chunks: Iterable[bytes], kept: Callable[[], bool]) -> Iterator[bytes]:
    yield from chunks
    if not kept():
        raise _broken_off("What the file is made of was deleted meanwhile.")


def _broken_off(why: str) -> ConnectionAbortedError:
    """What ends a connection before its last chunk, so that its client sees that bytes are missing;
    the number has gunicorn take it for no mistake.
    """
    log.warning("A download is broken off: %s", why)
    return ConnectionAbortedError(errno.ECONNRESET, why)


def _plain(name: str) -> str:
    return NON_ASCII_NAME.sub("_", name[:MAX_NAME_CHARACTERS]).strip("._-")


def _exact(name: str) -> str:
    return quote(FORBIDDEN_IN_NAME.sub("_", name[:MAX_NAME_CHARACTERS]), safe="", errors="replace")


def csv_texts(columns: Sequence[str], chunks: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Comma separated, with a header, a text for each chunk of rows; a spreadsheet runs none of it
    as a formula.
    """
    yield ",".join(columns) + "\r\n"
    yield from map(_csv, filter(None, chunks))


def _csv(rows: Sequence[Row]) -> str:
    text = idlist.plain_rows(rows, ",", "\r\n")
    if text is not None:
        return text
    if len(rows) > 1:
        return "".join(_csv([row]) for row in rows)
    cells = [idlist.escape_formula(cell) if isinstance(cell, str) else cell for cell in rows[0]]
    buffer = StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return idlist.escape_other_cells(buffer.getvalue(), ",") + "\r\n"


def json_texts(columns: Sequence[str], chunks: Iterable[Sequence[Row]]) -> Iterator[str]:
    """An object a line, a text for each chunk of rows; cells are texts, whole numbers or None."""
    line = "{" + ", ".join(f'"{name}": %s' for name in columns) + "}\n"
    for rows in chunks:
        cells = [
            encode_basestring(cell) if isinstance(cell, str) else "null" if cell is None else cell
            for cell in chain.from_iterable(rows)
        ]
        yield line * len(rows) % tuple(cells)


def id_texts(data_ids: Iterable[str]) -> Iterator[str]:
    """A data id a line, many at a time."""
    for some in chunks(data_ids):
        yield "".join([f"{data_id}\n" for data_id in some])


def chunks(some: Iterable[T]) -> Iterator[list[T]]:
    """Some hundred each."""
    left = iter(some)
    while chunk := list(islice(left, CHUNK_LINES)):
        yield chunk
