"""What survives a restart: every batch as it was asked for, one line of JSON each.

Links and outcomes follow from the batches in their order, so nothing else is kept. A line is
written once, when its batch is created; one that was torn by a crash is dropped when read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from webapp.simulator.operations import Kind


class Request(msgspec.Struct, frozen=True):
    """A batch as it was asked for. `odd`: the fault unknown-status struck it."""

    id: str
    kind: Kind
    project_id: str
    user_id: str
    created: float
    rate: float
    version: str
    odd: bool
    data_ids: list[str]


@dataclass(frozen=True, slots=True)
class Journal:
    """A file of requests; without a path it remembers nothing."""

    path: Path | None

    def read(self) -> Iterator[Request]:
        """Every request written whole, in order. Cuts a torn last line off the file."""
        if self.path is None or not self.path.exists():
            return
        with self.path.open("rb+") as file:
            whole = 0
            for line in file:
                if not line.endswith(b"\n"):
                    file.truncate(whole)
                    break
                whole += len(line)
                yield msgspec.json.decode(line, type=Request)

    def append(self, request: Request) -> None:
        """Write one request down before its batch is answered."""
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(msgspec.json.encode(request) + b"\n")
