"""Polls of a page that is open: how many a second, what each costs, and how long each takes."""

from tests.bench import load
from tests.bench.running import free_port, poll_headers, process

WATCHERS = (1, 1000)
ALL_WATCHERS = (1, 10, 100, 1000)  # with --full


def measure(bench, table):
    _settled(bench, table)
    _moving(bench, table)


def _settled(bench, table):
    """Polls beside a hello-world that reads one row, on the same gunicorn; changed ones beside
    unchanged ones.
    """
    with bench.dashboard() as board:
        board.sign_in()
        place = board.settle(1000)
        path = f"{place}/progress?shows=active"
        tag = board.request("GET", path, headers=poll_headers()).headers["HX-PTag"]
        changed, unchanged = _poll(board, path), _poll(board, path, tag)
        costs = [_processor_time(board, *asked) for asked in ((changed, 200), (unchanged, 304))]
        each = "<= 1.3, for all but the first who sees a revision"
        table.add("changed poll, processor time", *costs, "ms", each, yardstick_is="unchanged")
        hello_port = free_port()
        with process("-m", "tests.bench.hello", str(hello_port), board.database_url):
            board.until(lambda: board.request("GET", "/", port=hello_port).status == 200)
            greeting = _wire("/", {"Host": "127.0.0.1"})
            for connections in (16, 200):
                asked = {"connections": connections, "seconds": 0.4}
                pairs = [  # in turns, by connections opened anew, since these machines are noisy
                    (
                        load.rate(board.port, unchanged, 304, **asked),
                        load.rate(hello_port, greeting, 200, **asked),
                    )
                    for _ in range(7)
                ]
                pairs.sort(key=lambda pair: pair[0].rate / pair[1].rate)
                poll, hello = pairs[len(pairs) // 2]
                named = {"yardstick_is": f"hello, {connections} connections"}
                table.add(
                    "unchanged polls a second", poll.rate, hello.rate, "/s", ">= 0.9", **named
                )
                table.add("unchanged poll, p99", poll.p99, hello.p99, "ms", "<= 1.5", **named)


def _moving(bench, table):
    """Browsers that watch a submission whose counts change with each refresh."""
    is_full = bench.size > 100_000
    seconds, counts = (19.0, ALL_WATCHERS) if is_full else (9.0, WATCHERS)
    with bench.dashboard(rate=20, batch_size=1_000_000) as board:
        board.sign_in()
        path = f"{board.submit(20_000)}/progress?shows=active"
        board.until(lambda: board.ica_calls().get("getJob", 0) >= 3)
        found = [_watched(board, path, watchers, seconds) for watchers in counts]
    (one, one_calls, _), (many, many_calls, errors) = found[0], found[-1]
    watched = f"{counts[-1]:,} watchers"
    table.add(f"{watched}, p50", many.median, one.median, "ms", "< 100 ms", yardstick_is="1")
    table.add(f"{watched}, p99", many.p99, one.p99, "ms", "< 1 s", yardstick_is="1")
    table.add(f"{watched}, errors", errors, 0, "", "none")
    table.add(f"{watched}, ICA calls", many_calls, one_calls, "", "1.0", yardstick_is="1")
    if is_full:
        medians = [load.median / 1000 for load, _, _ in found]
        table.add_growth("watchers", "a poll's median", counts, medians, "s", "flat")


def _watched(board, path, watchers, seconds):
    refreshes = board.ica_calls()["getJob"]
    board.until(lambda: board.ica_calls()["getJob"] > refreshes)  # begin at the same moment each
    before = sum(board.ica_calls().values())
    found, errors = load.watch(board.port, lambda tag: _poll(board, path, tag), watchers, seconds)
    return found, sum(board.ica_calls().values()) - before, errors


def _processor_time(board, wire, status):
    """Of all the dashboard's processes, in ms for each answer."""
    before = board.processor_seconds()
    answers = load.rate(board.port, wire, status).answers
    return 1000 * (board.processor_seconds() - before) / answers


def _poll(board, path, tag=""):
    return _wire(path, {**poll_headers(tag), "Cookie": board.cookie, "Host": "127.0.0.1"})


def _wire(path, headers):
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
