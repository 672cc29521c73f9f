"""The simulator in this very process, for tests: a free loopback port and a clock that obeys."""

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from webapp.simulator.app import API_PATH, create_app
from webapp.simulator.faults import Faults
from webapp.simulator.options import Options
from webapp.simulator.server import Server

FIRST_PROJECT = "00000000-0000-4000-8000-000000000001"
READ_ONLY_PROJECT = "00000000-0000-4000-8000-000000000002"
STRANGERS_PROJECT = "00000000-0000-4000-8000-000000000003"
DEMO_KEY, COLLEAGUE_KEY, STRANGER_KEY = "demo-key", "colleague-key", "stranger-key"


class Clock:
    """Tells seconds since 1970: those of its making until it is advanced."""

    def __init__(self, now: float | None = None) -> None:
        self.now = time.time() if now is None else now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Simulated:
    """A running simulator: `url` is ICA's base address, `root` the server's."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self.clock = clock
        self.port = server.port
        self.root = f"http://127.0.0.1:{server.port}"
        self.url = self.root + API_PATH
        self._server = server

    def calls(self) -> dict[str, int]:
        """How often each operation was called: {operationId: calls}."""
        calls: dict[str, int] = self._control("GET", "calls")
        return calls

    def total_calls(self) -> int:
        return sum(self.calls().values())

    def longest(self) -> dict[str, dict[str, int]]:
        """The most values of one parameter, and the longest request line in bytes, that each
        operation was asked by: {operationId: {"values": 100, "bytes": 5800}}.
        """
        longest: dict[str, dict[str, int]] = self._control("GET", "longest")
        return longest

    def forget_calls(self) -> None:
        self._control("POST", "reset")

    def faults(self) -> dict[str, Any]:
        faults: dict[str, Any] = self._control("GET", "faults")
        return faults

    def set_faults(self, faults: Mapping[str, float | str]) -> None:
        """Replace all faults: {"429": 0.1, "create:dropped-after": "1x"}; {} ends them."""
        self._control("POST", "faults", faults)

    def struck(self) -> dict[str, int]:
        """How often each fault has hit a call: {"create:429": 3}."""
        struck: dict[str, int] = self._control("GET", "struck")
        return struck

    def stop(self) -> None:
        """Go away in the middle of the test: ICA is out of reach from now on."""
        self._server.stop()

    def _control(self, method: str, name: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.root}/_simulator/{name}", data, method=method)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def simulator(
    *,
    clock: Clock | None = None,
    port: int = 0,
    rate: float = 12.5,
    faults: Mapping[str, float | str] | None = None,
    state: Path | None = None,
    token_seconds: float = 3600,
    latency_ms: float = 0,
    slow_seconds: float = 0.5,
    seed: int = 1,
    page_items: int = 1000,
    batch_items: int = 100,
    catalogue_files: int = 20_000,
    values: int = 20,
) -> Iterator[Simulated]:
    """A simulator for the length of a `with`; nothing moves but by `sim.clock.advance(...)`.

    A batch of n items is done (n + 25) / rate seconds after it was created.
    """
    clock = clock or Clock()
    options = Options(
        rate=rate,
        latency_ms=latency_ms,
        token_seconds=token_seconds,
        state_file=state,
        faults=Faults.from_json(faults or {}),
        seed=seed,
        slow_seconds=slow_seconds,
        page_items=page_items,
        batch_items=batch_items,
        catalogue_files=catalogue_files,
        values=values,
    )
    server = Server(create_app(options, clock), "127.0.0.1", port)
    server.start()
    simulated = Simulated(server, clock)
    try:
        yield simulated
    finally:
        simulated.stop()
