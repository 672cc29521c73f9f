"""gunicorn, configured for the dashboard: the supervisor's child \"web server\" runs it."""

import gc
import mmap
from collections.abc import Callable
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from webapp.connections import Worker, max_connections, paced
from webapp.settings import Settings
from webapp.store import Store

KEEP_ALIVE_SECONDS = 20  # much more than the 2 s between two polls of a page
WRITE_SECONDS = 4.0  # that a form waits for others who write
GRACE_SECONDS = 8  # for running requests; less than the supervisor's STOP_SECONDS


class _Log(glogging.Logger):
    """Passes gunicorn's lines to the log of the process; by default they go to files."""

    access_log_enabled = False

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.propagate = True


class WebServer(BaseApplication):
    """Serves an application on a listening socket."""

    def __init__(
        self, settings: Settings, listener: int, create_app: Callable[[Settings, Store], Any]
    ) -> None:
        """`listener` is the file descriptor of the socket; `create_app` makes the application."""
        self._settings = settings
        self._listener = listener
        self._create_app = create_app
        self.most_bodies = settings.most_long_requests  # large ones, received at once
        behind_proxy = settings.trusted_proxies > 0  # then all clients have its address
        self.most_bodies_of_address = self.most_bodies // (1 if behind_proxy else 2) or 1
        places = mmap.mmap(-1, 4 * settings.web_processes)  # shared by all of them
        self.connections = memoryview(places).cast("i")  # of each
        super().__init__()

    def load(self) -> Any:
        """The application, made once, before gunicorn forks its worker processes."""
        store = Store(self._settings.database, patience=WRITE_SECONDS)
        app = self._create_app(self._settings, store)
        gc.freeze()  # what is made once is no garbage: the collector need not look through it
        return paced(app)

    def load_config(self) -> None:
        options = {
            "bind": f"fd://{self._listener}",
            "worker_class": f"{Worker.__module__}.{Worker.__name__}",
            "preload_app": True,
            "workers": self._settings.web_processes,
            # Beside those for pages, one for each request that waits for ICA, that sends a file
            # and that receives one: pages never wait behind them.
            "threads": self._settings.web_threads + 3 * self._settings.most_long_requests,
            "keepalive": KEEP_ALIVE_SECONDS,
            "worker_connections": max_connections(),
            "pre_fork": self._give_place,
            "graceful_timeout": GRACE_SECONDS,
            "logger_class": _Log,
            # Two instances of one user would use the same socket.
            "control_socket_disable": True,
            # X-Forwarded headers are read only by the application, which trusts as many proxies
            # as LINKBOARD_TRUSTED_PROXIES says.
            "forwarded_allow_ips": "",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def _give_place(self, arbiter: Any, worker: Worker) -> None:
        """The first place that no running process has; who had it before has no connections."""
        taken = {running.place for running in arbiter.WORKERS.values()}
        worker.place = min(set(range(len(self.connections))) - taken, default=0)
        self.connections[worker.place] = 0
