"""Starting, being idle, and a first visit over a slow line."""

import re
import time
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

ROUND_TRIP_MS, BITS_PER_SECOND = 50, 10e6
TIDIED_AFTER = 7.0  # seconds after its last unit a worker makes SQLite's file whole
VISIT = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "none"}
STATIC = re.compile(r'(?:href|src)="(/static/[^"#]+)')


def measure(bench, table):
    with bench.dashboard() as board:
        table.add("start of serve to the first page", board.started_in, 2.0, "s", "< 2 s")
        board.sign_in()
        place, settled_at = board.settle(1000), time.monotonic()
        _first_visit(board, place, table)
        time.sleep(max(0.0, settled_at + TIDIED_AFTER - time.monotonic()))
        seconds = 30 if bench.size > 100_000 else 10
        before = board.processor_seconds()
        time.sleep(seconds)
        idle = 100 * (board.processor_seconds() - before) / seconds
        table.add("idle, all processes", idle, 0.5, "%", "< 0.5 % of a core")


def _first_visit(board, place, table):
    page = board.get(place).text
    paths = [place, *dict.fromkeys(STATIC.findall(page))]
    packed, plain = (
        sum(len(board.get(path, **headers).body) for path in paths) / 1000
        for headers in (VISIT, {})
    )
    table.add("first visit", packed, plain, "kB", "< 60 kB", yardstick_is="not compressed")
    paint = min(_first_paint(board, place) for _ in range(3))
    table.add(
        f"first paint, {ROUND_TRIP_MS} ms and 10 Mbit/s",
        *(paint, 2 * ROUND_TRIP_MS),
        *("ms", "page and style, then the browser's own time"),
        yardstick_is="two round trips",
    )


def _first_paint(board, place):
    """Milliseconds until Chromium shows anything, by a line that it slows down itself."""
    address = f"http://127.0.0.1:{board.port}"
    name, _, value = board.cookie.partition("=")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path="/usr/bin/chromium")
        browser = chromium.new_context()
        browser.add_cookies([{"name": name, "value": value, "url": address}])
        tab = browser.new_page()
        tab.goto("about:blank")
        line = {"latency": ROUND_TRIP_MS, "downloadThroughput": BITS_PER_SECOND / 8}
        browser.new_cdp_session(tab).send(
            "Network.emulateNetworkConditions", {**line, "offline": False, "uploadThroughput": -1}
        )
        tab.goto(address + place)
        assert urlsplit(tab.url).path == place
        paint = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        found = tab.wait_for_function(paint).json_value()
        chromium.close()
    return found
