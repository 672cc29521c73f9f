"""Keeps child processes running: starts them, restarts those that end, and ends all together.

Why no library: gunicorn supervises only its own web workers; honcho ends all processes when one of
them ends; supervisord needs a configuration file, and its children go on when it is killed.
"""

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

PARENT_PID = "LINKBOARD_SUPERVISOR_PID"  # environment variable of the children
POLL_SECONDS = 0.2
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 30.0  # before a child is started again
STABLE_SECONDS = 60.0  # a child that ran longer is started again after the shortest pause
STOP_SECONDS = 9  # between SIGTERM and SIGKILL; a worker's unit of work takes at most 8

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Child:
    """A process to keep running: name in the log, command line, environment, inherited files."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    files: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)  # the running one
    _started: float = field(default=0.0, init=False)
    _next_start: float = field(default=0.0, init=False)
    _pause: float = field(default=MIN_PAUSE_SECONDS, init=False)

    def keep_running(self, now: float) -> None:
        """Start the process if it does not run and the pause is over; `now` is monotonic time."""
        if self.process and self.process.poll() is not None:
            self._handle_exit(self.process.returncode, now)
        if not self.process and now >= self._next_start:
            self.process, self._started = self._start(), now
            log.info("The %s runs as process %d.", self.name, self.process.pid)

    def _handle_exit(self, code: int, now: float) -> None:
        if now - self._started > STABLE_SECONDS:
            self._pause = MIN_PAUSE_SECONDS
        signaled = f"was ended by {signal.Signals(-code).name}" if code < 0 else ""
        ended = signaled or f"ended by itself with exit code {code}"
        log.error("The %s %s. It starts again in %g s.", self.name, ended, self._pause)
        self.process, self._next_start = None, now + self._pause
        self._pause = min(2 * self._pause, MAX_PAUSE_SECONDS)

    def _start(self) -> subprocess.Popen[bytes]:
        """In its own process group, so that Ctrl-C in a terminal reaches only the supervisor."""
        return subprocess.Popen(
            self.argv,
            env={**self.environ, PARENT_PID: str(os.getpid())},
            pass_fds=self.files,
            stdin=subprocess.DEVNULL,
            process_group=0,
        )


def supervise(children: Iterable[Child]) -> None:
    """Run the children until SIGTERM or SIGINT, then end them; returns within 10 seconds.

    Call it from the main thread: only that can handle signals, and end_with_parent() in a child
    refers to the thread that started it.
    """
    signals = end_signals()
    children = list(children)
    try:
        while True:
            for child in children:
                child.keep_running(time.monotonic())
            with suppress(queue.Empty):
                signals.get(timeout=POLL_SECONDS)
                break
    finally:
        log.info("Stopping.")
        _end(children)


def end_with_parent() -> bool:
    """Let this process get SIGTERM when its supervisor ends, even by SIGKILL.

    Returns whether it has one; else does nothing.
    """
    parent = int(os.environ.pop(PARENT_PID, "0"))
    if not parent:
        return False
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG, see prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before the lines above
        sys.exit("The supervisor is gone.")
    return True


def _end(children: Iterable[Child]) -> None:
    """Send SIGTERM to all, and SIGKILL to the process groups of those that do not end in time."""
    running = [c.process for c in children if c.process and c.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("Process %s did not end in time and is killed.", process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def end_signals() -> "queue.SimpleQueue[object]":
    """A queue that receives SIGTERM and SIGINT from now on.

    Not an Event: set() in a signal handler can wait for ever for the lock that wait() holds.
    """
    signals: queue.SimpleQueue[object] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: signals.put(number))
    return signals


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
