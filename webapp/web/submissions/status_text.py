"""The state of a submission in words and numbers, as its page shows them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from webapp.store import statuses
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.enums import (
    LEFT_OUT,
    NOT_SENT,
    UNKNOWN,
    UNREAD,
    UNSENT,
    AttemptKind,
    BoardWord,
    Phase,
    Source,
    State,
)
from webapp.store.submissions import Submission
from webapp.web.core import links
from webapp.web.core.formatting import share
from webapp.web.submissions import headline
from webapp.web.submissions.status_display import look, ordered, status_label

MOVING = statuses.MOVING | {UNKNOWN}
MIN_WIDTH_PERCENT = 1.2  # of the bar, for a single item

SENTENCES = {
    State.READING: "The list is being read. Nothing is sent to ICA before you have seen it.",
    State.RESOLVING: (
        "ICA is being asked for the data that this list names. Nothing is sent before you have "
        "seen what was found."
    ),
    State.DRAFT: "Nothing was sent to ICA yet. Look it over, then submit it.",
    State.UNREADABLE: "The list can't be read, so nothing was sent.",
    State.DISCARDED: "This draft was thrown away. Nothing was sent.",
    Phase.GATHERING: "The chosen items are being gathered; then they are sent by itself.",
    Phase.WAITING: "Waiting to be sent to ICA.",
    Phase.SENDING: "Batches are being sent to ICA, one after the other.",
    Phase.LINKING: "ICA has all of it and is linking. You can close this page: work goes on.",
    Phase.STOPPING: "Stopping: what was not sent stays unsent.",
    Phase.BLOCKED: "It can't go on until something is put right.",
}

FROM_A_FOLDER = (
    "What the folder holds is being read from ICA. Nothing is sent before you have looked it over."
)
UNLINKING = "ICA has all of it and is unlinking. You can close this page: work goes on."


@dataclass(frozen=True, slots=True)
class Segment:
    """One status of the breakdown; `x` and `width` are percent of the bar."""

    word: str
    label: str
    count: int
    share: str
    href: str | None
    x: float
    width: float


def what(status: str) -> str:
    """The items with this status, as the object of a sentence."""
    ours = {
        "FAILED": "what failed",
        NOT_SENT: "what was not sent",
        UNREAD: "what ICA told nothing of",
    }
    return ours.get(status, f"what is {status_label(status).lower()}")


def segments(
    counts: Mapping[str, int], place: str = "", labels: Mapping[str, str] | None = None
) -> list[Segment]:
    """The breakdown, each status with where its items are listed, on the page at `place`.

    Shares are of what was meant to go, as in the sentence beside it: what was left out has none.
    """
    found, x = [], 0.0
    to_go = sum(counts.values()) - counts.get(LEFT_OUT, 0)
    for word, width in _widths(counts).items():
        found.append(
            Segment(
                word=word,
                label=status_label(word, labels),
                count=counts[word],
                share="" if word == LEFT_OUT else share(counts[word], to_go),
                href=f"{place}{links.query({'status': word})}#items" if place else None,
                x=round(x, 3),
                width=round(width, 3),
            )
        )
        x += width
    return found


def _widths(counts: Mapping[str, int]) -> dict[str, float]:
    """In percent; one item in a million is still wide enough to be seen."""
    total = sum(counts.values())
    raw = {word: max(100 * counts[word] / total, MIN_WIDTH_PERCENT) for word in ordered(counts)}
    scale = 100 / max(sum(raw.values()), 100)
    return {word: width * scale for word, width in raw.items()}


BADGES = {  # of what has ended, by the board's word: how it looks, and what it says
    BoardWord.DONE: ("settled", "Done"),
    BoardWord.FAILURES: ("settled with failures", "Done, with failures"),
    BoardWord.NOT_SENT: ("stopped", "Not sent"),
    BoardWord.PARTLY_UNDONE: ("partly undone", "Partly undone"),
    BoardWord.UNDONE: ("undone", "Undone"),
}
REFUSED = ("refused", "Refused")


class Standing(NamedTuple):
    """The state of a submission: how its badge looks, what the badge says, and a sentence."""

    state: str
    label: str
    sentence: str


def standing(
    submission: Submission, attempts: Sequence[Attempt], stuck: Mapping[str, int]
) -> Standing:
    """Its state now; `stuck` items, by status, could not be unlinked."""
    return Standing(*badge(submission, attempts), _sentence(submission, attempts, stuck))


def badge(submission: Submission, attempts: Sequence[Attempt]) -> tuple[str, str]:
    """How its badge looks, a word, and what it says: what it came to, else where it stands."""
    if submission.state == State.SETTLED:
        word = submission.board_word
        refused = word == BoardWord.NOT_SENT and submission.problem
        return REFUSED if refused else BADGES[word]
    if _unlinks_now(submission, attempts):
        return submission.phase, "Unlinking"
    return submission.shown_state, submission.shown_state.capitalize()


def _sentence(submission: Submission, attempts: Sequence[Attempt], stuck: Mapping[str, int]) -> str:
    if _unlinks_now(submission, attempts):
        return UNLINKING
    if submission.state == State.SETTLED:
        return headline.of(submission, attempts, stuck)
    if submission.state == State.DISCARDED and submission.submitted_at:
        return "This submission was deleted here. Nothing was changed in ICA."
    if submission.state == State.RESOLVING and submission.source == Source.FOLDER:
        return FROM_A_FOLDER
    return SENTENCES[submission.shown_state]


def _unlinks_now(submission: Submission, attempts: Sequence[Attempt]) -> bool:
    """The store has one phase for both kinds."""
    kinds = {attempt.kind for attempt in attempts if attempt.runs}
    return submission.phase == Phase.LINKING and kinds == {AttemptKind.UNLINK}


def in_short(submission: Submission, attempts: Sequence[Attempt]) -> str:
    """Its counts in one line: 27 linked, 3 failed; what moves or is to be counted is under way."""
    words: dict[str, str] = {}
    if submission.state == State.ACTIVE:
        not_sent = status_label(NOT_SENT, labels(submission, attempts)).lower()
        words = dict.fromkeys(MOVING, "under way") | {NOT_SENT: not_sent}
    found: Counter[str] = Counter()
    for word in ordered(submission.counts):
        found[words.get(word) or look(word).short or status_label(word).lower()] += (
            submission.counts[word]
        )
    terms = [f"{count:,} {word}" for word, count in found.items()]
    return ", ".join([*terms, *headline.led_to_nothing(submission)])


def percent_done(attempts: Sequence[Attempt]) -> int:
    """Whole percent of the items of attempts that run that have an outcome; 100 only when all."""
    counts = sum((Counter(one.counts) for one in attempts if one.runs), Counter[str]())
    total = sum(counts.values())
    moving = sum(count for word, count in counts.items() if word in MOVING | {NOT_SENT})
    return 100 * (total - moving) // total if total else 0


WHILE_DRAFT = {UNREAD: "To be sent"}
WHILE_ACTIVE = {UNREAD: "On its way, not counted yet", UNKNOWN: "Changing just now"}
WHILE_UNSENT = {NOT_SENT: "Not sent yet"}
WHEN_ENDED = {UNREAD: "Not known"}


def labels(submission: Submission, attempts: Sequence[Attempt]) -> dict[str, str]:
    """What our own words are called now, where not as usual; only what the first attempt has not
    sent waits.
    """
    if submission.state == State.DRAFT:
        return WHILE_DRAFT
    if submission.state == State.ACTIVE:
        return WHILE_ACTIVE | (WHILE_UNSENT if attempts[0].runs else {})
    return WHEN_ENDED


def labels_of(attempt: Attempt) -> dict[str, str]:
    """What our own words are called in what an attempt has found, where not as usual."""
    return WHILE_ACTIVE | WHILE_UNSENT if attempt.runs else WHEN_ENDED


def item_label(status: str, position: int, batches: Sequence[Batch]) -> tuple[str, str]:
    """The status word of a row, and what it is called."""
    if status != UNREAD:
        return status, status_label(status)
    first = (batch for batch in batches if batch.attempt == 1)
    batch = next((b for b in first if b.first_position <= position <= b.last_position), None)
    if batch is None:
        return status, status_label(status, WHILE_DRAFT)
    if batch.state in UNSENT:
        return NOT_SENT, status_label(NOT_SENT, WHILE_UNSENT)
    return status, status_label(status)


def rows_read(batches: Sequence[Batch]) -> tuple[int, int, float | None]:
    """How many rows of sent batches show what ICA said, of how many, and as of when."""
    sent = [batch for batch in batches if batch.ica_batch_id]
    moments = [batch.rows_as_of for batch in sent if batch.rows_as_of]
    return (
        sum(min(batch.rows_read, batch.total or batch.size) for batch in sent),
        sum(batch.total or batch.size for batch in sent),
        min(moments) if moments else None,
    )
