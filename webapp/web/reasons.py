"""Why items did not end well: the groups of a submission, and of all submissions of a project."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import access, reasons, submissions
from webapp.store.submissions import Submission
from webapp.store.words import State
from webapp.web import params
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
    since = request.args.get("since", "30d")
    if since not in SINCE:
        abort(400, "The time is one of 7d, 30d and all.")
    project_id, now = params.text("project"), desk().now()
    with desk().store.read() as connection:
        chosen = submissions.begun_in(viewer(), project_id, _begin(since, now), now)
        found = reasons.across(connection, chosen, MOST)
        projects = access.projects(connection, viewer().id, now)
    return render_template(
        "reasons/across.html",
        found=found,
        total=sum(spread.count for spread in found),
        projects=projects,
        project_id=project_id,
        since=since,
        choices=_times(project_id, since),
    )


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


def _begin(since: str, now: float) -> float:
    seconds = SINCE[since][1]
    return now - seconds if seconds else 0.0


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
