"""Ports of this machine that nobody listens on."""

import os
import secrets
import socket

FIRST, EACH, WORKERS = 12_000, 1_000, 20  # all below those that Linux itself gives to connections

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
_last = secrets.randbelow(EACH)


def free_port() -> int:
    """Another each time, and another in each of pytest's workers: its user may be slow to take it.

    One that the system picks could go to somebody's connection in the meantime.
    """
    global _last
    for _ in range(EACH):
        _last = (_last + 1) % EACH
        port = FIRST + _worker * EACH + _last
        if _is_free(port):
            return port
    raise OSError(f"All of {EACH} ports are taken.")


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
