"""How a submission goes over time: estimate, chart, how long it took; and the chart's table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from flask import Blueprint, abort, url_for

from webapp.store import Connection, attempts, snapshots
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.enums import AttemptState, Phase
from webapp.store.snapshots import Snapshot
from webapp.store.submissions import Submission
from webapp.web.core.access import begun_submission
from webapp.web.core.context import context
from webapp.web.core.formatting import elapsed, plural
from webapp.web.core.page import Page, render
from webapp.web.retry import attempt_list
from webapp.web.submissions import chart, forecast, status_text, summary
from webapp.web.submissions.chart import Chart
from webapp.web.submissions.forecast import Estimate

MOST_AT_ONCE = 4  # attempts that run: of more, nothing is told but their counts

AT_WORK = {Phase.SENDING, Phase.LINKING}

AllSeries = Mapping[int, Sequence[Snapshot]]  # by the id of an attempt

blueprint = Blueprint("over_time", __name__)


class OverTime(NamedTuple):
    """estimate: of what runs. chart: of the attempt that `title` names, if there is one; its
    numbers are at table_url. took: how long it all took, in words. words: what our statuses are
    called. measuring: it is too early for an estimate. is_small: what runs has ended before it
    could be measured.
    """

    estimate: Estimate | None
    chart: Chart | None
    title: str
    table_url: str
    took: str
    words: Mapping[str, str]
    measuring: bool = False
    is_small: bool = False


class OverTimePage(Page):
    """The chart of one attempt, and its numbers as a table."""

    template = "submissions/over_time.html"
    submission: Submission
    attempt: Attempt
    attempt_title: str
    over_time: OverTime


@blueprint.get("/submissions/<int:submission_id>/attempts/<int:number>/over-time")
def page(submission_id: int, number: int) -> str:
    text = "This list was not submitted yet, so there is no attempt at it."
    submission, now = begun_submission(submission_id, 404, text), context().clock()
    with context().store.read() as connection:
        found = attempts.of_submission(connection, submission_id)
        attempt = next((one for one in found if one.number == number), None)
        if attempt is None:
            abort(404, f"This submission has no attempt {number}. Its page lists those there are.")
        series = snapshots.of_attempts(connection, [attempt.id], chart.POINTS, now)[attempt.id]
    title = attempt_list.title(submission, attempt)
    labels = status_text.labels_over_time(attempt)
    drawn = chart.of(series, attempt.ended_at or now, labels)
    shown = OverTime(None, drawn, "Items by status", "", "", labels)
    return render(OverTimePage(submission, attempt, title, shown))


def series(
    connection: Connection, found: Sequence[Attempt], now: float, *, charted: bool
) -> AllSeries:
    """The snapshots of the attempts that run, and of the one whose chart is shown, if one is."""
    running = [one.id for one in found if one.runs][:MOST_AT_ONCE]
    shown = _charted(found) if charted else None
    wanted = {*running, shown.id} if shown else {*running}
    return snapshots.of_attempts(connection, wanted, chart.POINTS, now) if wanted else {}


def of(
    found: Sequence[Attempt],
    batches: Sequence[Batch],
    known: AllSeries,
    *,
    charted: bool,
    held: bool,
    quiet: int,
    now: float,
) -> OverTime:
    """What is shown of a submission's attempts and batches.

    known: as series() gives it. charted: with the chart. held: nothing is asked of ICA just now.
    quiet: as quiet_minutes() of forecast.py says.
    """
    shown, estimate = _charted(found), None
    if not held and sum(one.runs for one in found) <= MOST_AT_ONCE:
        estimate = forecast.of(found, batches, known, quiet, now)
    if shown is None:
        return OverTime(estimate, None, "", "", "", {})
    waits = shown.runs and shown.phase in AT_WORK and forecast.WAITING & shown.counts.keys()
    measuring = bool(waits) and not (held or estimate)
    words = status_text.labels_over_time(shown)
    drawn = None
    if charted:
        until = shown.ended_at or summary.counted_at(found, batches) or now
        drawn = chart.of([*_up_to(until, known.get(shown.id, []))], until, words)
    which = f" of attempt {shown.number}" if len(found) > 1 else ""
    url = url_for("over_time.page", submission_id=shown.submission_id, number=shown.number)
    is_small = sum(shown.counts.values()) < forecast.SMALL_ITEMS
    title, took = f"Progress over time{which}", _took(found)
    return OverTime(estimate, drawn, title, url, took, words, measuring, is_small)


def _up_to(until: float, known: Iterable[Snapshot]) -> Iterator[Snapshot]:
    """Each for the last of its seconds, which may be later than the counts that the page shows."""
    for one in known:
        yield one if one.at <= until else one._replace(at=until)


def _charted(found: Sequence[Attempt]) -> Attempt | None:
    """What runs, else all that was begun: of these the one with most items, the last of equals."""
    begun = [one for one in found if one.begun_at is not None and one.state != AttemptState.DRAFT]
    running = [one for one in begun if one.runs]
    return max(running or begun, key=lambda one: (one.size, one.number), default=None)


def _took(found: Sequence[Attempt]) -> str:
    """How long all attempts took together, once all have ended."""
    lengths = [one.took for one in found]
    known = [length for length in lengths if length is not None]
    if not known or len(known) < len(lengths):
        return ""
    together = elapsed(sum(known))
    return f"{together} in {plural(len(known), 'attempt')}" if len(known) > 1 else together
