"""The file that survives a restart: the request of every batch, one line of JSON each.

Links and outcomes follow from the requests in their order, so nothing else is kept. A line is
written once, when its batch is created. A last line that a crash left incomplete is dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from webapp.simulator.operations import Kind


class BatchRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a batch was created from. `unknown_status` and `only_available`: the faults
    `unknown-status` and `only-available-links` hit it.
    """

    id: str
    kind: Kind
    project_id: str
    user_id: str
    created: float
    rate: float
    version: str
    unknown_status: bool = msgspec.field(name="odd")  # as in files of earlier versions
    data_ids: list[str]
    only_available: bool = False


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file of requests; without a path nothing is kept."""

    path: Path | None

    def read(self) -> Iterator[BatchRequest]:
        """Every complete request, in order. Removes an incomplete last line from the file."""
        if self.path is None or not self.path.exists():
            return
        with self.path.open("rb+") as file:
            complete_bytes = 0
            for line in file:
                if not line.endswith(b"\n"):
                    file.truncate(complete_bytes)
                    break
                complete_bytes += len(line)
                yield msgspec.json.decode(line, type=BatchRequest)

    def append(self, request: BatchRequest) -> None:
        """Write one request; done before the call that creates its batch is answered."""
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(msgspec.json.encode(request) + b"\n")
