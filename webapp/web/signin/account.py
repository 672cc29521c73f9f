"""The visitor's account: the work that needs their key, and where they are signed in."""

import re

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection, accounts, sessions
from webapp.store.enums import AuditAction
from webapp.store.sessions import Session
from webapp.web.core import audit
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.page import Page, render

MAX_LISTED = 50  # sessions
HANDLE = re.compile(rf"[0-9a-f]{{{sessions.HANDLE_CHARACTERS}}}")

blueprint = Blueprint("account", __name__)


class AccountPage(Page):
    """The visitor's account.

    unsettled: the names of the submissions that need their key. sessions: this one, then those
    visited last, of `session_count` in all. this: its handle.
    """

    template = "signin/account.html"
    unsettled: list[str]
    sessions: list[Session]
    session_count: int
    this: str


@blueprint.get("/account")
def page() -> str:
    """What runs by the key, signing out with or without erasing it, and the sessions."""
    with context().store.read() as connection:
        unsettled = accounts.unsettled_work(connection, viewer().id)
        listed, count = sessions.live(connection, viewer().id, context().clock(), MAX_LISTED)
    this = sessions.handle_of(_token())
    listed.sort(key=lambda one: one.handle != this)
    return render(AccountPage(unsettled, listed, count, this))


@blueprint.post("/account/sessions/end")
def end_sessions() -> ResponseReturnValue:
    """End one of the visitor's sessions, all others, or all."""
    with context().store.write() as connection:
        ended = _end(connection)
        if ended:
            audit.note(connection, AuditAction.SESSION_END, sessions=ended)
        still_here = sessions.account_of(connection, _token(), context().clock())
    if not still_here:
        session.clear()
    told = plural(ended, "session was", "sessions were") if ended else "No session was"
    flash(f"{told} ended.", "success" if ended else "info")
    return redirect(url_for("account.page" if still_here else "signin.signin"), 303)


def _end(connection: Connection) -> int:
    """End what the form names; returns how many sessions that were."""
    handle, which = request.form.get("session", ""), request.form.get("which", "")
    if HANDLE.fullmatch(handle):
        return sessions.end(connection, viewer().id, handle)
    if which not in {"others", "all"}:
        return 0
    kept = _token() if which == "others" else ""
    return sessions.end_all(connection, viewer().id, context().clock(), but=kept)


def _token() -> str:
    return str(session.get("token", ""))
