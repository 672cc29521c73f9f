"""How the simulator is to behave: one frozen dataclass."""

from dataclasses import dataclass, field
from pathlib import Path

from webapp.simulator.faults import Faults


@dataclass(frozen=True, slots=True)
class Options:
    """`rate` is items a second of each batch: the default brings 500 items home in 42 s."""

    rate: float = 12.5
    latency_ms: float = 0.0
    token_seconds: float = 3600.0
    state: Path | None = None
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    slow_seconds: float = 12.0
