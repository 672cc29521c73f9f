"""What every unit of work is given."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webapp.settings import Settings
from webapp.store import Store, batches
from webapp.store.batches import Batch
from webapp.vault import Vault
from webapp.work.budget import Budget
from webapp.work.clients import Clients


@dataclass(frozen=True)
class Context:
    """The store, the vault, the way to ICA, the clock, and the word that it is time to stop."""

    settings: Settings
    store: Store
    vault: Vault
    clients: Clients
    budget: Budget
    clock: Callable[[], float]
    stop: threading.Event

    def record(self, batch: Batch, now: float | None = None, **values: Any) -> None:
        """As batches.record(), in a transaction of its own."""
        now = self.clock() if now is None else now
        with self.store.write() as connection:
            batches.record(connection, batch, now, **values)

    @classmethod
    def build(
        cls,
        settings: Settings,
        store: Store,
        vault: Vault,
        *,
        clock: Callable[[], float] = time.time,
        stop: threading.Event | None = None,
    ) -> "Context":
        """A context whose clients' calls are counted by its budget."""
        budget = Budget(settings.calls_per_second, clock)
        clients = Clients(settings, vault, clock=clock, on_call=budget.spend)
        return cls(settings, store, vault, clients, budget, clock, stop or threading.Event())
