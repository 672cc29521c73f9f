"""How far it is, while ICA is asked for a list's names and paths, or for what a folder holds."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from webapp.store import Connection, accounts, lookups
from webapp.store.chores import Chore
from webapp.store.enums import ChoreKind
from webapp.store.lookups import Asked
from webapp.store.submissions import Submission
from webapp.web.core.context import context
from webapp.web.core.formatting import duration, plural
from webapp.web.core.htmx import Poll
from webapp.web.core.page import Part
from webapp.web.submissions.problems import Pause
from webapp.web.submissions.status_text import Standing

NAMES_A_CALL, PATHS_A_CALL = 100, 26  # that ICA is asked for at once, as a rule
LEAST_SECONDS = 20.0  # after which the speed so far tells more than the most that is allowed
NAMES_AND_PATHS = ("name or path", "names and paths")


class Progress(NamedTuple):
    """A bar of progress, and the same in words."""

    title: str
    done: int
    total: int
    text: str


class ResolvingProgress(Part):
    """How far it is. troubles: what holds it up. left: about how long it takes, in words.

    looked_in: where names and paths are looked for.
    """

    template = "submissions/_resolving.html"
    poll: Poll
    submission: Submission
    standing: Standing
    bars: list[Progress]
    left: str
    looked_in: str
    pause: Pause | None
    troubles: list[str]


def part(
    submission: Submission,
    poll: Poll,
    standing: Standing,
    underway: Sequence[tuple[Chore, Progress, str]],
    pause: Pause | None,
) -> ResolvingProgress:
    """`underway`: the chores that have not ended, each with its progress and what holds it up."""
    names, paths, speed = context().read(_asked, submission)
    chore = next((one for one, *_ in underway if one.kind == ChoreKind.RESOLVE), None)
    others = [progress for one, progress, _ in underway if one is not chore]
    troubles = [trouble for *_, trouble in underway if trouble]
    held_up = pause or troubles
    return ResolvingProgress(
        poll=poll,
        submission=submission,
        standing=standing,
        bars=[*_bars(names, paths), *others],
        left=_left(submission, names, paths, chore, speed) if chore and not held_up else "",
        looked_in=looked_in(submission),
        pause=pause,
        troubles=[] if pause else troubles,
    )


def how_far(connection: Connection, submission_id: int) -> str:
    """How far ICA was asked for the names and paths of a list, in words."""
    return ". ".join(bar.text for bar in _bars(*lookups.asked(connection, submission_id)))


def looked_in(submission: Submission) -> str:
    """Where the names and paths of a list are looked for; "" where it has none."""
    if not submission.review.lookups:
        return ""
    named = ", ".join(project.name for project in submission.lookup_projects)
    return named or f"all data that may be linked into {submission.project_name}"


def _asked(connection: Connection, submission: Submission) -> tuple[Asked, Asked, float]:
    """How far the names are, and the paths; and the calls a second that may be made."""
    account = accounts.get(connection, submission.account_id)
    pace = accounts.pace(account, context().clock())
    return (
        *lookups.asked(connection, submission.id),
        pace * context().settings.calls_per_second,
    )


def _bars(names: Asked, paths: Asked) -> list[Progress]:
    bars = []
    for called, (total, waiting, missing) in (("name", names), ("path", paths)):
        if total:
            asked = f"{total - waiting:,} of {plural(total, called)} asked"
            text = f"{asked}; {missing:,} not found so far"
            bars.append(Progress(f"Asking ICA for {called}s", total - waiting, total, text))
    return bars


def _left(submission: Submission, names: Asked, paths: Asked, chore: Chore, speed: float) -> str:
    """About how long it will take: by the speed so far, or by that at which ICA may be asked."""
    waiting = names.waiting + paths.waiting
    if not waiting:
        return "All were asked for. What was not found is looked at more closely."
    asked, since = chore.total - waiting, context().clock() - chore.created_at
    if asked > 0 and since >= LEAST_SECONDS:
        seconds = waiting * since / asked
    else:
        calls = ceil(names.waiting / NAMES_A_CALL) + ceil(paths.waiting / PATHS_A_CALL)
        seconds = calls * max(len(submission.lookup_projects), 1) / speed
    likely = duration(seconds)
    return f"{likely.capitalize() if seconds < 60 else 'About ' + likely} to go."
