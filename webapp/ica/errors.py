"""What can go wrong with a call to ICA, as one tree of errors, each with a sentence fit for a log.

No message holds a key or a token, nor does any other attribute.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar


@dataclass(eq=False, repr=False)
class IcaError(Exception):
    """A call to ICA that brought nothing.

    worth_trying_again: whether the very same call may well succeed later.
    maybe_done: ICA may have made what it was asked to make, and we were not told. Only ever true
    for creating a batch; reading changes nothing, and a token minted twice does no harm.
    retry_after: seconds that ICA asks us to wait, None where it doesn't say.
    """

    worth_trying_again: ClassVar[bool] = True

    message: str
    _: KW_ONLY
    maybe_done: bool = False
    retry_after: float | None = None


class IcaUnreachable(IcaError):
    """No answer came: refused, no such name, TLS, a time-out, or a dropped connection."""


class IcaNonsense(IcaError):
    """An answer came that can't be read."""


@dataclass(eq=False, repr=False, kw_only=True)
class IcaProblem(IcaError):
    """ICA said no.

    status: the HTTP status of the answer.
    problem: ICA's Problem word for word. Where the answer was no Problem (a proxy's HTML, say), one
    made of the status and the start of the answer's text.
    """

    worth_trying_again: ClassVar[bool] = False

    status: int
    problem: dict[str, Any]


class NotSignedIn(IcaProblem):
    """401: ICA doesn't take the key or the token."""


class MayNot(IcaProblem):
    """403: signed in, and not allowed to do this."""


class NotThere(IcaProblem):
    """404: no such thing, or none that this user may see."""


class Conflict(IcaProblem):
    """409: it clashes with the state of things at ICA."""


class TooMany(IcaProblem):
    """429: too many calls for now."""

    worth_trying_again: ClassVar[bool] = True


class Refused(IcaProblem):
    """Another 4xx: ICA doesn't take the request as it stands."""


class IcaDown(IcaProblem):
    """5xx: ICA, or something in front of it, is in trouble."""

    worth_trying_again: ClassVar[bool] = True


_BY_STATUS: Mapping[int, type[IcaProblem]] = {
    401: NotSignedIn,
    403: MayNot,
    404: NotThere,
    409: Conflict,
    429: TooMany,
}


def problem_class(status: int) -> type[IcaProblem]:
    """The class of error for an HTTP status of 400 or more."""
    return _BY_STATUS.get(status) or (IcaDown if status >= 500 else Refused)
