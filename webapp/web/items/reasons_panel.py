"""The largest groups of reasons of one submission, as two tabs of its page show them."""

from collections.abc import Sequence

from webapp.store import reasons
from webapp.store.enums import LEFT_OUT, State
from webapp.store.reasons import Group
from webapp.store.statuses import meaning
from webapp.store.submissions import Submission
from webapp.web.core.context import context
from webapp.web.core.formatting import plural
from webapp.web.core.page import Part
from webapp.web.submissions.status_text import UNANSWERED
from webapp.web.submissions.tabs import Tab

FEW_GROUPS = 5
MAX_GROUPS = 200
SHOWN_GROUPS = {Tab.OVERVIEW: FEW_GROUPS, Tab.REASONS: MAX_GROUPS}


class ReasonsPanel(Part):
    """The groups, or the first of them.

    reason_count: how many groups there are in all. item_total: how many items were to be sent.
    as_read: that rows and counts, which ICA tells one after the other, differ; "" where they agree.
    """

    template = "items/_reasons_panel.html"
    submission: Submission
    reason_groups: list[Group]
    reason_count: int
    item_total: int
    as_read: str


def of_tab(submission: Submission, tab: Tab) -> list[ReasonsPanel]:
    """The reasons that a tab of the submission's page shows."""
    return [_panel(submission, SHOWN_GROUPS[tab])] if tab in SHOWN_GROUPS else []


def _panel(submission: Submission, most: int) -> ReasonsPanel:
    groups, count = context().read(reasons.groups, submission.id, most)
    return ReasonsPanel(
        submission=submission,
        reason_groups=groups,
        reason_count=count,
        item_total=sum(submission.counts.values()) - submission.counts.get(LEFT_OUT, 0),
        as_read=_as_read(submission, groups) if count == len(groups) else "",
    )


def _as_read(submission: Submission, groups: Sequence[Group]) -> str:
    """Said while it runs: at the end they agree."""
    if submission.state != State.ACTIVE:
        return ""
    words = {group.status for group in groups}
    words |= {word for word in submission.counts if meaning(word).trouble} - UNANSWERED
    read = sum(group.count for group in groups)
    counted = sum(submission.counts.get(word, 0) for word in words)
    if read == counted:
        return ""
    return (
        f"{plural(read, 'item')} by the rows read so far, {plural(counted, 'item')} by the counts "
        "above: ICA tells them one after the other."
    )
