"""What every unit of work and every view is given: store, clients, budget and clock."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from webapp.settings import Settings
from webapp.store import Connection, Store
from webapp.vault import Vault
from webapp.work import refusals
from webapp.work.budget import Budget
from webapp.work.clients import Clients
from webapp.work.clock import Clock

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """The store, the vault, the clients of ICA, the clock, and the event that says: stop."""

    settings: Settings
    store: Store
    vault: Vault
    clients: Clients
    budget: Budget
    clock: Clock
    stop: threading.Event

    def read(
        self, ask: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function of the store that reads, in a transaction of its own."""
        with self.store.read() as connection:
            return ask(connection, *args, **kwargs)

    def read_one(
        self, ask: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As read(), of a function that executes one statement."""
        with self.store.read_one() as connection:
            return ask(connection, *args, **kwargs)

    def write(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function of the store that writes, in a transaction of its own."""
        with self.store.write() as connection:
            return change(connection, *args, **kwargs)

    def write_if_free(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """As write(), of what can wait: None, and nothing is kept, when nothing can be written
        within a moment.
        """
        return self.store.write_if_free(change, *args, **kwargs)

    def is_turn_over(self, started: float, seconds: float, account_id: int | None = None) -> bool:
        """Whether a unit is to give its lease back: it has worked for so many seconds, the worker
        stops, or the account may make no more calls now. `account_id` is None without calls.
        `started` is by the steady clock.
        """
        return (
            self.stop.is_set()
            or self.clock.steady() - started > seconds
            or (account_id is not None and self.budget.is_spent(account_id))
        )

    @classmethod
    def build(
        cls,
        settings: Settings,
        store: Store,
        vault: Vault,
        *,
        clock: Callable[[], float] | None = None,
        stop: threading.Event | None = None,
        place: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> "Context":
        """A context whose clients' calls are counted by its budget, and the refusals of keys; each
        is made within a place(). A `clock` that is given is the database's too.
        """
        if not isinstance(clock, Clock):
            clock = Clock.alone(clock) if clock else Clock(store)
        budget = Budget(settings.calls_per_second, clock.steady)
        clients = Clients(
            settings,
            vault,
            clock=clock,
            on_call=budget.spend,
            on_key=partial(refusals.note, store, clock),
            place=place,
        )
        return cls(settings, store, vault, clients, budget, clock, stop or threading.Event())
