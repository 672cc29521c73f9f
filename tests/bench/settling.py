"""Submitting, settling and trying again, beside what ICA and the database alone would take."""

import time

from tests.bench.running import data_ids, path_of


def measure(bench, table):
    """A list of which half fails is settled, and that half is tried again and settled."""
    size = bench.size
    with bench.dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        ids = data_ids(size // 2, ending="01") + data_ids(size - size // 2, seed=2)
        place = board.review(ids)
        started = time.perf_counter()
        assert board.post(f"{place}/submit").status == 303
        board.until(lambda: board.state(place).startswith("settled"), 3600, 0.5)
        whole = time.perf_counter() - started
        started = time.perf_counter()
        answer = board.post(f"{place}/retry", {"status": "FAILED", "token": "bench"})
        assert path_of(answer.headers["Location"]) == place
        board.until(lambda: board.state(place).startswith("settled"), 3600, 0.5)
        seconds = time.perf_counter() - started
        table.add(
            f"{size:,} ids, half tried again: sent and settled",
            seconds,
            whole,
            "s",
            "",
            yardstick_is="all",
        )
