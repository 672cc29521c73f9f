"""Submitting, settling and trying again, beside what ICA and the database alone would take."""

import gzip
import http.client
import sqlite3
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec

from tests.bench.running import PROJECT, data_ids, path_of
from webapp.store.engine import CHECKPOINT_BYTES, PAGE_BYTES
from webapp.store.retry.history import KEPT_COLUMNS

LATENCY = 0.05  # seconds of each answer of ICA's
AT_ONCE = 4  # calls of an account, and batches of these are made twice as many
PAGE = 1_000  # rows of a page, and so of a transaction of a walk
FOUND = ("name", "attempt", *KEPT_COLUMNS)
PRAGMAS = (  # as the dashboard's own
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-48000",
    f"wal_autocheckpoint={CHECKPOINT_BYTES // PAGE_BYTES}",
)


def measure(bench, table):
    """A list of which half fails is settled, and that half is tried again and settled; then
    another list while ICA takes its time.
    """
    size = bench.size
    with bench.dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        ids = data_ids(size // 2, ending="01") + data_ids(size - size // 2, seed=2)
        place = board.review(ids)
        with closing(_copy(board)) as copy:
            whole = _seconds_until_settled(board, place, "submit")
            updates = _bare_updates(board, copy)
            name, yardstick = f"{size:,} ids settled, ICA at 0 ms", "bare UPDATEs"
            table.add(name, whole, updates, "s", "<= 1.5", yardstick_is=yardstick)
            answers = _bare_answers(board)
            table.add(name, whole, answers + updates, "s", "", yardstick_is="and ICA's answers")
            fields = {"status": "FAILED", "token": "bench"}
            again = _seconds_until_settled(board, place, "retry", fields)
            naive = whole / 2 + _bare_taking(copy)
        name, yardstick = f"retry of {size // 2:,} settled", "settling, INSERT, UPDATE"
        table.add(name, again, naive, "s", "<= 1.5", yardstick_is=yardstick)
    _slow_ica(bench, table, min(size, 200_000))


def _slow_ica(bench, table, size):
    most = size // (2 * AT_ONCE)
    with bench.dashboard(
        rate=1e9, latency=LATENCY * 1000, calls_per_second=1000, batch_size=most
    ) as board:
        board.sign_in()
        place, before = board.review(data_ids(size)), sum(board.ica_calls().values())
        seconds = _seconds_until_settled(board, place, "submit")
        calls = sum(board.ica_calls().values()) - before
        answers = _bare_answers(board)
    name, yardstick = f"{size:,} ids settled, ICA at 50 ms", f"{AT_ONCE} answers at once"
    its = calls * LATENCY / AT_ONCE
    table.add(name, seconds, its, "s", "<= 1.5", yardstick_is=yardstick)
    table.add(name, seconds, answers, "s", "", yardstick_is="a client that only reads")


def _seconds_until_settled(board, place, action, fields=None):
    started = time.perf_counter()
    assert path_of(board.post(f"{place}/{action}", fields).headers["Location"]) == place
    board.until(lambda: board.state(place).startswith("settled"), 3600, 0.2)
    return time.perf_counter() - started


class _Next(msgspec.Struct, rename="camel"):
    next_page_token: str | None = None


def _bare_answers(board):
    """Seconds in which a client that does nothing else gets all pages of all batches."""
    with closing(board.connect()) as source:
        batches = source.execute("SELECT ica_batch_id FROM batches ORDER BY id").fetchall()
    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        deque(pool.map(lambda row: _ask(board.ica_port, *row), batches))
    return time.perf_counter() - started


def _ask(port, batch):
    place = f"/ica/rest/api/projects/{PROJECT}/dataLinkingBatch/{batch}/items?pageSize={PAGE}"
    media = {"Accept": "application/vnd.illumina.v4+json", "Accept-Encoding": "gzip"}
    token: str | None = ""
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as line:
        while token is not None:
            asked = f"{place}&pageToken={token}" if token else place
            line.request("GET", asked, headers={"X-API-Key": "demo-key", **media})
            page = gzip.decompress(line.getresponse().read())
            token = msgspec.json.decode(page, type=_Next).next_page_token


def _copy(board):
    """A connection to a copy of the tables as they are now: of SQLite's file, on PostgreSQL a table
    of the same columns and indexes in a schema of its own, which is found first.
    """
    source = board.connect()
    if isinstance(source, sqlite3.Connection):
        target = sqlite3.connect(board.folder / "copy.db", isolation_level=None)
        with closing(source):
            source.backup(target)
        for pragma in PRAGMAS:
            target.execute(f"PRAGMA {pragma}")
        return target
    source.autocommit = True
    source.execute("CREATE SCHEMA bare")
    for name in ("items", "history"):
        source.execute(f"CREATE TABLE bare.{name} (LIKE {name} INCLUDING ALL)")
        source.execute(f"INSERT INTO bare.{name} SELECT * FROM {name}")
        source.execute(f"ANALYZE bare.{name}")
    source.execute("SET search_path TO bare")
    return source


def _bare_updates(board, copy):
    """Seconds to bring into the copy what is in the rows now, a page a transaction."""
    place = "?" if isinstance(copy, sqlite3.Connection) else "%s"
    sets = ", ".join(f"{name} = {place}" for name in FOUND)
    update = f"UPDATE items SET {sets} WHERE submission_id = {place} AND position = {place}"
    read = f"SELECT {', '.join(FOUND)}, submission_id, position FROM items"
    read += f" WHERE position > {place} ORDER BY submission_id, position LIMIT {PAGE}"
    seconds, last = 0.0, 0
    with closing(board.connect()) as source:
        while rows := source.execute(read, (last,)).fetchall():
            started = time.perf_counter()
            copy.execute("BEGIN")
            copy.cursor().executemany(update, rows)
            copy.execute("COMMIT")
            seconds += time.perf_counter() - started
            last = rows[-1][-1]
    return seconds


def _bare_taking(copy):
    """Seconds to put the failed rows into history, and to give them to another batch."""
    columns = ", ".join(("submission_id", "position", "attempt", *KEPT_COLUMNS))
    started = time.perf_counter()
    copy.execute(
        f"INSERT INTO history ({columns}, stood)"
        f" SELECT {columns}, true FROM items WHERE status = 'FAILED'"
    )
    copy.execute("UPDATE items SET batch_id = 0, ica_item_id = NULL WHERE status = 'FAILED'")
    return time.perf_counter() - started
