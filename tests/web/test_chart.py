"""The geometry of the chart: areas that add up, in a plane, and ticks at round times."""

import re
from itertools import pairwise
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from webapp.store.snapshots import Snapshot
from webapp.web.submissions import chart, status_text
from webapp.web.submissions.chart import HEIGHT, OUTSIDE, WIDTH

WORDS = ["LINKED", "FAILED", "RUNNING", "INITIALISED", "UNKNOWN", "NOT_SENT", "A_NEW_WORD"]
counts = st.dictionaries(st.sampled_from(WORDS), st.integers(0, 10**6))
gaps = st.tuples(st.floats(10, 1e6), st.floats(0, 1), counts)


def series(given_gaps):
    at, found = 1_795_000_000.0, []
    for gap, held, n in given_gaps:
        found.append(Snapshot(at + gap * held * 0.9, at := at + gap, n))
    return found


def outline(path):
    """The points of an area's upper side."""
    begun, *steps = re.findall(r"[MVhlz][-\d ]*", path)
    x, y = int(begun[1:].split()[0]), int(steps[0][1:])
    points = [(x, y)]
    for step in steps[1:]:
        if step[0] in "lh":
            dx, dy = [*map(int, step[1:].split()), 0][:2]
            x, y = x + dx, y + dy
            points.append((x, y))
    return points


@given(st.lists(gaps, min_size=1, max_size=8), st.floats(0, 1e6))
def test_areas_are_stacked_within_the_plane_from_the_left_to_the_right(steps, idle):
    known = series(steps)
    found = chart.of(known, known[-1].at + idle)
    if found is None:
        few = len(known) < 3 or known[-1].at - known[0].at < 30
        assert few or not any(sum(one.counts.values()) for one in known)
        return
    for area in found.areas:
        points = outline(area.path)
        assert points[0][0] == -OUTSIDE
        assert points[-1][0] == WIDTH + OUTSIDE
        assert all(one[0] <= later[0] for one, later in pairwise(points))
        assert all(0 <= y <= HEIGHT for _, y in points)
    last, top = known[-1].counts, found.top
    assert [area.last for area in found.areas] == [last.get(area.word, 0) for area in found.areas]
    stacked = 0
    for area in reversed(found.areas):
        stacked += area.last
        assert outline(area.path)[-1][1] == HEIGHT - round(HEIGHT * stacked / top)
    assert all(sum(one.counts) <= top for one in found.moments)
    assert len(found.ticks) <= 7
    assert all(found.begun_at <= tick.at <= found.ended_at for tick in found.ticks)
    assert all(0 <= tick.x <= 100 for tick in found.ticks)


def test_a_list_of_which_nothing_was_sent_has_no_small_chart():
    for word, empty in {"NOT_SENT": True, "UNREAD": True, "RUNNING": False}.items():
        known = [Snapshot(at, at + 20, {word: 3}) for at in (100.0, 120.0, 140.0, 160.0)]
        assert (chart.sparkline(known, 200.0) == []) == empty


def ticks(seconds):
    at = 1_795_000_051.0  # 11:07:31
    found = chart.of([Snapshot(at, at + n * seconds, {"LINKED": n}) for n in range(3)], 0.0)
    return [tick.text for tick in found.ticks]


def test_ticks_are_at_round_times_and_name_days_where_there_are_several():
    assert ticks(25) == ["11:07:40", "11:08:00", "11:08:20"]
    assert ticks(300) == [f"11:{n:02d}" for n in (8, 10, 12, 14, 16)]
    assert ticks(120) == ["11:08", "11:09", "11:10", "11:11"]
    assert ticks(2 * 3600) == ["12:00", "13:00", "14:00", "15:00"]
    assert ticks(18 * 3600) == ["18 Nov 12:00", "19 Nov 00:00", "19 Nov 12:00"]
    assert ticks(86_400) == ["19 Nov", "20 Nov"]
    assert ticks(30 * 86_400) == ["23 Nov", "13 Dec", "2 Jan"]


def test_what_an_attempt_has_not_come_to_is_called_as_it_was_on_its_way():
    ended = SimpleNamespace(runs=False, counts={"LINKED": 9, "UNREAD": 1})
    labels = status_text.labels_over_time(ended)
    assert labels["UNREAD"] == "Not known"
    assert labels["UNKNOWN"] == "Being counted"
    assert labels["NOT_SENT"] == "Not sent yet"
