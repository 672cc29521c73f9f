"""Connections to ICA whose sockets obey deadlines.py, byte by byte: urllib3 has no such limit."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLSocket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

from webapp.ica import deadlines

PIECE_BYTES = 16_384  # sent at once; each has the socket's own time-out
LEAST_SECONDS = 0.001  # a time-out of 0 would mean: do not wait at all


class _Timed(socket.socket):
    """Nothing that it waits for goes on beyond the deadline of the call."""

    __slots__ = ()

    def recv(self, *args: Any) -> bytes:
        with _limited(self):
            return super().recv(*args)

    def recv_into(self, *args: Any) -> int:
        with _limited(self):
            return super().recv_into(*args)

    def sendall(self, data: Any, flags: int = 0) -> None:
        with memoryview(data).cast("B") as view:
            for at in range(0, len(view), PIECE_BYTES):
                with _limited(self):
                    super().sendall(view[at : at + PIECE_BYTES], flags)


class _TimedTls(_Timed, SSLSocket):
    """The same, encrypted."""


@contextmanager
def _limited(sock: socket.socket) -> Iterator[None]:
    """The socket's time-out is what is left of the call's time, if that is less."""
    own, left = sock.gettimeout(), deadlines.left()
    if left <= 0:
        raise TimeoutError("The call's time is over.")
    if own is not None and own <= left:
        yield
        return
    sock.settimeout(left)
    try:
        yield
    finally:
        sock.settimeout(own)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        left = max(deadlines.left(), LEAST_SECONDS)
        self.timeout = left if self.timeout is None else min(self.timeout, left)
        made = super()._new_conn()
        timed = _Timed(made.family, made.type, made.proto, fileno=made.detach())
        timed.settimeout(self.timeout)
        return timed


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        if self.ssl_context is None:  # as urllib3 makes it
            self.ssl_context = create_urllib3_context(cert_reqs=resolve_cert_reqs(self.cert_reqs))
        self.ssl_context.sslsocket_class = _TimedTls
        super().connect()


class Adapter(HTTPAdapter):
    """An adapter for a session of requests, all of whose calls obey deadlines.py."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        is_tls = isinstance(pool, HTTPSConnectionPool)
        pool.ConnectionCls = _TlsConnection if is_tls else _Connection
        return pool
