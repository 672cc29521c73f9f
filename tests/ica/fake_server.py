"""A fake ICA that sends exactly what a test tells it to: what no simulator should send."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A request as it came in: its undecoded path, the port that it came from."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    port: int


@dataclass(frozen=True)
class Answer:
    """What to send back, with these headers only; a body that isn't bytes is sent as JSON.

    length: sent in place of the true one; the connection is dropped after the body.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


DROPPED = Answer(status=0)
"""No answer at all: the connection is dropped once the request was read."""


@dataclass(frozen=True)
class FakeIca:
    """A running server: its address and the requests so far."""

    url: str
    asked: list[Request]


@contextmanager
def fake_ica(respond: Callable[[Request], Answer] | Answer) -> Iterator[FakeIca]:
    """Serve on a free loopback port: always the same answer, or what `respond` returns."""
    asked: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = parse_qsl(parts.query, keep_blank_values=True)
            body = self.rfile.read(length)
            port = self.client_address[1]
            request = Request(self.command, parts.path, query, headers, body, port)
            asked.append(request)
            self.send(respond if isinstance(respond, Answer) else respond(request))

        do_GET = do_HEAD = do_POST = answer  # noqa: N815

        def send(self, answer: Answer) -> None:
            self.close_connection = answer is DROPPED or answer.length is not None
            if answer is DROPPED:
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(answer.length or len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield FakeIca(f"http://127.0.0.1:{server.server_port}/ica/rest", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def jwt(**claims: Any) -> str:
    """A token with these claims, not signed."""
    parts = ({"alg": "none"}, claims, {"signed": "by nobody"})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
    )
