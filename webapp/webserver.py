"""gunicorn, set up for the dashboard: what the web child of the supervisor runs."""

from collections.abc import Callable
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from webapp.settings import Settings
from webapp.store import Store

KEEP_ALIVE = 20  # seconds: well above the 2 s between two polls of a page
CONNECTIONS = 4000  # open at once in one process: every watching tab holds one
GRACE = 8  # seconds that requests in flight have to end, within the supervisor's 9


class _Log(glogging.Logger):
    """Hands gunicorn's lines to the process's own log instead of to files of its own."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.propagate = True

    @property
    def access_log_enabled(self) -> bool:
        return False


class WebServer(BaseApplication):
    """Serves an application on a socket that already listens."""

    def __init__(
        self, settings: Settings, listener: int, create_app: Callable[[Settings, Store], Any]
    ) -> None:
        """`listener` is the file descriptor of the socket; `create_app` makes the application."""
        self._settings = settings
        self._listener = listener
        self._create_app = create_app
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application; called in each process of gunicorn, after the fork."""
        return self._create_app(self._settings, Store(self._settings.database))

    def _options(self) -> dict[str, Any]:
        return {
            "bind": f"fd://{self._listener}",
            "worker_class": "gthread",
            "workers": self._settings.web_processes,
            "threads": self._settings.web_threads,
            "keepalive": KEEP_ALIVE,
            "worker_connections": CONNECTIONS,
            "graceful_timeout": GRACE,
            "logger_class": _Log,
            # Two instances of one user would steal each other's.
            "control_socket_disable": True,
            # Nobody's word on the scheme or the path is taken here: the application itself
            # believes as many proxies as LINKBOARD_TRUSTED_PROXIES says.
            "forwarded_allow_ips": "",
        }
