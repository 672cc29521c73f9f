"""What only the real web server shows: the answer to an upload over the limit, and a broken one."""

import io
import re
import socket
from collections import deque

import pytest
import requests

from tests.dashboard import data_ids
from tests.processes import linkboard
from tests.simulated_ica import FIRST_PROJECT, simulator
from tests.variants import in_full
from webapp.store import Store, uploads

MB = 1_000_000
HEADERS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A dashboard with its real web server; yields its address and a signed-in session."""
    from tests.ports import free_port

    port, folder = free_port(), tmp_path_factory.mktemp("served")
    with simulator() as sim:
        settings = {"data_dir": folder, "port": port, "ica_url": sim.url, "web_processes": 1}
        with linkboard("serve", "--no-worker", **settings) as program:
            program.wait_for("Linkboard is at")
            address = f"http://127.0.0.1:{port}"
            with requests.Session() as browser:
                browser.headers.update(HEADERS)
                browser.post(f"{address}/signin", data={"api_key": "demo-key"}, timeout=20)
                yield address, browser, folder


def upload(browser, address, size):
    """What a browser does: send all of it, then read."""
    file = {"file": ("ids.txt", io.BytesIO(b"fil.\n" * (size // 5)))}
    data = {"project_id": FIRST_PROJECT}
    return browser.post(
        f"{address}/submissions", data=data, files=file, timeout=60, allow_redirects=False
    )


def listed(browser, address):
    """The addresses of the submissions on the board."""
    board = browser.get(f"{address}/submissions", timeout=20)
    assert board.status_code == 200
    return set(re.findall(r"/submissions/\d+", board.text))


@pytest.mark.slow
@pytest.mark.parametrize("size", [51_000_000, *in_full(60 * MB)])
def test_more_than_fifty_megabytes_get_their_answer(served, size):
    address, browser, _ = served
    before = listed(browser, address)
    answer = upload(browser, address, size)
    assert answer.status_code == 413
    assert "A list may have up to 50" in answer.text
    assert "Nothing was kept" in answer.text
    assert listed(browser, address) == before


@pytest.mark.long
def test_in_chunks_they_get_the_same_answer(served):
    """Without a length before them, they are too large only once they have come."""
    address, browser, _ = served
    project = FIRST_PROJECT.encode()
    head = (
        b'--b\r\nContent-Disposition: form-data; name="project_id"\r\n\r\n%s\r\n--b\r\n'
        b'Content-Disposition: form-data; name="file"; filename="ids.txt"\r\n\r\n'
    )
    file = [head % project, *[b"fil.\n" * (MB // 5)] * 60, b"\r\n--b--\r\n"]
    pasted = [b"project_id=%s&ids=" % project, *[b"fil.%0A" * (MB // 7)] * 60]
    kinds = {"multipart/form-data; boundary=b": file, "application/x-www-form-urlencoded": pasted}
    for kind, pieces in kinds.items():
        answer = browser.post(
            f"{address}/submissions",
            data=iter(pieces),
            headers={"Content-Type": kind},
            timeout=60,
            allow_redirects=False,
        )
        assert answer.status_code == 413, kind
        assert "A list may have up to 50" in answer.text


def test_the_answer_does_not_wait_for_the_upload(served):
    address, browser, _ = served
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    head = (
        "POST /submissions HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        f"Cookie: {cookie}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {60 * MB}\r\n\r\n"
    )
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(head.encode())
        assert line.recv(64).startswith(b"HTTP/1.1 413 ")


def test_an_expired_session_is_told_though_the_upload_is_large(served):
    address, _, _ = served
    with requests.Session() as stranger:
        stranger.headers.update(HEADERS)
        answer = upload(stranger, address, 40 * MB)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/signin")


@pytest.mark.slow
def test_a_list_that_breaks_off_on_its_way_back_is_seen_to(served):
    address, browser, folder = served
    form = {"project_id": FIRST_PROJECT, "ids": "\n".join(data_ids(20_000))}
    place = browser.post(f"{address}/submissions", data=form, timeout=60).url
    store = Store(f"sqlite:///{folder / 'linkboard.db'}")
    with store.write() as connection:  # as if a disk had failed
        uploads.keep_piece(connection, int(place.rpartition("/")[2]), 0, 1, b"\0")
    store.close()
    with browser.get(f"{place}/list", stream=True, timeout=60) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_content(1_000)
        assert next(pieces)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            deque(pieces, 0)
