"""Gives a message to the operator's mail server, by SMTP."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from webapp.network import deadlines
from webapp.network.timed_sockets import LEAST_SECONDS, TimedTls, timed
from webapp.notify.errors import Failure, Unsent
from webapp.notify.message import Message
from webapp.settings import Settings

TIMEOUT = 8.0  # seconds for connecting, and between two pieces of an answer
MAX_SUBJECT_CHARS = 180


def send(settings: Settings, address: str, message: Message, now: float) -> None:
    """Send it; returns once the mail server has taken it. `now`: seconds since 1970.

    Raises Unsent otherwise.
    """
    letter = _letter(settings, address, message, now)
    with _telling_why(), _signed_in(settings) as server:
        server.send_message(letter, settings.mail_from, [address])


def reach(settings: Settings) -> None:
    """Sign in to the mail server, and send nothing. Raises Unsent if that is not possible."""
    with _telling_why(), _signed_in(settings) as server:
        server.noop()


def _letter(settings: Settings, address: str, message: Message, now: float) -> EmailMessage:
    letter = EmailMessage(policy=SMTP)
    letter["From"] = settings.mail_from
    letter["To"] = address
    letter["Subject"] = " ".join(message.subject.split())[:MAX_SUBJECT_CHARS]
    letter["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    letter["Message-ID"] = f"<{message.key}@{_domain(settings)}>"
    letter["Auto-Submitted"] = "auto-generated"  # so that nobody's absence is answered
    letter.set_content(message.text, cte="quoted-printable")
    return letter


def _domain(settings: Settings) -> str:
    return settings.mail_from.rpartition("@")[2]


class _Server(smtplib.SMTP):
    """Its sockets obey network/deadlines.py, as smtplib's own limit is for each piece.

    context: for TLS from the first byte on.
    """

    def __init__(self, settings: Settings, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(settings.smtp_host, settings.smtp_port, _domain(settings), TIMEOUT)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        limit = max(min(timeout, deadlines.left()), LEAST_SECONDS)
        plain = timed(socket.create_connection((host, port), limit), limit)
        return self._context.wrap_socket(plain, server_hostname=host) if self._context else plain


@contextmanager
def _signed_in(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A connection to the mail server; what it says to a farewell does not count any more."""
    context = ssl.create_default_context()
    context.sslsocket_class = TimedTls
    server = _Server(settings, context if settings.smtp_security == "tls" else None)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        yield server
        with suppress(OSError):
            server.quit()
    finally:
        server.close()


@contextmanager
def _telling_why() -> Iterator[None]:
    """Turn what smtplib raises into Unsent; what the server said may have names in it."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        status = next(iter(error.recipients.values()))[0]
        final = status >= 500
        why = f"the mail server does not take this address (status {status})"
        raise Unsent(_failure(status), why, status=status, final=final) from None
    except smtplib.SMTPAuthenticationError as error:
        status, why = error.smtp_code, "the mail server does not take Linkboard's user and password"
        raise Unsent(Failure.REFUSED, why, status=status) from None
    except smtplib.SMTPNotSupportedError:
        why = "the mail server has no STARTTLS, or no sign-in, which the settings ask for"
        raise Unsent(Failure.REFUSED, why) from None
    except smtplib.SMTPResponseException as error:
        status = error.smtp_code
        why = f"the mail server answered with the status {status}"
        raise Unsent(_failure(status), why, status=status) from None
    except (OSError, UnicodeError, ValueError) as error:
        raise Unsent(Failure.UNREACHABLE, _reason(error)) from None


def _failure(status: int) -> Failure:
    return Failure.REFUSED if status >= 500 else Failure.SERVER_ERROR


def _reason(error: Exception) -> str:
    """Without a word of the error, which smtplib may have wrapped once."""
    if type(error) is smtplib.SMTPException:
        return "the mail server has no way to sign in that Linkboard knows"
    errors = (error, error.__context__)
    for kind, text in (
        (socket.gaierror, "the name of the mail server can't be resolved"),
        (ConnectionRefusedError, "the mail server refused the connection"),
        (ssl.SSLCertVerificationError, "the mail server's certificate is a wrong one"),
        (TimeoutError, "the mail server was too slow"),
        (
            UnicodeError,
            "the server's name, user or password has letters that can't be sent",
        ),
    ):
        if any(isinstance(one, kind) for one in errors):
            return text
    return "the connection to the mail server was dropped"
