"""No answer: why, and whether what was asked for may have been done all the same."""

import datetime
import ipaddress
import logging
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager, suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ica.errors import IDS, both_errors, client, failure
from tests.ica.fake_server import DROPPED, Answer, fake_ica
from webapp.ica.errors import Unreachable


@pytest.mark.parametrize("answer", [DROPPED, Answer(b'{"id"', length=50)])
def test_a_dropped_connection_is_not_tried_again(answer):
    with fake_ica(answer) as ica:
        reading, creating = both_errors(ica.url)
    assert len(ica.asked) == 2
    for error in (reading, creating):
        assert type(error) is Unreachable
        assert str(error).endswith("the connection was dropped.")
    assert (reading.maybe_done, creating.maybe_done) == (False, True)


def test_a_refused_connection_is_tried_once_more(caplog):
    caplog.set_level(logging.DEBUG, logger="urllib3")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    error = failure(lambda: client(f"http://127.0.0.1:{port}/ica/rest").create_batch("p", IDS))
    assert type(error) is Unreachable
    assert f"ICA at 127.0.0.1:{port} gave no answer to createProjectData" in str(error)
    assert str(error).endswith("the connection was refused.")
    assert not error.maybe_done
    assert sum("Starting new HTTP connection" in line for line in caplog.messages) == 2


def test_a_host_that_lets_nobody_in_is_waited_for_once():
    with closing(socket.socket()) as full, closing(socket.socket()) as first:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        started = time.monotonic()
        error = failure(lambda: client(url, timeout=(0.2, 0.2)).create_batch("p", IDS))
    assert type(error) is Unreachable
    assert str(error).endswith("no connection was made in time.")
    assert not error.maybe_done
    assert time.monotonic() - started < 0.39


@pytest.mark.parametrize(
    "url", ["http://[", "http://", "http:// /", "http://a..b/", "ftp://x/", "", "http://x:99999/"]
)
def test_an_address_that_is_none_is_unreachable(url):
    error = failure(lambda: client(url).create_batch("p", IDS))
    assert type(error) is Unreachable
    assert not error.maybe_done


def test_a_password_in_the_address_is_not_shown():
    error = failure(lambda: client("http://lab:passw0rd@127.0.0.1:1/ica/rest").job("j"))
    assert "127.0.0.1:1" in str(error)
    assert "passw0rd" not in str(error)


def test_a_proxy_that_is_gone_sent_nothing(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    error = failure(lambda: client("http://ica.example/").create_batch("p", IDS))
    assert "the proxy on the way can't be used" in str(error)
    assert not error.maybe_done


def test_a_certificate_that_nobody_signed_gets_nothing(tmp_path):
    with speaking_tls(tmp_path) as port:
        error = failure(lambda: client(f"https://127.0.0.1:{port}/").create_batch("p", IDS))
    assert type(error) is Unreachable
    assert "TLS" in str(error)
    assert not error.maybe_done


def signed_by_nobody(folder):
    """A server's TLS with a certificate of its own making, and the file of that."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, pem


@contextmanager
def speaking_tls(folder):
    """A server with such a certificate; yields its port."""
    context, _ = signed_by_nobody(folder)

    def load_viewer(server: socket.socket) -> None:
        # The client hangs up: just what is tested.
        with closing(server.accept()[0]) as plain, suppress(OSError):
            context.wrap_socket(plain, server_side=True).close()

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=load_viewer, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        thread.join()
