"""Connections whose sockets obey deadlines.py, byte by byte: no library has such a limit."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLSocket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

from webapp.network import deadlines

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


class TimedTls(_Timed, SSLSocket):
    """The same, encrypted."""


def timed(made: socket.socket, timeout: float | None) -> socket.socket:
    """The connection as a socket that obeys deadlines.py; `made` is not to be used again."""
    found = _Timed(made.family, made.type, made.proto, fileno=made.detach())
    found.settimeout(timeout)
    return found


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
        return timed(super()._new_conn(), self.timeout)


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        if self.ssl_context is None:  # as urllib3 makes it
            self.ssl_context = create_urllib3_context(cert_reqs=resolve_cert_reqs(self.cert_reqs))
        self.ssl_context.sslsocket_class = TimedTls
        super().connect()


class Adapter(HTTPAdapter):
    """An adapter for a session of requests, all of whose calls obey deadlines.py."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        is_tls = isinstance(pool, HTTPSConnectionPool)
        pool.ConnectionCls = _TlsConnection if is_tls else _Connection
        return pool
