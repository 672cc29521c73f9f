"""The real web server of this process's simulated ICA, and clients that do as no browser does."""

import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.dashboard import HEADERS, SECRET_KEY, data_ids
from tests.processes import CLEAN, Program
from tests.simulated_ica import FIRST_PROJECT, Simulated, simulator

IN_TIME = 5  # seconds: far more than an answer takes, far less than a slow client does
ICA_SLOW_SECONDS = 7  # less than the client of ICA waits
LIST_IDS = 10_000  # of a list whose files are larger than what sockets keep
SERVE = """
import sys
from webapp import connections, serve
from webapp.settings import Settings
from webapp.web import create_app
from webapp.webserver import WebServer

for given in sys.argv[1:]:
    name, value = given.split("=")
    setattr(connections, name, float(value))
settings = Settings.from_environment()
serve.migrate(settings)
with serve.listen(settings.host, settings.port) as listener:
    print("It listens.", flush=True)
    WebServer(settings, listener.fileno(), create_app).run()
"""


class Served:
    """A running web server. What a test opens of it is closed at the end, if not before."""

    def __init__(self, port: int, url: str, sim: Simulated, opened: ExitStack) -> None:
        self.port, self.url, self.sim, self._opened = port, url, sim, opened
        self.certificate: Path | None = None

    def behind(self, url: str, certificate: Path) -> "Served":
        """The same by the address of a proxy."""
        port = int(url.split(":")[2].partition("/")[0])
        found = Served(port, url, self.sim, self._opened)
        found.certificate = certificate
        return found

    def visitor(self, key: str = "demo-key") -> requests.Session:
        """Somebody who is signed in."""
        person = self._opened.enter_context(requests.Session())
        person.trust_env = False  # a proxy or a certificate of this machine's settings
        if self.certificate:
            person.verify = str(self.certificate)
        person.headers.update(HEADERS)
        answer = person.post(f"{self.url}/signin", {"api_key": key}, allow_redirects=False)
        assert answer.status_code == 303, answer.text
        return person

    def draft(
        self, person: requests.Session, ids: int = LIST_IDS, project: str = FIRST_PROJECT
    ) -> str:
        """Upload a list; its address."""
        lines = "\n".join(data_ids(ids)).encode()
        form: Any = {"project_id": (None, project), "file": ("list.txt", lines)}
        answer = person.post(f"{self.url}/submissions", files=form, allow_redirects=False)
        assert answer.status_code == 303, answer.text
        return self.absolute(answer.headers["Location"])

    def absolute(self, place: str) -> str:
        return "/".join(self.url.split("/")[:3]) + place

    def send(self, request: bytes) -> socket.socket:
        """A connection that has sent so much of a request, and takes little of an answer."""
        client = self._opened.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(IN_TIME * 4)
        client.connect(("127.0.0.1", self.port))
        if self.certificate:
            context = ssl.create_default_context(cafile=self.certificate)
            client = self._opened.enter_context(
                context.wrap_socket(client, server_hostname="localhost")
            )
        client.sendall(request)
        return client

    def ask(self, person: requests.Session, address: str) -> bytes:
        """The head of a GET by somebody who is signed in."""
        path = "/" + address.split("/", 3)[3]
        cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n"
        return head.encode()


def answer_in_time(person: requests.Session, *addresses: str) -> None:
    """Each of them is answered, and in time."""
    for address in addresses:
        answer = person.get(address, timeout=IN_TIME)
        assert answer.status_code in {200, 304}, address


def wait_for_a_place(person: requests.Session, address: str) -> None:
    """Until a download begins: the places of others were given back."""
    deadline = time.monotonic() + 20
    while person.get(address).status_code == 429:
        assert time.monotonic() < deadline


def ends(client: socket.socket) -> bool:
    """Whether the other side closes the connection, or breaks it off."""
    try:
        while client.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


@contextmanager
def web_server(folder: Path, port: int, *changed: str, **settings: object) -> Iterator[Served]:
    """Serves pages alone, in one process; `changed` are limits such as "STALLED_SECONDS=1"."""
    with simulator(slow_seconds=ICA_SLOW_SECONDS) as sim:
        given = {
            "ica_url": sim.url,
            "data_dir": folder,
            "secret_key": SECRET_KEY,
            "port": port,
            "web_processes": 1,
            **settings,
        }
        environ = {f"LINKBOARD_{name.upper()}": value for name, value in given.items()}
        with Program([sys.executable, "-c", SERVE, *changed], CLEAN | environ) as program:
            url = f"http://127.0.0.1:{port}"
            program.wait_for("It listens.")
            assert requests.get(f"{url}/healthz", timeout=4 * IN_TIME).ok
            with ExitStack() as opened:
                yield Served(port, url, sim, opened)
            end_at_once(program)


def end_at_once(program: Program) -> None:
    """With its child, which would look for its parent a second later and end its calls of ICA."""
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
    for pid in (program.pid, *map(int, children)):  # in this order: no child is begun anew
        os.kill(pid, signal.SIGKILL)
