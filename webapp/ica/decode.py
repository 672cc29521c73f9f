"""Decodes an HTTP answer into a typed value, or into the error that it stands for."""

import html
import re
from collections.abc import Callable
from email.utils import mktime_tz, parsedate_tz
from threading import Lock
from typing import Any, TypeVar, cast, get_args

import msgspec
from requests import Response

from webapp.ica.errors import IcaProblem, MalformedResponse, problem_class
from webapp.ica.models import Page
from webapp.ica.operations import Operation

T = TypeVar("T")

Hide = Callable[[bytes], bytes]

_DECODE_ERRORS = (msgspec.DecodeError, ValueError, RecursionError)
_MAX_TEXT_CHARS = 300
_NUL = b"\\u0000"  # as JSON writes it; no name or reason needs it, and not every database takes it
_MAX_PAGE_BYTES = 20_000  # of an error page that are looked at
_MIN_WAIT_SECONDS, _MAX_WAIT_SECONDS = 1.0, 900.0  # else it is said in error, and nobody sees it
_MAYBE_DONE = {408, 429}  # a server in between may have answered so, and ICA gone on
_TAGS = re.compile(r"(?is)<(script|style)\b.*?(</\1>|$)|<[^<>]*>")
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_making_decoder = Lock()
_SECONDS = re.compile(r"\s*\d+(\.\d+)?\s*", re.ASCII)


def decode(
    operation: Operation, response: Response, body: bytes, answer: type[T], hide: Hide, now: float
) -> T:
    """The value that ICA answered in a body, of the type `answer`.

    hide: removes the secret from what an error quotes. now: seconds since 1970 by ICA's clock.
    Raises an IcaProblem for 4xx and 5xx, and MalformedResponse for what can't be read.
    """
    if response.status_code >= 400:
        raise _problem(operation, response, hide(body), now)
    if response.status_code >= 300:
        raise _redirect(operation, response, hide)
    if b"\\" in body:  # to look for one character takes a twentieth of the time
        body = body.replace(_NUL, b"")
    try:
        return _decoder(answer).decode(body)
    except _DECODE_ERRORS as error:
        if (page := _by_entries(operation, body, answer)) is not None:
            return page
        kind = response.headers.get("Content-Type", "no content type")
        raise MalformedResponse(
            f"ICA's answer to {operation.id} ({response.status_code}, {kind}) can't be read: "
            f"{error}.",
            maybe_done=operation.creates,
        ) from error


def _by_entries(operation: Operation, body: bytes, answer: type[T]) -> T | None:
    """A page, each entry as far as it can be read, if its type says what becomes of one that can't
    (of_unreadable); None of anything else. Entries of which that makes nothing are left out.

    Raises MalformedResponse when none of several can be read.
    """
    entry: Any = next(iter(get_args(answer)), None)
    if not hasattr(entry, "of_unreadable"):
        return None
    try:
        page = _decoder(Page[msgspec.Raw]).decode(body)
    except _DECODE_ERRORS:
        return None
    found, failed = [], 0
    for raw in page.items:
        try:
            found.append(_decoder(entry).decode(raw))
        except _DECODE_ERRORS as error:
            failed += 1
            if failed == len(page.items) > 1:
                raise MalformedResponse(
                    f"None of the entries in ICA's answer to {operation.id} can be read: {error}."
                ) from error
            if (rest := entry.of_unreadable(_legible(raw))) is not None:
                found.append(rest)
    return cast(T, msgspec.structs.replace(page, items=found))


def _legible(raw: msgspec.Raw) -> dict[str, Any]:
    """What there is of a row, whatever its shape; empty for what is no object."""
    try:
        return _decoder(dict[str, Any]).decode(raw)
    except _DECODE_ERRORS:
        return {}


def _decoder(answer: type[T]) -> msgspec.json.Decoder[T]:
    """One a type, made by one thread: msgspec 0.22.0 crashes the process where several threads meet
    a type for the first time at once.
    """
    with _making_decoder:
        if answer not in _decoders:
            _decoders[answer] = msgspec.json.Decoder(answer)
        return _decoders[answer]


def http_date(text: str) -> float | None:
    """Seconds since 1970 of an HTTP date, None where it is none."""
    parsed = parsedate_tz(text)
    try:
        return float(mktime_tz(parsed)) if parsed else None
    except (ValueError, OverflowError):
        return None


def _problem(operation: Operation, response: Response, body: bytes, now: float) -> IcaProblem:
    status = response.status_code
    problem = _read_problem(response, body)
    texts = (problem.get("title"), problem.get("detail"))
    said = ", ".join(text for text in texts if text and isinstance(text, str))
    message = f"ICA answered {operation.id} with {status}"
    return problem_class(status)(
        f"{message}: {_shortened(said)}" if said else f"{message}.",
        status=status,
        problem=problem,
        maybe_done=operation.creates and (status >= 500 or status in _MAYBE_DONE),
        retry_after=_wait_seconds(response.headers.get("Retry-After", ""), now),
    )


def _redirect(operation: Operation, response: Response, hide: Hide) -> MalformedResponse:
    target = hide(response.headers.get("Location", "nowhere").encode()).decode()
    return MalformedResponse(
        f"ICA answered {operation.id} with {response.status_code}, a redirect to "
        f"{_shortened(target.split('?')[0])}, which is not followed: the secret would go with it.",
        maybe_done=operation.creates,
    )


def _read_problem(response: Response, body: bytes) -> dict[str, Any]:
    body = body.replace(_NUL, b"")
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
        if isinstance(asked := problem.get("instance"), str):
            problem["instance"] = asked.partition("?")[0]  # names and paths may stand behind it
        return problem
    except _DECODE_ERRORS:
        return {
            "status": response.status_code,
            "title": response.reason or "",
            "detail": _shortened(_plain_text(body)),
        }


def _plain_text(page: bytes) -> str:
    """The text of an HTML page without its markup, or a plain text."""
    text = _TAGS.sub(" ", page[:_MAX_PAGE_BYTES].decode(errors="replace"))
    return " ".join(html.unescape(text).split())


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_TEXT_CHARS else text[: _MAX_TEXT_CHARS - 1] + "…"


def _wait_seconds(retry_after: str, now: float) -> float | None:
    """Seconds to wait, from either form of a Retry-After header, within what makes sense."""
    if _SECONDS.fullmatch(retry_after):
        seconds = float(retry_after)
    elif (date := http_date(retry_after)) is not None:
        seconds = date - now
    else:
        return None
    return min(max(seconds, _MIN_WAIT_SECONDS), _MAX_WAIT_SECONDS)
