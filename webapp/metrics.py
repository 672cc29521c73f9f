"""What each process counts for /metrics. No label names an account, a list or an id.

`serve` makes a folder that its children count in, by the multiprocess mode of prometheus_client, so
that any web process tells of all. A process that was started alone counts for itself.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from shutil import rmtree

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client, when it is imported
NAME = "linkboard-metrics-"  # how the folders begin
IN_MEMORY = Path("/dev/shm")  # no disk that fills up: a process dies of a file without room
MOST_GONE = 20  # processes that have ended and are still counted; each has some 100 kB
SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
LONG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0)

REGISTRY = CollectorRegistry()
_counter = partial(Counter, registry=REGISTRY)
_histogram = partial(Histogram, registry=REGISTRY)
_gauge = partial(Gauge, registry=REGISTRY, multiprocess_mode="livesum")
ICA_CALLS = _counter(
    "linkboard_ica_calls",
    "Calls of ICA by operation, and how they ended: ok, or the class of the error",
    ["operation", "outcome"],
)
ICA_SECONDS = _histogram(
    "linkboard_ica_call_seconds", "How long calls of ICA took", ["operation"], buckets=LONG
)
ICA_WAIT_SECONDS = _counter(
    "linkboard_ica_asked_to_wait_seconds", "How long ICA asked accounts to wait, by 429"
)
UNITS = _counter(
    "linkboard_units", "Units of work by task, and how they ended", ["task", "outcome"]
)
UNIT_SECONDS = _histogram(
    "linkboard_unit_seconds", "How long units of work took", ["task"], buckets=LONG
)
REQUESTS = _counter(
    "linkboard_requests", "Requests answered, by page and status", ["endpoint", "status"]
)
REQUEST_SECONDS = _histogram(
    "linkboard_request_seconds",
    "How long requests took, downloads to their end; polls apart",
    ["polled"],
    buckets=SHORT,
)
BUSY_THREADS = _gauge(
    "linkboard_busy_threads", "Threads that answer a request, or do a unit of work", ["process"]
)
DOWNLOADS = _gauge("linkboard_downloads_running", "Files that are being sent")


def exposition() -> bytes:
    """What was counted by all processes of this `serve`, or by this one alone."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return generate_latest(REGISTRY)
    forget_the_gone()
    return generate_latest(_AllProcesses())


class _AllProcesses(Collector):
    """Adds up what they have counted; a file that is just being made is still empty."""

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in _files() if file.stat().st_size]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def _files() -> list[Path]:
    return [*Path(os.environ.get(FOLDER) or os.devnull).glob("*.db")]


@contextmanager
def counting(environ: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The environment for the children of a `serve`, which count in a folder of their own.

    It is empty at first; folders of others that were killed are removed.
    """
    parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for path in parent.glob(f"{NAME}*"):
        with ExitStack() as held, suppress(OSError):
            _lock(held, path)
            rmtree(path)
    with tempfile.TemporaryDirectory(prefix=NAME, dir=parent) as folder, ExitStack() as held:
        _lock(held, Path(folder))
        yield {**environ, FOLDER: folder}


def _lock(held: ExitStack, folder: Path) -> None:
    """Hold it as the only one. Raises BlockingIOError."""
    file = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    held.callback(os.close, file)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def forget_the_gone() -> None:
    """Of processes that have ended nothing runs any more; what they counted is kept, of the last
    ones. When the others' goes, Prometheus takes it for a fresh start.
    """
    gone: dict[str, list[Path]] = {}
    for file in sorted(_files(), key=_changed_at, reverse=True):
        pid = file.stem.rpartition("_")[2]
        if not _runs(int(pid)):
            gone.setdefault(pid, []).append(file)
    for number, files in enumerate(gone.values()):
        for file in files:
            if number >= MOST_GONE or file.name.startswith("gauge_live"):
                file.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _changed_at(file: Path) -> float:
    with suppress(OSError):
        return file.stat().st_mtime
    return 0.0
