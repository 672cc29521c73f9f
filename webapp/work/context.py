"""What every unit of work and every view is given."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from webapp.settings import Settings
from webapp.store import Connection, Store, batches
from webapp.store.batches import Batch
from webapp.vault import Vault
from webapp.work.budget import Budget
from webapp.work.clients import Clients

P = ParamSpec("P")
T = TypeVar("T")


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

    def read(
        self, ask: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What a function of the store answers, in a transaction of its own."""
        with self.store.read() as connection:
            return ask(connection, *args, **kwargs)

    def write(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Have a function of the store change something, in a transaction of its own."""
        with self.store.write() as connection:
            return change(connection, *args, **kwargs)

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
