"""Polls of a page that is open and does not change: how many a second, and what each costs."""

from tests.bench import load
from tests.bench.running import free_port, poll, poll_headers, process, wire

PAIRS = 5  # of figure and yardstick, in turns


def measure(bench, table):
    """Polls beside a hello-world that reads one row, on the same gunicorn; changed ones beside
    unchanged ones.
    """
    with bench.dashboard() as board:
        board.sign_in()
        path = f"{board.settle(1000)}/progress?shows=active"
        tag = board.request("GET", path, headers=poll_headers()).headers["HX-PTag"]
        changed, unchanged = poll(board, path), poll(board, path, tag)
        costs = [  # in turns, too
            [_processor_time(board, *asked) for asked in ((changed, 200), (unchanged, 304))]
            for _ in range(3)
        ]
        cost = sorted(costs, key=lambda pair: pair[0] / pair[1])[1]
        each = "<= 1.3, for all but the first who sees a revision"
        table.add("changed poll, processor time", *cost, "ms", each, yardstick_is="unchanged")
        hello_port = free_port()
        with process("-m", "tests.bench.hello", str(hello_port), board.database_url):
            board.until(lambda: board.request("GET", "/", port=hello_port).status == 200)
            for connections in (16, 200):
                _beside_hello(board, unchanged, hello_port, connections, table)


def _beside_hello(board, unchanged, hello_port, connections, table):
    """The pair in the middle of some, by connections opened anew, since machines are noisy."""
    greeting = wire("/", {"Host": "127.0.0.1"})
    asked = {"connections": connections, "seconds": 0.4}
    pairs = [
        (
            load.rate(board.port, unchanged, 304, **asked),
            load.rate(hello_port, greeting, 200, **asked),
        )
        for _ in range(PAIRS)
    ]
    pairs.sort(key=lambda pair: pair[0].rate / pair[1].rate)
    found, hello = pairs[PAIRS // 2]
    named = {"yardstick_is": f"hello, {connections} connections"}
    table.add("unchanged polls a second", found.rate, hello.rate, "/s", ">= 0.9", **named)
    table.add("unchanged poll, p99", found.p99, hello.p99, "ms", "<= 1.5", **named)


def _processor_time(board, asked, status):
    """Of all the dashboard's processes, in ms for each answer."""
    before = board.processor_seconds()
    answers = load.rate(board.port, asked, status, seconds=1.0).answers
    return 1000 * (board.processor_seconds() - before) / answers
