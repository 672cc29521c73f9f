"""Reasons: why items did not end well, grouped, of a submission or of many submissions."""

from collections.abc import Iterator, Sequence
from functools import partial

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import access, items, reasons, submissions
from webapp.store.access import Access
from webapp.store.audit import MAX_ROWS_OF_AN_ACT
from webapp.store.items import Slice
from webapp.store.reason_masking import readable
from webapp.store.reasons import Group
from webapp.store.submissions import Submission
from webapp.web.core import audit, downloads, params
from webapp.web.core.access import ask_about_new_projects, begun_submission
from webapp.web.core.context import context, viewer
from webapp.web.core.downloads import Row
from webapp.web.core.links import Chip, ListUrl
from webapp.web.core.page import Page, render
from webapp.web.items import exports
from webapp.web.items.reasons_panel import MAX_GROUPS
from webapp.web.submissions import tab_page
from webapp.web.submissions.tabs import Tab
from webapp.work.context import Context

DAY_SECONDS = 86_400.0
PERIODS = {  # word of the address -> text, and its length in seconds; 0: all time
    "7d": ("Last 7 days", 7 * DAY_SECONDS),
    "30d": ("Last 30 days", 30 * DAY_SECONDS),
    "all": ("All time", 0.0),
}

NOT_BEGUN = "This list was not submitted yet, so nothing of it has failed."

blueprint = Blueprint("reasons", __name__)


class AllReasonsPage(Page):
    """The groups over all submissions of some time and project, or of all projects.

    total: how many items the groups have. since: a word of PERIODS.
    """

    template = "items/all_reasons.html"
    groups: list[Group]
    total: int
    projects: list[Access]
    project_id: str
    since: str
    time_chips: list[Chip]


@blueprint.get("/submissions/<int:submission_id>/reasons")
def page(submission_id: int) -> str:
    """All groups, as a tab of the submission's page."""
    return tab_page.page(begun_submission(submission_id, 404, NOT_BEGUN), Tab.REASONS)


@blueprint.get("/reasons")
def across() -> str:
    ask_about_new_projects()
    project_id, since = params.project(), _since()
    place = ListUrl(url_for("reasons.across"), {"project": project_id})
    with context().store.read() as connection:
        groups = reasons.across(connection, submissions_of_request(), MAX_GROUPS)
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
                for word, (text, _) in PERIODS.items()
            ],
        )
    )


@blueprint.get("/reasons/export.csv")
def export() -> ResponseReturnValue:
    """The items of one group, of all submissions of the time and project."""
    reason_id, here = params.whole("reason") or 0, context()
    holders = here.read(reasons.holders, submissions_of_request(), reason_id)
    if not holders:
        abort(404, "No submission of this time and project has such a reason any more.")
    rows = (
        [(holder.name, *row) for row in page]
        for holder in holders
        for page in _rows(here, holder.submission_id, reason_id)
    )
    texts = downloads.csv_texts(("submission", *exports.COLUMNS), rows)
    told = [holder.submission_id for holder in holders[:MAX_ROWS_OF_AN_ACT]]
    held = list(here.read(submissions.many, told).values())
    more = len(holders) - len(held)
    audit.note_export_of_many("the items of a reason", "csv", held, more)
    kept = partial(submissions.are_kept, submission_ids=[one.submission_id for one in holders])
    return downloads.response(texts, f"reason-{reason_id}", "csv", kept)


def _rows(here: Context, submission_id: int, reason_id: int) -> Iterator[Sequence[Row]]:
    submission = here.read(submissions.get, submission_id)
    wanted = [Slice(reason_id=reason_id)]
    return exports.table_rows(here, submission, items.rows(here.store, submission_id, wanted))


def submissions_of_request() -> reasons.Which:
    """The submissions of the project and the time that the request names."""
    seconds, now = PERIODS[_since()][1], context().clock()
    begun_after = now - seconds if seconds else 0.0
    return submissions.begun_in(viewer(), params.project(), begun_after, now)


def _since() -> str:
    since = request.values.get("since", "30d")
    if since not in PERIODS:
        abort(400, "The time is one of 7d, 30d and all.")
    return since


def text_of(submission: Submission, reason_id: int | None) -> str | None:
    """The text of the group that the address names; 404 where the submission has no such group."""
    if reason_id is None:
        return None
    text = context().read(reasons.text_of, submission.id, reason_id)
    if text is None:
        abort(404, "This submission has no such group of reasons. See all of them on its page.")
    return readable(text)
