"""The theme: light, dark, or what the reader's system has. A cookie keeps it, so that pages come in
their colours without a script.
"""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.web.core import params

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
    before = params.page_before()
    response = redirect(request.script_root + before if before else url_for("board.board"), 303)
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
