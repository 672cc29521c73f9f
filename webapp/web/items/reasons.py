"""Why items did not end well: the groups of a submission, and of all submissions of a project."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import access, items, reasons, submissions
from webapp.store.enums import LEFT_OUT, State
from webapp.store.items import Slice
from webapp.store.submissions import Submission
from webapp.web.core import downloads, params
from webapp.web.core.access import ask_about_new_projects, submission_or_404
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import is_part
from webapp.web.core.links import Chip, ListUrl
from webapp.web.items import exports
from webapp.work.context import Context

TOP, MOST = 5, 200
DAY = 86_400.0
SINCE = {"7d": ("Last 7 days", 7 * DAY), "30d": ("Last 30 days", 30 * DAY), "all": ("All time", 0)}

blueprint = Blueprint("reasons", __name__)


@blueprint.get("/submissions/<int:submission_id>/reasons")
def page(submission_id: int) -> ResponseReturnValue:
    """All groups; as a part, the largest for the submission's own page."""
    submission = submission_or_404(submission_id)
    template, most = (
        ("items/_reasons_panel.html", TOP) if is_part() else ("items/reasons.html", MOST)
    )
    found = shown(submission, most)
    return render_template(template, submission=submission, **found)


@blueprint.get("/reasons")
def across() -> ResponseReturnValue:
    """The groups over all submissions of a project, or of all projects, of the chosen time."""
    ask_about_new_projects()
    project_id, since = params.text("project"), _since()
    place = ListUrl(url_for("reasons.across"), {"project": project_id})
    with context().store.read() as connection:
        found = reasons.across(connection, chosen_of_request(), MOST)
        projects = access.projects(connection, viewer().id, context().clock())
    return render_template(
        "items/all_reasons.html",
        found=found,
        total=sum(spread.count for spread in found),
        projects=projects,
        project_id=project_id,
        since=since,
        choices=[
            Chip(word, text, None, place.changed(since=word), word == since)
            for word, (text, _) in SINCE.items()
        ],
    )


@blueprint.get("/reasons/export.csv")
def export() -> ResponseReturnValue:
    """The items of one group, of all these submissions."""
    reason_id, here = params.whole("reason") or 0, context()
    held = here.read(reasons.holders, chosen_of_request(), reason_id)
    if not held:
        abort(404, "No submission of this time and project has such a reason any more.")
    rows = (
        (holder.name, *row)
        for holder in held
        for row in _rows(here, holder.submission_id, reason_id)
    )
    lines = downloads.csv_lines(("submission", *exports.COLUMNS), rows)
    return downloads.response(lines, f"reason-{reason_id}", "csv")


def _rows(here: Context, submission_id: int, reason_id: int) -> Iterator[tuple[object, ...]]:
    submission = here.read(submissions.get, submission_id)
    wanted = [Slice(None, reason_id=reason_id)]
    return exports.table_rows(here, submission, items.each(here.store, submission_id, wanted))


def chosen_of_request() -> reasons.Which:
    """The submissions of the project and the time that the request names."""
    seconds, now = SINCE[_since()][1], context().clock()
    begun_after = now - seconds if seconds else 0.0
    return submissions.begun_in(viewer(), params.text("project"), begun_after, now)


def _since() -> str:
    since = request.values.get("since", "30d")
    if since not in SINCE:
        abort(400, "The time is one of 7d, 30d and all.")
    return since


def text_of(submission: Submission, reason_id: int | None) -> str | None:
    """The words of a group that the address names; a group that is none of its own is a 404."""
    if reason_id is None:
        return None
    text = context().read(reasons.text_of, submission.id, reason_id)
    if text is None:
        abort(404, "This submission has no such group of reasons. See all of them on its page.")
    return text


def shown(submission: Submission, most: int = TOP, attempt: int | None = None) -> dict[str, Any]:
    """The largest groups of a submission, or of one attempt at it, for its page."""
    found, count = context().read(reasons.groups, submission.id, most, attempt)
    return {
        "reason_groups": found,
        "reasons_of": sum(submission.counts.values()) - submission.counts.get(LEFT_OUT, 0),
        "reason_count": count,
        "reasons_url": url_for("reasons.page", submission_id=submission.id),
        "reasons_move": submission.state == State.ACTIVE,
    }
