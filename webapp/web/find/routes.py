"""Find: where are my ids? For each, every submission that holds it and what became of it."""

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.store import submissions
from webapp.store.documents import FindReview
from webapp.store.enums import AuditAction, Match
from webapp.store.find import queries
from webapp.store.find.queries import Find
from webapp.web.core import audit, params
from webapp.web.core.access import ask_about_new_projects
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.forms import Errors, FormPage, Unusable, answer
from webapp.web.core.links import ListUrl, Pager
from webapp.web.core.page import Page, render
from webapp.web.find import exports, query, result
from webapp.web.find.result import AnswerRow
from webapp.web.find.summary import Outcome
from webapp.web.submissions import upload
from webapp.web.submissions.upload import Form

SHOWN_QUERIES = 10

blueprint = Blueprint("find", __name__)


class QueryPage(FormPage):
    """The form for a query, and what the visitor `asked` last."""

    template = "find/query.html"
    form: Form
    limit_mb: int
    asked: list[Find]


class FindPage(Page):
    """The answer to a query: all ids, or those with some outcomes. mine: the visitor asked it.
    heading: its name, or the one thing that it asks for (of_one) and how often that is here.
    asked_for: what stands in it, in sentences. total: how many ids and names its reader is told of.
    """

    template = "find/result.html"
    find: Find
    mine: bool
    of_one: bool
    heading: str
    outcomes: list[str]
    asked_for: str
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
        return _form(upload.keep_file(asked, error.errors), error.errors)
    return redirect(url_for("find.page", find_id=find_id), 303)


@blueprint.get("/find/<find_id>")
def page(find_id: str) -> str:
    """The answer as of now, and as this visitor may see it, if they asked or it is shared."""
    asked = result.find_or_404(find_id)
    ask_about_new_projects()
    outcomes, found = params.words("outcome"), result.Answer(asked)
    outcome_counts = found.outcome_counts()
    shown = outcome_counts.page(outcomes, params.cursor(), params.size())
    named = context().read(submissions.many, outcome_counts.named())
    chosen = {"outcome": outcomes, "size": params.chosen_size()}
    place = ListUrl(url_for("find.page", find_id=find_id), chosen)
    rows = list(found.rows(shown.rows))
    pager = place.around(shown, outcome_counts.among(outcomes), sized=True)
    if asked.review.cut and pager.position:
        pager = replace(pager, position=f"{pager.position} or more")
    return render(
        FindPage(
            find=asked,
            mine=asked.account_id == viewer().id,
            of_one=asked.review.asked == 1,
            heading=_heading(asked, rows, outcome_counts.total),
            outcomes=outcomes,
            asked_for=_asked_for(asked.review, mine=asked.account_id == viewer().id),
            total=outcome_counts.total,
            summary=outcome_counts.summary(named, asked.id, place),
            rows=rows,
            pager=pager,
            clear_url=place.changed(outcome=None),
            export_url=exports.urls(asked, outcomes),
        )
    )


def _heading(asked: Find, rows: Sequence[AnswerRow], ids: int) -> str:
    """The name of a query; without one, the one thing that it asks for and where its reader sees
    that. Where the page has not the rows of all its ids, only how many these are.
    """
    if asked.name or asked.review.asked != 1:
        return asked.name or "Where are my ids?"
    what = f"“{asked.first}”"
    if asked.review.cut:
        return f"{what}: {ids:,} or more ids"
    if len({row.asked.ordinal for row in rows}) < ids:
        return f"{what}: {plural(ids, 'id')}"
    within = [row.submission.id for row in rows if row.submission]
    if not within:
        return f"{what}: in no list that you may see"
    items, lists = plural(len(within), "item"), plural(len(set(within)), "submission")
    return f"{what}: {items} in {lists}"


def _asked_for(review: FindReview, *, mine: bool) -> str:
    """How many ids, names and paths were asked for, and to how many data these led whoever asked:
    others may see fewer of them.
    """
    if review.match == Match.PART:
        kept = (
            f" There are more than the {review.ids:,} that were found first, which alone are here"
        )
        cut = f"{kept}: type more of it to see those that you mean." if review.cut else ""
        return (
            "No item is called so as a whole. Looked for as a part of labels, names and paths, and "
            "as the beginning of data ids, in all projects that you may read; upper and lower case "
            f"do not matter.{cut}"
        )
    if review.match == Match.ANY_CASE and review.asked == review.known == 1:
        return (
            "Items with this label, name or path, in all projects that you may read; upper and "
            "lower case do not matter."
        )
    if not review.names:
        return f"{plural(review.ids, 'id')}, looked for in all projects that you may read."
    ids = f"{plural(review.given, 'id')} and " if review.given else ""
    names = plural(review.names, "name, path or label", "names, paths or labels")
    everywhere = f"{ids}{names}, looked for in all projects that you may read."
    one = review.known == 1
    these = "1 of the names is" if one else f"{review.known:,} of the names are"
    led = f" {these} known, and lead{'s' if one else ''} to {plural(review.led, 'data id')}."
    return everywhere + (led if mine else "")


def _form(form: Form, errors: Errors) -> ResponseReturnValue:
    asked = context().read(queries.newest, viewer().id, SHOWN_QUERIES)
    return answer(QueryPage(errors, form, context().settings.upload_limit_mb, asked))


@blueprint.post("/find/<find_id>/share")
def share(find_id: str) -> ResponseReturnValue:
    """Whoever has the link may see the query from now on; the answer is by their own access."""
    told = "It is shared: who has the link and signs in to the same ICA can see it."
    return _share(_own(find_id, "share"), context().clock(), told)


@blueprint.post("/find/<find_id>/unshare")
def stop_sharing(find_id: str) -> ResponseReturnValue:
    told = "It is not shared any more: the link works for you alone."
    return _share(_own(find_id, "stop sharing"), None, told)


@blueprint.post("/find/<find_id>/delete")
def delete(find_id: str) -> ResponseReturnValue:
    """The query and its ids; what it found is no part of it."""
    asked = _own(find_id, "delete")
    with context().store.write() as connection:
        queries.discard(connection, find_id, context().clock())
        audit.note(connection, AuditAction.DELETE, what="a search", question=asked.name)
    flash(f"“{asked.name or 'Your search'}” was deleted. No submission was changed.", "success")
    return redirect(url_for("find.form"), 303)


def _share(asked: Find, shared_at: float | None, told: str) -> ResponseReturnValue:
    action = AuditAction.SHARE if shared_at else AuditAction.UNSHARE
    with context().store.write() as connection:
        queries.share(connection, asked.id, shared_at)
        audit.note(connection, action, question=asked.name)
    flash(told, "success")
    return redirect(url_for("find.page", find_id=asked.id), 303)


def _own(find_id: str, doing: str) -> Find:
    """The query, if the visitor asked it; for others a 403, if they may see it."""
    found = result.find_or_404(find_id)
    if found.account_id != viewer().id:
        abort(403, f"Only {found.asker}, who made this search, can {doing} it.")
    return found
