"""Why items did not end well: the groups of a submission, and of all submissions of a project."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import access, items, reasons, submissions
from webapp.store.items import Slice
from webapp.store.submissions import Submission
from webapp.store.words import State
from webapp.web import downloads, exports, params
from webapp.web.desk import ask_about_new_projects, desk, submission_or_404, viewer
from webapp.web.filters import share
from webapp.web.htmx import is_part, page_or_part

TOP, MOST = 5, 200
DAY = 86_400.0
SINCE = {"7d": ("Last 7 days", 7 * DAY), "30d": ("Last 30 days", 30 * DAY), "all": ("All time", 0)}

blueprint = Blueprint("reasons", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """A group of reasons with what can be done about it."""

    status: str
    text: str
    count: int
    share: str
    first_seen: float
    examples: list[tuple[str, str]]
    show: str
    export: str
    retry: str


@blueprint.get("/submissions/<int:submission_id>/reasons")
def page(submission_id: int) -> ResponseReturnValue:
    """All groups; as a part, the largest for the submission's own page."""
    submission = submission_or_404(submission_id)
    template = page_or_part("reasons/reasons.html", "reasons/_panel.html")
    found = shown(submission, TOP if is_part() else MOST)
    return render_template(template, submission=submission, **found)


@blueprint.get("/reasons")
def across() -> ResponseReturnValue:
    """The groups over all submissions of a project, or of all projects, of the chosen time."""
    ask_about_new_projects()
    project_id, since = params.text("project"), _since()
    with desk().store.read() as connection:
        found = reasons.across(connection, _chosen(project_id, since), MOST)
        projects = access.projects(connection, viewer().id, desk().now())
    return render_template(
        "reasons/across.html",
        found=[(spread, _export_all(spread, project_id, since)) for spread in found],
        total=sum(spread.count for spread in found),
        projects=projects,
        project_id=project_id,
        since=since,
        choices=_times(project_id, since),
    )


@blueprint.get("/reasons/export.csv")
def export() -> ResponseReturnValue:
    """The items of one group, of all these submissions."""
    reason_id, chosen = params.whole("reason"), _chosen(params.text("project"), _since())
    store = desk().store  # the rows are read when the request is over
    with store.read() as connection:
        held = reasons.holders(connection, chosen, reason_id) if reason_id else []
    if not held:
        abort(404, "No submission of this time and project has such a reason any more.")
    rows = (
        (holder.name, *exports.of_table(item, item.status))
        for holder in held
        for item in items.each(store, holder.submission_id, [Slice(None, reason_id=reason_id)])
        if item.retried_in is None
    )
    lines = downloads.csv_lines(("submission", *exports.COLUMNS), rows)
    return downloads.response(lines, f"reason-{reason_id}", "csv")


def _export_all(spread: reasons.Spread, project_id: str, since: str) -> str | None:
    """The export of a group of several submissions; that of one is its own."""
    if len(spread.holders) == 1:
        return None
    asked = {"reason": spread.reason_id, "project": project_id, "since": since}
    return url_for("reasons.export") + params.query(asked)


def _since() -> str:
    since = request.args.get("since", "30d")
    if since not in SINCE:
        abort(400, "The time is one of 7d, 30d and all.")
    return since


def _chosen(project_id: str, since: str) -> reasons.Which:
    seconds, now = SINCE[since][1], desk().now()
    return submissions.begun_in(viewer(), project_id, now - seconds if seconds else 0.0, now)


def text_of(submission: Submission, reason_id: int | None) -> str | None:
    """The words of a group that the address names; a group that is none of its own is a 404."""
    if reason_id is None:
        return None
    with desk().store.read() as connection:
        text = reasons.text_of(connection, submission.id, reason_id)
    if text is None:
        abort(404, "This submission has no such group of reasons. See all of them on its page.")
    return text


@dataclass(frozen=True, slots=True)
class Time:
    """How far back to look, as a link."""

    text: str
    href: str
    chosen: bool


def _times(project_id: str, since: str) -> list[Time]:
    here = url_for("reasons.across")
    return [
        Time(text, here + params.query({"project": project_id, "since": word}), word == since)
        for word, (text, _) in SINCE.items()
    ]


def shown(submission: Submission, most: int = TOP) -> dict[str, Any]:
    """The largest groups of a submission, for its page."""
    with desk().store.read() as connection:
        found, count = reasons.groups(connection, submission.id, most)
    total = sum(submission.counts.values()) - submission.left_out
    return {
        "reason_groups": [_shown(submission, group, total) for group in found],
        "reason_count": count,
        "reasons_url": url_for("reasons.page", submission_id=submission.id),
        "reasons_move": submission.state == State.ACTIVE,
    }


def _shown(submission: Submission, group: reasons.Group, total: int) -> Shown:
    key = params.query({"reason": group.reason_id})
    return Shown(
        status=group.status,
        text=group.text,
        count=group.count,
        share=share(group.count, total),
        first_seen=group.first_seen,
        examples=[
            (
                example.data_id,
                url_for("items.item", position=example.position, submission_id=submission.id),
            )
            for example in group.examples
        ],
        show=url_for("submissions.page", submission_id=submission.id) + key + "#items",
        export=url_for("exports.export", form="csv", submission_id=submission.id) + key,
        retry=url_for("retry.ask", submission_id=submission.id) + key,
    )
