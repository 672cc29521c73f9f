"""What has changed since this reader's last look: told when a page is opened, and not polled.

A look is the opening of a page; and where scripts run (looks.js), what a poll has changed on one
that is before the reader's eyes.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from flask import url_for

from webapp.store import submissions, visits
from webapp.store.enums import LEFT_OUT, NOT_SENT, State
from webapp.store.submissions import Submission
from webapp.store.tables import Visit
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import is_refresh
from webapp.web.core.page import Part
from webapp.web.submissions.status_display import look, ordered, status_label
from webapp.web.submissions.status_text import MOVING

LAST_VISIT = "your last visit"  # of the board
SEEN = "you last saw it, here or on the board"
SUBMITTED = "you submitted it"
POLL_SECONDS = 3.0  # within which a page that is seen has been polled
Become = Callable[[Visit, Mapping[str, int], float | None, float], Visit]


class Change(NamedTuple):
    """What of a submission has changed, in words, since what the reader did at that moment. name:
    where the page is of several.
    """

    did: str
    at: float
    text: str
    name: str
    href: str


class Look(NamedTuple):
    """What of a submission is before the reader's eyes: its revision, and its counts while it
    runs.
    """

    revision: int
    counts: Mapping[str, int]


class SinceLastLook(Part):
    """The changes of what a page shows, the newest ends first."""

    template = "submissions/_since.html"
    changes: list[Change]


def since_last_look(shown: Sequence[Submission], *, named: bool = False) -> SinceLastLook:
    """What has changed since the reader's last look at these submissions; that they look now is
    noted, unless the page has asked for itself. named: the page has several; one's own page tells
    it once, on any of its tabs.
    """
    begun, now = [one for one in shown if one.begun], context().clock()
    if not begun:
        return SinceLastLook([])
    former = context().read_one(visits.last, viewer().id, [one.id for one in begun])
    seen = [_visit(one, one.counts, former.get(one.id), now, visits.next_of) for one in begun]
    if not is_refresh():
        _note(former, begun, seen if named else [*map(visits.read, seen)])
    pairs = sorted(zip(begun, seen, strict=True), key=lambda pair: -(_ended_at(pair[0]) or 0.0))
    found = [_change(*pair, named=named) for pair in pairs]
    return SinceLastLook([one for one in found if one])


def look_again(shown: Mapping[int, Look], *, is_back: bool) -> None:
    """Note that the reader looks at a page that was opened before. shown: what it shows of
    submissions; what they may not see is left out. is_back: they have been away from it, so this
    is as if they opened it.
    """
    now = context().clock()
    found = context().read_one(submissions.visible_among, shown, viewer(), now)
    begun = [one for one in found if one.begun]
    former = context().read_one(visits.last, viewer().id, [one.id for one in begun])
    become = visits.next_of if is_back else visits.watched
    counts = {
        one.id: one.counts if is_back else _seen(one, shown[one.id], former.get(one.id), now)
        for one in begun
    }
    known = [one for one in begun if counts[one.id]]
    seen = [_visit(one, counts[one.id], former.get(one.id), now, become) for one in known]
    _note(former, known, seen)


def _seen(
    submission: Submission, look: Look, former: Visit | None, now: float
) -> Mapping[str, int]:
    """The counts that the reader has seen: what has changed since the page was polled is still to
    be told. Empty where an end came since, or another page was opened that shows more.
    """
    if look.revision == submission.revision:
        return submission.counts
    is_latest = former is None or now - former.seen_at > POLL_SECONDS
    return look.counts if is_latest and _ended_at(submission) is None else {}


def _note(former: Mapping[int, Visit], shown: Sequence[Submission], seen: Sequence[Visit]) -> None:
    new = [
        visit
        for one, visit in zip(shown, seen, strict=True)
        if visits.is_to_be_noted(former.get(one.id), visit, _ended_at(one))
    ]
    if new:
        context().write_if_free(visits.note, new)


def _visit(
    submission: Submission,
    counts: Mapping[str, int],
    former: Visit | None,
    now: float,
    become: Become,
) -> Visit:
    """What becomes of the last one, when the reader sees these counts now."""
    former = former or _submitting(submission)
    if former is None:
        return visits.first(viewer().id, submission.id, counts, now)
    return become(former, counts, _ended_at(submission), now)


def _submitting(submission: Submission) -> Visit | None:
    """Who submits a list has seen it then, when nothing was sent; of others', and of batches that
    were made elsewhere, None.
    """
    is_own = submission.account_id == viewer().id and not submission.is_adopted
    if not is_own or submission.submitted_at is None:
        return None
    counts = {NOT_SENT: submission.to_send, LEFT_OUT: submission.left_out}
    return visits.first(viewer().id, submission.id, counts, submission.submitted_at)


def _ended_at(submission: Submission) -> float | None:
    """None while it runs, also after an earlier end."""
    return submission.settled_at if submission.state == State.SETTLED else None


def _change(submission: Submission, visit: Visit, *, named: bool) -> Change | None:
    """None where there is nothing to tell, as of a first look."""
    if visit.before_at is None:
        return None
    ended = (_ended_at(submission) or 0.0) > visit.before_at
    counted = in_words(visit.before_counts, submission.counts)
    text = " ".join([f"{counted}."] * bool(counted) + ["It has ended."] * ended)
    if not text:
        return None
    did = LAST_VISIT if named else SEEN
    did = SUBMITTED if visit.before_at == submission.submitted_at else did
    href = url_for("submissions.page", submission_id=submission.id)
    return Change(did, visit.before_at, text, submission.name if named else "", href)


def in_words(before: Mapping[str, int], now: Mapping[str, int]) -> str:
    """What each group of outcomes has gained, then what each has lost: 5 more linked, 5 fewer
    failed. What had no outcome before is in neither, so of a list that runs only gains are told.
    """
    found: Counter[str] = Counter()
    for word in ordered(Counter(before) + Counter(now)):
        change = now.get(word, 0) - before.get(word, 0)
        if word not in MOVING and not (word == NOT_SENT and change < 0):
            found[look(word).short or status_label(word).lower()] += change
    gained = [f"{change:,} more {word}" for word, change in found.items() if change > 0]
    lost = [f"{-change:,} fewer {word}" for word, change in found.items() if change < 0]
    return ", ".join(gained + lost)
