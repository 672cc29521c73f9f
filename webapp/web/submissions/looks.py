"""Looks: a page that is open tells that its reader has seen what a poll has changed (looks.js)."""

import re
from urllib.parse import unquote

from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue

from webapp.web.core import security
from webapp.web.submissions import visits
from webapp.web.submissions.visits import Look

MOST_SHOWN = 50  # a page of the board has fewer
SHOWN = re.compile(r"([0-9]{1,10})\.([0-9]{1,10})(?:/(\S{1,2000}))?")  # a submission, its revision
COUNTED = re.compile(r"([^:,\s]{1,200}):([0-9]{1,10})")  # and counts: LINKED:12,FAILED:3

blueprint = Blueprint("looks", __name__)


@blueprint.post("/looks")
def note() -> ResponseReturnValue:
    """It prolongs no session: a page that is left open is no visit of Linkboard."""
    security.load_viewer()
    if not g.get("viewer"):
        return "", 401
    visits.look_again(_shown(), is_back=bool(request.form.get("back")))
    return "", 204


def _shown() -> dict[int, Look]:
    """What the page shows, by submission."""
    words = request.form.get("shown", "").split()
    found = [SHOWN.fullmatch(word) for word in words]
    if len(words) > MOST_SHOWN or not all(found):
        abort(400, "This is not what a page of ours tells of itself. Reload the page.")
    return {int(one[1]): Look(int(one[2]), _counts(one[3] or "")) for one in found if one}


def _counts(text: str) -> dict[str, int]:
    return {unquote(one[1]): int(one[2]) for one in COUNTED.finditer(text)}
