"""Workers: their heartbeats, and how many there are."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from webapp.store import sql
from webapp.store.tables import workers

SILENT_SECONDS = 30.0  # without a beat after which a worker counts as gone
_FORGET = delete(workers).where(workers.c.beat_at < sql.BEFORE)
LAST_BEAT = select(func.max(workers.c.beat_at))
_LIVING = select(func.count()).where(workers.c.beat_at > sql.BEFORE)


@dataclass(frozen=True, slots=True)
class Beat:
    """What a worker says of itself: since when it runs, and how far its machine's clock, and ICA's,
    are ahead of the database's, in seconds; None: ICA was not asked yet.
    """

    worker_id: str
    started_at: float
    ahead: float = 0.0
    ica_ahead: float | None = None


def beat(connection: Connection, its: Beat, now: float) -> int:
    """Record that this worker lives; returns how many do, itself included."""
    told = {"beat_at": now, "ahead": its.ahead, "ica_ahead": its.ica_ahead}
    statement = sql.insert(connection, workers)
    new = {name: statement.excluded[name] for name in told}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=new),
        {"id": its.worker_id, "started_at": its.started_at} | told,
    )
    connection.execute(_FORGET, {"before": now - 10 * SILENT_SECONDS})
    return connection.execute(_LIVING, {"before": now - SILENT_SECONDS}).scalar_one()


def living(connection: Connection, now: float) -> list[Beat]:
    """The last beat of each worker that lives."""
    lives = workers.c.beat_at > now - SILENT_SECONDS
    return [
        Beat(row.id, row.started_at, row.ahead, row.ica_ahead)
        for row in connection.execute(select(workers).where(lives).order_by(workers.c.id))
    ]


def is_silent(beat_at: float | None, now: float) -> bool:
    """Whether the workers, whose newest beat this is, count as gone."""
    return beat_at is None or now - beat_at > SILENT_SECONDS


def last_beat(connection: Connection) -> float | None:
    """The newest beat of all workers, None if there was none."""
    beat_at: float | None = connection.execute(LAST_BEAT).scalar()
    return beat_at
