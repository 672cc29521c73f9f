"""The WSGI app: routes, authentication, faults, media types, and errors as problems."""

import gzip
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.urls import iri_to_uri

from webapp.simulator.call import Call
from webapp.simulator.documents import timestamp
from webapp.simulator.faults import FaultError, Faults
from webapp.simulator.handlers import HANDLERS
from webapp.simulator.operations import OPERATIONS, Operation, media_type, negotiated_version
from webapp.simulator.options import Options
from webapp.simulator.problems import PROBLEM_TYPE, Problem
from webapp.simulator.state import Asked, State
from webapp.simulator.transport_faults import asked_by, inject_after, inject_before
from webapp.simulator.users import User, user_of_key, user_of_token

API_PATH = "/ica/rest"
MAX_BODY_BYTES = 256 * 1024 * 1024
_MIN_GZIP_BYTES = 1_000
_DATA_IDS = re.compile(rb'"f(il|ol)\.[0-9a-f]{32}"')


def create_app(options: Options, clock: Callable[[], float] = time.time) -> Flask:
    """The simulator as a WSGI app; `clock` returns seconds since 1970."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    state = State(options, clock)
    for operation in OPERATIONS:
        app.add_url_rule(
            API_PATH + operation.path,
            endpoint=operation.id,
            view_func=partial(_answer, state, operation),
            methods=[operation.method],
        )
    _add_controls(app, state)
    for kind in (Problem, HTTPException):
        app.register_error_handler(kind, lambda error: _error_response(error, clock()))
    app.after_request(lambda response: _finish(response, clock()))
    return app


def _answer(state: State, operation: Operation, **path: str) -> Response:
    """Inject faults, check the request, and have it handled."""
    asked = asked_by(operation)
    state.calls.append(asked)
    time.sleep(state.options.latency_ms / 1000)
    faulty = inject_before(state, operation, asked)
    if faulty is not None:
        return faulty
    now = state.clock()
    user = _authenticated(operation, now)
    version = negotiated_version(operation, request.accept_mimetypes, request.mimetype)
    body = request.get_data(cache=False)
    call = Call(state, operation, user, version, request.path, request.args, body, now)
    document = HANDLERS[operation.name](call, **path)
    response = _json(document, 201 if operation.creates else 200, media_type(version))
    if call.hit_by("capitals"):
        response.set_data(_DATA_IDS.sub(lambda found: found[0].upper(), response.get_data()))
    inject_after(state, operation, response)
    return response


def _authenticated(operation: Operation, now: float) -> User:
    """The user of the request's key or token. Raises Problem 401."""
    key = request.headers.get("X-API-Key")
    if key is not None:
        return user_of_key(key)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or operation.name == "token":
        raise Problem(401, "Unauthorized")
    return user_of_token(token.strip(), now)


def _add_controls(app: Flask, state: State) -> None:
    """Add the simulator's own addresses, which ICA does not have."""

    @app.get("/_simulator/<any(calls, longest, faults, struck):what>")
    def read(what: str) -> dict[str, Any]:
        told: dict[str, Callable[[], dict[str, Any]]] = {
            "calls": lambda: Counter(asked.operation_id for asked in state.calls),
            "longest": lambda: _longest(state.calls),
            "faults": lambda: state.faults.plan.to_json(),
            "struck": lambda: state.faults.struck,
        }
        return told[what]()

    @app.post("/_simulator/reset")
    def reset() -> Response:
        state.calls.clear()
        return Response(status=HTTPStatus.NO_CONTENT)

    @app.post("/_simulator/faults")
    def set_faults() -> dict[str, Any]:
        given = request.get_data()
        try:
            state.faults.plan = Faults.from_json(msgspec.json.decode(given, type=dict))
        except (msgspec.DecodeError, FaultError) as error:
            raise Problem(400, str(error)) from error
        return read("faults")


def _longest(calls: Iterable[Asked]) -> dict[str, dict[str, int]]:
    """Of each operation the most values of one parameter, and the longest request line in bytes."""
    longest: dict[str, dict[str, int]] = {}
    for asked in list(calls):
        most = longest.setdefault(asked.operation_id, {"values": 0, "bytes": 0})
        most["values"] = max(most["values"], asked.values)
        most["bytes"] = max(most["bytes"], asked.line_bytes)
    return longest


def _json(document: Any, status: int, mimetype: str) -> Response:
    return Response(msgspec.json.encode(document), status, mimetype=mimetype)


def _error_response(error: Problem | HTTPException, now: float) -> Response:
    problem = error if isinstance(error, Problem) else _as_problem(error)
    document = problem.document(iri_to_uri(request.url), timestamp(now))
    response = _json(document, problem.status, PROBLEM_TYPE)
    response.headers.update(problem.headers)
    return response


def _as_problem(error: HTTPException) -> Problem:
    """Flask's own 404, 405, 413, 415 and 500, in ICA's format."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    allowed = dict(error.get_headers()).get("Allow")
    headers = {"Allow": allowed} if allowed else {}
    return Problem(status, HTTPStatus(status).phrase, f"ICA_API_{status}", headers)


def _finish(response: Response, now: float) -> Response:
    """Set the answer's Date by the simulator's clock, and compress it for clients that allow it."""
    response.headers["Date"] = http_date(now)
    body = response.get_data()
    if len(body) >= _MIN_GZIP_BYTES and request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(body, compresslevel=1, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response
