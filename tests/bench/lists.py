"""An upload from its bytes to the reviewed draft, what others wait for meanwhile, and memory."""

import sqlite3
import threading
import time
from contextlib import closing
from copy import copy

from tests.bench.running import data_ids, path_of
from webapp.store.engine import CHECKPOINT_BYTES, PAGE_BYTES

SHORT = 54_000  # ids of a colleague's list: 2 MB
SAMPLES = 120  # of others' requests, whose p99 is told
EACH, PAUSE = 2, 0.1  # readers and writers, and how often each of them asks
PRAGMAS = (  # as the dashboard's own
    f"page_size={PAGE_BYTES}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-48000",
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
        _seconds(board, short)  # all of the worker's code is in memory from then on
        before = board.worker_memory()
        with _Others(board) as idle:
            board.until(idle.are_enough)
        started = time.perf_counter()
        place = path_of(board.upload(data).headers["Location"])
        uploaded = time.perf_counter()
        board.until(lambda: board.state(place) == "draft")
        reviewed = time.perf_counter() - uploaded
        with _Others(board) as others:
            while not others.are_enough():
                _seconds(board, data)
        bulk = _insert_in_bulk(board, data)
        yardstick = "one bulk insert"
        table.add(f"{name}: upload", uploaded - started, bulk, "s", "", yardstick_is=yardstick)
        measure = f"{name}: upload's end to reviewed draft"
        table.add(measure, reviewed, bulk, "s", "<= 1.3", yardstick_is=yardstick)
        for who in others.times:
            _add_waits(table, f"{who} while {name} are read", others.times[who], idle.times[who])
        after = board.worker_memory()  # as long after the reading as the insert takes
        alone = _seconds(board, short)  # of a database that is as large
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


def _add_waits(table, name, busy, idle):
    for word, share, reach in (("p50", 0.5, ""), ("p99", 0.99, "<= 2"), ("slowest", 1.0, "")):
        values = (sorted(times)[int((len(times) - 1) * share)] * 1e3 for times in (busy, idle))
        table.add(f"{name}: {word}", *values, "ms", reach, yardstick_is="idle")


class _Others:
    """Visitors who ask ten times a second each, all the same way whatever else goes on: some read,
    some sign in. Each asks at times that are set beforehand, so that a slow answer is no excuse for
    asking less.
    """

    def __init__(self, board):
        self.times: dict[str, list[float]] = {"reader": [], "writer": []}
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(who, copy(board), n / EACH))
            for who in self.times
            for n in range(EACH)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def are_enough(self):
        return all(len(times) >= SAMPLES for times in self.times.values())

    def __exit__(self, *_error):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, who, visitor, offset):
        """`visitor`: a browser of its own, since to sign in ends the session before."""
        times = self.times[who]
        due = time.perf_counter() + offset * PAUSE
        while not self._end.wait(max(0.0, due - time.perf_counter())):
            started = time.perf_counter()
            if who == "reader":
                visitor.get("/submissions")
            else:
                visitor.cookie = ""
                visitor.sign_in()
            times.append(time.perf_counter() - started)
            due = max(due + PAUSE, started)


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
