"""What a recipient is told: the numbers of an attempt that has ended, and their words.

It has the list's name and its project's, counts, and reasons with ids, names and paths masked;
nothing else of the data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from webapp.settings import Settings

MAX_REASON_CHARS = 200
MAX_STATUSES = 20  # ICA's words are an open set
VERBS = {"link": "Linking", "unlink": "Unlinking"}
INTO = {"link": "into", "unlink": "from"}
DONE = {"link": "linked", "unlink": "unlinked"}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some items did not end well: ICA's words, with ids, names, paths and numbers masked."""

    status: str
    text: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. key: the same for every try.

    number, name: of the submission. kind: "link" or "unlink". began_at, ended_at: seconds since
    1970. counts: the attempt's items by status. done: how many ended with success, failed: without.
    problem: why ICA refused all of them, or none were sent. link: the submission's page, "" where
    the operator did not say how the dashboard is reached.
    """

    key: str
    recipient: str
    number: int
    name: str
    project: str
    attempt: int
    kind: str
    began_at: float | None
    ended_at: float
    counts: Mapping[str, int]
    done: int
    failed: int
    reasons: Sequence[Reason]
    problem: str
    link: str

    @property
    def total(self) -> int:
        """How many items the attempt had."""
        return sum(self.counts.values())

    @property
    def outcome(self) -> str:
        """How it ended, in a few words: "57,615 of 60,000 linked, 2,385 not"."""
        word = DONE[self.kind]
        if not self.total:
            return "nothing was sent"
        if self.done == self.total:
            return f"all {self.total:,} {word}"
        if not self.done:
            return f"none of {self.total:,} {word}"
        return f"{self.done:,} of {self.total:,} {word}, {self.total - self.done:,} not"

    @property
    def subject(self) -> str:
        """A line for a list of messages."""
        return f"{self.name}: {self.outcome}"

    @property
    def headline(self) -> str:
        """A sentence that says what has ended, and how."""
        what = f"{VERBS[self.kind]} “{self.name}” {INTO[self.kind]} {self.project}"
        again = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return f"{what}{again} has ended: {self.outcome}."

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Each status in words, with its count; those with most items come first."""
        by_count = sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return [
            (status.replace("_", " ").capitalize(), f"{count:,}")
            for status, count in by_count[:MAX_STATUSES]
            if count
        ]

    @property
    def times(self) -> str:
        """When it began and ended."""
        began = f"Began {_day_and_time(self.began_at)}, ended " if self.began_at else "Ended "
        return f"{began}{_day_and_time(self.ended_at)}."

    @property
    def why(self) -> list[str]:
        """The problem, and the reasons with their counts, a line each."""
        lines = [shortened(self.problem)] if self.problem else []
        for one in self.reasons:
            items = "1 item" if one.count == 1 else f"{one.count:,} items"
            lines.append(f"{items}: {shortened(one.text) or 'ICA gave no reason'}")
        return lines

    @property
    def text(self) -> str:
        """All of it as plain text."""
        parts = [self.headline, "\n".join(f"{count} {word}" for word, count in self.facts)]
        if self.why:
            parts.append("\n".join(["Why:", *self.why]))
        parts += [self.times, self.link]
        return "\n\n".join(filter(None, parts)) + "\n"

    @property
    def document(self) -> dict[str, Any]:
        """All of it for a program."""
        began = _iso(self.began_at) if self.began_at else None
        return {
            "type": "attempt.ended",
            "key": self.key,
            "recipient": self.recipient,
            "submission": {"id": self.number, "name": self.name, "project": self.project},
            "attempt": {
                "number": self.attempt,
                "kind": self.kind,
                "began_at": began,
                "ended_at": _iso(self.ended_at),
            },
            "items": self.total,
            "done": self.done,
            "failed": self.failed,
            "counts": dict(self.counts),
            "reasons": [
                {"status": one.status, "text": shortened(one.text), "count": one.count}
                for one in self.reasons
            ],
            "problem": shortened(self.problem),
            "link": self.link or None,
        }


def link_to(settings: Settings, path: str) -> str:
    """The address of a page, "" where the operator did not say how the dashboard is reached."""
    return f"{settings.public_url}{path}" if settings.public_url else ""


def shortened(text: str) -> str:
    """A text on one line, without what can't be printed, cut where it is long."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= MAX_REASON_CHARS else line[: MAX_REASON_CHARS - 1] + "…"


def _day_and_time(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M UTC}"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
