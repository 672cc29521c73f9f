"""What a submission's page polls: its head, and what moves of the tab below it."""

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from webapp.store import submissions
from webapp.store.polling import PollState
from webapp.web.core import security
from webapp.web.core.access import nothing_here
from webapp.web.core.context import context
from webapp.web.core.htmx import polled, query_of_page, rendered_once
from webapp.web.core.page import WorkerBanner, render, worker_silent_since
from webapp.web.items import reasons_panel, table
from webapp.web.submissions import progress as progress_part
from webapp.web.submissions import status_text
from webapp.web.submissions.progress import OWN_PAGES, DraftProgress
from webapp.web.submissions.tabs import Tab

blueprint = Blueprint("progress", __name__)


@blueprint.get("/submissions/<int:submission_id>/progress")
def progress(submission_id: int) -> ResponseReturnValue:
    """Polled: one SELECT, then 304 while nothing has changed; else the part, which is rendered once
    for all who see the same. It does not prolong the session.
    """
    now = context().clock()
    poll_state = progress_part.poll_state(submission_id, now)
    if poll_state is None or not poll_state.allowed:
        security.load_viewer()  # is nobody signed in any more, or is there nothing for them to see?
        return nothing_here() if g.get("viewer") else security.ask_to_sign_in()
    tag = progress_part.tag(submission_id, poll_state.revision, poll_state, now)

    def answer() -> str | Response:
        shows, tab = request.args.get("shows"), _tab()
        filters = query_of_page() if tab == Tab.ITEMS else ""
        key = (tag, poll_state.own_id, shows, tab, filters)
        found = rendered_once(key, lambda: _text(submission_id, poll_state, shows, tab))
        return found or Response(headers={"HX-Refresh": "true"})  # it is another page now

    return polled(tag, now, answer)


def _tab() -> Tab:
    """The tab that the page shows."""
    asked = request.args.get("tab", Tab.OVERVIEW)
    return Tab(asked) if asked in set(Tab) else Tab.OVERVIEW


def _text(submission_id: int, poll_state: PollState, shows: str | None, tab: Tab) -> str:
    """What is polled; "" where the page `shows` a state that is over."""
    submission = context().read_one(submissions.get, submission_id)
    if shows in OWN_PAGES - {submission.state}:
        return ""
    banner = render(WorkerBanner(worker_silent_since()))
    if not submission.begun:
        part = progress_part.unsubmitted_part(submission, poll_state)
        is_over = isinstance(part, DraftProgress) and not part.chores
        return "" if is_over else render(part) + banner
    found = progress_part.submitted_part(submission, poll_state, tab, polled=True)
    if tab == Tab.ITEMS:
        labels = status_text.labels(submission, [row.attempt for row in found.attempts])
        return render(found) + render(table.chips_of_page(submission, labels)) + banner
    return render(found, *reasons_panel.of_tab(submission, tab)) + banner
