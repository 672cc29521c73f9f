"""The simulator's HTTP server: threads, persistent connections, and a clean end."""

import io
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_content_length

from webapp.simulator.app import MAX_BODY_BYTES, create_app
from webapp.simulator.options import Options
from webapp.simulator.transport_faults import CUT, DRIP, DROP, ENDING

DRIP_SECONDS = 0.05  # between two bytes

log = logging.getLogger(__name__)


def run(
    host: str, port: int, options: Options, *, ready: Callable[[int], None] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, in the main thread of a process.

    Port 0 means any free port; `ready` is called with the port once connections are accepted.
    """
    end_signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, end_signals)  # in later threads too
    server = Server(create_app(options), host, port)
    server.start()
    if ready is not None:
        ready(server.port)
    signal.sigwait(end_signals)
    server.stop()


class Server(ThreadedWSGIServer):
    """Serves an app in its own threads, from start() to stop()."""

    request_queue_size = 1024

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(host, port, app, _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections, and close the open ones."""
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            self.shutdown_request(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the client closes is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    """Answers several calls on one connection; Werkzeug's own handler closes it after each.

    Headers and body are sent together and at once: otherwise Nagle's algorithm and the client's
    delayed acknowledgement take 40 ms a call.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        environ["wsgi.input"] = self._body(environ)
        response = Response.from_app(self.server.app, environ, buffered=True)
        ending = response.headers.pop(ENDING, None)
        self.close_connection = self.close_connection or ending is not None
        if ending == DRIP:
            self._drip(response)
        elif ending != DROP:
            self._send(response, cut=ending == CUT)

    def handle_expect_100(self) -> bool:
        accepted = super().handle_expect_100()
        self.wfile.flush()
        return accepted

    def log(self, type: str, message: str, *args: Any) -> None:
        log.debug(message, *args)

    def _body(self, environ: dict[str, Any]) -> io.BytesIO:
        """The complete body: unread bytes would be read as the next call.

        A body that is too large is not read. The app refuses it by its length, and the connection
        is closed.
        """
        if environ.get("wsgi.input_terminated"):
            return io.BytesIO(environ["wsgi.input"].read())
        length = get_content_length(environ) or 0
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            return io.BytesIO()
        return io.BytesIO(self.rfile.read(length))

    def _drip(self, response: Response) -> None:
        """Send it byte by byte, until it is whole or the client leaves."""
        whole, line = io.BytesIO(), self.wfile
        self.wfile = whole
        self._send(response, cut=False)
        self.wfile = line
        for byte in whole.getvalue():
            line.write(bytes([byte]))
            line.flush()
            time.sleep(DRIP_SECONDS)

    def _send(self, response: Response, cut: bool) -> None:
        body = response.get_data()
        self.send_response_only(response.status_code)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
