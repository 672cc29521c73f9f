"""Why no answer came, read out of the errors of requests and urllib3."""

import ssl

import requests
from urllib3 import exceptions as wire

from webapp.ica.errors import IcaUnreachable

NO_ANSWER = (requests.RequestException, wire.HTTPError)
"""What sending a request may raise; urllib3's own come through for a few bad addresses."""

_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (wire.NameResolutionError, "its name can't be resolved"),
    (wire.ProxyError, "the proxy on the way can't be used"),
    (wire.NewConnectionError, "the connection was refused"),
    (wire.ConnectTimeoutError, "no connection was made in time"),
    (wire.ReadTimeoutError, "nothing came in time"),
    (wire.SSLError, "the TLS connection failed, so its certificate may be a wrong one"),
    (ValueError, "that is no address to send anything to"),
)


def unreachable(what: str, error: Exception, *, creates: bool) -> IcaUnreachable:
    """The error to raise when `what` brought no answer.

    creates: whether it would have made something, if it was carried out.
    """
    seen = (_cause(error), error)
    words = (text for kind, text in _WORDS if any(isinstance(one, kind) for one in seen))
    why = next(words, "the connection was dropped")
    return IcaUnreachable(f"{what}: {why}.", maybe_done=creates and _may_have_been_sent(error))


def was_refused(error: Exception) -> bool:
    """Whether nobody listened at the other end, so that surely nothing was sent."""
    cause = _cause(error)
    return isinstance(cause, wire.NewConnectionError) and isinstance(
        cause.__cause__, ConnectionRefusedError
    )


def _may_have_been_sent(error: Exception) -> bool:
    cause = _cause(error)
    if isinstance(cause, wire.SSLError):
        return not isinstance(cause.args[0], ssl.SSLCertVerificationError)
    unsent = (wire.ConnectTimeoutError, wire.ProxyError)
    return not isinstance(cause, unsent) and not isinstance(error, ValueError)


def _cause(error: Exception) -> object:
    """What urllib3 said: requests wraps it, and urllib3 wraps it once more."""
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, wire.MaxRetryError) else inner
