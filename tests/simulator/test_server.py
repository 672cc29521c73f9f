"""The server: connections, compression, many callers at once, and its end."""

import email.utils
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests

from tests.simulated_ica import Clock, simulator
from tests.simulator.conftest import LINKING, PROJECT, data_id, media_type

HEADERS = {"X-API-Key": "demo-key", "Accept": "*/*"}
PROGRAM = """
from webapp.simulator.options import Options
from webapp.simulator.server import run
run("127.0.0.1", 0, Options(), ready=lambda port: print(port, flush=True))
"""


def connection_to(sim):
    return closing(http.client.HTTPConnection("127.0.0.1", sim.port, timeout=10))


def ask(connection, method="GET", path="/ica/rest" + PROJECT, body=None, **headers):
    connection.request(method, path, body, {**HEADERS, **headers})
    answer = connection.getresponse()
    return answer, answer.read()


def test_a_connection_stays_open_whatever_is_asked(sim):
    create = "/ica/rest" + LINKING
    text = {"Content-Type": "text/plain"}
    with connection_to(sim) as connection:
        ask(connection)
        open_socket = connection.sock
        statuses = [
            ask(connection)[0].status,
            ask(connection, path="/nowhere", method="POST", body=b"unread " * 10_000)[0].status,
            ask(connection, "HEAD")[0].status,
            ask(connection, "POST", create, body=b"{")[0].status,
            ask(connection, "POST", create, b'{"items": []}', **text)[0].status,
            ask(connection)[0].status,
        ]
        assert statuses == [200, 404, 200, 415, 415, 200]
        assert connection.sock is open_socket


def test_answers_are_not_held_back(sim):
    with connection_to(sim) as connection:
        ask(connection)
        begun = time.perf_counter()
        for _ in range(50):
            ask(connection)
        assert time.perf_counter() - begun < 50 * 0.04


def test_a_body_in_chunks_is_read(sim):
    with connection_to(sim) as connection:
        chunks = iter([b'{"items": [{"dataId"', b': "fil.99"}]}'])
        headers = {"Content-Type": media_type("v4")}
        answer, _ = ask(connection, "POST", "/ica/rest" + LINKING, chunks, **headers)
        assert answer.status == 201
        assert ask(connection)[0].status == 200


def test_a_body_that_is_too_large_is_refused_unread(sim):
    with connection_to(sim) as connection:
        connection.putrequest("POST", "/ica/rest" + LINKING)
        headers = {**HEADERS, "Content-Type": media_type("v4"), "Content-Length": str(10**10)}
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_gzip_when_asked_for(sim, demo):
    batch = demo.create([data_id(n) for n in range(100)])
    sim.clock.advance(1_000)
    path = f"/ica/rest{batch}/items"
    with connection_to(sim) as connection:
        plain, body = ask(connection, path=path)
        zipped, packed = ask(connection, path=path, **{"Accept-Encoding": "gzip"})
    assert plain.headers["Content-Encoding"] is None
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert len(packed) < len(body) / 4
    assert demo.get(f"{batch}/items", "v4").content == body


def test_the_date_is_the_simulators_own(demo_at):
    with simulator(clock=Clock(1_000_000_000)) as sim:
        answer = demo_at(sim).get(PROJECT)
    assert email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp() == 1_000_000_000


def test_latency_is_kept(demo_at):
    with simulator(latency_ms=60) as sim:
        demo = demo_at(sim)
        demo.get(PROJECT)
        begun = time.perf_counter()
        demo.get(PROJECT)
        assert time.perf_counter() - begun >= 0.06


@pytest.mark.slow
def test_250_connections_at_once(sim):
    gate = threading.Barrier(250)

    def call(_):
        with connection_to(sim) as connection:
            connection.connect()
            gate.wait(timeout=30)
            return [ask(connection)[0].status for _ in range(3)]

    with ThreadPoolExecutor(250) as pool:
        assert list(pool.map(call, range(250))) == [[200] * 3] * 250
    assert sim.calls() == {"getProject": 750}


def test_a_stopped_simulator_hangs_up(sim):
    with connection_to(sim) as connection:
        ask(connection)
        sim.stop()
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            ask(connection)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", sim.port), timeout=5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_ends_cleanly_within_a_second(number):
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        port = int(process.stdout.readline())
        with requests.Session() as session:
            url = f"http://127.0.0.1:{port}/ica/rest{PROJECT}"
            assert session.get(url, headers=HEADERS, timeout=10).status_code == 200
            begun = time.perf_counter()
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
            assert time.perf_counter() - begun < 1
        assert process.stderr.read() == ""


def test_numbers_that_make_no_sense_are_refused():
    for options in ({"rate": 0}, {"token_seconds": -1}, {"latency_ms": -1}, {"values": -1}):
        with pytest.raises(ValueError, match="must"), simulator(**options):
            pass
