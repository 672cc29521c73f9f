"""Rate and time left: a range that holds, and nothing rather than nonsense."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.store.snapshots import Snapshot
from webapp.web.submissions import forecast
from webapp.web.submissions.forecast import DAY, HOUR, MIN_SECONDS, OpenBatch

START = 1_000_000.0
STEP = 10.0
ONE_BATCH = [OpenBatch(50_000, 0, START)]


def series(done, total=100_000, start=START, step=STEP):
    """Snapshots, one a step, of an attempt that has done so many by each of them."""
    return [
        Snapshot(at - step, at, {"LINKED": n, "RUNNING": total - n})
        for at, n in ((start + k * step, n) for k, n in enumerate(done))
    ]


@given(
    st.floats(0.05, 5000), st.integers(8, 60), st.integers(0, 30), st.sampled_from([10.0, 700.0])
)
def test_of_an_even_pace_the_range_holds_what_is_left_and_is_narrow(rate, steps, waited, step):
    """However long the first outcome took."""
    done = [0] * waited + [int(k * step * rate) for k in range(steps)]
    total = done[-1] + 50_000
    known = series(done, total, step=step)
    found = forecast.forecast(known, ONE_BATCH, known[-1].at)
    if found is None or found.left is None:  # too few items had an outcome, or it takes months
        assert rate * step * steps < 8 or 50_000 / rate > 20 * DAY
        return
    least, most = found.left
    assert least <= 50_000 / rate <= most or rate * step < 2
    assert most / least < 1.5 or rate * step * steps < 40
    assert found.rate == pytest.approx(rate, rel=0.2) or rate * step < 2


counts = st.dictionaries(
    st.sampled_from(["LINKED", "FAILED", "RUNNING", "NOT_SENT", "UNKNOWN", "A_NEW_WORD"]),
    st.integers(0, 10**6),
)
moments = st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(0, 1e4), counts), max_size=9)


@given(
    moments,
    st.integers(-5, 10**6),
    st.integers(0, 10**6),
    st.floats(-1e5, 2e5) | st.none(),
    st.floats(-1e5, 2e5),
)
def test_whatever_was_kept_a_range_is_one(known, to_do, done, sent_at, as_of):
    """Clocks that were set, totals that change, counts that fall."""
    found = forecast.forecast(
        [Snapshot(at - back, at, n) for at, back, n in known],
        [OpenBatch(to_do, done, sent_at)],
        as_of,
    )
    if found is not None:
        assert found.rate > 0
        assert forecast.rate_text(found.rate)
        if found.left is not None:
            assert 0 < found.left[0] < found.left[1] <= 30 * DAY
            assert forecast.range_text(*found.left)


def told(done, **given):
    known = series(done, **given)
    return forecast.forecast(known, ONE_BATCH, known[-1].at)


def test_nothing_is_said_too_early_or_of_what_does_not_move():
    assert told([0, 100, 200, 300]) is None  # half a minute
    assert told([0, 0, 0, 0, 0, 100, 200, 300]) is None
    assert told([0, *[100] * 50]) is None
    assert told([k * 10 for k in range(7)])
    known = series([k * 10 for k in range(7)])
    assert forecast.forecast(known, [], known[-1].at) is None
    assert forecast.forecast([], ONE_BATCH, START) is None


def test_what_was_before_the_total_changed_or_the_clock_was_set_does_not_count():
    """A folder that becomes its files, and outcomes that were there already in the time to come."""
    first, then = (
        series([0, 900, 1800]),
        series([1800 + k for k in range(9)], 200_000, START + 30),
    )
    found = forecast.forecast([*first, *then], ONE_BATCH, then[-1].at)
    assert found.rate == pytest.approx(0.1)
    back = series(list(range(9)), start=START + 30)
    assert forecast.forecast([*first, *back], ONE_BATCH, back[-1].at).rate == pytest.approx(0.1)
    grows = [
        Snapshot(one.at - STEP, one.at, {**one.counts, "RUNNING": k}) for k, one in enumerate(then)
    ]
    assert forecast.forecast(grows, ONE_BATCH, then[-1].at) is None


def test_a_pace_that_changes_widens_the_range_and_one_that_stops_has_none():
    even = told([k * 100 for k in range(41)])
    slower = told([k * 100 for k in range(31)] + [3000 + k * 20 for k in range(1, 11)])
    assert slower.left[1] / slower.left[0] > 2 * even.left[1] / even.left[0]
    assert slower.rate == pytest.approx(2, rel=0.2)
    assert told([k * 100 for k in range(31)] + [3000] * 12) is None
    side_by_side = forecast.together([even, slower])
    assert side_by_side.rate == even.rate + slower.rate
    assert side_by_side.left == slower.left
    assert forecast.together([even, even._replace(left=None)]).left is None


@given(
    st.integers(1, 10**6), st.lists(st.tuples(st.integers(1, 10**6), st.floats(1, 1e6)), max_size=9)
)
def test_what_former_lists_took_makes_a_range_or_nothing(to_send, former):
    alike = forecast.alike(to_send, former)
    assert all(to_send / 10 <= items <= to_send * 10 for items, _ in alike)
    found = forecast.expected(to_send, alike)
    assert (found is None) == (len(alike) < 3)
    if found:
        assert 0 < found[0] <= found[1] * (1 + 1e-9)
        assert found[1] <= max(seconds * max(to_send / n, 1) for n, seconds in alike) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("least", "most", "written"),
    [
        (20, 50, "under a minute"),
        (40, 170, "at most 3 min"),
        (560, 700, "about 9 to 12 min"),
        (540, 590, "about 9 to 10 min"),
        (1810, 1900, "about 30 to 35 min"),
        (50 * 60, 2 * HOUR, "about 50 min to 2 h"),
        (1.6 * HOUR, 2.1 * HOUR, "about 1 h 30 min to 2 h 30 min"),
        (9.2 * HOUR, 11.5 * HOUR, "about 9 to 12 h"),
        (30 * HOUR, 4 * DAY, "about 1 d 6 h to 4 d"),
        (3 * DAY, 4.2 * DAY, "about 3 to 5 d"),
    ],
)
def test_ranges_in_words(least, most, written):
    assert forecast.range_text(least, most) == written


@pytest.mark.parametrize(
    ("rate", "written"),
    [
        (187.2, "190 items/s"),
        (1234, "1,200 items/s"),
        (3.44, "3.4 items/s"),
        (1, "1 item/s"),
        (0.2, "12 items/min"),
        (0.001, "3.6 items/h"),
        (0.0001, "less than 1 item/h"),
    ],
)
def test_rates_in_words(rate, written):
    assert forecast.rate_text(rate) == written


def test_the_quiet_minutes_end_where_a_stall_begins():
    assert forecast.quiet_minutes(None, START) == 0
    assert forecast.quiet_minutes(START + 500, START) == 0  # a clock was set back
    assert [forecast.quiet_minutes(START, START + n) for n in (59, 61, 301, 9000)] == [0, 1, 5, 5]
    assert MIN_SECONDS == 60


@given(
    st.lists(st.integers(500, 25_000), min_size=1, max_size=5),
    st.floats(2, 80),
    st.floats(0.1, 0.9),
)
def test_the_range_holds_to_the_end_of_the_longest_batch_or_of_one_after_the_other(
    sizes, rate, share
):
    """Whether ICA does batches side by side, each as fast, or one after the other."""
    for ends in ([n / rate for n in sizes], [*accumulate(n / rate for n in sizes)]):
        starts = [end - n / rate for end, n in zip(ends, sizes, strict=True)]
        now = share * ends[-1 if starts[-1] else sizes.index(max(sizes))]

        def done(at, starts=starts):
            return [
                min(max(int((at - start) * rate), 0), n)
                for start, n in zip(starts, sizes, strict=True)
            ]

        known = series([sum(done(STEP * k)) for k in range(int(now // STEP) + 1)], sum(sizes))
        at = known[-1].at - START
        open_batches = [
            OpenBatch(n - so_far, so_far, START) for n, so_far in zip(sizes, done(at), strict=True)
        ]
        found = forecast.forecast(known, open_batches, START + at)
        if found and found.left:
            assert found.left[0] <= max(ends) - at + STEP
            assert max(ends) - at <= found.left[1] + STEP
