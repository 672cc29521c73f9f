"""Keeps child processes alive: starts them, restarts the dead, and ends all of them together."""

import ctypes
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

PARENT = "LINKBOARD_SUPERVISOR_PID"  # how a child knows whom it belongs to
LOOK_EVERY = 0.2  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a dead child starts again
SOUND_AFTER = 60.0  # seconds after which a child counts as well: its next pause is a first one
END_WITHIN = 9.0  # seconds between SIGTERM and SIGKILL

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Child:
    """A process to keep alive: its name in the log, command line, environment, inherited files."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    files: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)  # that runs now
    _started: float = field(default=0.0, init=False)
    _due: float = field(default=0.0, init=False)
    _pause: float = field(default=FIRST_PAUSE, init=False)

    def look_after(self, now: float) -> None:
        """Note a death, and start what is due. `now` is of the monotonic clock."""
        if self.process and self.process.poll() is not None:
            self._mourn(self.process.returncode, now)
        if not self.process and now >= self._due:
            self.process, self._started = self._start(), now
            log.info("The %s runs as process %d.", self.name, self.process.pid)

    def _mourn(self, code: int, now: float) -> None:
        if now - self._started > SOUND_AFTER:
            self._pause = FIRST_PAUSE
        log.error(
            "The %s %s. It starts again in %g s.", self.name, _how_it_ended(code), self._pause
        )
        self.process, self._due = None, now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _start(self) -> subprocess.Popen[bytes]:
        """In a process group of its own: Ctrl-C in a terminal reaches only the supervisor."""
        return subprocess.Popen(
            self.argv,
            env={**self.environ, PARENT: str(os.getpid())},
            pass_fds=self.files,
            stdin=subprocess.DEVNULL,
            process_group=0,
        )


def supervise(children: Iterable[Child]) -> None:
    """Run the children until SIGTERM or SIGINT, then end them; returns within 10 seconds.

    Call it from the main thread: it takes over the two signals, and a child asks the kernel to
    be told when the thread that started it is gone.
    """
    told = when_told_to_end()
    kept = list(children)
    try:
        while True:
            for child in kept:
                child.look_after(time.monotonic())
            with suppress(queue.Empty):
                told.get(timeout=LOOK_EVERY)
                break
    finally:
        log.info("Stopping.")
        _end(kept)


def end_with_parent() -> None:
    """Have this process sent SIGTERM once its supervisor is gone, even if that was killed.

    A process that no supervisor started is left as it is.
    """
    parent = int(os.environ.pop(PARENT, "0"))
    if not parent:
        return
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG, see prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # gone before we asked
        sys.exit("The supervisor is gone.")


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended by itself with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"


def _end(children: Iterable[Child]) -> None:
    """SIGTERM for all at once, and SIGKILL, with their own children, for those that stay."""
    living = [c.process for c in children if c.process and c.process.poll() is None]
    for process in living:
        process.terminate()
    deadline = time.monotonic() + END_WITHIN
    for process in living:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("Process %s did not end in time and is killed.", process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def when_told_to_end() -> "queue.SimpleQueue[object]":
    """A queue that SIGTERM and SIGINT are put into.

    Not an Event: set() in a handler can wait for ever for the lock that wait() was about to free.
    """
    told: queue.SimpleQueue[object] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: told.put(number))
    return told


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
