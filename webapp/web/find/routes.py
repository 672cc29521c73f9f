"""Find: where are my ids? For each, every submission that holds it and what became of it."""

from collections.abc import Sequence

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.store import submissions
from webapp.store.find.queries import Find
from webapp.web.core import downloads, params
from webapp.web.core.access import ask_about_new_projects
from webapp.web.core.context import context, viewer
from webapp.web.core.forms import Errors, FormPage, answer
from webapp.web.core.links import ListUrl, Pager
from webapp.web.core.page import Page, render
from webapp.web.find import query, result
from webapp.web.find.result import AnswerRow
from webapp.web.find.summary import Outcome
from webapp.web.submissions.upload import Form, Unusable

blueprint = Blueprint("find", __name__)


class QueryPage(FormPage):
    """The form for a query."""

    template = "find/query.html"
    form: Form
    limit_mb: int


class FindPage(Page):
    """The answer to a query: all ids, or those with some outcomes. mine: the visitor asked it."""

    template = "find/result.html"
    find: Find
    mine: bool
    outcomes: list[str]
    total: int
    summary: list[Outcome]
    rows: list[AnswerRow]
    pager: Pager
    clear_url: str
    export_url: dict[str, str]


@blueprint.get("/find")
def form() -> ResponseReturnValue:
    return _form(Form.of_request(), Errors())


@blueprint.post("/find")
def ask() -> ResponseReturnValue:
    asked = Form.of_request()
    try:
        find_id = query.ask(asked)
    except Unusable as error:
        return _form(asked, error.errors)
    return redirect(url_for("find.page", find_id=find_id), 303)


@blueprint.get("/find/<find_id>")
def page(find_id: str) -> str:
    """The answer as of now, and as this visitor may see it, whoever asked."""
    asked = result.find_or_404(find_id)
    ask_about_new_projects()
    outcomes, found = params.words("outcome"), result.answer_to(asked)
    outcome_counts = found.outcome_counts()
    shown = outcome_counts.page(outcomes, params.cursor(), params.size())
    named = context().read(submissions.many, outcome_counts.named())
    chosen = {"outcome": outcomes, "size": params.chosen_size()}
    place = ListUrl(url_for("find.page", find_id=find_id), chosen)
    return render(
        FindPage(
            find=asked,
            mine=asked.account_id == viewer().id,
            outcomes=outcomes,
            total=outcome_counts.total,
            summary=outcome_counts.summary(named, asked.id, place),
            rows=list(found.rows(shown.rows)),
            pager=place.around(shown),
            clear_url=place.changed(outcome=None),
            export_url={form: _export_url(asked, outcomes, form) for form in ("csv", "txt")},
        )
    )


@blueprint.get("/find/<find_id>/export.<any(csv,txt):form>")
def export(find_id: str, form: str) -> ResponseReturnValue:
    """The answer as a table, a row for each submission that holds an id; or the ids alone."""
    asked = result.find_or_404(find_id)
    outcomes = params.words("outcome")
    found = result.answer_to(asked)
    picked = found.picked(outcomes)
    if form == "csv":
        lines = downloads.csv_lines(result.COLUMNS, map(result.values, found.rows(picked)))
    else:
        lines = (f"{asked.data_id}\n" for asked in found.ids(picked))
    return downloads.response(lines, "-".join([asked.name or "ids", *outcomes]), form)


def _form(form: Form, errors: Errors) -> ResponseReturnValue:
    return answer(QueryPage(errors, form, context().settings.upload_limit_mb))


def _export_url(asked: Find, outcomes: Sequence[str], form: str) -> str:
    place = url_for("find.export", find_id=asked.id, form=form)
    return ListUrl(place, {"outcome": outcomes}).changed()
