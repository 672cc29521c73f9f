"""A submission's page: its head, and below it one of five tabs, each an address of its own."""

from enum import StrEnum
from typing import NamedTuple

from flask import url_for

from webapp.store.submissions import Submission


class Tab(StrEnum):
    """The tabs, in their order, by the word of their address."""

    OVERVIEW = "overview"
    ITEMS = "items"
    REASONS = "reasons"
    ATTEMPTS = "attempts"
    BATCHES = "batches"


ENDPOINTS = {
    Tab.OVERVIEW: "submissions.page",
    Tab.ITEMS: "items.page",
    Tab.REASONS: "reasons.page",
    Tab.ATTEMPTS: "attempts.listed",
    Tab.BATCHES: "submissions.batches",
}


class TabLink(NamedTuple):
    """A tab as the row of them shows it."""

    text: str
    href: str
    is_here: bool


def address(submission: Submission, tab: Tab) -> str:
    """Where the tab is."""
    return url_for(ENDPOINTS[tab], submission_id=submission.id)


def links(submission: Submission, here: Tab) -> list[TabLink]:
    """The row of tabs, on the page of one of them."""
    return [TabLink(tab.capitalize(), address(submission, tab), tab == here) for tab in Tab]
