"""A tab of a submission's page, as a whole page: the head, and what the tab shows."""

from webapp.store.submissions import Submission
from webapp.web.core.context import viewer
from webapp.web.core.links import Link
from webapp.web.core.page import Page, Part, render
from webapp.web.retry import attempt_list
from webapp.web.submissions import progress, visits
from webapp.web.submissions.tabs import Tab


class TabPage(Page):
    """A tab of which all is polled. mine: the visitor submitted the list. undos: what unlinks."""

    template = "submissions/tab.html"
    submission: Submission
    mine: bool
    tab: Tab
    undos: list[Link]


class OverviewPage(TabPage):
    """The first tab, which has more below what is polled."""

    template = "submissions/submission.html"


class ItemsPage(TabPage):
    """The item table below the head."""

    template = "items/tab.html"


PAGES = {Tab.OVERVIEW: OverviewPage, Tab.ITEMS: ItemsPage}


def page(submission: Submission, tab: Tab, *parts: Part) -> str:
    """The page of this tab of a list that was submitted; `parts` are those that it includes."""
    mine = submission.account_id == viewer().id
    undos = list(attempt_list.undos(submission))
    shown = PAGES.get(tab, TabPage)(submission, mine, tab, undos)
    since = visits.since_last_look([submission])
    return render(shown, since, progress.part(submission, tab), *parts)
