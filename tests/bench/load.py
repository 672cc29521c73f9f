"""A load: the same request again and again over connections that stay open."""

import selectors
import socket
import statistics
import time


def rate(port, request, status, *, connections=16, seconds=2.0):
    """Answers a second, and the 50th and 99th percentile of an answer in ms.

    Every answer must have the status.
    """
    selector = selectors.DefaultSelector()
    opened = []
    for _ in range(connections):
        made = socket.create_connection(("127.0.0.1", port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.append(made)
        selector.register(made, selectors.EVENT_READ, [b"", time.perf_counter()])
        made.sendall(request)
    expected = f"HTTP/1.1 {status}".encode()
    _run(selector, request, expected, 0.5)  # warm
    times = _run(selector, request, expected, seconds)
    for made in opened:
        made.close()
    times.sort()
    return len(times) / seconds, statistics.median(times) * 1e3, times[len(times) * 99 // 100] * 1e3


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
