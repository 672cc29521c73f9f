"""Why a message did not arrive, in words that have nothing of addresses or of what others said."""

from enum import StrEnum


class Failure(StrEnum):
    """What kind of failure it was."""

    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"


class Unsent(Exception):
    """The message was not taken, or nobody knows; the text is the end of "It was not sent: …".

    status: the number that was answered, if there was an answer. retry_after: seconds that the
    receiver asks to wait. final: another try makes no sense.
    """

    def __init__(
        self,
        failure: Failure,
        why: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(why)
        self.failure = failure
        self.status = status
        self.retry_after = retry_after
        self.final = final
