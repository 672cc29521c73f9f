"""Behind Debian's nginx, set up as README says: at the root, and below a path."""

import socket
import threading
from contextlib import contextmanager, suppress

import pytest
import requests

from tests.ports import free_port
from tests.security.nginx import nginx
from tests.security.web_server import (
    IN_TIME,
    LIST_IDS,
    answer_in_time,
    wait_for_a_place,
    web_server,
)

pytestmark = pytest.mark.slow

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
HEAD = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    settings = {"trusted_proxies": 1, "trusted_hosts": "localhost", "web_threads": 2}
    with web_server(tmp_path_factory.mktemp("served"), free_port(), **settings) as served:
        yield served


@pytest.fixture(scope="module", params=["", "/linkboard"], ids=["root", "path"])
def proxied(request, served, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx") / "nginx"
    with nginx(folder, free_port(), served.port, request.param) as url:
        found = served.behind(url, folder / "cert.pem")
        found.prefix = request.param
        yield found


@pytest.fixture(scope="module")
def person(proxied):
    return proxied.visitor()


def test_the_session_is_kept_by_a_cookie_of_this_place_alone(proxied, person):
    (cookie,) = person.cookies
    assert cookie.secure
    assert cookie.path == (proxied.prefix or "/")
    assert cookie.name == ("linkboard" if proxied.prefix else "__Host-linkboard")
    answer = person.get(f"{proxied.url}/submissions")
    assert "Dana Demo" in answer.text
    assert f'href="{proxied.prefix}/submissions' in answer.text
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_an_upload_a_poll_and_an_export_come_through(proxied, person):
    place = proxied.draft(person)
    polled = person.get(f"{place}/progress", headers={"HX-Request-Type": "partial"})
    assert polled.status_code == 200
    assert polled.headers["HX-PTag"]
    exported = person.get(f"{place}/export.txt").text
    assert exported.count("\n") == LIST_IDS


def test_the_metrics_are_not_for_the_outside(proxied, served):
    with requests.get(f"{proxied.url}/metrics", verify=proxied.certificate) as answer:
        assert (answer.status_code, "nginx" in answer.text) == (403, True)  # nginx itself says so
    assert requests.get(f"{served.url}/metrics", timeout=IN_TIME).status_code == 200


def test_slow_clients_do_not_come_as_far_as_linkboard(proxied, person):
    path = f"{proxied.prefix}/submissions".encode()
    begun = [b"GET / HT", HEAD % (path, 900), HEAD % (path, 9_000_000) + b"\r\nabc"]
    slow = [proxied.send(begun[number % 3]) for number in range(60)]
    answer_in_time(person, f"{proxied.url}/healthz", f"{proxied.url}/submissions")
    for client in slow:
        client.close()


def test_who_stops_reading_an_export_keeps_no_place_at_linkboard(proxied, person):
    """nginx takes all of it, and so the next one begins at once."""
    place = proxied.draft(person)
    client = proxied.send(proxied.ask(person, f"{place}/export.csv"))
    assert client.recv(15).startswith(b"HTTP/1.1 200")
    wait_for_a_place(person, f"{place}/export.csv")
    client.close()


def test_guesses_are_held_up_before_linkboard_hears_of_them(proxied, person):
    with requests.Session() as stranger:
        stranger.trust_env = False
        stranger.verify = str(proxied.certificate)
        answers = [stranger.post(f"{proxied.url}/signin").status_code for _ in range(60)]
    assert answers[0] == 403  # without Sec-Fetch-Site: another site's
    assert answers[-1] == 429


@contextmanager
def breaks_off():
    """A server that sends the beginning of a file to whoever asks; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=send_beginnings, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def send_beginnings(listener):
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            with client:
                chunked = b" HTTP/1.1\r\n" in client.recv(65_536)  # as gunicorn answers
                client.sendall(CHUNKED if chunked else b"HTTP/1.1 200 OK\r\n\r\nab")


def test_a_download_that_breaks_off_looks_broken(tmp_path, free_port):
    with breaks_off() as upstream, nginx(tmp_path / "nginx", free_port, upstream) as url:
        certificate = str(tmp_path / "nginx" / "cert.pem")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(f"{url}/submissions/1/export.csv", verify=certificate, timeout=IN_TIME)
