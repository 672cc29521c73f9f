"""A million items in one batch cost a call no more than a few."""

import gc
import time

import pytest
import requests

from tests.simulated_ica import DEMO_KEY, simulator
from tests.simulator.conftest import LINK_STATUSES, LINKING, Caller

pytestmark = pytest.mark.long

FEW, MANY = 2_000, 1_000_000


def seconds_for(action, times=25):
    """The quickest of several tries: what the machine does beside us doesn't count."""
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        spent.append(time.perf_counter() - begun)
    return min(spent)


@pytest.fixture(scope="module")
def batches():
    """A caller, the seconds to create a small and a large batch, and their addresses, half done."""
    with simulator(rate=MANY) as sim, requests.Session() as session:
        caller = Caller(sim.url, session, **{"X-API-Key": DEMO_KEY})
        found = {}
        for size in (FEW, MANY):
            ids = [f"fil.{size + n * 2654435761 % 2**64:032x}" for n in range(size)]
            begun = time.perf_counter()
            address = caller.create(ids)
            found[size] = (address, time.perf_counter() - begun)
            sim.clock.advance((size / 2 + 25) / MANY)
        sim.clock.now -= FEW / 2 / MANY
        yield caller, found
        del found
        gc.collect()


@pytest.mark.parametrize(
    "query",
    [
        {"pageOffset": "0", "pageSize": "1"},
        *({"pageOffset": "0", "pageSize": "1", "status": status} for status in LINK_STATUSES),
        {"pageOffset": "150", "pageSize": "5", "status": ["FAILED", "LINKED", "ALREADY_LINKED"]},
        {"pageSize": "5", "status": "FAILED"},
        {"pageSize": "200"},
    ],
)
def test_a_page_costs_the_same_in_any_batch(batches, query):
    caller, found = batches
    few, many = (
        seconds_for(lambda path=found[size][0]: caller.get(f"{path}/items", "v4", **query))
        for size in (FEW, MANY)
    )
    assert many < 3 * few + 0.002


@pytest.mark.parametrize("status", ["LINKED", "FAILED"])
def test_a_page_costs_the_same_at_any_depth(batches, status):
    caller, found = batches
    path = f"{found[MANY][0]}/items"
    total = caller.count(found[MANY][0], status=status)
    query = {"status": status, "pageSize": "50"}
    first = seconds_for(lambda: caller.get(path, "v4", pageOffset="0", **query))
    offset = str(min(total, 200_000) - 50)
    deep = caller.get(path, "v4", pageOffset=offset, **query).json()
    assert len(deep["items"]) == 50
    last = seconds_for(lambda: caller.get(path, "v4", pageOffset=offset, **query))
    assert last < 3 * first + 0.002


def test_creating_costs_in_proportion(batches):
    _, found = batches
    assert found[MANY][1] < 5 * (MANY / FEW) * found[FEW][1]


def test_statuses_of_a_million_items_sum_to_the_total(batches):
    caller, found = batches
    counts = [caller.count(found[MANY][0], status=status) for status in LINK_STATUSES]
    assert sum(counts) == MANY
    assert counts[0] > MANY / 3 < counts[3]


def test_offsets_end_at_200_000_rows(batches):
    caller, found = batches
    items = f"{found[MANY][0]}/items"
    page = caller.get(items, "v4", pageOffset="199990", pageSize="100").json()
    assert (len(page["items"]), page["totalItemCount"]) == (10, MANY)
    assert caller.get(items, "v4", pageOffset="200000").json()["items"] == []


def test_a_create_call_of_200_000_ids_on_a_busy_connection(batches):
    caller, _ = batches
    body = {"items": [{"dataId": f"fil.{n:032x}"} for n in range(200_000)]}
    assert caller.get("/api/jobs").status_code == 200
    assert caller.post(LINKING, "v4", body).status_code == 201
    assert caller.get("/api/jobs").status_code == 200
