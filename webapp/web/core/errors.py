"""Errors in words: one table from exception to sentence, and one page for all of them."""

import logging
import time
from functools import partial
from http import HTTPStatus
from typing import IO, Any

from flask import Flask, Response, current_app, g, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape
from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    RequestEntityTooLarge,
    SecurityError,
)

from webapp.ica import errors as ica
from webapp.store import DatabaseAway, faults
from webapp.store.documents import full_text
from webapp.web.core import forms
from webapp.web.core.htmx import is_part
from webapp.web.core.page import Page, render
from webapp.work.clients import NoKey

# of a refused upload is read for who is signed in: a browser shows the answer once it has sent all
DRAIN_SECONDS, DRAIN_BYTES = 60, 65_536

SENTENCES: dict[type[Exception], str] = {
    ica.Unreachable: "ICA did not answer. Nothing is lost: try again in a minute.",
    ica.Busy: "Linkboard waits for ICA with many other requests right now. Nothing is lost: try "
    "again in a few seconds.",
    ica.ServerError: "ICA has trouble of its own right now. Nothing is lost: try again in a few "
    "minutes.",
    ica.MalformedResponse: "ICA's answer could not be read. Nothing is lost: try again in a few "
    "minutes.",
    ica.RateLimited: "ICA asks for fewer calls right now. Try again in a minute.",
    ica.Unauthorized: "ICA no longer takes your key. Sign out, and sign in with a new one.",
    ica.Forbidden: "ICA does not allow this with your key.",
    ica.NotFound: "ICA knows no such thing, or your key may not see it.",
    ica.IcaProblem: "ICA refused this.",
    NoKey: "Your key is no longer kept here. Sign in again.",
}

TITLES = {
    400: "That address does not work",
    401: "Please sign in",
    403: "That is not allowed",
    404: "Not found",
    405: "That does not work here",
    409: "It has changed meanwhile",
    410: "It is not kept any more",
    413: "That is too large",
    408: "That took too long",
    422: "This can't be taken as it is",
    429: "Too many at once",
    500: "Something went wrong here",
    503: "Not available just now",
}

LED_BACK = {403, 405, 409, 422}  # not 404: there may be nothing for this visitor
NEAREST = {  # by what an address names: the page of that, and what leads to it
    "submission_id": ("submissions.page", "To this list"),
    "find_id": ("find.page", "To this search"),
    "folder_id": ("folders.page", "To this folder"),
}
PAGED = {"items.page", "attempts.page", "audit.of_submission"}  # lists within a submission
TOLD_HEADERS = {"Allow", "Retry-After"}  # of an error of Werkzeug's
PLAIN = {  # for what Werkzeug itself refuses
    404: "There is no page at this address. Check it, or begin at the list of submissions.",
    405: "This address does not take that kind of request. Begin at the list of submissions.",
}

TRY_AGAIN = (
    "Nothing is lost: try again in a minute. If it stays so, tell whoever runs this Linkboard."
)

log = logging.getLogger(__name__)


class ErrorPage(Page):
    """What went wrong, what it means and what to do. nearest: leads to what the
    address names.
    """

    template = "error.html"
    title: str
    text: str
    nearest: tuple[str, str, str] | None


def sentence(error: Exception) -> str:
    """An error of ICA in words: what happened, what it means, what to do."""
    for kind in type(error).__mro__:
        if kind in SENTENCES:
            return SENTENCES[kind]
    raise error


def quoted(error: ica.IcaError | NoKey) -> str:
    """ICA's own words; "" when there are none."""
    return full_text(error.problem) if isinstance(error, ica.IcaProblem) else ""


def register(app: Flask) -> None:
    """Answer every error with a page that says what to do."""
    app.register_error_handler(SecurityError, _untrusted_host)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(ClientDisconnected, _too_slow)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DatabaseAway, _database_away)
    app.register_error_handler(NoKey, lambda error: _page(403, sentence(error)))
    app.register_error_handler(Exception, _unexpected)


def _untrusted_host(_error: Exception) -> ResponseReturnValue:
    """Plain HTML: url_for() makes no address for a host that is not trusted, as a page needs."""
    host = escape(request.headers.get("Host", ""))
    return (
        f"<!doctype html><title>Linkboard</title><h1>Wrong address</h1><p>Linkboard does not "
        f"answer to the name <b>{host}</b>. Its operator can add the name to "
        f"LINKBOARD_TRUSTED_HOSTS.</p>",
        400,
    )


def _too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    response = _page(413, _own_words(error) or forms.too_large(), Connection="close")
    if g.get("viewer") and (stream := request.environ.get("wsgi.input")):
        response.call_on_close(partial(_drain, stream))
    return response


def _too_slow(_error: Exception) -> ResponseReturnValue:
    """To a client that has broken off, or that the web server gave up."""
    text = "What you sent did not come to its end, so nothing was done. Send it again."
    return _page(408, text, Connection="close")


def _drain(stream: IO[bytes]) -> None:
    """Read what a browser still sends, or it would show a broken connection and no answer."""
    end = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < end and stream.read(DRAIN_BYTES):
        pass


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    plain = PLAIN.get(error.code, f"The server answered: {HTTPStatus(error.code).phrase}.")
    told = {name: value for name, value in error.get_headers() if name in TOLD_HEADERS}
    return _page(error.code, _own_words(error) or plain, **told)


def _own_words(error: HTTPException) -> str:
    """The description that our code gave it; "" where it has only Werkzeug's own."""
    return "" if error.description == type(error).description else str(error.description)


def _database_away(error: DatabaseAway) -> ResponseReturnValue:
    log.warning("The database can't be used: %s", faults.reason(error))
    words = ("The database can't be used right now.", faults.in_words(error), TRY_AGAIN)
    return _page(503, " ".join(filter(None, words)), **{"Retry-After": "10"})


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("A request failed in a way nobody expected.", exc_info=error)
    text = "This is our mistake, not yours, and it is in the log. Nothing of your work is lost."
    return _page(500, text)


def _page(code: int, text: str, **headers: str) -> Response:
    if is_part():
        return Response(text, code, headers, mimetype="text/plain")
    title = TITLES.get(code, HTTPStatus(code).phrase)
    nearest = _first_page(code, text) or (_nearest() if code in LED_BACK else None)
    return Response(render(ErrorPage(title, text, nearest)), code, headers)


def _first_page(code: int, text: str) -> tuple[str, str, str] | None:
    """A button to the list of the address, where what follows its "?" is wrong. A 404 of the
    list itself, which may not be for this visitor, has plain words.
    """
    no_reason = code == 404 and "reason" in request.args and text != PLAIN[404]
    wrong = code == 400 or no_reason
    if wrong and request.args and request.endpoint in PAGED:
        return "To the first page of the list", request.path, "primary"
    return None


def _nearest() -> tuple[str, str, str] | None:
    """A button to the page of the submission, the search or the folder that the address names."""
    named = request.view_args or _named_by_post()
    for name, (endpoint, title) in NEAREST.items():
        if name in named:
            given = {key: named[key] for key in ("project_id", name) if key in named}
            return title, url_for(endpoint, **given), "primary"
    return None


def _named_by_post() -> dict[str, Any]:
    """What the address names, where it takes no GET: it was reloaded, or typed."""
    adapter = current_app.create_url_adapter(request)
    try:
        return dict(adapter.match(method="POST")[1]) if adapter else {}
    except HTTPException:
        return {}
