"""The theme: light, dark, or what the reader's system has. A cookie keeps it, so that pages come in
their colours without a script.
"""

from urllib.parse import unquote

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

COOKIE = "linkboard-theme"
THEMES = ("light", "dark")
YEAR_SECONDS = 31_536_000

blueprint = Blueprint("theme", __name__)


def chosen() -> str:
    """One of THEMES, "" for what the reader's system has."""
    word = request.cookies.get(COOKIE, "")
    return word if word in THEMES else ""


@blueprint.post("/theme")
def choose() -> ResponseReturnValue:
    """Keep the choice, and show the page again that it was made on."""
    word = request.form.get("theme", "")
    response = redirect(_page_before(), 303)
    response.set_cookie(
        COOKIE,
        word if word in THEMES else "",
        max_age=YEAR_SECONDS,
        path=request.script_root or "/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _page_before() -> str:
    """Where the form was sent from: our own policy has browsers say so to us alone. The board where
    that is no page of ours, or the answer to another form.
    """
    before = request.referrer or ""
    address = before.removeprefix(request.root_url)
    path, adapter = unquote(address.partition("?")[0]), current_app.create_url_adapter(request)
    is_ours = address != before and not path.startswith("/")
    if is_ours and adapter is not None and adapter.test(f"/{path}", "GET"):
        return f"{request.script_root}/{address}"
    return url_for("board.board")
