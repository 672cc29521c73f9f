"""Whatever drips: a call ends at its deadline, and so do all calls of one request or unit."""

import socket
import threading
import time
from contextlib import closing, contextmanager, nullcontext, suppress

import pytest

from tests.ica.batches import ids
from tests.ica.errors import IDS, both_errors, client, failure
from tests.ica.test_network_errors import signed_by_nobody
from tests.simulated_ica import DEMO_KEY, FIRST_PROJECT
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.errors import Unreachable
from webapp.ica.models import Job
from webapp.network import deadlines

QUICK = (0.3, 0.3)  # seconds of a call
FAR_LESS = 7.0  # than it would take
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"


def encrypted(plain, context):
    return context.wrap_socket(plain, server_side=True) if context else nullcontext(plain)


@contextmanager
def serving(talk, context=None):
    """A server that has each client talked to, with TLS where there is a context; its port."""

    def serve(server):
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    def answer(plain):
        with suppress(OSError), plain, encrypted(plain, context) as connection:
            talk(connection)

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def dripping(at_once):
    """An answer of which so much comes at once, and the rest byte by byte."""

    def talk(connection):
        connection.recv(65_536)
        connection.sendall(at_once)
        for byte in (HEAD + b" " * 500)[len(at_once) :]:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    return talk


def took(call):
    started = time.monotonic()
    error = failure(call)
    return error, time.monotonic() - started


@pytest.mark.parametrize("at_once", [b"", HEAD])
def test_an_answer_that_drips_ends_at_the_deadline(at_once):
    with serving(dripping(at_once)) as port:
        started = time.monotonic()
        reading, creating = both_errors(f"http://127.0.0.1:{port}", seconds=QUICK)
        assert time.monotonic() - started < FAR_LESS
    for error in (reading, creating):
        assert type(error) is Unreachable
        assert str(error).endswith("it came too slowly.")
    assert (reading.maybe_done, creating.maybe_done) == (False, True)


def test_so_does_one_that_drips_through_tls(tmp_path, monkeypatch):
    context, certificate = signed_by_nobody(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with serving(dripping(HEAD), context) as port:
        call = client(f"https://127.0.0.1:{port}", seconds=QUICK).job
        error, seconds = took(lambda: call("j"))
    assert str(error).endswith("it came too slowly.")
    assert seconds < FAR_LESS


def test_tls_that_is_quick_brings_its_answer(tmp_path, monkeypatch):
    context, certificate = signed_by_nobody(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    body = b'{"id": "j", "status": "RUNNING"}'
    answer = HEAD.replace(b"500", str(len(body)).encode()) + body

    def talk(connection):
        connection.recv(65_536)
        connection.sendall(answer)

    with serving(talk, context) as port:
        job = client(f"https://127.0.0.1:{port}").job("j")
    assert isinstance(job, Job)


@pytest.mark.parametrize("tls", [False, True])
def test_a_body_that_ica_takes_slowly_ends_too(tmp_path, monkeypatch, tls):
    """More than the sockets keep; each piece is taken well within the time for a piece."""
    context, certificate = signed_by_nobody(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))

    def talk(connection):
        while connection.recv(1024):
            time.sleep(0.02)

    with serving(talk, context if tls else None) as port:
        ica = client(f"http{'s' * tls}://127.0.0.1:{port}", seconds=QUICK)
        error, seconds = took(lambda: ica.create_batch("p", IDS * 100_000))
    assert str(error).endswith("it came too slowly.")
    assert error.maybe_done
    assert seconds < FAR_LESS


def test_a_body_that_is_taken_at_an_honest_pace_is_sent():
    """It takes longer than any one piece may, which was the limit for all of it."""
    taken = bytearray()

    def talk(connection):
        while not taken.endswith(b"]}"):
            taken.extend(connection.recv(1 << 20))
            time.sleep(0.02)
        connection.sendall(HEAD.replace(b"500", b"2") + b"{}")

    with serving(talk) as port:
        ica = client(f"http://127.0.0.1:{port}", timeout=(0.2, 0.2))
        failure(lambda: ica.create_batch("p", IDS * 100_000))  # it is no batch
    assert len(taken) > 10_000_000


def test_all_calls_of_one_request_or_unit_end_together(sim):
    ica = IcaClient(sim.url, Credential(DEMO_KEY), clock=sim.clock)
    batch = ica.create_batch(FIRST_PROJECT, ids(5))
    sim.set_faults({"drip": 1})
    started = time.monotonic()
    with deadlines.all_calls(0.3):
        first = failure(lambda: ica.batch(FIRST_PROJECT, batch.id))
        second = failure(lambda: ica.create_batch(FIRST_PROJECT, ids(5)))
    assert time.monotonic() - started < FAR_LESS
    assert str(first).endswith("it came too slowly.")
    assert "was not sent" in str(second)
    assert not second.maybe_done
    sim.set_faults({})
    assert ica.batch(FIRST_PROJECT, batch.id).id == batch.id


def test_who_waits_for_a_token_that_drips_waits_no_longer(sim):
    """One thread makes the token that all of an account need."""
    sim.set_faults({"token:drip": 1})
    credential = Credential(DEMO_KEY)
    errors = []

    def ask():
        ica = IcaClient(sim.url, credential, clock=sim.clock, seconds=QUICK)
        errors.append(failure(lambda: ica.search_projects()))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < FAR_LESS
    assert [type(error) for error in errors] == [Unreachable] * 12
