"""Finds out why no answer came, from the errors of requests and urllib3."""

import requests
from urllib3 import exceptions as urllib3_errors

NETWORK_ERRORS = (requests.RequestException, urllib3_errors.HTTPError)
"""What sending a request may raise; for a few bad addresses it is an error of urllib3."""

DROPPED = "the connection was dropped"
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (urllib3_errors.NameResolutionError, "its name can't be resolved"),
    (urllib3_errors.ProxyError, "the proxy on the way can't be used"),
    (urllib3_errors.NewConnectionError, "the connection was refused"),
    (urllib3_errors.ConnectTimeoutError, "no connection was made in time"),
    (urllib3_errors.ReadTimeoutError, "nothing came in time"),
    (urllib3_errors.SSLError, "the TLS connection failed, so its certificate may be a wrong one"),
    (ValueError, "that is no address to send anything to"),
)


def reason(error: Exception, *, too_slow: bool = False) -> str:
    """Why sending has failed, without a word of the error: that quotes the address.

    too_slow: whether the time of the whole call was over.
    """
    if too_slow:
        return "it came too slowly"
    errors = (cause(error), error)
    reasons = (text for kind, text in _REASONS if any(isinstance(e, kind) for e in errors))
    return next(reasons, DROPPED)


def cause(error: Exception) -> object:
    """The error of urllib3: requests wraps it, and urllib3 wraps it once more."""
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, urllib3_errors.MaxRetryError) else inner
