"""What every view needs: the application's context, who is signed in, and where they are."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import TypeVar

from cachetools import TTLCache
from flask import current_app, g, request

from webapp.ica.client import IcaClient
from webapp.store.accounts import Account
from webapp.work.context import Context

KEY = "context"  # among the application's extensions
MAX_ADDRESS_CHARACTERS = 64

T = TypeVar("T")


def context() -> Context:
    """The context of this application."""
    found: Context = current_app.extensions[KEY]
    return found


def recent(make: Callable[[], T], seconds: float) -> T:
    """What this function gave last, at most so many seconds ago: it costs much, so one request at a
    time calls it.
    """
    fresh = Lock(), TTLCache[str, T](1, seconds, timer=context().clock.steady)
    lock, kept = current_app.extensions.setdefault(f"{make.__module__}.{make.__qualname__}", fresh)
    with lock:
        found: T | None = kept.get("")
        if found is None:
            found = kept[""] = make()
        return found


def viewer() -> Account:
    """Who is signed in; security.py lets nobody else come this far."""
    account: Account = g.viewer
    return account


def remote_address() -> str:
    """Where the request comes from, as the proxies say that are trusted; "" if that is no address.

    A header that a proxy passes on may hold any text.
    """
    try:
        return str(ip_address(request.remote_addr or ""))
    except ValueError:
        return ""


def network(address: str) -> str:
    """What counts as one address: an IPv6 client has 64 bits of its own."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:MAX_ADDRESS_CHARACTERS]
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ip_network((int(found), 64), strict=False))
    return str(found)


def ica_client() -> IcaClient:
    """The client that acts for the visitor. Raises NoKey when their key is gone."""
    return context().clients.of(viewer())
