"""Files of a list's items, beside the database and a writer of files alone."""

import time


def measure(bench, table):
    """Exports of a list that has settled."""
    size = bench.size
    with bench.dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        _export(table, board, board.settle(size), size)


def _export(table, board, place, size):
    answer = board.get(f"{place}/export.csv")
    assert answer.body.count(b"\n") == size + 1
    started = time.perf_counter()
    connection = board.connect()
    submission_id = int(place.rpartition("/")[2])
    copied = sum(
        len(f"{row[0]},{row[1]},{row[2]},{row[3]}\n")
        for row in connection.execute(
            "SELECT line, data_id, status, reason FROM items WHERE "
            f"submission_id = {submission_id} ORDER BY position"
        )
    )
    naive = time.perf_counter() - started
    connection.close()
    assert copied
    table.add(
        f"{size:,} ids: export, rows a second",
        size / answer.seconds,
        size / naive,
        "/s",
        "",
        yardstick_is="sqlite3",
    )
    table.add(
        f"{size:,} ids: export, first byte",
        answer.first_byte,
        naive,
        "s",
        "under 1 s",
        yardstick_is="copying all",
    )
