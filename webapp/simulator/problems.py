"""The simulator's error answers: ICA's RFC 7807 problems."""

import uuid
from dataclasses import dataclass, field
from typing import Any

PROBLEM_TYPE = "application/problem+json"


@dataclass(eq=False)
class Problem(Exception):
    """An error answer: the HTTP status, ICA's error code (sent as `title`) and a sentence.

    Only ICA_API_004, ICA_API_429 and ICA_SEC_002 are known from the real ICA; the other codes are
    made up, and no client should depend on them.
    """

    status: int
    code: str
    detail: str
    headers: dict[str, str] = field(default_factory=dict)

    def document(self, instance: str, timestamp: str) -> dict[str, Any]:
        """The body of the answer; `instance` is the requested URL."""
        return {
            "id": str(uuid.uuid4()),
            "type": "about:blank",
            "title": self.code,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "parameters": {},
            "timestamp": timestamp,
        }


def bad_request(detail: str) -> Problem:
    return Problem(400, "ICA_API_002", detail)


def too_large(detail: str) -> Problem:
    return Problem(413, "ICA_API_413", detail)


def forbidden(detail: str) -> Problem:
    return Problem(403, "ICA_SEC_003", detail)


def not_found(what: str, name: str) -> Problem:
    return Problem(404, "ICA_API_003", f"{what} {name} was not found")


def unauthorized(detail: str = "Unauthorized") -> Problem:
    return Problem(401, "ICA_SEC_002", detail)
