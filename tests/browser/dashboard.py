"""The processes behind a browser test: a dashboard that can go away and come back, and its ICA."""

import signal

from tests.ports import free_port
from tests.processes import Program, linkboard

RATE = 100  # items a second of each batch


class RunningDashboard:
    """A dashboard in a folder of its own, with an ICA that is simulated."""

    def __init__(self, folder, rate=RATE):
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._ica_port = free_port()
        self.ica_root = f"http://127.0.0.1:{self._ica_port}"
        self._ica = linkboard("simulate", "--port", self._ica_port, "--rate", rate)
        self._dashboard: Program | None = None

    def __enter__(self):
        self._ica.__enter__()
        self._ica.wait_for("ICA is simulated at")
        self.open()
        return self

    def __exit__(self, *error):
        if self._dashboard:
            self.close()
        self._ica.__exit__(*error)

    def open(self):
        """Start the dashboard; returns once it answers."""
        self._dashboard = linkboard(
            "serve",
            port=self.port,
            data_dir=self._folder,
            ica_url=f"{self.ica_root}/ica/rest",
            calls_per_second=50,
        )
        self._dashboard.wait_for("Linkboard is at")

    def close(self):
        """End the dashboard with all its processes; its data stay."""
        assert self._dashboard is not None
        self._dashboard.send(signal.SIGTERM)
        self._dashboard.wait_until_all_are_gone(within=20)
        self._dashboard.__exit__()
        self._dashboard = None
