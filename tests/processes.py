"""Programs that a test starts, reads, and sees end with all the processes they started."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("LINKBOARD_")}


class Program:
    """A program and its descendants: they share its output, which ends when the last one does."""

    def __init__(self, argv: Sequence[object], environ: Mapping[str, object] = CLEAN) -> None:
        self.output = ""
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [str(word) for word in argv],
            env={name: str(value) for name, value in environ.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        self._pipe: IO[str] = self._process.stdout
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.send(signal.SIGKILL)
        self.wait_until_all_are_gone(within=15)
        self._process.wait()
        self._pipe.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def wait_for(self, pattern: str, within: float = 20) -> re.Match[str]:
        """The first match in a line that was not yet read."""
        deadline = time.monotonic() + within
        while (line := self._next_line(deadline)) is not None:
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern!r} is not in the output:\n{self.output}")

    def wait_until_all_are_gone(self, within: float = 10) -> int:
        """The program's exit code, once neither it nor a descendant runs any more."""
        self._reader.join(within)
        assert not self._reader.is_alive(), f"Something still runs after {within} s:\n{self.output}"
        return self._process.wait(within)

    def _read(self) -> None:
        for line in self._pipe:
            self.output += line
            self._lines.put(line)
        self._lines.put(None)

    def _next_line(self, deadline: float) -> str | None:
        try:
            return self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None


def until(true: Callable[[], object], within: float = 30.0, pause: float = 0.2) -> None:
    """Wait until something is so: for what another process does and does not tell. A moment goes
    by between two looks.
    """
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"Not within {within} s."
        time.sleep(pause)


def linkboard(*arguments: object, **settings: object) -> Program:
    """The command, with settings such as port=8000 and with none from outside."""
    environ = {f"LINKBOARD_{name.upper()}": value for name, value in settings.items()}
    return Program([sys.executable, "-m", "webapp.cli", *arguments], CLEAN | environ)


def output_of(command: str, settings: Mapping[str, object], *options: object) -> tuple[int, str]:
    """A command's exit code and all that it writes."""
    with linkboard(command, *options, **settings) as program:
        return program.wait_until_all_are_gone(within=30), program.output


def python(code: str, *arguments: object) -> Program:
    return Program([sys.executable, "-c", code, *arguments])
