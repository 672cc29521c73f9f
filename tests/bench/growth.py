"""How costs grow with the size of a list: some should stay flat, the rest should be linear."""

import time
from contextlib import contextmanager

from tests.bench.running import data_ids

SIZES = (1_000, 10_000, 100_000, 1_000_000)
FLAT = {  # what is asked of a list that has settled
    "submission's page": "",
    "first page of items": "/items",
    "last page of items": "/items?after={before_last}",
    "search by an id": "/items?search={last_id}",
    "reasons": "/reasons",
    "retry, to be confirmed": "/retry",
}


def measure(bench, table):
    """Seconds of what is done to lists of each size up to the bench's own."""
    sizes = [size for size in SIZES if size <= bench.size]
    with bench.dashboard(calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        costs = [_costs(board, size) for size in sizes]
    for name in costs[0]:
        values = [cost[name] for cost in costs]
        table.add_growth("items", name, sizes, values, "s", "flat" if name in FLAT else "linear")


def _costs(board, size):
    """Name to seconds."""
    ids = data_ids(size - size // 10, seed=size)
    ids += data_ids(size // 10, seed=size + 1, ending="01")
    costs: dict[str, float] = {}  # in seconds
    with _timed(costs, "upload to reviewed draft"):
        place = board.review(ids)
    with _timed(costs, "submit to settled"):
        board.post(f"{place}/submit")
        board.until_settled(place)
    with _timed(costs, "export as CSV"):
        board.get(f"{place}/export.csv")
    asked = {"before_last": size - 50, "last_id": ids[-1]}
    for name, path in FLAT.items():
        costs[name] = board.best(place + path.format(**asked))
    return costs


@contextmanager
def _timed(costs, name):
    began = time.perf_counter()
    yield
    costs[name] = time.perf_counter() - began
