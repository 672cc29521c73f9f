"""A tab of a submission's page, as a whole page: the head, and what the tab shows."""

from typing import NamedTuple

from markupsafe import Markup

from webapp.store.polling import PollState
from webapp.store.submissions import Submission
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import Poll, rendered_once
from webapp.web.core.links import Link
from webapp.web.core.page import Page, Part, render
from webapp.web.items import reasons_panel
from webapp.web.retry import attempt_list
from webapp.web.retry.attempt_list import AttemptRow
from webapp.web.submissions import progress, visits
from webapp.web.submissions.tabs import Tab


class Head(NamedTuple):
    """What is polled of a page, rendered, with what stands around it.

    headline: what the title begins with. as_of: when ICA's counts came, 0.0 before they did.
    """

    poll: Poll
    headline: str
    as_of: float
    progress: Markup
    attempts: list[AttemptRow]


class TabPage(Page):
    """A tab of which all is polled. mine: the visitor submitted the list. undos: what unlinks.
    figures_at: of when its numbers are, for paper. The rest is that of Head.
    """

    template = "submissions/tab.html"
    submission: Submission
    mine: bool
    tab: Tab
    undos: list[Link]
    poll: Poll
    headline: str
    as_of: float
    figures_at: float
    progress: Markup


class OverviewPage(TabPage):
    """The first tab, which has more below what is polled. attempts: for the printed report."""

    template = "submissions/submission.html"
    attempts: list[AttemptRow]


class ItemsPage(TabPage):
    """The item table below the head."""

    template = "items/tab.html"


def page(submission: Submission, tab: Tab, *below: Part) -> str:
    """The page of this tab of a list that was submitted; `below` are the parts that it includes
    below what is polled.
    """
    mine = submission.account_id == viewer().id
    undos = list(attempt_list.undos(submission))
    since = visits.since_last_look([submission])
    head = _head(submission, tab)
    figures_at = head.as_of or context().clock()
    about = head.poll, head.headline, head.as_of, figures_at, head.progress
    common = submission, mine, tab, undos, *about
    if tab == Tab.OVERVIEW:
        return render(OverviewPage(*common, head.attempts), since, *below)
    return render((ItemsPage if tab == Tab.ITEMS else TabPage)(*common), since, *below)


def _head(submission: Submission, tab: Tab) -> Head:
    """Rendered once for all who see the same, as what is polled: each page of items has it."""
    now = context().clock()
    state = progress.poll_state(submission.id, now)
    if state is None:
        return _render_head(submission, None, tab)
    tag = progress.tag(submission.id, submission.revision, state, now)
    key = "head", tag, state.own_id, tab
    return rendered_once(key, lambda: _render_head(submission, state, tab))


def _render_head(submission: Submission, state: PollState | None, tab: Tab) -> Head:
    part = progress.submitted_part(submission, state, tab)
    html = Markup(render(part, *reasons_panel.of_tab(submission, tab)))
    return Head(part.poll, part.summary.headline, part.summary.as_of, html, part.attempts)
