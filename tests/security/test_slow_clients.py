"""Clients that are slow to ask, to send or to take: they hold nobody else up, and are left."""

import time
from contextlib import suppress
from http.client import HTTPConnection

import pytest

from tests.dashboard import HEADERS
from tests.ports import free_port
from tests.security.web_server import IN_TIME, answer_in_time, ends, wait_for_a_place, web_server
from tests.simulated_ica import STRANGERS_PROJECT

pytestmark = pytest.mark.slow

HEAD = b"POST /signin HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
BEGUN = b"HTTP/1.1 200"
SLOW = [
    b"",
    b"GET /signin HTTP/1.1\r\nHo",
    b"\r\n",
    HEAD + FORM + b"Content-Length: 900\r\n\r\napi_key=",
    HEAD + FORM + b"Content-Length: 900000\r\n\r\napi_key=",
    HEAD + FORM + b"Content-Length: 0000000000000000000900000\r\n\r\napi_key=",
    HEAD + FORM + b"Content-Length: 9000000000000000000000\r\n\r\napi_key=",
    HEAD + FORM + b"Transfer-Encoding: chunked\r\n\r\n10\r\n",
    HEAD + FORM + b"Content-Length: 900\r\nExpect: 100-continue\r\n\r\n",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with web_server(tmp_path_factory.mktemp("served"), free_port()) as served:
        yield served


def pages(served, place):
    """What must always be answered: health, a page, and a poll."""
    return f"{served.url}/healthz", f"{served.url}/submissions", f"{place}/progress"


@pytest.mark.long
def test_200_connections_that_do_not_come_to_the_point_hold_nobody_up(served):
    person = served.visitor()
    place = served.draft(person, 100)
    slow = [served.send(SLOW[number % len(SLOW)]) for number in range(200)]
    answer_in_time(person, *pages(served, place))
    for client in slow:
        client.close()


def test_clients_that_do_not_close_hold_nobody_up(served):
    person = served.visitor()
    place = served.draft(person, 100)
    asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    idle = [served.send(asked) for _ in range(40)]
    answer_in_time(person, *pages(served, place))
    for client in idle:
        assert ends(client)
        client.close()


def test_one_address_does_not_take_all_places_of_large_bodies(served):
    large = HEAD + FORM + b"Content-Length: 50000\r\n\r\n"
    slow = [served.send(large) for _ in range(12)]
    elsewhere = HTTPConnection("127.0.0.1", served.port, IN_TIME, source_address=("127.0.0.2", 0))
    form = {"Content-Type": "application/x-www-form-urlencoded", **HEADERS}
    elsewhere.request("POST", "/signin", b"api_key=" + b"k" * 50_000, form)
    assert elsewhere.getresponse().status == 422
    elsewhere.close()
    for client in slow:
        client.close()


@pytest.mark.long
def test_24_exports_that_nobody_takes_hold_nobody_up(served):
    people = [served.visitor(key) for key in ("demo-key", "colleague-key")]
    place = served.draft(people[0], 100)
    lists = [served.draft(person) for person in people]
    stalled = [
        served.send(served.ask(person, f"{address}/export.csv"))
        for person, address in zip(people, lists, strict=True)
        for _ in range(12)
    ]
    assert [client.recv(len(BEGUN)) for client in stalled].count(BEGUN) == 4
    answer_in_time(people[0], *pages(served, place))
    own = people[0].get(f"{lists[0]}/export.csv")
    assert own.status_code == 429
    assert "You have 2 downloads running" in own.text
    assert int(own.headers["Retry-After"]) > 0
    stranger = served.visitor("stranger-key")
    theirs = served.draft(stranger, 10, STRANGERS_PROJECT)
    assert "sending 4 files right now" in stranger.get(f"{theirs}/export.csv").text
    for client in stalled:
        client.close()
    wait_for_a_place(people[0], f"{lists[0]}/export.csv")


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """As served, with times that a test can wait for."""
    limits = ("REQUEST_SECONDS=1", "STALLED_SECONDS=1", "LARGE_WAIT_SECONDS=1")
    limits += ("ANSWER_BYTES_PER_SECOND=20000000",)
    with web_server(tmp_path_factory.mktemp("served"), free_port(), *limits) as served:
        yield served


def test_whoever_does_not_come_to_the_point_is_left(impatient):
    for client in [impatient.send(begun) for begun in SLOW]:
        assert ends(client)
        client.close()


@pytest.mark.long
def test_a_body_that_trickles_is_left(impatient):
    client = impatient.send(HEAD + FORM + b"Content-Length: 60000\r\n\r\n" + b"a" * 40_000)
    assert is_left_while_it_trickles(client)


def is_left_while_it_trickles(client):
    """Whether the other side ends the connection, which is waited for between any two bytes."""
    client.settimeout(0.05)
    for _ in range(400):
        try:
            client.sendall(b"a")
            if not client.recv(65_536):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_an_export_that_nobody_takes_is_broken_off(impatient):
    person = impatient.visitor()
    address = impatient.draft(person) + "/export.csv"
    stalled = [impatient.send(impatient.ask(person, address)) for _ in range(2)]
    assert {client.recv(len(BEGUN)) for client in stalled} == {BEGUN}
    wait_for_a_place(person, address)
    for client in stalled:
        taken = b""
        with suppress(ConnectionResetError):
            while piece := client.recv(65_536):
                taken += piece
        assert not taken.endswith(b"0\r\n\r\n")
        client.close()


@pytest.mark.long
def test_an_export_that_is_taken_in_drips_is_broken_off(impatient):
    """Each piece is taken in time, and all of them together would take far too long."""
    person = impatient.visitor()
    address = impatient.draft(person) + "/export.jsonl"
    client, taken = impatient.send(impatient.ask(person, address)), b""
    with suppress(ConnectionResetError):
        while piece := client.recv(16_384):
            taken += piece
            time.sleep(0.005)
    assert taken.startswith(BEGUN)
    assert not taken.endswith(b"0\r\n\r\n")
    client.close()


@pytest.mark.long
def test_of_large_bodies_only_some_are_received_at_once(impatient):
    """The others wait without a thread, and not for ever; whoever sends gets their turn."""
    large = HEAD + FORM + b"Content-Length: 50000\r\n\r\n"
    slow = [impatient.send(large) for _ in range(12)]
    person = impatient.visitor()
    answers = [client.recv(65_536) for client in slow]
    refused = [answer for answer in answers if b"many large files" in answer]
    assert refused
    assert all(b"Retry-After" in answer for answer in refused)
    assert impatient.draft(person)
    for client in slow:
        client.close()
