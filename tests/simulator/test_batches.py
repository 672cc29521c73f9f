"""A batch moves by the clock alone, and every way of asking tells the same."""

import random

import pytest

from tests.simulator.conftest import LINK_STATUSES, UNLINKING, data_id

pytestmark = pytest.mark.long

RATE = 10
IDS = [
    data_id(number, f"{number * 7 % 40:02x}", "fol" if number % 3 else "fil")
    for number in range(200)
]
MOMENTS = [0, 0.1, 1.4, 1.6, 2.4, 2.6, 7, 15, 22.4, 22.6, 1000]


@pytest.mark.parametrize("version", ["v4", "v3"])
def test_counts_always_sum_to_the_total(sim, demo, version):
    batch = demo.create(IDS)
    for seconds in MOMENTS:
        sim.clock.now += seconds
        counts = [demo.count(batch, version, status=status) for status in LINK_STATUSES]
        assert sum(counts) == demo.count(batch, version) == len(IDS)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", MOMENTS)
@pytest.mark.parametrize("version", ["v4", "v3"])
def test_filtered_pages_equal_a_filter_over_all_pages(sim, demo, seconds, version):
    batch = demo.create(IDS)
    sim.clock.advance(seconds)
    everything = demo.items(batch, version)
    assert [item["request"]["dataId"] for item in everything] == IDS
    for seed in range(12):
        wanted = random.Random(seed).sample(LINK_STATUSES, 1 + seed % 4)
        expected = [item for item in everything if item["processing"]["status"] in wanted]
        assert demo.items(batch, version, status=wanted, pageSize="17") == expected
        assert demo.count(batch, version, status=wanted) == len(expected)
        for offset in (0, 1, 20, len(expected) - 1, len(expected)):
            page = demo.get(
                f"{batch}/items", version, status=wanted, pageOffset=max(0, offset), pageSize="5"
            )
            assert page.json()["items"] == expected[max(0, offset) :][:5]


def test_items_only_move_forward(sim, demo):
    order = {status: min(place, 3) for place, status in enumerate(LINK_STATUSES)}
    batch, before = demo.create(IDS), [0] * len(IDS)
    for _ in range(25):
        now = [order[item["processing"]["status"]] for item in demo.items(batch)]
        assert all(new >= old for new, old in zip(now, before, strict=True))
        assert now == sorted(now, reverse=True)
        before = now
        sim.clock.advance(1)
    assert set(before) == {3}


def test_the_rate_is_what_was_asked_for(sim, demo):
    batch = demo.create(IDS)
    sim.clock.advance(2.5 + 0.001)
    assert demo.count(batch, status=LINK_STATUSES[3:]) == 0
    sim.clock.advance(5)
    assert demo.count(batch, status=LINK_STATUSES[3:]) == 5 * RATE


def test_a_walk_by_cursor_is_complete_and_unique_while_items_move(sim, demo):
    batch = demo.create(IDS)
    seen = []
    for page in demo.pages(f"{batch}/items", pageSize="13"):
        seen += [item["request"]["dataId"] for item in page["items"]]
        sim.clock.advance(1.5)
    assert seen == IDS


def test_remaining_records_are_rough_and_totals_go_with_the_offset(demo):
    batch = demo.create(IDS)
    pages = list(demo.pages(f"{batch}/items", pageSize="20"))
    remaining = [page["remainingRecords"] for page in pages]
    assert all(abs(r - left) <= 6 for r, left in zip(remaining, range(180, -1, -20), strict=True))
    assert {page["totalItemCount"] for page in pages} == {None}
    page = demo.get(f"{batch}/items", "v4", pageOffset="20").json()
    assert (page["nextPageToken"], page["totalItemCount"]) == ("", len(IDS))


@pytest.mark.parametrize(
    ("endings", "verdict"),
    [
        (["33", "44", "05"], "SUCCEEDED"),
        (["33", "00"], "PARTIALLY_SUCCEEDED"),
        (["00", "01"], "FAILED"),
        ([], "SUCCEEDED"),
    ],
)
def test_the_job_follows_the_batch(sim, demo, endings, verdict):
    batch = demo.create([data_id(n, ending) for n, ending in enumerate(endings)])
    seen = []
    for _ in range(60):
        job = demo.get(batch).json()["job"]
        assert (job["timeFinished"] is not None) == (job["status"] == verdict)
        if job["status"] not in seen:
            seen.append(job["status"])
        sim.clock.advance(0.05)
    whole = ["INITIALIZED", "WAITING_FOR_RESOURCES", "RUNNING", verdict]
    assert seen == (whole if endings else [verdict])


def test_unlinking_moves_alike(sim, demo):
    demo.create(IDS)
    batch = demo.create(IDS, "v3", UNLINKING)
    sim.clock.advance(10)
    statuses = [item["processing"]["status"] for item in demo.items(batch, "v3")]
    known = {"INITIALISED", "WAITING_RESOURCES", "RUNNING"}
    for status in set(statuses):
        assert demo.count(batch, "v3", status=status) == statuses.count(status)
    assert known < set(statuses)
