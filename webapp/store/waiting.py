"""Who waits to write to an SQLite file: each holds a lock meanwhile, of a file beside it."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


class Waiting:
    """All processes that write to one file, as far as they wait for that; None for no file.

    A lock ends with its process, however that ends.
    """

    def __init__(self, database: Path | None) -> None:
        self._path = database and database.with_name(f"{database.name}-waiting")

    @contextmanager
    def announced(self) -> Iterator[None]:
        """Who writes is told, until this is closed, that somebody waits."""
        with ExitStack() as held:
            with suppress(OSError):  # a folder that can't be written to: then nobody is told
                if self._path:
                    file = held.enter_context(self._path.open("ab"))
                    fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def is_anybody(self) -> bool:
        """Whether somebody waits now."""
        if not self._path:
            return False
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
