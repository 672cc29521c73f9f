"""The rows of the board, each rendered once a revision for all who see the same."""

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from cachetools import TTLCache
from flask import current_app, request
from markupsafe import Markup

from webapp.store import Connection, attempts, snapshots
from webapp.store.attempts import Attempt
from webapp.store.enums import State
from webapp.store.snapshots import Snapshot
from webapp.store.submissions import Submission
from webapp.web.core.context import context, viewer
from webapp.web.core.page import Part, render
from webapp.web.submissions import chart, status_text
from webapp.web.submissions.status_text import Segment
from webapp.work import retention

RENDERED = "board_rows"  # among the application's extensions
MAX_KEPT = 2000
KEPT_SECONDS = 60.0  # in which the name of a person, or of ICA's project, may be an older one

Key = tuple[
    str, int, int, bool
]  # the prefix, a submission, its revision, and if it is the viewer's


class Row(Part):
    """A submission as the board lists it. ends_at: when a draft is discarded by itself.

    state and label: of its badge. percent: done of what is under way, None while no item of it is
    known. outcome: its counts in words. areas: of the small chart of one that moves, status and
    path of each, see sparkline() of chart.py; none where there is nothing to see yet.
    """

    template = "submissions/_board_row.html"
    submission: Submission
    state: str
    label: str
    percent: int | None
    outcome: str
    segments: list[Segment]
    areas: list[tuple[str, str]]
    attempt_count: int
    by: str
    ends_at: float | None


class RenderedRows:
    """Those that were rendered, of what was shown last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: TTLCache[Key, Markup] = TTLCache(MAX_KEPT, KEPT_SECONDS)

    def get(self, keys: Iterable[Key]) -> dict[Key, Markup]:
        """Those that are kept of these."""
        with self._lock:
            return {key: self._kept[key] for key in keys if key in self._kept}

    def keep(self, rendered: Mapping[Key, Markup]) -> None:
        with self._lock:
            self._kept.update(rendered)


def of(connection: Connection, shown: Sequence[Submission], now: float) -> list[Markup]:
    """The rows of these submissions, for this viewer."""
    kept: RenderedRows = current_app.extensions.setdefault(RENDERED, RenderedRows())
    keys = [_key(one) for one in shown]
    found = kept.get(keys)
    lacking = [one for one, key in zip(shown, keys, strict=True) if key not in found]
    if lacking:
        rendered = dict(zip(map(_key, lacking), _rendered(connection, lacking, now), strict=True))
        kept.keep(rendered)
        found |= rendered
    return [found[key] for key in keys]


def _key(submission: Submission) -> Key:
    is_own = submission.account_id == viewer().id
    return request.script_root, submission.id, submission.revision, is_own


def _rendered(connection: Connection, shown: Sequence[Submission], now: float) -> Iterable[Markup]:
    attempt_rows = attempts.of_submissions(connection, [one.id for one in shown])
    moving = [one.last_attempt_id for one in shown if one.state == State.ACTIVE]
    series: Mapping[int, Sequence[Snapshot]] = {}
    if moving:
        series = snapshots.of_attempts(connection, moving, chart.SPARKLINE_POINTS, now)
    for one in shown:
        areas = chart.sparkline([*series.get(one.last_attempt_id, ())], now)
        yield Markup(render(_row(one, attempt_rows[one.id], areas)))


def _row(
    submission: Submission, attempt_rows: Sequence[Attempt], areas: list[tuple[str, str]]
) -> Row:
    state, label = status_text.badge(submission, attempt_rows)
    active, begun = submission.state == State.ACTIVE, submission.begun
    who = "you" if submission.account_id == viewer().id else submission.submitter
    return Row(
        submission=submission,
        state=state,
        label=label,
        percent=status_text.percent_done(submission, attempt_rows) if active else None,
        outcome=status_text.in_short(submission, attempt_rows) if begun else "",
        segments=status_text.segments(
            submission.counts, moving=status_text.moving(submission, attempt_rows)
        ),
        areas=areas,
        attempt_count=len(attempt_rows),
        by=f"{'watched by ' if submission.is_adopted else ''}{who}",
        ends_at=retention.ends_at(submission, context().settings.draft_days),
    )
