"""Metrics for Prometheus: what is in the store now, and what all processes have counted."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from webapp import metrics
from webapp.store import workers
from webapp.store.metrics import (
    batches_by_state,
    blocked_batches,
    items_by_status,
    messages_by_state,
    oldest_due,
    paused_accounts,
    submissions_by_state,
)
from webapp.web.core.context import context, recent

ITEMS_SECONDS = 15.0  # that the items' statuses are kept: they cost 1 s with 100,000 submissions


def exposition() -> bytes:
    """All metrics, as Prometheus reads them."""
    return generate_latest(_of_the_store()) + metrics.exposition()


def _of_the_store() -> CollectorRegistry:
    registry, now = CollectorRegistry(), context().clock()
    with context().store.read() as connection:
        beat_at = workers.last_beat(connection)
        states = submissions_by_state(connection)
        batch_states = batches_by_state(connection)
        waiting = oldest_due(connection)
        blocked = blocked_batches(connection)
        asked_to_wait = paused_accounts(connection, now)
        told = messages_by_state(connection)
    _gauge(registry, "linkboard_submissions", "Submissions by state", "state", states)
    _gauge(registry, "linkboard_batches", "Batches by state", "state", batch_states)
    _gauge(registry, "linkboard_items", "Items by status", "status", recent(_items, ITEMS_SECONDS))
    why = "Batches that wait for somebody, by reason"
    _gauge(registry, "linkboard_blocked_batches", why, "reason", blocked)
    _gauge(registry, "linkboard_messages", "Messages at the end, by state", "state", told)
    paused = Gauge("linkboard_paused_accounts", "Accounts that ICA asks to wait", registry=registry)
    paused.set(asked_to_wait)
    late = Gauge(
        "linkboard_oldest_due_seconds", "How long the oldest due unit waits", registry=registry
    )
    late.set(max(0.0, now - waiting) if waiting else 0.0)
    age = Gauge("linkboard_heartbeat_age_seconds", "Since a worker was heard", registry=registry)
    age.set(now - beat_at if beat_at else float("inf"))
    return registry


def _items() -> dict[str, int]:
    return context().read(items_by_status)


def _gauge(
    registry: CollectorRegistry, name: str, text: str, label: str, values: dict[str, int]
) -> None:
    gauge = Gauge(name, text, [label], registry=registry)
    for value, count in values.items():
        gauge.labels(value).set(count)
