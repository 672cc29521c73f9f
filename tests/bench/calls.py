"""What a refresh costs in calls to ICA: for any size of a list, and any number of watchers."""

import time

from tests.bench.running import poll_headers


def measure(bench, table):
    """ICA calls of one refresh, small and large, with one watcher and with fifty."""
    costs = {}
    for size in (100, 200_000):
        costs[size] = _calls_of_a_refresh(bench, size)
    table.add(
        "calls a refresh, 200,000 items",
        costs[200_000],
        costs[100],
        "",
        "at most 9, and 1.0",
        yardstick_is="100 items",
    )
    table.add(
        "calls a second, 50 watchers",
        _calls_while_watched(bench, 50),
        _calls_while_watched(bench, 1),
        "",
        "1.0",
        yardstick_is="1 watcher",
    )


def _calls_of_a_refresh(bench, size):
    """Calls to count a running batch; the page of items that each refresh reads apart."""
    with bench.dashboard(rate=max(1, size / 600), batch_size=1_000_000) as board:
        board.sign_in()
        board.submit(size)
        board.until(lambda: board.ica_calls().get("getJob", 0) >= 3)
        before = _calls_at_rest(board)
        board.until(lambda: board.ica_calls()["getJob"] >= before["getJob"] + 3)
        after = _calls_at_rest(board)
        refreshes = after["getJob"] - before["getJob"]
        return (sum(after.values()) - sum(before.values()) - refreshes) / refreshes


def _calls_while_watched(bench, watchers):
    """Calls a refresh costs, and so per watched time, while so many browsers poll."""
    with bench.dashboard(rate=5, batch_size=1_000_000) as board:
        board.sign_in()
        place = board.submit(5000)
        board.until(lambda: board.ica_calls().get("getJob", 0) >= 3)
        before, started = _calls_at_rest(board), time.monotonic()
        while time.monotonic() < started + 20:
            for _ in range(watchers):
                board.request("GET", f"{place}/progress?shows=active", headers=poll_headers())
            time.sleep(max(0.0, 2 - watchers * 0.01))
        after = _calls_at_rest(board)
        return (sum(after.values()) - sum(before.values())) / (time.monotonic() - started)


def _calls_at_rest(board):
    """The calls so far, between two refreshes: when none came for a while."""
    before = None
    while before != (before := board.ica_calls()):
        time.sleep(0.4)
    return before
