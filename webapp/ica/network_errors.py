"""Whether ICA may have carried out what brought no answer."""

import ssl

from urllib3 import exceptions as urllib3_errors

from webapp.ica.errors import Unreachable
from webapp.network import failures


def unreachable(
    what: str, error: Exception, *, creates: bool, too_slow: bool = False
) -> Unreachable:
    """The error to raise when `what` brought no answer.

    creates: whether it would have made something, if it was carried out.
    too_slow: whether the time of the whole call was over.
    """
    reason = failures.reason(error, too_slow=too_slow)
    maybe_done = creates and _may_have_been_sent(error)
    dropped = reason == failures.DROPPED
    return Unreachable(f"{what}: {reason}.", maybe_done=maybe_done, dropped=dropped)


def was_refused(error: Exception) -> bool:
    """Whether the connection was refused, so that nothing was sent."""
    cause = failures.cause(error)
    return isinstance(cause, urllib3_errors.NewConnectionError) and isinstance(
        cause.__cause__, ConnectionRefusedError
    )


def _may_have_been_sent(error: Exception) -> bool:
    cause = failures.cause(error)
    if isinstance(cause, urllib3_errors.SSLError):
        return not isinstance(cause.args[0], ssl.SSLCertVerificationError)
    unsent = (urllib3_errors.ConnectTimeoutError, urllib3_errors.ProxyError)
    return not isinstance(cause, unsent) and not isinstance(error, ValueError)
