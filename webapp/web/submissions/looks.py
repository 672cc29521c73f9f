"""Looks: a page that is open tells that its reader has seen what a poll has changed (looks.js)."""

import re

from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue

from webapp.web.core import security
from webapp.web.submissions import visits

MOST_SHOWN = 50  # a page of the board has fewer
SHOWN = re.compile(r"([0-9]{1,10})\.([0-9]{1,10})")  # a submission and its revision

blueprint = Blueprint("looks", __name__)


@blueprint.post("/looks")
def note() -> ResponseReturnValue:
    """It prolongs no session: a page that is left open is no visit of Linkboard."""
    security.load_viewer()
    if not g.get("viewer"):
        return "", 401
    visits.look_again(_shown(), is_back=bool(request.form.get("back")))
    return "", 204


def _shown() -> dict[int, int]:
    """The revisions that the page shows, by submission."""
    words = request.form.get("shown", "").split()
    found = [SHOWN.fullmatch(word) for word in words]
    if len(words) > MOST_SHOWN or not all(found):
        abort(400, "This is not what a page of ours tells of itself. Reload the page.")
    return {int(one[1]): int(one[2]) for one in found if one}
