"""When it will be done: rate and time left as a range, from counts over time; and stalls.

It tells nothing rather than nonsense: nothing in the first minute, of too few snapshots, of a total
that still changes, or while something holds the work up.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import quantiles
from typing import NamedTuple

from webapp.store import statuses
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.enums import ENDED, NOT_SENT, UNKNOWN, Phase
from webapp.store.snapshots import Snapshot

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
MIN_SECONDS = MINUTE  # of progress before anything is said
MIN_STEPS = 3  # times that the number of done items rose
MAX_LEFT_SECONDS = 30 * DAY
MARGIN = 1.15  # the counts of a moment are some seconds older, and no pace is quite even
SHARES = (1.0, 0.5, 0.25)  # of the time since the first outcome: on the whole, and lately
STALL_MINUTES = 5  # without a change
UNHEARD_SECONDS = 2 * MINUTE  # without counts of ICA; it is asked every minute at least
STEPS = ((20 * MINUTE, MINUTE), (HOUR, 5 * MINUTE), (6 * HOUR, 30 * MINUTE), (1.5 * DAY, HOUR))
ALIKE = 10.0  # a list is compared with those of a tenth to ten times its size
SMALL_ITEMS = 200  # fewer have mostly ended before it is known how fast they go
MIN_ALIKE = 3
NEGLIGIBLE = 0.05  # of what is to be done: an attempt at so few changes no estimate
FORMER_ATTEMPTS = 50  # by which it is said how long a list takes

WAITING = statuses.MOVING | {UNKNOWN, NOT_SENT}  # of a running attempt: no outcome yet
MEANINGS = {  # of what has not changed
    "WAITING_RESOURCES": "ICA has no resources free for them yet; it goes on by itself.",
    "INITIALISED": "ICA has not begun with them yet; it goes on by itself.",
    "RUNNING": "ICA is at work on them.",
    NOT_SENT: "They are sent when it is their turn.",
}

Series = Sequence[Snapshot]
Range = tuple[float, float]  # the least and the most


class Held(NamedTuple):
    """So many items that have had this status without a change since a moment."""

    items: int
    status: str
    since: float


class Stall(NamedTuple):
    """No item has changed since. unheard_since: when ICA's counts came last, where that is too
    long ago. held: what has no outcome; meaning: of the most of it, "" where nothing is known.
    """

    since: float
    unheard_since: float | None
    held: list[Held]
    meaning: str


class Estimate(NamedTuple):
    """rate: such as "190 items/s"; left: such as "about 9 to 12 min"; each is "" if not known."""

    rate: str
    left: str
    stall: Stall | None


class OpenBatch(NamedTuple):
    """A batch that runs or waits: its items without an outcome and with one, and when it was sent,
    None: not yet.
    """

    to_do: int
    done: int
    sent_at: float | None


class Forecast(NamedTuple):
    """rate: items a second, lately. left: seconds, at least and at most; None: not known."""

    rate: float
    left: Range | None


def of(
    attempts: Iterable[Attempt],
    batches: Sequence[Batch],
    series: Mapping[int, Series],
    quiet: int,
    now: float,
) -> Estimate | None:
    """Of the attempts that run; None when nothing is to be told, or they are held up otherwise.

    series: snapshots by the id of an attempt. quiet: as quiet_minutes() says.
    """
    running = [one for one in attempts if one.runs]
    if not running or any(one.phase == Phase.BLOCKED for one in running):
        return None
    known = [series.get(one.id, []) for one in running]
    numbers = {one.number for one in running}
    asked = [one.counted_at for one in batches if one.attempt in numbers and one.counted_at]
    if quiet >= STALL_MINUTES:
        return _stalled(known, max(asked, default=None), now)
    as_of = min(max(asked, default=now), now)
    open_batches = [_open_batches(one, batches) for one in running]
    to_do = [sum(batch.to_do for batch in one) for one in open_batches]
    found = [forecast(*pair, as_of) for pair in zip(known, open_batches, strict=True)]
    whole = together([one for one in found if one])
    unknown = sum(count for count, one in zip(to_do, found, strict=True) if one is None)
    if whole is None or unknown > NEGLIGIBLE * sum(to_do):
        return None
    return Estimate(rate_text(whole.rate), range_text(*whole.left) if whole.left else "", None)


def quiet_minutes(changed_at: float | None, now: float) -> int:
    """For how many whole minutes nothing has changed, at most STALL_MINUTES: so often what is
    shown is worked out anew though nothing happens.
    """
    if changed_at is None:
        return 0
    return min(max(int((now - changed_at) // MINUTE), 0), STALL_MINUTES)


def _open_batches(attempt: Attempt, batches: Iterable[Batch]) -> list[OpenBatch]:
    """Its batches that have items without an outcome yet: what was refused or stopped has none."""
    mine = (one for one in batches if one.attempt == attempt.number and one.state not in ENDED)
    found = []
    for one in mine:
        done = _done(one.counts)
        to_do = max(one.size, sum(one.counts.values())) - done
        found.append(OpenBatch(to_do, done, one.sent_at))
    return [one for one in found if one.to_do > 0]


def forecast(series: Series, open_batches: Sequence[OpenBatch], as_of: float) -> Forecast | None:
    """Rate and time left of an attempt whose batches, as ICA told them last, have these items
    without an outcome; None: not known yet.

    The range is that of the rates on the whole and lately, and a margin; at most as long as the
    slowest batch takes, since ICA may do them side by side.
    """
    known, to_do = _steady(series), sum(one.to_do for one in open_batches)
    steps = len({done for _, done in known}) - 1
    if steps < MIN_STEPS or to_do <= 0:
        return None
    begun_at = max(at for at, done in known if done == known[0][1])  # before the first outcome
    end = max(as_of, known[-1][0])
    seconds = end - begun_at
    if seconds < MIN_SECONDS:
        return None
    spans = [seconds * share for share in SHARES if share == 1 or seconds * share >= MIN_SECONDS]
    rates = [(known[-1][1] - _done_at(known, end - span)) / span for span in spans]
    if rates[-1] <= 0:
        return None
    least = to_do / max(rates) / MARGIN
    most = max(to_do / min(rates), _of_the_slowest(open_batches, begun_at, end)) * MARGIN
    return Forecast(rates[-1], (least, most) if most <= MAX_LEFT_SECONDS else None)


def _of_the_slowest(open_batches: Sequence[OpenBatch], begun_at: float, end: float) -> float:
    """Seconds that it takes each batch at its own rate: one that has hardly begun is taken for a
    third as fast as they are on the average.
    """
    rates = [
        one.done / (end - since) if (since := max(one.sent_at or end, begun_at)) < end else 0.0
        for one in open_batches
    ]
    usual = sum(rates) / max(sum(rate > 0 for rate in rates), 1)
    if not usual:
        return 0.0
    pairs = zip(open_batches, rates, strict=True)
    return max(one.to_do / max(rate, usual / 3) for one, rate in pairs)


def together(forecasts: Sequence[Forecast]) -> Forecast | None:
    """Of attempts that run side by side: done when the last one is."""
    if not forecasts:
        return None
    lefts = [one.left for one in forecasts if one.left]
    whole = len(lefts) == len(forecasts)
    left = (max(one[0] for one in lefts), max(one[1] for one in lefts)) if whole else None
    return Forecast(sum(one.rate for one in forecasts), left)


def points(series: Series) -> list[tuple[float, Mapping[str, int]]]:
    """The counts of each moment; where they held for a while, of the end of that too."""
    found: list[tuple[float, Mapping[str, int]]] = []
    for one in series:
        if found and found[-1][0] < one.held_until < one.at:
            found.append((one.held_until, found[-1][1]))
        found.append((one.at, one.counts))
    return found


def _steady(series: Series) -> list[tuple[float, int]]:
    """How many were done by each moment, since the total has changed last: folders that become
    their files, or a batch that was found; nor before a clock was set back, where less was done.
    """
    known = points(series)
    found = [(at, _done(counts)) for at, counts in known]
    totals = [sum(counts.values()) for _, counts in known]
    start = 0
    for n, ((before, done), (at, more)) in enumerate(pairwise(found), start=1):
        if totals[n] != totals[n - 1] or more < done or at < before:
            start = n
    return found[start:]


def _done(counts: Mapping[str, int]) -> int:
    return sum(count for word, count in counts.items() if word not in WAITING)


def _done_at(known: Sequence[tuple[float, int]], moment: float) -> float:
    """Between two moments, in proportion; before the first and after the last one, as there."""
    after = bisect_right(known, moment, key=lambda point: point[0])
    if after in (0, len(known)):
        return float(known[min(after, len(known) - 1)][1])
    (begin, less), (end, more) = known[after - 1 : after + 1]
    return less + (more - less) * (moment - begin) / (end - begin)


def _stalled(series: Iterable[Series], counted_at: float | None, now: float) -> Estimate | None:
    known = [one for one in series if one]
    if not known:
        return None
    held = sorted((held for one in known for held in _held(one)), reverse=True)
    unheard = counted_at if counted_at and now - counted_at > UNHEARD_SECONDS else None
    meaning = MEANINGS.get(held[0].status, "") if held and unheard is None else ""
    return Estimate("", "", Stall(max(one[-1].at for one in known), unheard, held, meaning))


def _held(series: Series) -> Iterable[Held]:
    """What had no outcome last, and since when it was as many at least."""
    for word, count in series[-1].counts.items():
        if word in WAITING and count:
            fewer = [n for n, one in enumerate(series) if one.counts.get(word, 0) < count]
            since = series[fewer[-1] + 1 if fewer else 0]
            yield Held(count, word, since.at)


def alike(to_send: int, former: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Those of former lists, by their items and the seconds that they took, which are of about
    this size.
    """
    return [one for one in former if to_send / ALIKE <= one[0] <= to_send * ALIKE]


def expected(to_send: int, alike: Sequence[tuple[int, float]]) -> Range | None:
    """How many seconds a list of so many items takes, at least and at most, by lists like it; None
    where there are too few.

    A smaller one took as long for each of its items; a larger one may have taken its time for what
    does not depend on the size.
    """
    if len(alike) < MIN_ALIKE:
        return None
    least = [seconds * to_send / items for items, seconds in alike]
    most = [seconds * max(to_send / items, 1.0) for items, seconds in alike]
    return quantiles(least, n=4, method="inclusive")[0], quantiles(most, n=4, method="inclusive")[2]


def usual_text(size: int, former: Sequence[tuple[int, float]]) -> str:
    """About how long so many items take by former lists, such as "about 3 to 4 min"; "" where too
    few are known.
    """
    known = expected(size, alike(size, former))
    return range_text(*known) if known else ""


def rate_text(rate: float) -> str:
    """Items a second in two figures: 187.2 -> 190 items/s; 0.2 -> 12 items/min."""
    for unit, seconds in (("s", 1.0), ("min", MINUTE), ("h", HOUR)):
        amount = float(f"{rate * seconds:.2g}")
        if amount >= 1:
            figures = f"{amount:,.0f}" if amount >= 10 else f"{amount:g}"
            return f"{figures} {'item' if amount == 1 else 'items'}/{unit}"
    return "less than 1 item/h"


def range_text(least: float, most: float) -> str:
    """Seconds, at least and at most, rounded apart: 560, 700 -> about 9 to 12 min."""
    low, high = _rounded(least, up=False), _rounded(most, up=True)
    if high <= MINUTE:
        return "under a minute"
    if low == 0:
        return f"at most {_words(high)}"
    if low == high:
        return f"about {_words(low)}"
    first, second = _words(low), _words(high)
    (amount, unit), alike = first.rsplit(" ", 1), first.count(" ") == second.count(" ") == 1
    if alike and second.endswith(f" {unit}"):  # said once
        first = amount
    return f"about {first} to {second}"


def _rounded(seconds: float, *, up: bool) -> float:
    """To the step of its size."""
    step = next((step for below, step in STEPS if seconds < below), DAY)
    return (-(-seconds // step) if up else seconds // step) * step


def _words(seconds: float) -> str:
    """A multiple of a minute in words: 90 min -> 1 h 30 min."""
    units = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"))
    words = []
    for size, unit in units:
        amount, seconds = divmod(seconds, size)
        if amount:
            words.append(f"{amount:.0f} {unit}")
    return " ".join(words)
