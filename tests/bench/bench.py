"""The benchmark: every figure beside its yardstick, from real processes on this machine."""

import argparse
import json
import sqlite3
import sys
import time
from pathlib import Path

from tests.bench import load
from tests.bench.running import dashboard, data_ids, free_port, path_of, process


class Table:
    """Rows of figure, yardstick and what they come to, printed as they are found."""

    def __init__(self):
        self.rows = []
        print(f"{'measure':58} {'figure':>14} {'yardstick':>14} {'ratio':>7}  to reach")

    def add(self, measure, figure, yardstick, unit, to_reach, *, yardstick_is=""):
        ratio = figure / yardstick if yardstick else float("nan")
        name = f"{measure} ({yardstick_is})" if yardstick_is else measure
        cells = f"{figure:>10.4g} {unit:3} {yardstick:>10.4g} {unit:3} {ratio:>7.3g}"
        print(f"{name[:58]:58} {cells}  {to_reach}", flush=True)
        self.rows.append(
            {
                "measure": name,
                "figure": figure,
                "yardstick": yardstick,
                "unit": unit,
                "ratio": ratio,
                "to_reach": to_reach,
            }
        )


def refresh_calls(table):
    """ICA calls of one refresh, small and large, with one watcher and with fifty."""
    costs = {}
    for size in (100, 200_000):
        costs[size] = _calls_of_a_refresh(size)
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
        _calls_while_watched(50),
        _calls_while_watched(1),
        "",
        "1.0",
        yardstick_is="1 watcher",
    )


def _calls_of_a_refresh(size):
    """Calls to count a running batch; the page of items that each refresh reads apart."""
    with dashboard(rate=max(1, size / 600), batch_size=1_000_000) as board:
        board.sign_in()
        _submit(board, size)
        board.until(lambda: board.ica_calls().get("getJob", 0) >= 3)
        before = _calls_at_rest(board)
        board.until(lambda: board.ica_calls()["getJob"] >= before["getJob"] + 3)
        after = _calls_at_rest(board)
        refreshes = after["getJob"] - before["getJob"]
        return (sum(after.values()) - sum(before.values()) - refreshes) / refreshes


def _calls_while_watched(watchers):
    """Calls a refresh costs, and so per watched time, while so many browsers poll."""
    with dashboard(rate=5, batch_size=1_000_000) as board:
        board.sign_in()
        place = _submit(board, 5000)
        board.until(lambda: board.ica_calls().get("getJob", 0) >= 3)
        before, started = _calls_at_rest(board), time.monotonic()
        while time.monotonic() < started + 20:
            for _ in range(watchers):
                board.request("GET", f"{place}/progress?shows=active", headers=_part())
            time.sleep(max(0.0, 2 - watchers * 0.01))
        after = _calls_at_rest(board)
        return (sum(after.values()) - sum(before.values())) / (time.monotonic() - started)


def _calls_at_rest(board):
    """The calls so far, between two refreshes: when none came for a while."""
    before = None
    while before != (before := board.ica_calls()):
        time.sleep(0.4)
    return before


def _submit(board, size):
    answer = board.upload("\n".join(data_ids(size)).encode())
    place = path_of(answer.headers["Location"])
    board.until(lambda: board.state(place) == "draft")
    assert board.post(f"{place}/submit").status == 303
    return place


def _part(tag=""):
    named = {"HX-Request": "true", "HX-Request-Type": "partial"}
    return {**named, "HX-PTag": tag} if tag else named


def polls(table):
    """Unchanged polls a second beside a hello-world that reads one row, on the same gunicorn."""
    with dashboard(rate=1e9) as board:
        board.sign_in()
        place = _submit(board, 1000)
        board.until(lambda: board.state(place) == "settled")
        poll = f"{place}/progress?shows=active"
        tag = board.request("GET", poll, headers=_part()).headers["HX-PTag"]
        unchanged = board.request("GET", poll, headers=_part(tag))
        assert unchanged.status == 304, unchanged.status
        headers = {**_part(tag), "Cookie": board.cookie, "Host": "127.0.0.1"}
        wire = _wire(poll, headers)
        hello_port = free_port()
        url = f"sqlite:///{board.folder / 'linkboard.db'}"
        with process("-m", "tests.bench.hello", str(hello_port), url):
            board.until(lambda: board.request("GET", "/", port=hello_port).status == 200)
            greeting = _wire("/", {"Host": "127.0.0.1"})
            pairs = [  # in turns, since these machines are noisy
                (load.rate(board.port, wire, 304), load.rate(hello_port, greeting, 200))
                for _ in range(5)
            ]
    found, hello = sorted(pairs, key=lambda pair: pair[0][0] / pair[1][0])[len(pairs) // 2]
    table.add("unchanged polls a second", found[0], hello[0], "/s", ">= 0.7", yardstick_is="hello")
    table.add("unchanged poll, 99th percentile", found[2], hello[2], "ms", "", yardstick_is="hello")


def _wire(path, headers):
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def large_lists(table, size):
    """From the upload to the reviewed draft, and pages, exports and searches of its items."""
    with dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
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
        _pages(table, board, place, size, f"{name}, draft")
        assert board.post(f"{place}/submit").status == 303
        board.until(lambda: board.state(place) not in {"waiting", "sending", "linking"}, 3600, 0.5)
        _pages(table, board, place, size, f"{name}, done")
        _export(table, board, place, size)
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


def _pages(table, board, place, size, name):
    first = _best(board, f"{place}/items")
    for where, after in (("middle", size // 2), ("last", size - 50)):
        seconds = _best(board, f"{place}/items?after={after}")
        table.add(
            f"{name}: {where} page of items",
            seconds * 1e3,
            first * 1e3,
            "ms",
            "1.0, under 200 ms",
            yardstick_is="first page",
        )
    known = data_ids(size)[-1]
    for what, text in (("search by id", known), ("search by a part of a name", "NA4015")):
        seconds = _best(board, f"{place}/items?q={text}")
        table.add(
            f"{name}: {what}",
            seconds * 1e3,
            first * 1e3,
            "ms",
            "under 200 ms",
            yardstick_is="first page",
        )


def _best(board, path, tries=5):
    answers = [board.get(path) for _ in range(tries)]
    assert all(answer.status == 200 for answer in answers)
    return min(answer.seconds for answer in answers)


def _export(table, board, place, size):
    answer = board.get(f"{place}/export.csv")
    assert answer.body.count(b"\n") == size + 1
    started = time.perf_counter()
    connection = sqlite3.connect(board.folder / "linkboard.db")
    submission_id = int(place.rpartition("/")[2])
    copied = sum(
        len(f"{row[0]},{row[1]},{row[2]},{row[3]}\n")
        for row in connection.execute(
            "SELECT line, data_id, status, reason FROM items WHERE submission_id = ? "
            "ORDER BY position",
            (submission_id,),
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


def outcomes(table, size):
    """What is asked of a list of which half has failed, each beside its first page of items."""
    with dashboard(rate=1e9, calls_per_second=1000, upload_limit_mb=100) as board:
        board.sign_in()
        ids = data_ids(size // 2, ending="01") + data_ids(size - size // 2, seed=2)
        place = path_of(board.upload("\n".join(ids).encode()).headers["Location"])
        board.until(lambda: board.state(place) == "draft", pause=0.5)
        assert board.post(f"{place}/submit").status == 303
        sent = time.perf_counter()
        board.until(lambda: board.state(place).startswith("settled"), 3600, 0.5)
        whole = time.perf_counter() - sent
        first = _best(board, f"{place}/items")
        pages = {
            "submission": place,
            "reasons": f"{place}/reasons",
            "retry, to be confirmed": f"{place}/retry?status=FAILED",
            "undo, to be confirmed": f"{place}/undo",
        }
        _outcome_pages(table, board, pages, first, f"{size:,} ids, half failed")
        _find(table, board, ids[:: max(1, size // 10_000)], size)
        answer = board.get(f"{place}/list")
        assert answer.body.count(b"\n") >= size
        table.add(
            f"{size:,} ids: the list handed back, first byte",
            answer.first_byte,
            answer.seconds,
            "s",
            "under 1 s",
            yardstick_is="all of it",
        )
        _try_again(table, board, place, size, first, whole)


def _outcome_pages(table, board, pages, first, name):
    for what, path in pages.items():
        table.add(
            f"{name}: {what}",
            _best(board, path) * 1e3,
            first * 1e3,
            "ms",
            "under 200 ms",
            yardstick_is="first page",
        )


def _try_again(table, board, place, size, first, whole):
    """All that failed is tried again, and fails: now half of the list has a history."""
    started = time.perf_counter()
    answer = board.post(f"{place}/retry", {"status": "FAILED", "token": "bench"})
    assert path_of(answer.headers["Location"]) == place
    board.until(lambda: board.state(place).startswith("settled"), 3600, 0.5)
    seconds = time.perf_counter() - started
    name = f"{size:,} ids, half tried again"
    table.add(f"{name}: sent and settled", seconds, whole, "s", "", yardstick_is="all")
    pages = {
        "submission": place,
        "retry, to be confirmed": f"{place}/retry?status=FAILED",
        "undo, to be confirmed": f"{place}/undo",
        "all attempts": f"{place}/attempts",
        "first attempt": f"{place}/attempts/1",
        "first attempt, what failed": f"{place}/attempts/1?status=FAILED",
        "second attempt": f"{place}/attempts/2",
    }
    _outcome_pages(table, board, pages, first, name)


def _find(table, board, asked, size):
    started = time.perf_counter()
    answer = board.post("/find", {"ids": "\n".join(asked)})
    page = board.get(path_of(answer.headers["Location"]))
    seconds = time.perf_counter() - started
    assert page.status == 200
    connection = sqlite3.connect(board.folder / "linkboard.db")
    started = time.perf_counter()
    connection.execute("CREATE TEMP TABLE asked (data_id TEXT)")
    connection.executemany("INSERT INTO asked VALUES (?)", [(text,) for text in asked])
    joined = "SELECT count(*) FROM asked JOIN items USING (data_id)"
    assert connection.execute(joined).fetchone() == (len(asked),)
    naive = time.perf_counter() - started
    connection.close()
    name = f"{len(asked):,} ids found among {size:,}"
    table.add(name, seconds, naive, "s", "", yardstick_is="one join")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="1,000,000 ids too; some ten minutes")
    parser.add_argument(
        "--only", choices=["calls", "polls", "lists", "outcomes"], help="one part only"
    )
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    table = Table()
    if chosen.only in (None, "calls"):
        refresh_calls(table)
    if chosen.only in (None, "polls"):
        polls(table)
    if chosen.only in (None, "lists"):
        large_lists(table, 100_000)
        if chosen.full:
            large_lists(table, 1_000_000)
    if chosen.only in (None, "outcomes"):
        outcomes(table, 1_000_000 if chosen.full else 100_000)
    if chosen.json:
        chosen.json.write_text(json.dumps(table.rows, indent=2))


if __name__ == "__main__":
    sys.exit(main())
