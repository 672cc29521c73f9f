"""For operators, without signing in: is it alive, is it ready, and metrics."""

import ipaddress
from collections.abc import Iterator

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from webapp.store import DatabaseAway, faults, workers
from webapp.web import metrics as metrics_of
from webapp.web.core.context import context, recent
from webapp.work import clock

WRITING_SECONDS = 5.0  # that it is kept whether the database can be written to: it costs a write
FORWARDED = {"FORWARDED", "VIA", "X-REAL-IP"}  # headers of proxies, beside X-Forwarded-…

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The web server answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Everything that the dashboard needs is there; else 503, and a line for each thing that is
    wrong. Clocks that differ are told, and keep nobody from working.
    """
    looks = (_folder_trouble, _database_trouble, _worker_trouble)
    wrong = dict.fromkeys(sentence for look in looks if (sentence := look()))  # each once
    lines = list(wrong) or ["ready", *_clock_differences()]
    text = "".join(f"{sentence}\n" for sentence in lines)
    return Response(text, 503 if wrong else 200, mimetype="text/plain")


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Metrics for Prometheus.

    They tell how much is worked here, so that they are this machine's alone by default.
    """
    if not (context().settings.metrics_open or _is_from_this_machine()):
        abort(
            403,
            "The metrics are told to this machine alone. Its operator can set "
            "LINKBOARD_METRICS_OPEN=yes, and let the proxy say who may read them.",
        )
    return Response(metrics_of.exposition(), content_type=CONTENT_TYPE_LATEST)


def _is_from_this_machine() -> bool:
    """Whether it comes straight from here: what a proxy passes on comes from here too."""
    names = {name.upper() for name, _ in request.headers}
    if names & FORWARDED or any(name.startswith("X-FORWARDED-") for name in names):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _folder_trouble() -> str:
    """With a database and a secret key from elsewhere there need not be one."""
    settings, store = context().settings, context().store
    needed = store.is_sqlite or not settings.secret_key
    if needed and not settings.data_dir.is_dir():
        return "The data folder, LINKBOARD_DATA_DIR, is not there any more. Put it back."
    return ""


def _database_trouble() -> str:
    try:
        return context().store.trouble() or recent(_writing_trouble, WRITING_SECONDS)
    except DatabaseAway as error:
        return _in_words(error)


def _in_words(error: DatabaseAway) -> str:
    return faults.in_words(error) or "The database can't be reached."


def _writing_trouble() -> str:
    try:
        context().store.probe()
    except DatabaseAway as error:
        return faults.in_words(error) or "The database can't be written to."
    return ""


def _clock_differences() -> Iterator[str]:
    here = context()
    yield from filter(None, [here.clock.difference()])
    yield from clock.differences(here.read(workers.living, here.clock()))


def _worker_trouble() -> str:
    try:
        if context().store.trouble():
            return ""
        context().clock.synchronize()
        beat_at = context().read_one(workers.last_beat)
    except DatabaseAway as error:
        return _in_words(error)
    if beat_at is None:
        return "No worker was ever seen. Start one with `linkboard serve` or `linkboard work`."
    now = context().clock()
    silent = workers.is_silent(beat_at, now)
    return f"No worker was seen for {now - beat_at:.0f} s." if silent else ""
