"""Find: where are my ids? For each, every submission that holds it and what became of it."""

import re
from collections.abc import Sequence

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import submissions
from webapp.store.find import queries
from webapp.store.find.queries import Find
from webapp.store.find.search import Reader
from webapp.web import answer, downloads, forms, params, question
from webapp.web.answer import Answer, Tallies
from webapp.web.desk import ask_about_new_projects, desk, viewer
from webapp.web.intake import Errors, Form, Unusable

FIND_ID = re.compile(r"[A-Za-z0-9_-]{16}")
TALLIES = "tallies"  # of each application

blueprint = Blueprint("find", __name__)
blueprint.record(lambda state: state.app.extensions.update({TALLIES: Tallies()}))


@blueprint.get("/find")
def form() -> ResponseReturnValue:
    return _form(Form.of_request(), {})


@blueprint.post("/find")
def ask() -> ResponseReturnValue:
    asked = Form.of_request()
    try:
        find_id = question.ask(asked)
    except Unusable as error:
        return _form(asked, error.errors)
    return redirect(url_for("find.page", find_id=find_id), 303)


@blueprint.get("/find/<find_id>")
def page(find_id: str) -> ResponseReturnValue:
    """The answer as of now, and as this visitor may see it, whoever asked."""
    asked = _find_or_404(find_id)
    ask_about_new_projects()
    outcomes, found = params.words("outcome"), _answer_to(asked)
    tally = found.tally()
    shown = tally.page(outcomes, params.cursor(), params.size())
    named = desk().read(submissions.many, tally.named())
    chosen = {"outcome": outcomes, "size": params.chosen_size()}
    place = params.Place(url_for("find.page", find_id=find_id), chosen)
    return render_template(
        "find/answer.html",
        find=asked,
        mine=asked.account_id == viewer().id,
        outcomes=outcomes,
        total=tally.total,
        summary=tally.summary(named, asked.id),
        rows=list(found.rows(shown.rows)),
        filter_url={
            word: place.but(outcome=params.toggled(outcomes, word)) for word in tally.counts
        },
        clear_url=place.but(outcome=None),
        export_url={form: _export_url(asked, outcomes, form) for form in ("csv", "txt")},
        **place.around(shown),
    )


@blueprint.get("/find/<find_id>/export.<any(csv,txt):form>")
def export(find_id: str, form: str) -> ResponseReturnValue:
    """The answer as a table, a row for each submission that holds an id; or the ids alone."""
    asked = _find_or_404(find_id)
    outcomes = params.words("outcome")
    found = _answer_to(asked)
    picked = found.picked(outcomes)
    if form == "csv":
        lines = downloads.csv_lines(answer.COLUMNS, map(answer.values, found.rows(picked)))
    else:
        lines = (f"{asked.data_id}\n" for asked in found.ids(picked))
    return downloads.response(lines, "-".join([asked.name or "ids", *outcomes]), form)


def ids_to_send() -> str:
    """The ids of ?find=…&outcome=…, one a line, for the form of a new submission; or ""."""
    if "find" not in request.args:
        return ""
    found = _answer_to(_find_or_404(request.args["find"]))
    picked = found.picked(params.words("outcome"))
    return "\n".join(asked.data_id for asked in found.ids(picked))


def _form(form: Form, errors: Errors) -> ResponseReturnValue:
    limit_mb = desk().settings.upload_limit_mb
    return forms.answer("find/ask.html", errors, form=form, limit_mb=limit_mb)


def _find_or_404(find_id: str) -> Find:
    ours = FIND_ID.fullmatch(find_id)
    found = desk().read(queries.get, find_id, viewer().ica_url) if ours else None
    return found or abort(
        404, "There is no such question, or it is too old to be kept. Ask it again."
    )


def _answer_to(asked: Find) -> Answer:
    tallies: Tallies = current_app.extensions[TALLIES]
    return Answer(desk(), asked, Reader(viewer(), desk().now()), tallies)


def _export_url(asked: Find, outcomes: Sequence[str], form: str) -> str:
    place = url_for("find.export", find_id=asked.id, form=form)
    return params.Place(place, {"outcome": outcomes}).but()
