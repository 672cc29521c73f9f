"""Where a submission stands, in the words and the numbers that its page shows."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from webapp.store import words
from webapp.store.batches import Batch
from webapp.store.submissions import Submission
from webapp.store.words import LEFT_OUT, NOT_SENT, UNKNOWN, UNREAD, UNSENT, Phase, State
from webapp.web.filters import plural, share

ORDER = (  # of statuses, wherever they stand side by side
    "LINKED",
    "ALREADY_LINKED",
    "UNLINKED",
    "ALREADY_UNLINKED",
    "PARTIALLY_LINKED",
    "PARTIALLY_UNLINKED",
    "FAILED",
    "RUNNING",
    "WAITING_RESOURCES",
    "INITIALISED",
    "EXPANDED",
)
LAST = (UNREAD, UNKNOWN, NOT_SENT, LEFT_OUT)
WELL = words.WELL
MOVING = words.MOVING | {UNKNOWN}
NARROWEST = 1.2  # percent of the bar that a single item gets

SENTENCES = {
    State.READING: "The list is being read. Nothing is sent to ICA before you have seen it.",
    State.DRAFT: "Nothing was sent to ICA yet. Look it over, then submit it.",
    State.UNREADABLE: "The list can't be read, so nothing was sent.",
    State.DISCARDED: "This draft was thrown away. Nothing was sent.",
    Phase.WAITING: "Waiting to be sent to ICA.",
    Phase.SENDING: "Batches are being sent to ICA, one after the other.",
    Phase.LINKING: "ICA has all of it and is linking. You can close this page: work goes on.",
    Phase.STOPPING: "Stopping: what was not sent stays unsent.",
    Phase.BLOCKED: "It can't go on until something is put right.",
}

UNLINKING = "ICA has all of it and is unlinking. You can close this page: work goes on."

COPIED: dict[str, dict[str, str]] = {  # of a submission that was made from another one
    "retry": {
        State.READING: "The items to try again are being gathered; then they are sent by itself.",
        State.UNREADABLE: "Nothing was tried again, and nothing was sent.",
    },
    "undo": {
        State.READING: "The items to unlink are being gathered; then they are sent by itself.",
        State.UNREADABLE: "Nothing was unlinked, and nothing was sent.",
    },
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One status of the breakdown; `x` and `width` are percent of the bar."""

    word: str
    label: str | None
    count: int
    share: str
    href: str | None
    chosen: bool
    x: float
    width: float


def ordered(counts: Mapping[str, int]) -> list[str]:
    """The statuses in the order they are shown; words never seen before stand between."""
    known = {word: place for place, word in enumerate(ORDER)}
    last = {word: place for place, word in enumerate(LAST)}
    return sorted(
        (word for word, count in counts.items() if count),
        key=lambda word: (word in last, known.get(word, len(known)), last.get(word, 0), word),
    )


def what(status: str) -> str:
    """The items with this status, as the object of a sentence."""
    ours = {
        "FAILED": "what failed",
        NOT_SENT: "what was not sent",
        UNREAD: "what ICA told nothing of",
    }
    return ours.get(status, f"what is {status}")


def segments(
    counts: Mapping[str, int],
    total: int,
    href: Callable[[str], str | None],
    chosen: Iterable[str] = (),
    labels: Mapping[str, str] | None = None,
) -> list[Segment]:
    """The breakdown. One item in a million is still wide enough to be seen.

    Shares are of what was meant to go, as in the sentence beside it: what was left out has none.
    """
    found, x = [], 0.0
    chosen = set(chosen)
    to_go = total - counts.get(LEFT_OUT, 0)
    for word, width in _widths(counts, total).items():
        found.append(
            Segment(
                word=word,
                label=(labels or {}).get(word),
                count=counts[word],
                share="" if word == LEFT_OUT else share(counts[word], to_go),
                href=href(word),
                chosen=word in chosen,
                x=round(x, 3),
                width=round(width, 3),
            )
        )
        x += width
    return found


def _widths(counts: Mapping[str, int], total: int) -> dict[str, float]:
    words = ordered(counts)
    raw = {word: max(100 * counts[word] / max(total, 1), NARROWEST) for word in words}
    scale = 100 / max(sum(raw.values()), 100)
    return {word: width * scale for word, width in raw.items()}


def shown_state(submission: Submission) -> str:
    """The word of the badge: what a settled submission came to, else where it stands."""
    if submission.state != State.SETTLED:
        return submission.shown_state
    counts = _meant_to_go(submission)
    if counts and set(counts) == {NOT_SENT}:
        return "stopped" if not submission.problem else "refused"
    return "settled" if set(counts) <= WELL else "settled with failures"


STATE_LABELS = {
    "settled": "Done",
    "settled with failures": "Done, with failures",
    "stopped": "Not sent",
    "draft": "Draft",
    "blocked": "Blocked",
}


def state_label(submission: Submission) -> str | None:
    """What its badge says, where that is not the word of its state itself."""
    if _unlinks_now(submission):
        return "Unlinking"
    if submission.state == State.READING and submission.source in COPIED:
        return "Gathering"
    return STATE_LABELS.get(shown_state(submission))


def sentence(submission: Submission) -> str:
    """One sentence on where it stands."""
    if _unlinks_now(submission):
        return UNLINKING
    if submission.state == State.SETTLED:
        return _summary(submission)
    if submission.state == State.DISCARDED and submission.submitted_at:
        return "This submission was deleted here. Nothing was changed in ICA."
    copied = COPIED.get(submission.source, {}).get(submission.state)
    return copied or SENTENCES[_key(submission)]


def _unlinks_now(submission: Submission) -> bool:
    """The store has one phase for both kinds."""
    return submission.kind == "unlink" and submission.phase == Phase.LINKING


def _key(submission: Submission) -> State | Phase:
    return Phase(submission.phase) if submission.phase else State(submission.state)


def _summary(submission: Submission) -> str:
    counts = _meant_to_go(submission)
    total = sum(counts.values())
    well = sum(count for word, count in counts.items() if word in WELL)
    doing = "unlinked" if submission.kind == "unlink" else "linked"
    left_out = f" {submission.left_out:,} left out before it was sent." * (submission.left_out > 0)
    if set(counts) == {NOT_SENT}:
        return f"Nothing was sent to ICA.{left_out}"
    if well == total:
        all_of_it = f"All {plural(total, 'item')} are" if total != 1 else "It is"
        return f"{all_of_it} {doing}.{left_out}"
    return f"{well:,} of {plural(total, 'item')} {doing}; {total - well:,} not.{left_out}"


def _meant_to_go(submission: Submission) -> dict[str, int]:
    """The counts without what its submitter left out."""
    return {word: n for word, n in submission.counts.items() if n and word != LEFT_OUT}


SHORT = {  # statuses in few words; those that move, or wait to be counted, are under way
    "LINKED": "linked",
    "ALREADY_LINKED": "already linked",
    "UNLINKED": "unlinked",
    "ALREADY_UNLINKED": "already unlinked",
    "PARTIALLY_LINKED": "in part",
    "PARTIALLY_UNLINKED": "in part",
    "FAILED": "failed",
    "EXPANDED": "expanded",
    NOT_SENT: "not sent",
    LEFT_OUT: "left out",
    UNREAD: "not known",
    UNKNOWN: "not known",
}


def in_short(submission: Submission) -> str:
    """Its counts in one line: 27 linked, 3 failed."""
    words: dict[str, str] = SHORT
    if submission.state == State.ACTIVE:
        words = SHORT | dict.fromkeys(MOVING, "under way") | {NOT_SENT: "not sent yet"}
    found: Counter[str] = Counter()
    for word in ordered(submission.counts):
        found[words.get(word, word)] += submission.counts[word]
    return ", ".join(f"{count:,} {word}" for word, count in found.items())


def percent_done(submission: Submission) -> int:
    """Whole percent of items with an outcome; 100 only when all have one."""
    counts = _meant_to_go(submission)
    total = sum(counts.values())
    moving = sum(count for word, count in counts.items() if word in MOVING)
    if submission.state == State.ACTIVE:
        moving += counts.get(NOT_SENT, 0)
    return 100 * (total - moving) // total if total else 0


def labels(submission: Submission) -> dict[str, str]:
    """Our own words, in the words of the moment."""
    ours = {LEFT_OUT: "Left out"}
    if submission.state == State.DRAFT:
        return ours | {UNREAD: "To be sent"}
    if submission.state == State.ACTIVE:
        return ours | {
            NOT_SENT: "Not sent yet",
            UNREAD: "Sent, not counted yet",
            UNKNOWN: "Changing just now",
        }
    return ours | {NOT_SENT: "Not sent", UNREAD: "Not known", UNKNOWN: "Not known"}


def item_label(status: str, position: int, batches: Sequence[Batch]) -> tuple[str, str | None]:
    """The status word of a row and, for a word of our own, what to call it."""
    if status == UNREAD:
        batch = _batch_at(position, batches)
        if batch is None:
            return status, "To be sent"
        if batch.state in UNSENT:
            return NOT_SENT, "Not sent yet"
        return status, "Not read yet"
    return status, {
        NOT_SENT: "Not sent",
        UNKNOWN: "Not known",
        LEFT_OUT: "Left out",
    }.get(status)


def _batch_at(position: int, batches: Sequence[Batch]) -> Batch | None:
    for batch in batches:
        if batch.first_position <= position <= batch.last_position:
            return batch
    return None


def rows_read(batches: Sequence[Batch]) -> tuple[int, int, float | None]:
    """How many rows of sent batches show what ICA said, of how many, and as of when."""
    sent = [batch for batch in batches if batch.ica_batch_id]
    moments = [batch.rows_as_of for batch in sent if batch.rows_as_of]
    return (
        sum(min(batch.rows_read, batch.total or batch.size) for batch in sent),
        sum(batch.total or batch.size for batch in sent),
        min(moments) if moments else None,
    )
