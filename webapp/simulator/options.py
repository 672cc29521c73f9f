"""The simulator's options: one frozen dataclass."""

from dataclasses import dataclass, field
from pathlib import Path

from webapp.simulator.catalogue import DEFAULT_FILES
from webapp.simulator.faults import Faults
from webapp.simulator.paging import MAX_PAGE_ITEMS


@dataclass(frozen=True, slots=True)
class Options:
    """`rate` is items a second of each batch: by default 500 items end in 42 s.

    `slow_seconds` is the delay by the fault `slow`; the default is longer than clients' timeouts.
    `page_items` is the most that a page may have, `batch_items` a batch by the faults `too-large`.
    `values` is the most that a parameter may have by the fault `too-many-values`.
    `catalogue_files` are those of sequencing runs that each project with data of its own has.
    Raises ValueError for numbers out of range.
    """

    rate: float = 12.5
    latency_ms: float = 0.0
    token_seconds: float = 3600.0
    state_file: Path | None = None
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    slow_seconds: float = 12.0
    page_items: int = MAX_PAGE_ITEMS
    batch_items: int = 100
    catalogue_files: int = DEFAULT_FILES
    values: int = 20

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.token_seconds <= 0:
            raise ValueError("The rate and the seconds of a token must be more than 0.")
        if self.latency_ms < 0:
            raise ValueError("The latency must not be negative.")
        if self.page_items < 1 or self.batch_items < 1:
            raise ValueError("A page and a batch have at least one item.")
        if self.catalogue_files < 0 or self.values < 0:
            raise ValueError("The numbers of files and of values must not be negative.")
