"""A mail server that takes messages as SMTP has it (RFC 5321, 3207, 4954), or fails as told."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailServer:
    """A running server. letters: what was taken, each with the address that it was for.

    answers: what it says to a command in place of its usual answer ("DATA": "451 later"); "" drops
    the connection. Of a letter itself the command is ".".
    """

    port: int = 0
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    logins: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def mail_server(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> Iterator[MailServer]:
    """Serve on a free loopback port: with TLS from the first byte on, or once it is asked for."""
    mail = MailServer()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                if tls:
                    self.encrypt(tls)
                self.encrypted, self.address = bool(tls), ""
                self.say(mail.answers.get("", "220 mail.example.org"))
                while line := self.rfile.readline().decode().strip():
                    if not self.answer(line):
                        return

        def answer(self, line: str) -> bool:
            """Whether the talk goes on."""
            verb = line.split()[0].upper()
            said = mail.answers.get(verb) or self.usual(verb, line)
            if verb in mail.answers and not mail.answers[verb]:
                return False
            self.say(said)
            if verb == "STARTTLS" and starttls and said.startswith("220"):
                self.encrypt(starttls)
                self.encrypted = True
            if verb == "DATA" and said.startswith("354"):
                return self.take()
            return verb != "QUIT"

        def usual(self, verb: str, line: str) -> str:
            if verb == "EHLO":
                more = ["AUTH PLAIN"] if self.encrypted or not starttls else ["STARTTLS"]
                return "\r\n".join(["250-mail.example.org", *(f"250 {word}" for word in more)])
            if verb == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                mail.logins.append((user, password))
            if verb == "RCPT":
                self.address = line.partition("<")[2].partition(">")[0]
            usual = {
                "STARTTLS": "220 go on",
                "AUTH": "235 ok",
                "DATA": "354 go on",
                "QUIT": "221 ok",
            }
            return usual.get(verb, "221 bye" if verb == "QUIT" else "250 ok")

        def take(self) -> bool:
            lines = iter(self.rfile.readline, b".\r\n")
            letter = b"".join(line.removeprefix(b".") for line in lines)
            said = mail.answers.get(".", "250 taken")
            if said.startswith("250") or not said:
                found = message_from_bytes(letter, EmailMessage, policy=default)
                mail.letters.append((self.address, found))
            if said:
                self.say(said)
            return bool(said)

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def encrypt(self, context: ssl.SSLContext) -> None:
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", 0)

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()
                self.connection.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Session) as server:
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join()


def to_mail(mail: MailServer, **more: object) -> dict[str, object]:
    """The settings by which e-mails are given to the server."""
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": mail.port,
        "smtp_security": "none",
        "mail_from": "linkboard@example.org",
        "mail_to": ("lab@example.org", "@uni.example"),
        **more,
    }
