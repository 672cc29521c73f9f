"""A whole Linkboard before a simulated ICA, all of it processes, any of which may be killed."""

import json
import os
import random
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.processes import Program, linkboard, python

ICA_RATE = 3_500.0  # items a second of each batch
SLOW_SECONDS = 1.0
SIMULATE = f"""
import sys
from pathlib import Path
from webapp.simulator.options import Options
from webapp.simulator.server import run

options = Options(
    rate={ICA_RATE}, slow_seconds={SLOW_SECONDS}, state_file=Path(sys.argv[1]),
    seed=int(sys.argv[2]),
)
run("127.0.0.1", 0, options, ready=lambda port: print(f"ICA is at port {{port}}", flush=True))
"""
CALLS_PER_SECOND = 2_000
BATCH_SIZE = 1_750
VICTIMS = {"work": 4, "web": 3, "supervisor": 2}  # and how often each is killed


class Ica:
    """The simulated ICA, which nobody kills; its file keeps every batch that it made."""

    def __init__(self, program: Program, state: Path) -> None:
        port = int(program.wait_for(r"^ICA is at port (\d+)$")[1])
        self.state = state
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/ica/rest"

    def set_faults(self, faults: Mapping[str, float]) -> None:
        self._control("faults", json.dumps(faults).encode())

    def calls(self) -> Counter[str]:
        return Counter(self._control("calls"))

    def struck(self) -> Counter[str]:
        """How often each fault has hit a call: {"create:429": 3}."""
        return Counter(self._control("struck"))

    def _control(self, name: str, body: bytes | None = None) -> Any:
        asked = urllib.request.Request(f"{self.root}/_simulator/{name}", body)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.loads(answer.read())


class System:
    """`linkboard serve`, and more workers where there is a database for several."""

    def __init__(self, ica: Ica, database_url: str, folder: Path, *, more_workers: int) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.killed: Counter[str] = Counter()
        self.said = ""  # by processes that are gone
        self._settings: dict[str, object] = {
            "data_dir": folder,
            "port": port,
            "ica_url": ica.url,
            "web_processes": 1,
            "batch_size": BATCH_SIZE,
            "calls_per_second": CALLS_PER_SECOND,
            "database_url": database_url,
            "log_level": "WARNING",
        }
        self._serve = self._start_serve()
        self._workers = [self._start_worker() for _ in range(more_workers)]

    def kill(self, victim: str, chance: random.Random) -> None:
        """SIGKILL one, or all of it together; whoever would start it again does."""
        self.killed[victim] += 1
        if victim == "supervisor":
            self._serve.send(signal.SIGKILL)  # its children end with it
            if chance.random() < 0.5:  # or die as well
                self._kill_each(self._descendants())
            self._serve.wait_until_all_are_gone(within=20)
            self._end(self._serve)
            self._serve = self._start_serve()
        elif victim == "work" and self._workers and chance.random() < 0.5:
            number = chance.randrange(len(self._workers))
            self._end(self._workers[number])
            self._workers[number] = self._start_worker()
        else:
            self._kill_each(self._running(victim)[-1:])

    def close(self) -> None:
        for program in (self._serve, *self._workers):
            self._end(program)

    def _end(self, program: Program) -> None:
        program.__exit__()
        self.said += program.output

    def _start_serve(self) -> Program:
        program = linkboard("serve", **self._settings)
        program.wait_for("^Linkboard is at", within=60)
        return program

    def _start_worker(self) -> Program:
        return linkboard("work", **self._settings)

    def _running(self, command: str) -> list[int]:
        """The processes of this child of the supervisor; the last was started last."""
        found = [pid for pid in self._descendants() if command in _words(pid)]
        return found if command == "web" else found[:1]

    def _descendants(self) -> list[int]:
        return list(_descendants(self._serve.pid))

    def _kill_each(self, pids: list[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def running(
    database_url: str, folder: Path, seed: int, *, more_workers: int
) -> Iterator[tuple[Ica, System]]:
    state = folder / "ica.jsonl"
    with ExitStack() as opened:
        ica = Ica(opened.enter_context(python(SIMULATE, state, seed)), state)
        system = System(ica, database_url, folder / "data", more_workers=more_workers)
        opened.callback(system.close)
        yield ica, system


def kill_now_and_then(system: System, goes_on: Callable[[], bool], pause: float, seed: int) -> None:
    """Kill one after the other, `pause` seconds between two on average."""
    chance = random.Random(seed)
    names, weights = list(VICTIMS), list(VICTIMS.values())
    while goes_on():
        system.kill(chance.choices(names, weights)[0], chance)
        time.sleep(chance.uniform(0.2, 1.8) * pause)


def _descendants(pid: int) -> Iterator[int]:
    """The processes that this one has started, and theirs."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))


def _words(pid: int) -> list[str]:
    """A process's command line."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []
