"""Pages and searches of a large list, each beside its first page of items."""

import time

from tests.bench.running import data_ids, path_of


def measure(bench, table):
    """What is asked of a list of which half failed, before and after a retry of that half."""
    size = bench.size
    with bench.dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        ids = data_ids(size // 2, ending="01") + data_ids(size - size // 2, seed=2)
        place = board.settle(ids)
        first = _items(table, board, place, size)
        pages = {
            "submission": place,
            "reasons": f"{place}/reasons",
            "retry, to be confirmed": f"{place}/retry?status=FAILED",
            "undo, to be confirmed": f"{place}/undo",
        }
        _outcome_pages(table, board, pages, first, f"{size:,} ids, half failed")
        _find(table, board, ids[:: max(1, size // 10_000)], size)
        board.post(f"{place}/retry", {"status": "FAILED", "token": "bench"})
        board.until(lambda: board.state(place).startswith("settled"), 3600, 0.5)
        pages |= {
            "all attempts": f"{place}/attempts",
            "first attempt": f"{place}/attempts/1",
            "first attempt, what failed": f"{place}/attempts/1?status=FAILED",
            "second attempt": f"{place}/attempts/2",
        }
        _outcome_pages(table, board, pages, first, f"{size:,} ids, half tried again")


def _items(table, board, place, size):
    """Pages and searches of the items; the first page's seconds, the yardstick of all others."""
    first = board.best(f"{place}/items")
    asked = {
        "middle page of items": f"after={size // 2}",
        "last page of items": f"after={size - 50}",
        "search by id": f"q={data_ids(size - size // 2, seed=2)[-1]}",
        "search by a part of a name": "q=NA4015",
    }
    for what, query in asked.items():
        seconds = board.best(f"{place}/items?{query}")
        table.add(
            f"{size:,} ids: {what}",
            seconds * 1e3,
            first * 1e3,
            "ms",
            "under 50 ms",
            yardstick_is="first page",
        )
    return first


def _outcome_pages(table, board, pages, first, name):
    for what, path in pages.items():
        table.add(
            f"{name}: {what}",
            board.best(path) * 1e3,
            first * 1e3,
            "ms",
            "<= 3",
            yardstick_is="first page",
        )


def _find(table, board, asked, size):
    started = time.perf_counter()
    answer = board.post("/find", {"ids": "\n".join(asked)})
    page = board.get(path_of(answer.headers["Location"]))
    seconds = time.perf_counter() - started
    assert page.status == 200
    connection = board.connect()
    started = time.perf_counter()
    connection.execute("CREATE TEMP TABLE asked (data_id TEXT)")
    values = ", ".join(f"('{text}')" for text in asked)
    connection.execute(f"INSERT INTO asked VALUES {values}")
    joined = "SELECT count(*) FROM asked JOIN items USING (data_id)"
    assert connection.execute(joined).fetchone() == (len(asked),)
    naive = time.perf_counter() - started
    connection.close()
    name = f"{len(asked):,} ids found among {size:,}"
    table.add(name, seconds, naive, "s", "", yardstick_is="one join")
