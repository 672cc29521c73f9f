"""The dashboard's time: the database's clock, and an offset from it that is hardly ever needed.

When somebody sets the database's clock, time here goes on as if nothing had happened, for all
processes at once: what is due, what is leased and what was written stay true to each other. Then it
comes back to the database's clock, a quarter faster or slower than that one.
"""

import time
from dataclasses import dataclass
from math import copysign

from sqlalchemy import Connection, Double, cast, extract, func, literal, select, update

from webapp.store.tables import clock

CATCH_UP = 4.0  # seconds in which a second of the offset goes
_NOW = cast(extract("epoch", func.clock_timestamp()), Double)


@dataclass(frozen=True, slots=True)
class Reading:
    """The moment by the database's clock, in seconds since 1970; the offset from then (`since`) on;
    and how often it was changed.
    """

    moment: float
    offset: float = 0.0
    since: float = 0.0
    generation: int = 0

    def time(self, moment: float) -> float:
        """The dashboard's time at a moment by the database's clock."""
        return moment + self.offset_at(moment)

    def offset_at(self, moment: float) -> float:
        """What is left of the offset."""
        gone = max(moment - self.since, 0.0) / CATCH_UP
        return copysign(max(abs(self.offset) - gone, 0.0), self.offset)


def read(connection: Connection) -> Reading:
    """Look at the clock; SQLite's is that of this machine."""
    is_sqlite = connection.dialect.name == "sqlite"
    moment = literal(time.time(), Double) if is_sqlite else _NOW
    found = select(moment, clock.c.offset, clock.c.since, clock.c.generation)
    return Reading(*connection.execute(found).one())


def now(connection: Connection) -> float:
    """The dashboard's time, in seconds since 1970."""
    reading = read(connection)
    return reading.time(reading.moment)


def change(connection: Connection, generation: int, offset: float, since: float) -> bool:
    """Set the offset, unless somebody has done so since it was read; whether it was set."""
    same = update(clock).where(clock.c.generation == generation)
    new = {"offset": offset, "since": since, "generation": generation + 1}
    return connection.execute(same.values(new)).rowcount == 1
