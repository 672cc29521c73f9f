"""Workers: their heartbeats, and how many there are."""

from sqlalchemy import Connection, ScalarSelect, delete, func, select

from webapp.store import sql
from webapp.store.tables import workers

SILENT_SECONDS = 30.0  # without a beat after which a worker counts as gone


def beat(connection: Connection, worker_id: str, started_at: float, now: float) -> int:
    """Record that this worker lives; returns how many do, itself included."""
    values = {"id": worker_id, "started_at": started_at, "beat_at": now}
    statement = sql.insert(connection, workers).values(values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"beat_at": now})
    )
    connection.execute(delete(workers).where(workers.c.beat_at < now - 10 * SILENT_SECONDS))
    living = select(func.count()).where(workers.c.beat_at > now - SILENT_SECONDS)
    return connection.execute(living).scalar_one()


def is_silent(beat_at: float | None, now: float) -> bool:
    """Whether the workers, whose newest beat this is, count as gone."""
    return beat_at is None or now - beat_at > SILENT_SECONDS


def last_beat_query() -> ScalarSelect[float]:
    """A scalar subquery: the newest beat of all workers, null if there was none."""
    return select(func.max(workers.c.beat_at)).scalar_subquery()


def last_beat(connection: Connection) -> float | None:
    """The newest beat of all workers, None if there was none."""
    beat_at: float | None = connection.execute(select(func.max(workers.c.beat_at))).scalar()
    return beat_at
