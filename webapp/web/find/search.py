"""One search for everything: a data id leads to where it is, a batch or a job of ICA to its
submission, anything else to the submissions that are called so.
"""

import re

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.store import batches
from webapp.web.core import params, searches
from webapp.web.core.access import ask_about_new_projects
from webapp.web.core.context import context, viewer
from webapp.web.core.forms import Unusable
from webapp.web.core.links import ListUrl
from webapp.web.find import query
from webapp.web.submissions.upload import Form

DATA_ID = re.compile(r"f(il|ol)\.[0-9a-f]{32}", re.IGNORECASE)
NO_BATCH = (
    "No submission that you may see has this batch or job of ICA. If it was made elsewhere, you "
    "can watch it here: say which project it is in."
)

blueprint = Blueprint("search", __name__)


@blueprint.post("/search")
def search() -> ResponseReturnValue:
    text = params.text("text")
    board = ListUrl(url_for("board.board"), {"search": searches.kept(text)})
    return redirect(leads_to(text) or board.changed(), 303)


def leads_to(text: str) -> str | None:
    """The address of what a text names: a data id, a batch or a job; None of anything else."""
    if DATA_ID.fullmatch(text):
        return _asked(text)
    if not params.is_uuid(text):
        return None
    ask_about_new_projects()
    found = context().read(batches.holder, viewer(), text.lower(), context().clock())
    if found is None:
        flash(NO_BATCH, "info")
        return url_for("adopt.adopt", batch_id=text.lower())
    return url_for("submissions.page", submission_id=found)


def _asked(data_id: str) -> str:
    """The answer to where this id is; the form to ask, where there is no room for another query."""
    try:
        find_id = query.ask(Form(project_id="", name="", ids=data_id, file=None))
    except Unusable as refused:
        for sentence in refused.errors.values():
            flash(sentence, "error")
        return url_for("find.form")
    return url_for("find.page", find_id=find_id)
