"""The connections of a web process: no thread waits for a client that is slow to ask.

gunicorn's gthread lends a thread to each new connection before anything has come, reads headers and
bodies and closes connections without any limit of time. Here the main thread collects what comes
until a request is whole, and a client that gives or takes too little is left.
"""

import errno
import re
import resource
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import util
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from webapp import metrics

REQUEST_SECONDS = 10.0  # for a request to come: its header, and a body that is not large
LARGE_BYTES = 32 * 1024  # of header and body; what has more is read by a thread as it comes
STALLED_SECONDS = 30.0  # for a client to take a piece of an answer, or to send one of a body
BODY_BYTES_PER_SECOND = 10_000  # a large body comes at this rate at least, after REQUEST_SECONDS
ANSWER_BYTES_PER_SECOND = 10_000  # and so does a client take an answer, after STALLED_SECONDS
LARGE_WAIT_SECONDS = 60.0  # for a place among the large bodies
UNREAD_SECONDS = 0.1  # for what a client still sends of a body that was refused
CLOSING_SECONDS, CLOSING_BYTES = 2.0, 64 * 1024  # that an answered client may still send
SEND_BUFFER_BYTES = 256 * 1024  # of a connection: a page fits, so no thread waits for its reader
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]
YIELD_SECONDS = 0.001  # in which a process that has fewer connections takes one
MAX_CONNECTIONS = 4000  # in one process; every open page that polls has one
OTHER_FILES = 200  # that a process has open

BODY_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*(\d{1,15})", re.IGNORECASE)
READ_BY_THREAD = re.compile(rb"\r\n(?:transfer-encoding|expect):", re.IGNORECASE)
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent yet is dropped
TOO_MANY_BODIES = b"Linkboard receives many large files right now. Send yours again in a minute.\n"
BUSY_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 60\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(TOO_MANY_BODIES), TOO_MANY_BODIES)
)


def max_connections() -> int:
    """How many connections a process may have, after its limit of open files was raised to that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MAX_CONNECTIONS
    limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return max(limit - OTHER_FILES, 1)


def paced(app: WsgiApp) -> WsgiApp:
    """The application; a client that takes its answers too slowly is given up.

    Each piece may take STALLED_SECONDS, so small ones alone would hold a thread for hours.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        pieces = app(environ, start_response)
        is_file = isinstance(pieces, environ["wsgi.file_wrapper"])  # which the system sends
        return pieces if is_file else _Paced(pieces)

    return answer


class _Paced:
    """The pieces of an answer; from one to the next, its client takes what was sent."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.close = getattr(pieces, "close", lambda: None)

    def __iter__(self) -> Iterator[bytes]:
        waited, taken = 0.0, 0
        for piece in self._pieces:
            began = time.monotonic()
            yield piece
            waited += time.monotonic() - began
            taken += len(piece)
            if waited > STALLED_SECONDS + taken / ANSWER_BYTES_PER_SECOND:
                raise TimeoutError


class _Body(SocketUnreader):
    """Reads what comes after the collected bytes, and gives a client up that is too slow."""

    def begin(self, collected: bytes) -> None:
        """A request begins, with what is there of it."""
        self.unread(collected)
        self._waited, self._received = 0.0, 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        began = time.monotonic()
        data: bytes = super().chunk(size_hint)
        self._waited += time.monotonic() - began
        self._received += len(data)
        if self._waited > REQUEST_SECONDS + self._received / BODY_BYTES_PER_SECOND:
            raise TimeoutError
        return data


class _Connection(TConn):
    """A connection, and what has come of its next request."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.collected = bytearray()
        self.searched_bytes = 0  # for the end of the header
        self.whole_bytes = 0  # of header and body; 0 until the header is here
        self.is_large = False
        self.is_left = False
        self.drained = 0
        self.init()

    def init(self) -> None:
        """Also called by a thread before each request, after it has taken all limits off."""
        if not self.initialized:
            super().init()
            self.parser.unreader = _Body(self.sock)
        self.sock.settimeout(STALLED_SECONDS)

    def request_is_here(self) -> bool:
        """Whether a thread need not wait for the rest: all of it, or all that is collected."""
        if not self.whole_bytes:
            begin = 2 if self.collected.startswith(b"\r\n") else 0  # an empty line may come first
            end = self.collected.find(b"\r\n\r\n", max(begin, self.searched_bytes - 3))
            if end < 0:
                self.searched_bytes = len(self.collected)
                return False
            self._measure(bytes(self.collected[: end + 2]))
        return self.is_large or len(self.collected) >= self.whole_bytes

    def take(self) -> bytes:
        """What is there of the request; the next one is collected from its beginning."""
        taken = bytes(self.collected)
        self.collected.clear()
        self.searched_bytes = self.whole_bytes = 0
        return taken

    def _measure(self, header: bytes) -> None:
        length = BODY_LENGTH.search(header)
        self.whole_bytes = len(header) + 2 + (int(length[1]) if length else 0)
        self.is_large = self.whole_bytes > LARGE_BYTES or READ_BY_THREAD.search(header) is not None


class Worker(ThreadWorker):
    """gunicorn's worker with threads, for clients of any speed."""

    place = 0  # of its own number among all processes' connections

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._receiving: list[str] = []  # large bodies: the address of each
        self._waiting: deque[_Connection] = deque()  # for a place among these
        self._closing: deque[_Connection] = deque()

    def accept(self, listener: socket.socket) -> None:
        """All processes wake up for a new connection; those that have fewer come first, else one
        may answer nearly all pages that poll.
        """
        counts = self.app.connections
        counts[self.place] = self.nr_conns
        if self.nr_conns > min(counts):
            time.sleep(YIELD_SECONDS)
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.ECONNABORTED}:
                raise
            return
        self.nr_conns += 1
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._collect(_Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: _Connection, client: socket.socket) -> None:
        """A connection that was kept alive asks again."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._collect(conn)

    def finish_request(self, conn: _Connection, fs: "Future[bool]") -> None:
        """The thread is done with it. Runs in the main thread, as all that follows."""
        if conn.is_large:
            conn.is_large = False
            self._receiving.remove(conn.client[0])
            self._begin_waiting()
        if fs.cancelled() or fs.exception() or not fs.result():
            self._close(conn)
        elif ahead := conn.parser.unreader.take_buffered():  # of the next request
            self._collect(conn, ahead)
        else:
            super().finish_request(conn, fs)

    def handle_request(self, req: Any, conn: _Connection) -> bool:
        try:
            with metrics.BUSY_THREADS.labels("web").track_inprogress():
                return bool(super().handle_request(req, conn))
        except TimeoutError as error:
            self.log.info("A client that took too little of its answer was left.")
            conn.is_left = True
            raise ConnectionResetError(errno.ECONNRESET, "The client was too slow.") from error

    def _keepalive_after(self, conn: _Connection, keepalive: bool) -> bool:
        """A body that was refused is hardly waited for; gunicorn would do so for 5 s."""
        deadline = time.monotonic() + UNREAD_SECONDS
        return keepalive and bool(conn.parser.finish_body(deadline=deadline))

    def murder_pending(self) -> None:
        """Leave all whose time is over; called every second."""
        for conn in self._expired(self.pending_conns):
            self._drop(conn)
        for conn in self._expired(self._closing):
            self._drop(conn)
        for conn in self._expired(self._waiting):
            with suppress(OSError):
                conn.sock.send(BUSY_ANSWER)
            self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: whoever has not asked yet is waited for no longer than that."""
        super()._cap_keepalive(deadline)
        for conn in (*self.pending_conns, *self._waiting):
            conn.timeout = min(conn.timeout, deadline)

    def _collect(self, conn: _Connection, ahead: bytes = b"") -> None:
        """Wait for a request; `ahead` has come of it."""
        conn.collected += ahead
        conn.sock.setblocking(False)
        self._put(self.pending_conns, conn, REQUEST_SECONDS)
        self.poller.register(conn.sock, EVENT_READ, partial(self._receive, conn))
        if ahead:
            self._begin_if_here(conn)

    def _receive(self, conn: _Connection, client: socket.socket) -> None:
        data = _received(client)
        if data is None:
            return
        conn.collected += data
        if data and len(conn.collected) <= 2 * LARGE_BYTES:
            self._begin_if_here(conn)
        else:  # it has gone, or its header has no end
            self.pending_conns.remove(conn)
            self._drop(conn)

    def _begin_if_here(self, conn: _Connection) -> None:
        if not conn.request_is_here():
            return
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        conn.parser.unreader.begin(conn.take())
        if conn.is_large:
            self._put(self._waiting, conn, LARGE_WAIT_SECONDS)
            self._begin_waiting()
        else:
            self.enqueue_req(conn)

    def _begin_waiting(self) -> None:
        """Large bodies hold a thread each, so only some are received at once, and not all of those
        from one address, unless that is a proxy's.
        """
        most, most_of_address = self.app.most_bodies, self.app.most_bodies_of_address
        for conn in tuple(self._waiting):
            address = conn.client[0]
            of_address = self._receiving.count(address)
            if len(self._receiving) < most and of_address < most_of_address:
                self._waiting.remove(conn)
                self._receiving.append(address)
                self.enqueue_req(conn)

    def _close(self, conn: _Connection) -> None:
        """Close a connection once its client has taken the answer: at once, it might be lost."""
        if conn.is_left:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            self._drop(conn)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._drop(conn)
            return
        self._put(self._closing, conn, CLOSING_SECONDS)
        self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: _Connection, client: socket.socket) -> None:
        data = _received(client)
        if data is None:
            return
        conn.drained += len(data)
        if not data or conn.drained > CLOSING_BYTES:
            self._closing.remove(conn)
            self._drop(conn)

    def _drop(self, conn: _Connection) -> None:
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        util.close(conn.sock)

    @staticmethod
    def _put(queue: deque[_Connection], conn: _Connection, seconds: float) -> None:
        """The connections of a queue have the same time each, so the first one is over first."""
        conn.timeout = time.monotonic() + seconds
        queue.append(conn)

    @staticmethod
    def _expired(queue: deque[_Connection]) -> Iterable[_Connection]:
        while queue and queue[0].timeout <= time.monotonic():
            yield queue.popleft()


def _received(client: socket.socket) -> bytes | None:
    """What has come; b"" at the end, None where nothing has."""
    try:
        return client.recv(LARGE_BYTES)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""
