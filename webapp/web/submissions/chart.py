"""Progress over time as stacked areas: the geometry of a chart's SVG, and its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from webapp.store import statuses
from webapp.store.enums import NOT_SENT, UNREAD
from webapp.store.snapshots import Snapshot
from webapp.web.submissions import forecast
from webapp.web.submissions.status_display import ordered, status_label

POINTS = 60  # of a chart: the part that has it is sent every few seconds
SPARKLINE_POINTS = 12
MIN_SNAPSHOTS, MIN_SECONDS = 3, 30.0  # of which there is something to see
WIDTH, HEIGHT = 1000, 400  # of the plane that its paths are drawn in
SPARKLINE_WIDTH, SPARKLINE_HEIGHT = 100, 24
OUTSIDE = 9  # so far areas go on beyond the plane, so that they have an outline on top alone
MAX_STEPS = {"seconds": 4, "minutes": 6, "days": 3}  # between ticks: a phone has room for as many
TICK_SECONDS = (
    *(10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 3 * 3600, 6 * 3600, 12 * 3600),
    86_400,
)
DAY = 86_400
UNTOLD = {NOT_SENT, UNREAD}  # of these alone a small chart is an empty one
EDGE = 3.0  # percent: a label nearer to a side than this begins or ends at its tick


@dataclass(frozen=True, slots=True)
class Area:
    """The items with one status: `path` of SVG reaches from the bottom to the sum of these and all
    below. `last`: how many they are at last. thin: an outline has it seen however few they are.
    """

    word: str
    label: str
    path: str
    last: int
    thin: bool


class Tick(NamedTuple):
    """A label of the axis of time: x in percent; anchor as SVG has it; words: of MAX_STEPS."""

    at: float
    x: float
    text: str
    anchor: str
    words: str


class Moment(NamedTuple):
    """A row of the table behind the chart."""

    at: float
    counts: list[int]


@dataclass(frozen=True, slots=True)
class Chart:
    """areas: the topmost first, as they are painted. top: how many items its height is. moments:
    the counts of each, in the order of the areas.
    """

    areas: list[Area]
    ticks: list[Tick]
    top: int
    begun_at: float
    ended_at: float
    moments: list[Moment]

    @property
    def numbers(self) -> dict[str, Any]:
        """What chart.js tells of a moment: seconds since 1970, and the counts of each area."""
        return {
            "from": round(self.begun_at),
            "until": round(self.ended_at),
            "at": [round(one.at) for one in self.moments],
            "counts": [one.counts for one in self.moments],
        }


def of(
    series: Sequence[Snapshot], until: float, labels: Mapping[str, str] | None = None
) -> Chart | None:
    """The chart of an attempt until it ended, or now; None while there is nothing to see yet."""
    if not _is_enough(series):
        return None
    begun_at, ended_at = series[0].at, max(until, series[-1].at)
    words, top = _words(series), _top(series)
    paths = _paths(series, words, ended_at, (WIDTH, HEIGHT))
    last = series[-1].counts
    areas = [
        Area(word, status_label(word, labels), path, last.get(word, 0), _is_trouble(word))
        for word, path in zip(words, paths, strict=True)
    ]
    moments = [Moment(one.at, [one.counts.get(word, 0) for word in words]) for one in series]
    return Chart(areas, _ticks(begun_at, ended_at), top, begun_at, ended_at, moments)


def sparkline(series: Sequence[Snapshot], until: float) -> list[tuple[str, str]]:
    """The same, small: status and path of each area, the topmost first; nothing while there is
    nothing to see.
    """
    if not _is_enough(series):
        return []
    words, end = _words(series), max(until, series[-1].at)
    if not {*words} - UNTOLD:
        return []
    return [
        *zip(words, _paths(series, words, end, (SPARKLINE_WIDTH, SPARKLINE_HEIGHT)), strict=True)
    ]


def _is_enough(series: Sequence[Snapshot]) -> bool:
    if len(series) < MIN_SNAPSHOTS:
        return False
    return series[-1].at - series[0].at >= MIN_SECONDS and _top(series) > 0


def _words(series: Sequence[Snapshot]) -> list[str]:
    """All statuses that there ever were, from the top down: what is done is below."""
    ever = {word: 1 for one in series for word, count in one.counts.items() if count}
    return ordered(ever)[::-1]


def _top(series: Sequence[Snapshot]) -> int:
    return max(sum(one.counts.values()) for one in series)


def _is_trouble(word: str) -> bool:
    """Of outcomes alone: while an attempt runs, the others only wait."""
    return word not in forecast.WAITING and statuses.meaning(word).trouble


def _paths(
    series: Sequence[Snapshot], words: Sequence[str], end: float, size: tuple[int, int]
) -> list[str]:
    """Of each area, from the top down: where one ends, the next one is painted over it."""
    width, height = size
    known = [*forecast.points(series), (end, series[-1].counts)]
    begin, top = known[0][0], _top(series)
    columns = [round(width * (at - begin) / ((end - begin) or 1.0)) for at, _ in known]
    left = [sum(counts.values()) for _, counts in known]  # of what is not painted yet
    paths = []
    for word in words:
        rows = [height - round(height * count / top) for count in left]
        paths.append(_path(columns, rows, height))
        left = [n - counts.get(word, 0) for n, (_, counts) in zip(left, known, strict=True)]
    return paths


def _path(columns: Sequence[int], rows: Sequence[int], height: int) -> str:
    """An area below a line of points, by steps from one point to the next."""
    x, y = columns[0] - OUTSIDE, rows[0]
    steps = [f"M{x} {height + OUTSIDE}V{y}"]
    for n, (column, row) in enumerate(zip(columns, rows, strict=True)):
        following = rows[n + 1] if n + 1 < len(rows) else None
        if row == y == following:  # on a level line only its ends matter
            continue
        steps.append(f"l{column - x} {row - y}" if row != y else f"h{column - x}")
        x, y = column, row
    return f"{''.join(steps)}h{OUTSIDE}V{height + OUTSIDE}z"


def _ticks(begin: float, end: float) -> list[Tick]:
    """At round times; where these are days, or the chart is longer than one, days are named."""
    length = end - begin
    days = DAY * -(-length // (MAX_STEPS["days"] * DAY))
    fitting = (one for one in TICK_SECONDS if length / one <= MAX_STEPS[_words_of(one, length)])
    step = next(fitting, days)
    words = _words_of(step, length)
    first = -(-begin // step) * step
    ticks = []
    for n in range(int((end - first) // step) + 1):
        at = first + n * step
        x = round(100 * (at - begin) / length, 2)
        anchor = "start" if x < EDGE else "end" if x > 100 - EDGE else "middle"
        ticks.append(Tick(at, x, _time_text(at, step, words), anchor, words))
    return ticks


def _words_of(step: float, length: float) -> str:
    """How the labels of a chart are worded, by their step and its length."""
    if length > DAY:
        return "days"
    return "minutes" if step >= 60 else "seconds"


def _time_text(at: float, step: float, words: str) -> str:
    """In UTC; chart.js words it in the reader's own zone."""
    moment = datetime.fromtimestamp(at, UTC)
    if words == "days":
        return f"{moment.day} {moment:%b}" + (f" {moment:%H:%M}" if step < DAY else "")
    return f"{moment:%H:%M}" if words == "minutes" else f"{moment:%H:%M:%S}"
