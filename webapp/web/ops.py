"""For operators, without signing in: is it alive, is it ready, and metrics."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from webapp.store import DatabaseAway, workers
from webapp.store.metrics import batches_by_state, items_by_status, oldest_due, submissions_by_state
from webapp.web.core.context import context

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The web server answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Everything that the dashboard needs is there; else 503, and in words what is missing."""
    wrong = _not_ready()
    return Response(f"{wrong or 'ready'}\n", 503 if wrong else 200, mimetype="text/plain")


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Metrics for Prometheus, read from the store when they are asked for."""
    registry = CollectorRegistry()
    now = context().clock()
    with context().store.read() as connection:
        beat_at = workers.last_beat(connection)
        states = submissions_by_state(connection)
        batch_states = batches_by_state(connection)
        statuses = items_by_status(connection)
        waiting = oldest_due(connection)
    _gauge(registry, "linkboard_submissions", "Submissions by state", "state", states)
    _gauge(registry, "linkboard_batches", "Batches by state", "state", batch_states)
    _gauge(registry, "linkboard_items", "Items by status", "status", statuses)
    late = Gauge(
        "linkboard_oldest_due_seconds", "How long the oldest due unit waits", registry=registry
    )
    late.set(max(0.0, now - waiting) if waiting else 0.0)
    age = Gauge("linkboard_heartbeat_age_seconds", "Since a worker was heard", registry=registry)
    age.set(now - beat_at if beat_at else float("inf"))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _gauge(
    registry: CollectorRegistry, name: str, text: str, label: str, values: dict[str, int]
) -> None:
    gauge = Gauge(name, text, [label], registry=registry)
    for value, count in values.items():
        gauge.labels(value).set(count)


def _not_ready() -> str:
    try:
        if trouble := context().store.trouble():
            return trouble
        beat_at = context().read(workers.last_beat)
    except DatabaseAway:
        return "The database can't be reached."
    if beat_at is None:
        return "No worker was ever seen. Start one with `linkboard serve` or `linkboard work`."
    now = context().clock()
    silent = workers.is_silent(beat_at, now)
    return f"No worker was seen for {now - beat_at:.0f} s." if silent else ""
