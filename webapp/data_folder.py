"""The data folder: it and the files in it are for the user alone that Linkboard runs as.

Who works with the database in a folder holds a lock of that folder, which ends with the process.
A worker holds the lock of a file of its own too, so that others on this machine see when it died.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from webapp.settings import Settings

OUR_FILES = (
    *("linkboard.db*", "secret_key", ".secret_key.*"),
    *("demo.db*", "simulator.*"),  # of `linkboard demo`
    "*.worker",
)
FOLDER_MODE, FILE_MODE = 0o700, 0o600
OF_OTHERS = 0o077  # the permissions of a file's group and of everybody else

log = logging.getLogger(__name__)


def protect(settings: Settings) -> None:
    """Take the permissions of others from the folder and from our files in it.

    What is made later has none, by the umask of all our processes. A folder that holds more than
    our files stays as it is: it may be somebody's home.
    """
    folder = settings.data_dir
    for path in exposed(settings):
        if path == folder and set(folder.iterdir()) > set(_our_files(folder)):
            log.warning("%s can be read by others; see `linkboard check`.", path)
            continue
        with suppress(OSError):  # another user's; check says so
            path.chmod(FOLDER_MODE if path == folder else FILE_MODE)
            log.warning("%s was open to others, and is not any more.", path)


def exposed(settings: Settings) -> list[Path]:
    """The folder and our files in it, as far as somebody else may read or change them."""
    paths = (settings.data_dir, *_our_files(settings.data_dir))
    return [path for path in paths if path.exists() and path.stat().st_mode & OF_OTHERS]


@contextmanager
def in_use(settings: Settings) -> Iterator[None]:
    """Work with an SQLite file, beside others; waits for who is alone() with it."""
    with ExitStack() as held:
        if settings.database_file:
            with suppress(OSError):  # no such folder can be made: who opens the file says so
                _lock(held, settings.database_file.parent, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Nobody else works with the SQLite file. Raises BlockingIOError when somebody does."""
    with ExitStack() as held:
        if settings.database_file:
            _lock(held, settings.database_file.parent, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextmanager
def present(settings: Settings, name: str) -> Iterator[None]:
    """As long as this is open and the process lives, gone() does not name this worker."""
    path = settings.data_dir / f"{name}.worker"
    with ExitStack() as held:
        with suppress(OSError):  # without it, its leases just run out
            settings.data_dir.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            file = held.enter_context(path.open("w"))
            held.callback(path.unlink, missing_ok=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def gone(settings: Settings) -> list[str]:
    """The names of the workers that died on this machine without a word; each is told once."""
    found = []
    for path in settings.data_dir.glob("*.worker"):
        with suppress(OSError), path.open() as file:  # it lives, or another has told of it
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            found.append(path.stem)
    return found


def _lock(held: ExitStack, folder: Path, how: int) -> None:
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    file = os.open(folder, os.O_RDONLY)
    held.callback(os.close, file)
    fcntl.flock(file, how)


def _our_files(folder: Path) -> Iterator[Path]:
    for pattern in OUR_FILES:
        yield from sorted(folder.glob(pattern))
