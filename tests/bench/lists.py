"""An upload from its bytes to the reviewed draft, and what others wait for meanwhile."""

import sqlite3
import time
from pathlib import Path

from tests.bench.running import data_ids, path_of


def measure(bench, table):
    """From the upload to the reviewed draft; what it costs others, and memory."""
    size = bench.size
    with bench.dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        data = "\n".join(data_ids(size)).encode()
        started = time.perf_counter()
        answer = board.upload(data)
        uploaded = time.perf_counter()
        place = path_of(answer.headers["Location"])
        meanwhile = _used_by_others(board, lambda: board.state(place) == "draft")
        reviewed = time.perf_counter()
        calm = _used_by_others(board, lambda: time.perf_counter() > reviewed + 5)
        naive = _insert_in_bulk(board.folder / "yardstick.db", data)
        name = f"{size:,} ids"
        table.add(f"{name}: upload", uploaded - started, naive, "s", "", yardstick_is="bulk insert")
        table.add(
            f"{name}: upload's end to reviewed draft",
            reviewed - uploaded,
            naive,
            "s",
            "1,000,000 in 15 s",
            yardstick_is="bulk insert",
        )
        for what in ("reader", "writer"):
            table.add(
                f"{name}: slowest of a {what}'s requests while it is read",
                max(meanwhile[what]) * 1e3,
                max(calm[what]) * 1e3,
                "ms",
                "undisturbed",
                yardstick_is="after",
            )
        peak = board.peak_memory()
        table.add(
            f"{name}: largest process",
            peak,
            len(data) / 1e6,
            "MB",
            "under 500",
            yardstick_is="file",
        )


def _used_by_others(board, until):
    """Seconds that a reader's and a writer's requests take, twice a second, until it is so."""
    times: dict[str, list[float]] = {"reader": [], "writer": []}
    while not until():
        times["reader"].append(board.get("/submissions").seconds)
        started = time.perf_counter()
        board.sign_in()
        times["writer"].append(time.perf_counter() - started)
        time.sleep(0.5)
    return times


def _insert_in_bulk(path: Path, data):
    """Reading the file and one bulk insert of the same rows, by the driver alone."""
    started = time.perf_counter()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE items (submission_id INTEGER, position INTEGER, data_id TEXT, line INTEGER, "
        "status TEXT, PRIMARY KEY (submission_id, position)) WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX a ON items (data_id, submission_id)")
    connection.execute("CREATE INDEX b ON items (submission_id, status, position)")
    rows = ((1, n, text, n, "UNREAD") for n, text in enumerate(data.decode().splitlines(), 1))
    with connection:
        connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?)", rows)
    connection.close()
    return time.perf_counter() - started
