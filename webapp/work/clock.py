"""The clock of a process: the database's, since several machines may work on one database."""

import time
from collections.abc import Callable, Iterable, Iterator

from webapp.store.workers import Beat

SYNCHRONIZE_SECONDS = 1.0  # between two looks at the database's clock
TOLERATED_SECONDS = 30.0  # by which other clocks may differ from the database's
JUMP_SECONDS = 2.0  # of difference between two looks: more than clocks drift


class Clock:
    """Seconds since 1970 by the database's clock. Between two looks at that one it goes on by the
    machine's own steady clock, so that whoever sets a machine's clock changes nothing here.

    database: the moment by the database's clock. local: a clock that is never set. wall: the
    machine's clock, which counts until the first look, and is compared with the database's.
    """

    def __init__(
        self,
        database: Callable[[], float],
        *,
        local: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._local, self._wall = database, local, wall
        self._offset = wall() - local()
        self._looked_at: float | None = None  # by `local`

    @classmethod
    def alone(cls, clock: Callable[[], float]) -> "Clock":
        """One that all clocks are, the database's too."""
        return cls(clock, local=clock, wall=clock)

    def __call__(self) -> float:
        return self._local() + self._offset

    def steady(self) -> float:
        """Seconds since any moment, by a clock that nobody sets: for how long something takes."""
        return self._local()

    @property
    def machine_ahead(self) -> float:
        """Seconds that the machine's clock is ahead of the database's."""
        return self._wall() - self()

    def synchronize(self) -> float:
        """Look at the database's clock, if that is due; how many seconds it was set ahead (or back)
        since the last look, 0.0 if it was not. Raises DatabaseAway.
        """
        before = self._local()
        if self._looked_at is not None and before - self._looked_at < SYNCHRONIZE_SECONDS:
            return 0.0
        moment = self._database()
        after = self._local()
        if after - before > SYNCHRONIZE_SECONDS:
            return 0.0  # it may have been read at any time in between
        offset, is_first = moment - (before + after) / 2, self._looked_at is None
        jump, self._offset, self._looked_at = offset - self._offset, offset, after
        return 0.0 if is_first or abs(jump) < JUMP_SECONDS else jump


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
