"""What every view needs: the application's context, and who is signed in."""

from flask import current_app, g

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


def ica_client() -> IcaClient:
    """The client that acts for the visitor. Raises NoKey when their key is gone."""
    return context().clients.of(viewer())
