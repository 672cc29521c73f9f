"""Finds out why no answer came, from the errors of requests and urllib3."""

import ssl

import requests
from urllib3 import exceptions as urllib3_errors

from webapp.ica.errors import Unreachable

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


def unreachable(
    what: str, error: Exception, *, creates: bool, too_slow: bool = False
) -> Unreachable:
    """The error to raise when `what` brought no answer.

    creates: whether it would have made something, if it was carried out.
    too_slow: whether the time of the whole call was over.
    """
    errors = (_cause(error), error)
    reasons = (text for kind, text in _REASONS if any(isinstance(e, kind) for e in errors))
    reason = "it came too slowly" if too_slow else next(reasons, DROPPED)
    maybe_done = creates and _may_have_been_sent(error)
    return Unreachable(f"{what}: {reason}.", maybe_done=maybe_done, dropped=reason == DROPPED)


def was_refused(error: Exception) -> bool:
    """Whether the connection was refused, so that nothing was sent."""
    cause = _cause(error)
    return isinstance(cause, urllib3_errors.NewConnectionError) and isinstance(
        cause.__cause__, ConnectionRefusedError
    )


def _may_have_been_sent(error: Exception) -> bool:
    cause = _cause(error)
    if isinstance(cause, urllib3_errors.SSLError):
        return not isinstance(cause.args[0], ssl.SSLCertVerificationError)
    unsent = (urllib3_errors.ConnectTimeoutError, urllib3_errors.ProxyError)
    return not isinstance(cause, unsent) and not isinstance(error, ValueError)


def _cause(error: Exception) -> object:
    """The error of urllib3: requests wraps it, and urllib3 wraps it once more."""
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, urllib3_errors.MaxRetryError) else inner
