"""The small charts of the board's moving rows, each drawn once a revision of its submission."""

from collections.abc import Iterable, Mapping
from threading import Lock

from cachetools import LRUCache
from flask import current_app
from markupsafe import Markup

from webapp.store import Connection, snapshots
from webapp.store.enums import State
from webapp.store.submissions import Submission
from webapp.web.core.page import Part, render
from webapp.web.submissions import chart

SPARKLINES = "sparklines"  # among the application's extensions
MAX_KEPT = 1000

Key = tuple[int, int]  # a submission and its revision


class Sparkline(Part):
    """The chart of one submission: status and path of each area, see sparkline() of chart.py."""

    template = "submissions/_sparkline.html"
    areas: list[tuple[str, str]]


class DrawnSparklines:
    """Those that were drawn, of the rows that were shown last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: LRUCache[Key, Markup] = LRUCache(MAX_KEPT)

    def get(self, keys: Iterable[Key]) -> dict[Key, Markup]:
        """Those that are kept of these."""
        with self._lock:
            return {key: self._kept[key] for key in keys if key in self._kept}

    def keep(self, drawn: Mapping[Key, Markup]) -> None:
        with self._lock:
            self._kept.update(drawn)


def of(
    connection: Connection, submissions: Iterable[Submission], now: float
) -> Mapping[int, Markup]:
    """By submission the chart of its last attempt, of those that are under way; "" is one of which
    there is nothing to see yet.
    """
    kept: DrawnSparklines = current_app.extensions.setdefault(SPARKLINES, DrawnSparklines())
    moving = {(one.id, one.revision): one for one in submissions if one.state == State.ACTIVE}
    found = kept.get(moving)
    lacking = {one.last_attempt_id: key for key, one in moving.items() if key not in found}
    if lacking:
        known = snapshots.of_attempts(connection, [*lacking], chart.SPARKLINE_POINTS, now)
        drawn = {lacking[each]: _draw(series, now) for each, series in known.items()}
        kept.keep(drawn)
        found |= drawn
    return {submission_id: text for (submission_id, _), text in found.items()}


def _draw(series: Iterable[snapshots.Snapshot], now: float) -> Markup:
    areas = chart.sparkline([*series], now)
    return Markup(render(Sparkline(areas))) if areas else Markup()
