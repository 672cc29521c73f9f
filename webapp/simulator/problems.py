"""The simulator's error answers: ICA's RFC 7807 problems."""

import uuid
from dataclasses import dataclass, field
from typing import Any

PROBLEM_TYPE = "application/problem+json"
_CODES = {400: "ICA_API_002", 401: "ICA_SEC_002", 403: "ICA_SEC_003", 404: "ICA_API_003"}


@dataclass(eq=False)
class Problem(Exception):
    """An error answer: the HTTP status, a sentence, and ICA's error code (sent as `title`), by
    default that of the status.

    Only ICA_API_004, ICA_API_429 and ICA_SEC_002 are known from the real ICA; the other codes are
    made up, and no client should depend on them.
    """

    status: int
    detail: str
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def document(self, instance: str, timestamp: str) -> dict[str, Any]:
        """The body of the answer; `instance` is the requested URL."""
        return {
            "id": str(uuid.uuid4()),
            "type": "about:blank",
            "title": self.code or _CODES.get(self.status, f"ICA_API_{self.status}"),
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "parameters": {},
            "timestamp": timestamp,
        }


def not_found(what: str, name: str) -> Problem:
    return Problem(404, f"{what} {name} was not found")
