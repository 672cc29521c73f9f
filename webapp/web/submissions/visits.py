"""What has changed since this reader's last visit: told when a page is opened, and not polled."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask import url_for

from webapp.store import statuses, visits
from webapp.store.enums import NOT_SENT, State, VisitPlace
from webapp.store.submissions import Submission
from webapp.store.tables import Visit
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import is_refresh
from webapp.web.core.page import Part
from webapp.web.submissions.status_display import look, ordered, status_label
from webapp.web.submissions.status_text import MOVING

MOST_TOLD = 5  # submissions on the board


class Change(NamedTuple):
    """What of a submission has changed since `at`, in words. name: where the page is of several."""

    at: float
    text: str
    name: str
    href: str


class SinceLastVisit(Part):
    """The changes of what a page shows, those of the board's first rows; more: so many others."""

    template = "submissions/_since.html"
    changes: list[Change]
    more_changes: int


def since_last_visit(place: VisitPlace, shown: Sequence[Submission]) -> SinceLastVisit:
    """What has changed since the reader was here last; that they are here now is noted, unless the
    page has asked for itself.
    """
    begun, now, reader = [one for one in shown if one.begun], context().clock(), viewer().id
    if not begun:
        return SinceLastVisit([], 0)
    ids = [one.id for one in begun]
    former = context().read_one(visits.last, reader, place, ids)
    seen = [_visit(one, former.get(one.id), place, now) for one in begun]
    new = [one for one in seen if visits.is_to_be_noted(former.get(one.submission_id), one)]
    if new and not is_refresh():
        context().write_if_free(visits.note, new)
    named = place == VisitPlace.BOARD
    found = [_change(*pair, named=named) for pair in zip(begun, seen, strict=True)]
    changes = [one for one in found if one]
    return SinceLastVisit(changes[:MOST_TOLD], len(changes[MOST_TOLD:]))


def _visit(submission: Submission, former: Visit | None, place: VisitPlace, now: float) -> Visit:
    if former is None:
        return visits.first(viewer().id, submission.id, place, submission.counts, now)
    return visits.next_of(former, submission.counts, _ended_at(submission), now)


def _ended_at(submission: Submission) -> float | None:
    """None while it runs, also after an earlier end."""
    return submission.settled_at if submission.state == State.SETTLED else None


def _change(submission: Submission, visit: Visit, *, named: bool) -> Change | None:
    """None where there is nothing to tell, as of a first visit."""
    if visit.before_at is None:
        return None
    ended = (_ended_at(submission) or 0.0) > visit.before_at
    counted = in_words(visit.before_counts, submission.counts)
    text = " ".join([f"{counted}."] * bool(counted) + ["It has ended."] * ended)
    if not text:
        return None
    href = url_for("submissions.page", submission_id=submission.id)
    return Change(visit.before_at, text, submission.name if named else "", href)


def in_words(before: Mapping[str, int], now: Mapping[str, int]) -> str:
    """What has an outcome now and had not: 12,410 more linked, 37 more failed; and what is put
    right since: 5 fewer failed.
    """
    found: Counter[str] = Counter()
    for word in ordered(Counter(before) + Counter(now)):
        change = now.get(word, 0) - before.get(word, 0)
        if word not in MOVING and not (word == NOT_SENT and change < 0):
            told = change > 0 or statuses.meaning(word).trouble
            found[look(word).short or status_label(word).lower()] += change if told else 0
    return ", ".join(
        f"{abs(change):,} {'more' if change > 0 else 'fewer'} {word}"
        for word, change in found.items()
        if change
    )
