"""How the statuses of items are ordered, called and look; states and ICA's job statuses, too."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask

from webapp.store.enums import EXPANDED, LEFT_OUT, NOT_SENT, UNKNOWN, UNREAD
from webapp.store.find.search import DRAFTED, NEVER, NO_ITEM


@dataclass(frozen=True, slots=True)
class Look:
    """How a word is shown.

    tone: a colour of app.css. icon: its name in icons.svg. label: what a badge says in place of the
    word in sentence case. short: what a sum of counts says in place of the label.
    """

    tone: str = "neutral"
    icon: str = "question"
    label: str = ""
    short: str = ""


NEW = ""  # in place of any status never seen before
STATUSES: Mapping[str, Look] = {  # in the order in which they stand side by side
    "LINKED": Look("linked", "check", short="linked"),
    "ALREADY_LINKED": Look("already", "double-check", short="already linked"),
    "UNLINKED": Look("unlinked", "retry", short="unlinked"),
    "ALREADY_UNLINKED": Look("unlinked", "double-check", short="already unlinked"),
    "PARTIALLY_LINKED": Look("partial", "half", short="in part"),
    "PARTIALLY_UNLINKED": Look("partial", "half", short="in part"),
    "FAILED": Look("failed", "cross", short="failed"),
    "RUNNING": Look("running", "arc"),
    "WAITING_RESOURCES": Look("waiting", "clock"),
    "INITIALISED": Look("initialised", "dotted"),
    EXPANDED: Look(label="Expanded", short="expanded"),
    NEW: Look(),
    UNREAD: Look(label="Not read yet", short="not known"),
    UNKNOWN: Look(label="Not known", short="not known"),
    NOT_SENT: Look("not-sent", "slash", "Not sent", "not sent"),
    LEFT_OUT: Look("not-sent", "slash", "Left out", "left out"),
}
OUTCOMES: Mapping[str, Look] = {  # of an id that was searched for, beside the statuses
    NEVER: Look(label="Never submitted here"),
    NO_ITEM: Look(label="No item called so"),
    DRAFTED: Look(label="In a draft of yours"),
}
JOBS: Mapping[str, Look] = {
    "SUCCEEDED": Look("linked", "check"),
    "PARTIALLY_SUCCEEDED": Look("partial", "half"),
    "WAITING_FOR_RESOURCES": Look("waiting", "clock"),
    "INITIALIZED": Look("initialised", "dotted"),
    "STOPPED": Look("not-sent", "slash"),
}
STATES: Mapping[str, Look] = {  # of submissions, attempts and batches
    "reading": Look("running", "arc"),
    "resolving": Look("running", "arc"),
    "gathering": Look("running", "arc"),
    "sending": Look("running", "arc"),
    "linking": Look("running", "arc"),
    "running": Look("running", "arc"),
    "stopping": Look("running", "slash"),
    "draft": Look("initialised", "dotted"),
    "waiting": Look("waiting", "clock"),
    "settled": Look("linked", "check"),
    "settled with failures": Look("partial", "half"),
    "undone": Look("unlinked", "retry"),
    "partly undone": Look("unlinked", "half"),
    "blocked": Look("failed", "alert"),
    "refused": Look("failed", "cross"),
    "unreadable": Look("failed", "cross"),
    "lost": Look("failed", "question"),
    "stopped": Look("not-sent", "slash"),
    "discarded": Look("not-sent", "slash"),
}
LOOKS = {**STATUSES, **OUTCOMES, **JOBS, **STATES}
PLACES = {word: place for place, word in enumerate(STATUSES)}


def look(word: str) -> Look:
    """How a status, a state or a job's status is shown; a new one is neutral."""
    return LOOKS.get(word, LOOKS[NEW])


def tone(word: str) -> str:
    """The class of a word's colour."""
    return f"tone-{look(word).tone}"


def status_label(word: str, labels: Mapping[str, str] | None = None) -> str:
    """What a status is called: by the labels of the moment, else as usual, else in ICA's word."""
    return (labels or {}).get(word) or look(word).label or in_sentence_case(word)


def in_sentence_case(word: str) -> str:
    """ICA's word as people write it: ALREADY_LINKED is "Already linked"."""
    spaced = word.replace("_", " ").strip() or word
    return spaced.capitalize() if spaced.isupper() else spaced[:1].upper() + spaced[1:]


def ordered(counts: Mapping[str, int]) -> list[str]:
    """The statuses in the order they are shown; words never seen before stand between."""
    shown = [word for word, count in counts.items() if count]
    return sorted(shown, key=lambda word: (PLACES.get(word, PLACES[NEW]), word))


def register(app: Flask) -> None:
    """Let the templates use them."""
    app.jinja_env.globals.update(look=look, tone=tone, status_label=status_label)
