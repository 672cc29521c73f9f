"""Debian's nginx as README sets it up, as whoever runs the tests and in a folder of its own."""

import datetime
import ipaddress
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.processes import Program

README = Path(__file__).parents[2] / "README.md"
FAR = "sndbuf=16k"  # the system keeps as little for a client as for one that is far away
FRAME = """
{user}
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr notice;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {block}
}}
"""


@contextmanager
def nginx(folder: Path, port: int, upstream: int, prefix: str = "") -> Iterator[str]:
    """nginx in front of the port `upstream`; its address. Its certificate is folder/cert.pem."""
    folder.mkdir()
    _make_certificate(folder)
    user = "user root;" if os.geteuid() == 0 else ""
    block = _block(folder, port, upstream, prefix)
    (folder / "nginx.conf").write_text(FRAME.format(user=user, folder=folder, block=block))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "nginx is missing; on Debian: apt-get install nginx-light"
    with Program([program, "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"]) as started:
        url = f"https://localhost:{port}{prefix}"
        started.wait_for("RLIMIT_NOFILE")  # which it tells once it listens
        yield url


def _block(folder: Path, port: int, upstream: int, prefix: str) -> str:
    """README's, with its port, its certificate, and the address of Linkboard replaced."""
    found = re.search(r"```\n(map .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    text = found[1]
    slash = "/" if prefix else ""
    for old, new in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl {FAR};\n{_certificate(folder)}"),
        ("server_name linkboard.example.org;", "server_name localhost;"),
        ("http://127.0.0.1:8000;", f"http://127.0.0.1:{upstream}{slash};"),
        ('X-Forwarded-Prefix "";', f'X-Forwarded-Prefix "{prefix}";'),
        ("location = /", f"location = {prefix}/"),
        ("location / {", f"location {prefix}/ {{"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def _certificate(folder: Path) -> str:
    return f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;"


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(pem)
