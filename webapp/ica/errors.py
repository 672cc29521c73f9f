"""The errors of calls to ICA; the message of each is a sentence that may be logged.

Neither a message nor another attribute holds a key or a token.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar


@dataclass(eq=False, repr=False)
class IcaError(Exception):
    """A call to ICA that failed.

    worth_trying_again: whether the same call may succeed later.
    maybe_done: ICA may have made a batch although the call failed. False for all other calls:
    reading changes nothing, and a second token does no harm.
    retry_after: seconds that ICA asks us to wait, None where it doesn't say.
    step: what it was called for, for the caller to say.
    """

    worth_trying_again: ClassVar[bool] = True

    message: str
    _: KW_ONLY
    maybe_done: bool = False
    retry_after: float | None = None
    step: str = ""


@dataclass(eq=False, repr=False)
class Unreachable(IcaError):
    """No answer came: refused, no such name, TLS, a time-out, or a dropped connection.

    dropped: it was the last of these, with the request on its way or the answer.
    """

    _: KW_ONLY
    dropped: bool = False


class Busy(IcaError):
    """ICA was not asked: as many other calls as may be wait for it already."""


class MalformedResponse(IcaError):
    """An answer came that can't be read."""


class PagingLoop(MalformedResponse):
    """The cursors of ICA's pages lead back to a page that was read before."""


@dataclass(eq=False, repr=False, kw_only=True)
class IcaProblem(IcaError):
    """ICA answered with an error status.

    status: the HTTP status of the answer.
    problem: ICA's Problem, unchanged. If the answer was none (HTML of a proxy, for example), one
    made of the status and the beginning of the answer's text.
    """

    worth_trying_again: ClassVar[bool] = False

    status: int
    problem: dict[str, Any]


class Unauthorized(IcaProblem):
    """401: ICA doesn't accept the key or the token."""


class Forbidden(IcaProblem):
    """403: signed in, and not allowed to do this."""


class NotFound(IcaProblem):
    """404: it doesn't exist, or this user may not see it."""


class Conflict(IcaProblem):
    """409: it conflicts with the state at ICA."""


class RateLimited(IcaProblem):
    """429: too many calls for now."""

    worth_trying_again: ClassVar[bool] = True


class Refused(IcaProblem):
    """Another 4xx: ICA doesn't accept the request."""


class ServerError(IcaProblem):
    """5xx, or 408: ICA, or a server in front of it, has failed, or took too long."""

    worth_trying_again: ClassVar[bool] = True


_BY_STATUS: Mapping[int, type[IcaProblem]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: ServerError,
    409: Conflict,
    429: RateLimited,
}


def problem_class(status: int) -> type[IcaProblem]:
    """The class of error for an HTTP status of 400 or more."""
    return _BY_STATUS.get(status) or (ServerError if status >= 500 else Refused)
