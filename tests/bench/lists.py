"""An upload from its bytes to the reviewed draft, what others wait for meanwhile, and memory."""

import sqlite3
import statistics
import threading
import time
from contextlib import closing

from tests.bench.running import data_ids, path_of
from webapp.store.engine import CHECKPOINT_BYTES, PAGE_BYTES

SHORT = 54_000  # ids of a colleague's list: 2 MB
IDLE_SECONDS = 6.0  # for which readers and writers are measured before
PRAGMAS = (  # as the dashboard's own
    f"page_size={PAGE_BYTES}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-64000",
    f"wal_autocheckpoint={CHECKPOINT_BYTES // PAGE_BYTES}",
)
COLUMNS = (
    'submission_id, position, data_id, line, "column", flags, status, reason, name, path,'
    " linked_id, attempt"
)


def measure(bench, table):
    """From the upload to the reviewed draft; what it costs others, and memory."""
    name = f"{bench.size:,} ids"
    data = "\n".join(data_ids(bench.size)).encode()
    with bench.dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        short = "\n".join(data_ids(SHORT, seed=3)).encode()
        alone = _seconds(board, short)
        idle, before = _Others(board, IDLE_SECONDS).times, board.worker_memory()
        started = time.perf_counter()
        place = path_of(board.upload(data).headers["Location"])
        uploaded = time.perf_counter()
        others = _Others(board)
        board.until(lambda: board.state(place) == "draft")
        reviewed = time.perf_counter() - uploaded
        others.stop()
        bulk = _insert_in_bulk(board, data)
        yardstick = "one bulk insert"
        table.add(f"{name}: upload", uploaded - started, bulk, "s", "", yardstick_is=yardstick)
        measure = f"{name}: upload's end to reviewed draft"
        table.add(measure, reviewed, bulk, "s", "<= 1.3", yardstick_is=yardstick)
        for who, times in others.times.items():
            for word, figure in FIGURES.items():
                measure = f"{who} while {name} are read: {word}"
                reach = "<= 2" if word == "p99" else ""
                values = figure(times) * 1e3, figure(idle[who]) * 1e3
                table.add(measure, *values, "ms", reach, yardstick_is="idle")
        after = board.worker_memory()
        board.upload(data)
        beside = _seconds(board, short)
        measure = f"{SHORT:,} ids while {name} are read"
        table.add(measure, beside, alone, "s", "<= 2", yardstick_is="alone")
        peak = board.peak_memory()
        table.add(f"{name}: largest process", peak, 250, "MB", "<= 1", yardstick_is="250 MB")
        table.add(f"{name}: worker's memory after", after, before, "MB", "", yardstick_is="before")


def _seconds(board, data):
    """From the upload's begin to the reviewed draft."""
    started = time.perf_counter()
    place = path_of(board.upload(data).headers["Location"])
    board.until(lambda: board.state(place) == "draft")
    return time.perf_counter() - started


def _p99(times):
    return sorted(times)[int(len(times) * 0.99)]


FIGURES = {"p50": statistics.median, "p99": _p99, "slowest": max}


class _Others:
    """Two visitors who ask ten times a second: one reads, the other one signs in."""

    def __init__(self, board, seconds=None):
        self.times = {"reader": [], "writer": []}
        self._board, self._end = board, threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=("reader", lambda: board.get("/submissions"))),
            threading.Thread(target=self._ask, args=("writer", board.sign_in)),
        ]
        for thread in self._threads:
            thread.start()
        if seconds:
            time.sleep(seconds)
            self.stop()

    def stop(self):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, who, request):
        while not self._end.wait(0.1):
            started = time.perf_counter()
            request()
            self.times[who].append(time.perf_counter() - started)


def _insert_in_bulk(board, data):
    """Reading the file and inserting the same rows at once into a table with the same columns and
    indexes, by the driver alone.
    """
    with closing(board.connect()) as source:
        rows = ((1, n, text, n) for n, text in enumerate(data.decode().splitlines(), 1))
        if isinstance(source, sqlite3.Connection):
            found = source.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'items'")
            return _into_sqlite(board, [sql for (sql,) in found if sql], rows)
        return _into_postgresql(source, rows)


def _into_sqlite(board, made_by, rows):
    values = "?, ?, ?, ?, 1, 0, 'UNREAD', '', '', '', '', 1"
    with closing(sqlite3.connect(board.folder / "bulk.db")) as target:
        for statement in [*(f"PRAGMA {pragma}" for pragma in PRAGMAS), *made_by]:
            target.execute(statement)
        started = time.perf_counter()
        with target:
            target.executemany(f"INSERT INTO items ({COLUMNS}) VALUES ({values})", rows)
        return time.perf_counter() - started


def _into_postgresql(target, rows):
    target.autocommit = True
    target.execute("CREATE TABLE bulk_items (LIKE items INCLUDING ALL)")
    started = time.perf_counter()
    copy = f"COPY bulk_items ({COLUMNS}) FROM STDIN"
    with target.transaction(), target.cursor() as cursor, cursor.copy(copy) as bulk:
        for row in rows:
            bulk.write_row((*row, 1, 0, "UNREAD", "", "", "", "", 1))
    return time.perf_counter() - started
