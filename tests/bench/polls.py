"""Polls of a page that is open: how many a second, and how long each takes."""

from tests.bench import load
from tests.bench.running import free_port, poll_headers, process


def measure(bench, table):
    """Unchanged polls a second beside a hello-world that reads one row, on the same gunicorn."""
    with bench.dashboard(rate=1e9) as board:
        board.sign_in()
        place = board.submit(1000)
        board.until(lambda: board.state(place) == "settled")
        poll = f"{place}/progress?shows=active"
        tag = board.request("GET", poll, headers=poll_headers()).headers["HX-PTag"]
        unchanged = board.request("GET", poll, headers=poll_headers(tag))
        assert unchanged.status == 304, unchanged.status
        headers = {**poll_headers(tag), "Cookie": board.cookie, "Host": "127.0.0.1"}
        wire = _wire(poll, headers)
        hello_port = free_port()
        with process("-m", "tests.bench.hello", str(hello_port), board.database_url):
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
