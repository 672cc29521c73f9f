"""The part of a submission's page that is polled: how the submission stands now."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import session, url_for

from webapp.store import (
    Connection,
    attempts,
    batches,
    chores,
    polling,
    uploads,
    workers,
)
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.choices import Group
from webapp.store.chores import Chore
from webapp.store.enums import LEFT_OUT, NOT_SENT, ChoreKind, EntryKind, Source, State
from webapp.store.polling import NOTE_SECONDS, PollState
from webapp.store.submissions import Submission
from webapp.store.uploads import Upload
from webapp.web.core.assets import build
from webapp.web.core.context import context
from webapp.web.core.formatting import elapsed, plural
from webapp.web.core.htmx import Poll
from webapp.web.core.links import ListUrl
from webapp.web.core.page import Part
from webapp.web.retry import attempt_list
from webapp.web.retry.attempt_list import AttemptRow, Offer
from webapp.web.submissions import (
    batch_list,
    forecast,
    over_time,
    problems,
    resolving,
    status_text,
    summary,
    tabs,
)
from webapp.web.submissions.batch_list import BatchRow
from webapp.web.submissions.over_time import AllSeries, OverTime
from webapp.web.submissions.problems import Pause, Problem
from webapp.web.submissions.resolving import ResolvingProgress
from webapp.web.submissions.status_text import Group as StatusGroup
from webapp.web.submissions.status_text import Segment, Standing
from webapp.web.submissions.summary import Summary
from webapp.web.submissions.tabs import Tab, TabLink
from webapp.work import retention

POLL_TRIGGER = "every 2s"
TOLD_PAUSE_SECONDS = 10.0  # a shorter one is over before it is read
UNPOLLED_STATES = {State.DRAFT, State.SETTLED, State.UNREADABLE, State.DISCARDED}
CHARTED = {Tab.OVERVIEW}
OWN_PAGES = {State.READING, State.RESOLVING, State.DRAFT}  # the next state has another page

CHORE_TITLES = {
    ChoreKind.TAKE: "Gathering the items",
    ChoreKind.LEAVE_OUT: "Leaving ids out",
    ChoreKind.TAKE_BACK: "Taking ids back",
    ChoreKind.CHECK: "Asking ICA which ids it would refuse",
    ChoreKind.RESOLVE: "Asking ICA for what was not found",
    ChoreKind.CHOOSE: "Choosing by a rule",
    ChoreKind.GATHER: "Reading what the folder holds",
}
UNITS = {  # of chores that are not about ids or items
    ChoreKind.RESOLVE: resolving.NAMES_AND_PATHS,
    ChoreKind.CHOOSE: resolving.NAMES_AND_PATHS,
    ChoreKind.GATHER: ("file",),
}


class TitledChore(NamedTuple):
    """A chore that is under way. trouble: what holds it up, if anything does."""

    chore: Chore
    progress: resolving.Progress
    trouble: str


class Times(NamedTuple):
    """When a list was submitted, and ended; took: how long that is, in words. watched_since: of a
    batch that was made elsewhere, whose other times are ICA's, as far as they are known.
    """

    submitted_at: float | None
    watched_since: float | None
    ended_at: float | None
    took: str


class NamesFacts(NamedTuple):
    """What the names and paths of a list came to: how many led to data and to nothing, where all
    are listed, "" for others than the submitter, and how many data were sent and left out.
    """

    led: list[tuple[int, str, str]]
    listed_url: str
    data: list[tuple[int, str, str]]


class _Rows(NamedTuple):
    """What the store has of a submission, at one moment. upload: of one that is being read."""

    batches: list[Batch]
    upload: Upload | None
    attempts: list[Attempt]
    chores: list[Chore]
    series: AllSeries


class DraftProgress(Part):
    """What is done to a draft just now."""

    template = "drafts/_chores.html"
    poll: Poll
    chores: list[TitledChore]


class ReadingProgress(Part):
    """How far a list is read, or why it can't be. mine: the visitor uploaded it. ends_at: when it
    is discarded by itself.
    """

    template = "submissions/_reading.html"
    poll: Poll
    submission: Submission
    mine: bool
    standing: Standing
    upload: Upload | None
    ends_at: float | None


class SubmissionProgress(Part):
    """The head of a submission's page, and what moves of one of its tabs; its reasons are with it.

    mine: the visitor submitted it. ended_meanwhile: a page that was opened before learns that it
    has ended. percent_of, tried_again: see status_text.py. acts: what can be begun next, the
    likeliest first.
    list_facts: see _list_facts; names_facts: of a list with names and paths.
    looked_in: for who submitted it, since others may not know of the projects. usual_time: what
    former lists took, while it is measured.
    """

    template = "submissions/_progress.html"
    poll: Poll
    submission: Submission
    mine: bool
    standing: Standing
    summary: Summary
    percent_of: str
    tried_again: str
    ended_meanwhile: bool
    pause: Pause | None
    problems: list[Problem]
    segments: list[Segment]
    groups: list[StatusGroup]
    total: int
    acts: list[Offer]
    attempts: list[AttemptRow]
    tab: Tab
    tab_links: list[TabLink]
    batches: list[BatchRow]
    batches_in_short: str
    list_facts: list[tuple[int, str, str]]
    names_facts: NamesFacts | None
    chores: list[TitledChore]
    looked_in: str
    over_time: OverTime
    usual_time: str
    times: Times


Progress = DraftProgress | ReadingProgress | ResolvingProgress


def part(submission: Submission) -> Progress:
    """How a list stands now that is not submitted yet, for the page that holds it."""
    return unsubmitted_part(submission, poll_state(submission.id, context().clock()))


def poll_state(submission_id: int, now: float) -> PollState | None:
    """Of which moment the part is; that somebody watches is noted."""
    found = context().read_one(polling.poll_state, session.get("token", ""), submission_id, now)
    if found and found.allowed and now - found.watched_at > NOTE_SECONDS:
        context().write_if_free(polling.note, submission_id, now)
    return found


def unsubmitted_part(submission: Submission, poll_state: PollState | None) -> Progress:
    """How a list stands now that is not submitted yet. `poll_state`, which says of which moment it
    is, was read before the rows: it may show more than its tag.
    """
    now, tab = context().clock(), Tab.OVERVIEW
    rows = context().read(_rows, submission, tab, now)
    poll = _poll(submission, rows, poll_state, now, tab)
    if submission.state == State.DRAFT:
        return DraftProgress(poll, _titled(rows.chores, "id"))
    standing = status_text.standing(submission, rows.attempts, {})
    if submission.state == State.RESOLVING:
        pause = _pause(rows, poll_state, now)
        return resolving.part(submission, poll, standing, _titled(rows.chores, "id"), pause)
    mine = poll_state is not None and submission.account_id == poll_state.own_id
    ends_at = retention.ends_at(submission, context().settings.draft_days)
    return ReadingProgress(poll, submission, mine, standing, rows.upload, ends_at)


def submitted_part(
    submission: Submission, poll_state: PollState | None, tab: Tab, *, polled: bool = False
) -> SubmissionProgress:
    """How a list stands now that was submitted; of which moment as above."""
    now = context().clock()
    rows = context().read(_rows, submission, tab, now)
    poll = _poll(submission, rows, poll_state, now, tab)
    own_id = poll_state.own_id if poll_state else None
    mine, pause = submission.account_id == own_id, _pause(rows, poll_state, now)
    stuck = attempt_list.stuck(rows.attempts, rows.batches)
    place = ListUrl(tabs.address(submission, Tab.ITEMS), {}, "#items")
    labels = status_text.labels(submission, rows.attempts)
    moving = status_text.moving(submission, rows.attempts)
    segments = status_text.segments(submission.counts, place, labels, moving)
    shown = over_time.of(
        rows.attempts,
        rows.batches,
        rows.series,
        charted=tab in CHARTED,
        held=bool(pause) or _is_silent(poll_state, now),
        quiet=_quiet_minutes(poll_state, now),
        now=now,
    )
    return SubmissionProgress(
        poll=poll,
        submission=submission,
        mine=mine,
        standing=status_text.standing(submission, rows.attempts, stuck),
        summary=summary.of(submission, rows.attempts, rows.batches),
        percent_of=status_text.percent_of(rows.attempts),
        tried_again=status_text.tried_again(submission, rows.attempts),
        ended_meanwhile=polled and not poll.every,
        pause=pause,
        problems=problems.of(submission, rows.attempts, rows.batches, paused=bool(pause)),
        segments=segments,
        groups=status_text.groups(segments, place),
        total=sum(submission.counts.values()),
        acts=list(attempt_list.offers(submission, rows.attempts, rows.batches)),
        attempts=attempt_list.rows(submission, rows.attempts, rows.batches, own_id),
        tab=tab,
        tab_links=tabs.links(submission, tab),
        batches=batch_list.rows(rows.batches),
        batches_in_short=batch_list.in_short(rows.batches),
        list_facts=_list_facts(submission, place, mine=mine),
        names_facts=_names_facts(submission, place, mine=mine),
        chores=_titled(rows.chores, "item"),
        looked_in=resolving.looked_in(submission) if mine else "",
        over_time=shown,
        usual_time=_usual_time(submission, rows.attempts) if shown.measuring else "",
        times=_times(submission, rows, shown.took),
    )


def _usual_time(submission: Submission, attempt_rows: Sequence[Attempt]) -> str:
    """What former lists took that are like the largest attempt that runs."""
    largest = max((one for one in attempt_rows if one.runs), key=lambda one: one.size)
    given = submission.ica_url, largest.kind, forecast.FORMER_ATTEMPTS
    return forecast.usual_text(largest.size, context().read_one(attempts.lengths, *given))


def _times(submission: Submission, rows: _Rows, took: str) -> Times:
    settled_at = submission.settled_at
    if not submission.is_adopted or not rows.batches:
        return Times(submission.submitted_at, None, settled_at, took)
    made = rows.batches[0]
    if settled_at and len(rows.attempts) == 1:
        took = elapsed(made.took)
        settled_at = made.sent_at + made.took if made.sent_at and made.took else settled_at
    # Where ICA does not tell when the batch was made, it is kept as made when it was adopted.
    sent_at = None if made.sent_at == submission.submitted_at else made.sent_at
    return Times(sent_at, submission.submitted_at, settled_at, took)


def _rows(connection: Connection, submission: Submission, tab: Tab, now: float) -> _Rows:
    attempt_rows = attempts.of_submission(connection, submission.id)
    return _Rows(
        batches.of_submission(connection, submission.id),
        None if submission.begun else uploads.get(connection, submission.id),
        attempt_rows,
        chores.unfinished(connection, submission.id),
        over_time.series(connection, attempt_rows, now, charted=tab in CHARTED),
    )


def _poll(
    submission: Submission,
    rows: _Rows,
    poll_state: PollState | None,
    now: float,
    tab: Tab,
) -> Poll:
    """By the revision of what is shown: what has changed since is fetched by the next poll."""
    is_polled = rows.chores or submission.state not in UNPOLLED_STATES
    return Poll(
        _address(submission, tab),
        POLL_TRIGGER if is_polled else None,
        tag(submission.id, submission.revision, poll_state, now) if poll_state else "",
    )


def _address(submission: Submission, tab: Tab) -> str:
    shown = tab if submission.begun else None
    shows = submission.state
    return url_for("progress.progress", submission_id=submission.id, shows=shows, tab=shown)


def _list_facts(
    submission: Submission, place: ListUrl, *, mine: bool
) -> list[tuple[int, str, str]]:
    """The whole upload: how many entries were sent, left out, repeated and rejected, each in words
    and with where they are listed, "" where that is not for this visitor; nothing without a list.
    Of a list with names and paths, how many entries are these, and how many are ids.
    """
    review = submission.review
    if submission.source != Source.UPLOAD or not review.good:
        return []
    unsent = []
    for count, kind in (
        (review.repeated, EntryKind.REPEATED),
        (review.rejected, EntryKind.REJECTED),
    ):
        where = url_for("drafts.listed", submission_id=submission.id, kind=kind.value)
        unsent.append((count, kind.value, where if mine or not review.lookups else ""))
    if review.lookups:
        ids, names = review.good - review.lookups, resolving.NAMES_AND_PATHS
        word = names[review.lookups != 1]
        return [(review.lookups, word, ""), (ids, "id" if ids == 1 else "ids", ""), *unsent]
    return [*_sent(submission, review.good, place), *unsent]


def _sent(submission: Submission, total: int, place: ListUrl) -> list[tuple[int, str, str]]:
    """How many of so many were sent, and how many were left out."""
    left_out = submission.counts.get(LEFT_OUT, 0)
    waits = submission.state == State.ACTIVE and not submission.counts.keys() - {LEFT_OUT, NOT_SENT}
    return [
        (total - left_out, "to be sent" if waits else "submitted", place.changed()),
        (left_out, "left out", place.changed(status=LEFT_OUT)),
    ]


def _names_facts(submission: Submission, place: ListUrl, *, mine: bool) -> NamesFacts | None:
    """Of a list with names and paths. Which they are is its submitter's alone."""
    review, key = submission.review, submission.id
    if submission.source != Source.UPLOAD or not review.lookups:
        return None
    led = review.lookups - review.to_nothing
    every = url_for("choosing.listed", submission_id=key)
    nothing = url_for("choosing.listed", submission_id=key, group=Group.OPEN.value)
    return NamesFacts(
        led=[
            (led, f"{resolving.NAMES_AND_PATHS[led != 1]} led to data", ""),
            (review.to_nothing, "led to nothing", nothing if mine else ""),
        ],
        listed_url=every if mine else "",
        data=_sent(submission, review.files + review.folders + review.unusual, place),
    )


def _pause(rows: _Rows, poll_state: PollState | None, now: float) -> Pause | None:
    """Until when nothing is asked of ICA, if that is long enough to be told."""
    until = poll_state.paused_until if poll_state else 0.0
    return problems.pause(rows.batches, until) if until > now + TOLD_PAUSE_SECONDS else None


def _is_silent(poll_state: PollState | None, now: float) -> bool:
    """Whether no worker was heard of for too long."""
    return poll_state is not None and workers.is_silent(poll_state.beat_at, now)


def _quiet_minutes(poll_state: PollState | None, now: float) -> int:
    """For how many minutes, up to a stall, no count of what runs has changed."""
    return forecast.quiet_minutes(poll_state.moved_at, now) if poll_state else 0


def _titled(underway: Sequence[Chore], unit: str) -> list[TitledChore]:
    """The chores with their progress, in units of their own or in this one."""
    found = []
    for one in underway:
        of = f"{one.done:,} of " if one.total else ""  # how many there are may be unknown
        text = of + plural(one.total or one.done, *UNITS.get(one.kind, (unit,)))
        progress = resolving.Progress(CHORE_TITLES[one.kind], one.done, one.total, text)
        trouble = problems.sentence(one.problem) if one.problem else ""
        found.append(TitledChore(one, progress, trouble))
    return found


def tag(submission_id: int, revision: int, poll_state: PollState, now: float) -> str:
    """Everything that the part shows: another tag, another part."""
    silent = _is_silent(poll_state, now)
    paused = round(poll_state.paused_until) if poll_state.paused_until > now else ""
    trouble = f"{poll_state.trouble}.{paused}"
    quiet = _quiet_minutes(poll_state, now)
    return f"{submission_id}.{revision}.{build()}.{trouble}.{'silent' * silent}.{quiet}"
