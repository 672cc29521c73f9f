"""One search for everything: a data id leads to where it is, a batch or a job of ICA to its
submission, the name, path or label of items to these; anything else to the submissions that are
called so.
"""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.idlist.ids import find_entries
from webapp.store import batches, board
from webapp.store.board import Filter
from webapp.store.enums import Match
from webapp.web.core import params, searches
from webapp.web.core.access import ask_about_new_projects
from webapp.web.core.context import context, viewer
from webapp.web.core.forms import Unusable
from webapp.web.core.links import ListUrl
from webapp.web.find import query
from webapp.web.submissions.upload import Form

LEAST_PART = 3  # characters: fewer are a part of nearly everything
NO_BATCH = (
    "No submission that you may see has this batch or job of ICA. If it was made elsewhere, you "
    "can watch it here: say which project it is in."
)

blueprint = Blueprint("search", __name__)


@blueprint.post("/search")
def search() -> ResponseReturnValue:
    return redirect(leads_to(params.text("text"), ListUrl(url_for("board.board"), {})), 303)


def leads_to(text: str, place: ListUrl) -> str:
    """The address of what a text names: a data id, a batch or a job, items that are called so; else
    the board as `place` has it, with what is called like this.
    """
    try:
        return _named(text) or _on_board(text, place)
    except Unusable as refused:  # there is no room for another query
        for sentence in refused.errors.values():
            flash(sentence, "error")
        return url_for("find.form")


def _named(text: str) -> str | None:
    """The address of the one thing that has this text as its id; None of anything else."""
    if data_id := _data_id(text):
        form = Form(project_id="", name="", ids=data_id, file=None)
        return url_for("find.page", find_id=query.ask(form))
    if not params.is_uuid(text):
        return None
    ask_about_new_projects()
    found = context().read(batches.holder, viewer(), text.lower(), context().clock())
    if found is not None:
        return url_for("submissions.page", submission_id=found)
    if find_id := query.ask_by_name(text):
        return url_for("find.page", find_id=find_id)
    flash(NO_BATCH, "info")
    return url_for("adopt.adopt", batch_id=text.lower())


def _data_id(text: str) -> str:
    """The whole data id that a text is, or that an address of ICA has; "" without one. A part of an
    id is none: it would be told of as one that was never submitted.
    """
    entries = [*find_entries(text, 1)]
    is_one = len(entries) == 1 and not entries[0].unusual
    return entries[0].data_id if is_one else ""


def _on_board(text: str, place: ListUrl) -> str:
    """The items alone where they are called so, and no submission is, else the board, which leads
    to them. Where no item is, those with the text as a part of what they are called, or as the
    beginning of their data id.
    """
    find_id = query.ask_by_name(text) if text else None
    if not find_id and len(text) >= LEAST_PART:
        find_id = query.ask_by_name(text, Match.PART)
    called = Filter(text=text)
    if find_id and not context().read(board.groups, viewer(), called, context().clock()):
        return url_for("find.page", find_id=find_id)
    return place.changed(search=searches.kept(text), items=find_id)
