"""Pages, searches and files of a large list, and Find ids."""

import json
import time
from contextlib import closing
from urllib.parse import urlsplit

from tests.bench import exports
from tests.bench.running import data_ids, path_of

TRIES = 21  # of what is told by its 95th percentile
QUESTIONS = 3
JOINED = """SELECT items.status, count(*) FROM asked CROSS JOIN items
JOIN submissions ON submissions.id = items.submission_id
WHERE items.data_id = asked.data_id AND submissions.state IN ('draft', 'active', 'settled')
AND EXISTS (
    SELECT 1 FROM access WHERE access.project_id = submissions.project_id AND access.allowed
) GROUP BY items.status"""


def measure(bench, table):
    """What is asked of a list of which half failed, before and after a retry of that half."""
    size = bench.size
    with bench.dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        ids = data_ids(size // 2, ending="01") + data_ids(size - size // 2, seed=2)
        place = board.settle(ids)
        first = board.best(f"{place}/items")
        pages = {
            "submission": place,
            "reasons": f"{place}/reasons",
            "retry, to be confirmed": f"{place}/retry?status=FAILED",
            "retry of a reason, to be confirmed": f"{place}/retry?reason=1",
            "undo, to be confirmed": f"{place}/undo",
        }
        items = {
            "middle page of items": f"{place}/items?after={size // 2}",
            "last page of items": f"{place}/items?after={size - 50}",
            "items of two statuses": f"{place}/items?status=LINKED&status=FAILED",
            "items of a reason": f"{place}/items?reason=1",
            "search by id": f"{place}/items?search={ids[-1]}",
        }
        name = f"{size:,} ids, half failed"
        _pages(table, board, items, first, name, "flat")
        _search(table, board, place, first, size)
        _pages(table, board, pages, first, name, "<= 3")
        exports.measure(board, place, size, table)
        for count in (10_000, 100_000):
            _find(table, board, ids[:: max(1, size // count)], size)
        board.post(f"{place}/retry", {"status": "FAILED", "token": "bench"})
        board.until_settled(place)
        pages |= {
            "all attempts": f"{place}/attempts",
            "first attempt": f"{place}/attempts/1",
            "first attempt, what failed": f"{place}/attempts/1?status=FAILED",
            "second attempt": f"{place}/attempts/2",
        }
        _pages(table, board, pages, first, f"{size:,} ids, half tried again", "<= 3")


def _pages(table, board, pages, first, name, to_reach):
    for what, path in pages.items():
        figure, yardstick = board.best(path) * 1e3, first * 1e3
        table.add(
            f"{name}: {what}", figure, yardstick, "ms", to_reach, yardstick_is="first page of items"
        )


def _search(table, board, place, first, size):
    """Parts of names that few items have, or none: all rows are read for them. Of what many have,
    rows are read until there is a page of it.
    """
    typed = [f"NA4{number:03}" for number in range(TRIES)]
    answers = [board.post(f"{place}/items", {"text": text}) for text in typed]
    places = [urlsplit(answer.headers["Location"]) for answer in answers]
    paths = [f"{found.path}?{found.query}" for found in places]
    seconds = sorted(board.get(path).seconds for path in paths)
    p95 = seconds[round(0.95 * (TRIES - 1))]
    table.add(
        f"{size:,} ids: search by a part of a name, p95",
        p95 * 1e3,
        first * 1e3,
        "ms",
        "< 50 ms",
        yardstick_is="first page of items",
    )


def _find(table, board, asked, size):
    """Asking and the first view of the answer, beside one join that counts the same answer."""
    asking, viewing = min((_asked_and_viewed(board, asked) for _ in range(QUESTIONS)), key=sum)
    joined = min(_joined(board, asked) for _ in range(QUESTIONS))
    name = f"{len(asked):,} ids found among {size:,}"
    if len(asked) > 10_000:
        name, asking, to_reach = f"{name}, first view", 0.0, "<= 1 s"
    else:
        to_reach = "<= 2"
    table.add(name, asking + viewing, joined, "s", to_reach, yardstick_is="one indexed join")


def _asked_and_viewed(board, asked):
    answer = board.post("/find", {"ids": "\n".join(asked)})
    page = board.get(path_of(answer.headers["Location"]))
    assert page.status == 200
    return answer.seconds, page.seconds


def _joined(board, asked):
    """Seconds that it takes to insert the ids, and to count what became of those in submissions
    that may be seen.
    """
    sqlite = board.database_url.startswith("sqlite")
    rows = "SELECT value FROM json_each(?)" if sqlite else "SELECT unnest(%s::text[])"
    given = json.dumps(asked) if sqlite else asked
    with closing(board.connect()) as connection:
        started = time.perf_counter()
        connection.execute("CREATE TEMP TABLE asked (data_id TEXT)")
        connection.execute(f"INSERT INTO asked {rows}", (given,))
        found = connection.execute(JOINED).fetchall()
        seconds = time.perf_counter() - started
    assert sum(count for _, count in found) == len(asked)
    return seconds
