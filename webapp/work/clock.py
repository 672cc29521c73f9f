"""The clock of a process: the dashboard's time, which all processes on all machines share."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from webapp.store import Store, clock, workers
from webapp.store.clock import Reading
from webapp.store.workers import Beat

LOOK_SECONDS = 1.0  # between two looks at the database's clock, and for one at most
JUMP_SECONDS = 2.0  # of difference between two looks: more than clocks drift
TOLERATED_SECONDS = 30.0  # by which other clocks may differ from the database's
# Goes on while the machine sleeps, where the system has such a clock.
_STEADY = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """What was read of the database's clock, when by the steady one."""

    reading: Reading
    at: float

    def moment(self, at: float) -> float:
        """What the database's clock shows at a moment of the steady one, if nobody sets it."""
        return self.reading.moment + at - self.at


class Clock:
    """Seconds since 1970, by the database's clock. Between two looks at that one it goes on by the
    machine's own steady clock; so whoever sets any machine's clock changes nothing here.

    store: whose time it is; None: `database` is all there is. database: instead of the store's own
    clock. steady: a clock that is never set. wall: the machine's clock, which counts until the
    first look, and is compared with the database's.
    """

    def __init__(
        self,
        store: Store | None,
        *,
        database: Callable[[], float] | None = None,
        steady: Callable[[], float] = _STEADY,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._database = store, database
        self._steady, self._wall = steady, wall
        self._look: _Look | None = None

    @classmethod
    def alone(cls, clock: Callable[[], float]) -> "Clock":
        """One that all clocks are, the database's too."""
        return cls(None, database=clock, steady=clock, wall=clock)

    def __call__(self) -> float:
        look = self._look
        return look.reading.time(look.moment(self._steady())) if look else self._wall()

    def steady(self) -> float:
        """Seconds since any moment, by a clock that nobody sets: for how long something takes."""
        return self._steady()

    @property
    def machine_ahead(self) -> float:
        """Seconds that the machine's clock is ahead of the database's."""
        return self._wall() - self._look.moment(self._steady()) if self._look else 0.0

    def synchronize(self) -> float:
        """Look at the database's clock, if that is due. If it was set since, time goes on evenly
        all the same; returns by how many seconds it was set ahead (or back), else 0.0.

        Raises DatabaseAway; then nothing has changed, and the next look finds out.
        """
        former, before = self._look, self._steady()
        if former and before - former.at < LOOK_SECONDS:
            return 0.0
        reading, after = self._read(), self._steady()
        if former and after - before > LOOK_SECONDS:
            return 0.0  # it may have been read at any time in between
        new = _Look(replace(reading, moment=reading.moment + (after - before) / 2), after)
        if former is None or former.reading.generation != reading.generation:
            self._look = new  # as it is, or as another process has set it right
            return 0.0
        jump = new.reading.moment - former.moment(after)
        expected = former.reading.time(former.moment(after))
        if abs(jump) < JUMP_SECONDS or self._slept(expected, jump):
            self._look = new
            return 0.0
        if not self._go_on_at(expected, new):
            return 0.0
        how = "ahead" if jump > 0 else "back"
        log.warning("The database's clock was set %.0f s %s. Time here goes on.", abs(jump), how)
        return jump

    def go_on_after(self, moment: float) -> float:
        """Before a worker's first beat: beats that are still to come tell that the clock was set
        back while nobody worked. Time never goes back; returns by how many seconds it would have.
        """
        behind = moment - self()
        if self._look is None or behind < TOLERATED_SECONDS:
            return 0.0
        here = self._look.moment(self._steady())
        look = _Look(replace(self._look.reading, moment=here), self._steady())
        if not self._go_on_at(moment, look):
            return 0.0
        log.warning("The database's clock is %.0f s behind what was written by it.", behind)
        return behind

    def _go_on_at(self, moment: float, look: _Look) -> bool:
        """Have it be this moment now for all processes; False when another one did so just now, or
        nothing can be written: then this one goes on evenly, and the next look tries again.
        """
        reading = look.reading
        offset, since = moment - reading.moment, reading.moment
        if self._store and not self._store.write_if_free(
            clock.change, reading.generation, offset, since
        ):
            return False
        self._look = replace(look, reading=Reading(since, offset, since, reading.generation + 1))
        return True

    def _slept(self, expected: float, jump: float) -> bool:
        """Whether it is this machine that stood still, and not the database's clock that was set
        ahead: then other machines' workers have gone on.
        """
        if jump < 0 or self._store is None:
            return False
        with self._store.read() as connection:
            beat_at = workers.last_beat(connection)
        return beat_at is not None and beat_at > expected + jump / 2

    def _read(self) -> Reading:
        if self._store is None:
            reading = self._look.reading if self._look else Reading(0.0)
        else:
            with self._store.read() as connection:
                reading = clock.read(connection)
        return replace(reading, moment=self._database()) if self._database else reading

    def difference(self) -> str:
        """That time here is not the database's, in a sentence; "" when it is."""
        if self._look is None:
            return ""
        offset = self._look.reading.offset_at(self._look.moment(self._steady()))
        if abs(offset) < TOLERATED_SECONDS:
            return ""
        how = "ahead of" if offset > 0 else "behind"
        return (
            f"The database's clock was set, so that time here is {abs(offset):.0f} s {how} it. "
            "Nothing is lost by it, and it comes back to that clock by itself, within "
            f"{clock.CATCH_UP * abs(offset) / 3600:.1f} hours."
        )


def differences(beats: Iterable[Beat]) -> Iterator[str]:
    """What an operator should know of the clocks of workers' machines, and of ICA's, in sentences.

    The last worker that has asked ICA tells of its clock.
    """
    ica_ahead = None
    for beat in beats:
        ica_ahead = beat.ica_ahead if beat.ica_ahead is not None else ica_ahead
        if abs(beat.ahead) > TOLERATED_SECONDS:
            yield difference(f"The clock of the machine of the worker {beat.worker_id}", beat.ahead)
    if ica_ahead is not None and abs(ica_ahead) > TOLERATED_SECONDS:
        yield difference("ICA's clock", ica_ahead)


def difference(whose: str, ahead: float) -> str:
    """That a clock is not right, in a sentence."""
    how = "ahead of" if ahead > 0 else "behind"
    return (
        f"{whose} is {abs(ahead):.0f} s {how} the database's. Nothing is lost by it, since the "
        "database's counts here; but times in logs, and those that ICA tells, do not fit."
    )
