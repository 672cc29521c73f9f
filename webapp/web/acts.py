"""Acts: what can be made of a submission's items, and the words for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.store.submissions import Submission
from webapp.web.filters import plural


@dataclass(frozen=True, slots=True)
class Act:
    """One of the two things that can be made of a submission's items, and its words."""

    source: str
    status: str  # of the items it is about when nothing else is said
    title: str
    button: str
    after: str
    nothing: str
    skipped: dict[str, tuple[str, str]]  # why, of one and of many

    def kind(self, source: Submission) -> str:
        """Of what it makes from a submission: link or unlink."""
        return "unlink" if self.source == "undo" else source.kind

    def said(self, count: int) -> str:
        """That so many items are on their way."""
        many = plural(count, "item")
        return f"{many} to be {'unlinked' if self.source == 'undo' else 'tried again'}."

    def told(self, counts: Mapping[str, int]) -> list[tuple[int, str]]:
        """How many items were skipped, and why, in words."""
        return [(count, self.skipped[why][count > 1]) for why, count in counts.items() if count]


def _were(what: str) -> tuple[str, str]:
    return f"was {what}", f"were {what}"


RETRY = Act(
    source="retry",
    status="FAILED",
    title="Try these items again?",
    button="Try again",
    after="The numbers of this submission stay as they are; the new attempt has its own.",
    nothing="None of these items can be tried again now.",
    skipped={
        "elsewhere": _were("taken up by another attempt already"),
        "meanwhile": _were("linked or unlinked as wished by another submission meanwhile"),
        "well": ("ended well, so nothing is left to do",) * 2,
        "moving": ("has no outcome yet", "have no outcome yet"),
        "changed": ("has changed since you looked", "have changed since you looked"),
    },
)
UNDO = Act(
    source="undo",
    status="LINKED",
    title="Unlink these items?",
    button="Unlink",
    after="The data themselves are not deleted; they only leave this project. "
    "The numbers of this submission stay as they are.",
    nothing="There is nothing here that this submission has linked and that could be unlinked.",
    skipped={
        "elsewhere": _were("taken up by an earlier undo already"),
        "meanwhile": _were("unlinked by another submission since"),
        "before": _were("linked before this submission came, which does not unlink that"),
        "never": _were("not linked by this submission"),
        "changed": ("has changed since you looked", "have changed since you looked"),
    },
)


def receipt(submission: Submission) -> dict[str, Any] | None:
    """What became of the items that were confirmed: made again, and skipped with the reason."""
    found = submission.review.get("receipt")
    if not found:
        return None
    act = UNDO if submission.source == "undo" else RETRY
    return {
        "confirmed": found["made"] + sum(found["skipped"].values()),
        "made": found["made"],
        "skipped": [
            (count, f"{'it' if count == 1 else 'they'} {why}")
            for count, why in act.told(found["skipped"])
        ],
    }
