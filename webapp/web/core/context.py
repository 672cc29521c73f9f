"""What every view needs: the application's context, who is signed in, and where they are."""

from ipaddress import ip_address

from flask import current_app, g, request

from webapp.ica.client import IcaClient
from webapp.store.accounts import Account
from webapp.work.context import Context

KEY = "context"  # among the application's extensions


def context() -> Context:
    """The context of this application."""
    found: Context = current_app.extensions[KEY]
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


def ica_client() -> IcaClient:
    """The client that acts for the visitor. Raises NoKey when their key is gone."""
    return context().clients.of(viewer())
