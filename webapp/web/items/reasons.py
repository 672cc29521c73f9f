"""Why items did not end well: the groups of a submission, and of all submissions of a project."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import access, items, reasons, submissions
from webapp.store.access import Access
from webapp.store.enums import LEFT_OUT, State
from webapp.store.items import Slice
from webapp.store.reasons import Group
from webapp.store.submissions import Submission
from webapp.web.core import downloads, params
from webapp.web.core.access import ask_about_new_projects, submission_or_404
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import is_part
from webapp.web.core.links import Chip, ListUrl
from webapp.web.core.page import Page, Part, render
from webapp.web.items import exports
from webapp.work.context import Context

FIRST_FEW = 5  # groups on a submission's own page
MOST_GROUPS = 200  # on a page of reasons
DAY = 86_400.0
SINCE = {"7d": ("Last 7 days", 7 * DAY), "30d": ("Last 30 days", 30 * DAY), "all": ("All time", 0)}

blueprint = Blueprint("reasons", __name__)


@dataclass(frozen=True, slots=True)
class ReasonsPanel(Part):
    """The largest groups of a submission, as its own page has them.

    reasons_of: how many items it has. reason_count: how many groups. reasons_move: there may be
    more of both.
    """

    template = "items/_reasons_panel.html"
    submission: Submission
    reason_groups: list[Group]
    reasons_of: int
    reason_count: int
    reasons_url: str
    reasons_move: bool


@dataclass(frozen=True, slots=True)
class ReasonsPage(Page):
    """The groups of a submission, on a page of their own."""

    template = "items/reasons.html"
    submission: Submission


@dataclass(frozen=True, slots=True)
class AllReasonsPage(Page):
    """The groups over all submissions. total: how many items they have; since: a word of SINCE."""

    template = "items/all_reasons.html"
    groups: list[Group]
    total: int
    projects: list[Access]
    project_id: str
    since: str
    time_chips: list[Chip]


@blueprint.get("/submissions/<int:submission_id>/reasons")
def page(submission_id: int) -> str:
    """All groups; as a part, the largest for the submission's own page."""
    submission = submission_or_404(submission_id)
    if is_part():
        return render(panel(submission))
    return render(ReasonsPage(submission), panel(submission, MOST_GROUPS))


@blueprint.get("/reasons")
def across() -> str:
    """The groups over all submissions of a project, or of all projects, of the chosen time."""
    ask_about_new_projects()
    project_id, since = params.text("project"), _since()
    place = ListUrl(url_for("reasons.across"), {"project": project_id})
    with context().store.read() as connection:
        groups = reasons.across(connection, chosen_of_request(), MOST_GROUPS)
        projects = access.projects(connection, viewer().id, context().clock())
    return render(
        AllReasonsPage(
            groups=groups,
            total=sum(group.count for group in groups),
            projects=projects,
            project_id=project_id,
            since=since,
            time_chips=[
                Chip(
                    text, None if word == since else place.changed(since=word), None, word == since
                )
                for word, (text, _) in SINCE.items()
            ],
        )
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


def panel(submission: Submission, most: int = FIRST_FEW) -> ReasonsPanel:
    """The largest groups of a submission."""
    groups, count = context().read(reasons.groups, submission.id, most)
    return ReasonsPanel(
        submission=submission,
        reason_groups=groups,
        reasons_of=sum(submission.counts.values()) - submission.counts.get(LEFT_OUT, 0),
        reason_count=count,
        reasons_url=url_for("reasons.page", submission_id=submission.id),
        reasons_move=submission.state == State.ACTIVE,
    )
