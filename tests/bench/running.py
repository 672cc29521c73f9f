"""Real processes for the benchmarks: a simulator, a dashboard, and a visitor who speaks HTTP."""

import http.client
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg

PROJECT = "00000000-0000-4000-8000-000000000001"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def data_ids(count, *, ending="20", seed=1):
    """Ids as ICA makes them: random, so that an index meets them in no order."""
    some = random.Random(seed)
    return [f"fil.{some.getrandbits(120):030x}{ending}" for _ in range(count)]


@contextmanager
def process(*arguments, environ=None):
    """A child that is ended with all its own children."""
    child = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **(environ or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@contextmanager
def dashboard(*, rate=1e9, latency=0.0, catalogue_files=20_000, database_url="", **settings):
    """Simulator and `linkboard serve`, by default on a SQLite file; yields a Dashboard."""
    ica, port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        database_url = database_url or f"sqlite:///{folder}/linkboard.db"
        environ = {
            "LINKBOARD_ICA_URL": f"http://127.0.0.1:{ica}/ica/rest",
            "LINKBOARD_DATA_DIR": folder,
            "LINKBOARD_DATABASE_URL": database_url,
            "LINKBOARD_PORT": str(port),
            "LINKBOARD_LOG_LEVEL": "WARNING",
            **{f"LINKBOARD_{name.upper()}": str(value) for name, value in settings.items()},
        }
        simulate = ["-m", "webapp.cli", "simulate", "--port", str(ica), "--rate", str(rate)]
        simulate += ["--catalogue-files", str(catalogue_files)]
        with ExitStack() as running:
            running.enter_context(process(*simulate, "--latency", str(latency)))
            _until_it_listens(ica)
            serve = running.enter_context(process("-m", "webapp.cli", "serve", environ=environ))
            began = time.monotonic()
            _until_it_listens(port)
            board = Dashboard(port, ica, serve.pid, Path(folder), database_url)
            board.until(lambda: board.get("/signin").status == 200)
            board.started_in = time.monotonic() - began
            board.until(lambda: board.get("/readyz").status == 200)
            yield board


def _until_it_listens(port, patience=20.0):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


class Answer:
    """What came back, and how long it took, in seconds."""

    def __init__(self, response, body, seconds, first_byte):
        self.status = response.status
        self.headers = response.headers
        self.body = body
        self.seconds = seconds
        self.first_byte = first_byte

    @property
    def text(self):
        return self.body.decode()


class Dashboard:
    """A running dashboard, and demo's browser on it."""

    def __init__(self, port, ica_port, pid, folder, database_url):
        self.port, self.ica_port, self.pid, self.folder = port, ica_port, pid, folder
        self.database_url = database_url
        self.cookie, self.started_in = "", 0.0

    def request(self, method, path, body=None, headers=None, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=600)
        started = time.perf_counter()
        named = {"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        first = response.read(1)
        first_byte = time.perf_counter() - started
        found = first + response.read()
        answer = Answer(response, found, time.perf_counter() - started, first_byte)
        connection.close()
        if cookie := response.headers.get("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        return answer

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, fields=None):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.request("POST", path, urlencode(fields or {}), kind)

    def sign_in(self, key="demo-key"):
        assert self.post("/signin", {"api_key": key}).status == 303

    def upload(self, data, *, name="bench"):
        """Send a file; returns the answer, whose Location is the submission's page."""
        boundary = uuid.uuid4().hex
        parts = []
        for field, value in (("project_id", PROJECT), ("name", name)):
            parts.append(
                f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            )
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="ids.txt"\r\n'
            "Content-Type: text/plain\r\n\r\n"
        )
        body = "".join(parts).encode() + data + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.request("POST", "/submissions", body, kind)

    def review(self, data_ids, **kwargs):
        """Upload ids and wait until they are read; the draft's path."""
        place = path_of(self.upload("\n".join(data_ids).encode(), **kwargs).headers["Location"])
        self.until(lambda: self.state(place) == "draft")
        return place

    def submit(self, wanted):
        """Upload and submit ids, or so many; the submission's path."""
        place = self.review(data_ids(wanted) if isinstance(wanted, int) else wanted)
        assert self.post(f"{place}/submit").status == 303
        return place

    def settle(self, wanted):
        """Submit, and wait until it has ended; the submission's path."""
        place = self.submit(wanted)
        self.until_settled(place)
        return place

    def until_settled(self, place):
        self.until(lambda: self.state(place).startswith("settled"), 3600, 0.2)

    def best(self, path, tries=5):
        """The least seconds that a page takes."""
        answers = [self.get(path) for _ in range(tries)]
        assert all(answer.status == 200 for answer in answers)
        return min(answer.seconds for answer in answers)

    def connect(self):
        """A connection of the driver alone: sqlite3's or psycopg's."""
        if self.database_url.startswith("sqlite"):
            return sqlite3.connect(self.folder / "linkboard.db")
        return psycopg.connect(self.database_url.replace("+psycopg", ""))

    def state(self, place):
        """The state that the submission's page shows."""
        found = re.search(r'data-state="([^"]+)"', self.get(place).text)
        return found.group(1) if found else ""

    def until(self, condition, patience=600.0, pause=0.05):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(pause)
        raise TimeoutError("it did not come to that")

    def ica_calls(self):
        answer = self.request("GET", "/_simulator/calls", port=self.ica_port)
        return json.loads(answer.body)

    def processor_seconds(self):
        """What all of the dashboard's processes took of the processor so far."""
        times = (Path(f"/proc/{pid}/stat").read_text().split()[13:15] for pid in _family(self.pid))
        return sum(map(int, chain.from_iterable(times))) / os.sysconf("SC_CLK_TCK")

    def peak_memory(self):
        """The largest peak of resident memory of any of the dashboard's processes, in MB."""
        return max(self.peaks().values())

    def peaks(self):
        """The peak of resident memory of each of the dashboard's processes, in MB."""
        return {pid: _status(pid, "VmHWM") for pid in _family(self.pid)}

    def worker_memory(self):
        """What the worker has in memory now, in MB."""
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in _family(self.pid)}
        return sum(_status(pid, "VmRSS") for pid in lines if "\0work\0" in lines[pid])


def poll_headers(tag=""):
    """What htmx sends with a poll, and the tag that it was told."""
    named = {"HX-Request": "true", "HX-Request-Type": "partial"}
    return {**named, "HX-PTag": tag} if tag else named


def poll(board, path, tag=""):
    """The bytes of a poll by this dashboard's browser."""
    return wire(path, {**poll_headers(tag), "Cookie": board.cookie, "Host": "127.0.0.1"})


def wire(path, headers):
    """The bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def path_of(location):
    return urlsplit(location).path


def _family(pid):
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _family(int(child))
    return found


def _status(pid, name):
    """A size that the system tells of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(rf"{name}:\s+(\d+)", status)[0]) / 1024
