"""Loads: the same request again and again over connections that stay open; pages that poll."""

import re
import selectors
import socket
import statistics
import time
from typing import NamedTuple

POLL_SECONDS = 2.0  # between two polls of a page
TAG = re.compile(rb"\r\nHX-PTag: ([^\r]*)\r\n", re.IGNORECASE)


class Load(NamedTuple):
    """Answers a second, the 50th and 99th percentile of an answer in ms, and how many there were
    in all, those before the measured time included.
    """

    rate: float
    median: float
    p99: float
    answers: int


def rate(port, request, status, *, connections=16, seconds=2.0):
    """What comes back when each connection asks again at once. Every answer must have the status.

    Returns a Load.
    """
    selector = selectors.DefaultSelector()
    opened = [_connect(port) for _ in range(connections)]
    for made in opened:
        selector.register(made, selectors.EVENT_READ, [b"", time.perf_counter()])
        made.sendall(request)
    expected = f"HTTP/1.1 {status}".encode()
    warm = _run(selector, request, expected, 0.2)
    times = _run(selector, request, expected, seconds)
    for made in opened:
        made.close()
    return _load(times, seconds, len(warm))


def watch(port, request, watchers, seconds):
    """So many pages that are open: each polls every 2 s, by its own clock, with the tag that it was
    told last. Returns a Load, and how many answers were neither 200 nor 304.
    """
    selector = selectors.DefaultSelector()
    started = time.perf_counter()
    pages = [_Page(_connect(port), started + n * POLL_SECONDS / watchers) for n in range(watchers)]
    for page in pages:
        selector.register(page.socket, selectors.EVENT_READ, page)
    times, errors, asking = [], 0, sorted(pages, key=lambda page: page.due)
    while (now := time.perf_counter()) < started + seconds:
        while asking and asking[0].due <= now:
            page = asking.pop(0)
            page.asked_at = time.perf_counter()
            page.socket.sendall(request(page.tag))
        wait = min(asking[0].due if asking else now + 1, started + seconds) - time.perf_counter()
        for key, _ in selector.select(max(0.0, wait)):
            page = key.data
            page.answer += page.socket.recv(262144)
            if _is_whole(page.answer):
                now = time.perf_counter()
                times.append(now - page.asked_at)
                errors += not page.answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 304"))
                if tag := TAG.search(page.answer):
                    page.tag = tag[1].decode()
                page.answer, page.due = b"", max(now, page.due + POLL_SECONDS)
                asking.append(page)
                if len(asking) > 1 and asking[-2].due > page.due:
                    asking.sort(key=lambda one: one.due)
    late = [now - page.asked_at for page in pages if page not in asking]
    for page in pages:
        page.socket.close()
    return _load([*times, *late], seconds), errors


class _Page:
    """An open page: its connection, when it polls next, and what came of the answer."""

    def __init__(self, connection, due):
        self.socket, self.due = connection, due
        self.tag, self.answer, self.asked_at = "", b"", 0.0


def _connect(port):
    made = socket.create_connection(("127.0.0.1", port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _load(times, seconds, before=0):
    ordered = sorted(times)
    p99 = ordered[len(ordered) * 99 // 100]
    median = statistics.median(ordered)
    return Load(len(times) / seconds, median * 1e3, p99 * 1e3, before + len(times))


def _run(selector, request, expected, seconds):
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key, _ in selector.select(1.0):
            state = key.data
            state[0] += key.fileobj.recv(65536)
            if _is_whole(state[0]):
                assert state[0].startswith(expected), state[0][:200]
                now = time.perf_counter()
                times.append(now - state[1])
                state[0], state[1] = b"", now
                key.fileobj.sendall(request)
    return times


def _is_whole(answer):
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    if head.startswith(b"HTTP/1.1 304"):
        return True
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return True
