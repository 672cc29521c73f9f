"""The WSGI app: routes, who asks, faults, media types, and errors as problems."""

import gzip
import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from webapp.simulator.call import Call
from webapp.simulator.documents import Document, timestamp
from webapp.simulator.faults import FaultError, Faults
from webapp.simulator.mishaps import spoil_after, spoil_before
from webapp.simulator.operations import OPERATIONS, Operation, agree_on_version, media_type
from webapp.simulator.options import Options
from webapp.simulator.people import User
from webapp.simulator.problems import PROBLEM_TYPE, Problem, bad_request, unauthorized
from webapp.simulator.service import services
from webapp.simulator.world import World

PREFIX = "/ica/rest"
LARGEST_BODY = 256 * 1024 * 1024
_WORTH_ZIPPING = 1_000


def create_app(options: Options, clock: Callable[[], float] = time.time) -> Flask:
    """The simulator as a WSGI app; `clock` tells seconds since 1970."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    world = World(options, clock)
    serve = services()
    for operation in OPERATIONS:
        app.add_url_rule(
            PREFIX + operation.path,
            endpoint=operation.id,
            view_func=_view(world, operation, serve[operation.name]),
            methods=[operation.method],
        )
    _add_controls(app, world)
    app.register_error_handler(Problem, lambda problem: _refusal(problem, clock()))
    app.register_error_handler(HTTPException, lambda error: _refusal(_as_problem(error), clock()))
    app.after_request(lambda response: _finish(response, clock()))
    return app


def _view(
    world: World, operation: Operation, serve: Callable[..., Document]
) -> Callable[..., Response]:
    """What Flask calls for an operation: spoil it, or serve it."""

    def view(**path: str) -> Response:
        world.calls.append(operation.id)
        time.sleep(world.options.latency_ms / 1000)
        spoiled = spoil_before(world, operation)
        if spoiled is not None:
            return spoiled
        now = world.clock()
        user = _who_asks(world, operation, request, now)
        version = agree_on_version(operation, request.accept_mimetypes, request.mimetype)
        body = request.get_data(cache=False)
        call = Call(world, operation, user, version, request.path, request.args, body, now)
        response = _json(serve(call, **path), operation.success, media_type(version))
        spoil_after(world, operation, response)
        return response

    return view


def _who_asks(world: World, operation: Operation, asked: Request, now: float) -> User:
    """The user behind a key or a token. Raises Problem 401."""
    key = asked.headers.get("X-API-Key")
    if key is not None:
        return world.people.with_key(key)
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or operation.name == "token":
        raise unauthorized()
    return world.people.with_token(token.strip(), now)


def _add_controls(app: Flask, world: World) -> None:
    """The simulator's own addresses, which are no part of ICA."""

    @app.get("/_simulator/calls")
    def read_calls() -> dict[str, int]:
        return Counter(world.calls)

    @app.post("/_simulator/reset")
    def reset() -> Response:
        world.calls.clear()
        return Response(status=HTTPStatus.NO_CONTENT)

    @app.get("/_simulator/faults")
    def read_faults() -> dict[str, float | str]:
        return world.dice.faults.to_json()

    @app.post("/_simulator/faults")
    def set_faults() -> dict[str, float | str]:
        try:
            world.dice.load(Faults.from_json(msgspec.json.decode(request.get_data(), type=dict)))
        except (msgspec.DecodeError, FaultError) as error:
            raise bad_request(str(error)) from error
        return read_faults()


def _json(document: Any, status: int, mimetype: str) -> Response:
    return Response(msgspec.json.encode(document), status, mimetype=mimetype)


def _refusal(problem: Problem, now: float) -> Response:
    document = problem.document(request.url, timestamp(now))
    response = _json(document, problem.status, PROBLEM_TYPE)
    response.headers.update(problem.headers)
    return response


def _as_problem(error: HTTPException) -> Problem:
    """Flask's own 404, 405, 413, 415 and 500 in ICA's clothes."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    allowed = dict(error.get_headers()).get("Allow")
    headers = {"Allow": allowed} if allowed else {}
    return Problem(status, f"ICA_API_{status}", HTTPStatus(status).phrase, headers)


def _finish(response: Response, now: float) -> Response:
    """Date the answer by the simulator's clock, and zip it when asked."""
    response.headers["Date"] = http_date(now)
    body = response.get_data()
    if len(body) >= _WORTH_ZIPPING and request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(body, compresslevel=1, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response
