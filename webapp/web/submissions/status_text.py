"""The state of a submission in words and numbers, as its page shows them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
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
from webapp.web.core.formatting import plural, share
from webapp.web.core.links import ListUrl
from webapp.web.submissions import headline
from webapp.web.submissions.status_display import look, ordered, status_label

MOVING = statuses.MOVING | {UNKNOWN}

SENTENCES = {
    State.READING: "The list is being read. Nothing is sent to ICA before you have seen it.",
    State.RESOLVING: (
        "ICA is being asked for the data that this list names. Nothing is sent before you have "
        "seen what was found."
    ),
    State.DRAFT: "Nothing was sent to ICA yet. Look it over, then submit it.",
    State.UNREADABLE: "The list can't be read, so nothing was sent.",
    State.DISCARDED: "This draft was discarded. Nothing was sent.",
    Phase.GATHERING: "The chosen items are being gathered; then they are sent by itself.",
    Phase.WAITING: "Waiting to be sent to ICA.",
    Phase.SENDING: "Batches are being sent to ICA, one after the other.",
    Phase.LINKING: "ICA has all of it and is linking. You can close this page: work goes on.",
    Phase.STOPPING: "Stopping: what was not sent stays unsent.",
    Phase.BLOCKED: "Something holds it up. What that is and what to do is said below.",
}

FROM_A_FOLDER = (
    "What the folder holds is being read from ICA. Nothing is sent before you have looked it over."
)
ADOPTED = "ICA is being asked for this batch, and its items are being read."
UNLINKING = "ICA has all of it and is unlinking. You can close this page: work goes on."


@dataclass(frozen=True, slots=True)
class Segment:
    """One status of the breakdown; `width` is percent of the bar. to_come: it is no outcome."""

    word: str
    label: str
    count: int
    share: str
    href: str | None
    width: float
    group: str

    @property
    def to_come(self) -> bool:
        return self.group == IN_PROGRESS


@dataclass(frozen=True, slots=True)
class Group:
    """The statuses of a breakdown that mean much the same to a reader, with their sum.

    key: one word for each group, whatever it is called; look: a word whose icon and colour it has.
    share: "" for what is in progress, too: it would be read as how far it is.
    """

    key: str
    title: str
    look: str
    count: int
    share: str
    href: str | None
    segments: list[Segment]


DONE, GONE, FAILED = "Done", "Unlinked", "Failed"
IN_PROGRESS, LEFT = "In progress", "Left out"
UNANSWERED = {NOT_SENT, UNREAD, UNKNOWN}
GROUPS = {
    DONE: "LINKED",
    GONE: "UNLINKED",
    FAILED: "FAILED",
    IN_PROGRESS: "RUNNING",
    LEFT: LEFT_OUT,
}


def what(status: str) -> str:
    """The items with this status, as the object of a sentence."""
    ours = {
        "FAILED": "what failed",
        NOT_SENT: "what was not sent",
        UNREAD: "what ICA told nothing of",
    }
    return ours.get(status, f"what is {status_label(status).lower()}")


def segments(
    counts: Mapping[str, int],
    place: ListUrl | None = None,
    labels: Mapping[str, str] | None = None,
    moving: Collection[str] = (),
) -> list[Segment]:
    """The breakdown, group by group, each status with where its items are listed, in the list at
    `place`; `moving` statuses have an outcome to come.

    Shares are of what was meant to go, as in the sentence beside it: what was left out has none.
    """
    total, to_go = sum(counts.values()), _to_go(counts)
    found = [
        Segment(
            word=word,
            label=status_label(word, labels),
            count=counts[word],
            share="" if word == LEFT_OUT else share(counts[word], to_go),
            href=place.changed(status=word) if place else None,
            width=round(100 * counts[word] / total, 4),
            group=_group(word, moving),
        )
        for word in ordered(counts)
    ]
    return sorted(found, key=lambda one: [*GROUPS].index(one.group))


def groups(found: Sequence[Segment], place: ListUrl) -> list[Group]:
    """What was done, was unlinked, has failed, is in progress and was left out, of a breakdown."""
    to_go = _to_go({one.word: one.count for one in found})
    made = []
    for title, own in groupby(found, key=lambda one: one.group):
        inside = list(own)
        count, words = sum(one.count for one in inside), [one.word for one in inside]
        of_all = "" if title in {LEFT, IN_PROGRESS} else share(count, to_go)
        href, key = place.changed(status=words), GROUPS[title]
        look = key
        if title == FAILED:
            title = joined([one.label for one in inside])  # so that no two numbers have one name
            look = words[0] if words[0] in UNANSWERED else key  # ICA has not refused it
        if title == IN_PROGRESS and words == [NOT_SENT]:
            title, look = inside[0].label, NOT_SENT
        made.append(Group(key, title, look, count, of_all, href, inside))
    return made


def failed(counts: Mapping[str, int], moving: Collection[str]) -> dict[str, int]:
    """How many items have not ended well, by status, as they are shown."""
    return {word: counts[word] for word in ordered(counts) if _group(word, moving) == FAILED}


def joined(labels: Sequence[str]) -> str:
    """These as one: "Partially linked, failed or not sent"; "" without any."""
    *others, last = [*labels[:1], *(label.lower() for label in labels[1:])] or [""]
    return f"{', '.join(others)} or {last}" if others else last


def _to_go(counts: Mapping[str, int]) -> int:
    return sum(counts.values()) - counts.get(LEFT_OUT, 0)


def _group(word: str, moving: Collection[str]) -> str:
    if word == LEFT_OUT:
        return LEFT
    if word in moving:
        return IN_PROGRESS
    if word in statuses.UNLINKED:
        return GONE
    meant = statuses.meaning(word)
    return DONE if meant.final and not meant.trouble else FAILED


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
    if _is_just_adopted(submission):
        return submission.phase, "Asking ICA"
    return submission.shown_state, submission.shown_state.capitalize()


def _sentence(submission: Submission, attempts: Sequence[Attempt], stuck: Mapping[str, int]) -> str:
    if _unlinks_now(submission, attempts):
        return UNLINKING
    if _is_just_adopted(submission):
        return ADOPTED
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


def _is_just_adopted(submission: Submission) -> bool:
    """Whether nothing is known yet of a batch that was made elsewhere, not even if it has ended."""
    return submission.is_adopted and submission.phase == Phase.LINKING and not submission.counts


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


def percent_done(submission: Submission, attempts: Sequence[Attempt]) -> int | None:
    """Whole percent of the items of attempts that run that have an outcome; 100 only when all; None
    while no item is known.
    """
    if not submission.counts:
        return None
    done, total = _done_of(attempts)
    return 100 * done // total if total else 0


def percent_of(attempts: Sequence[Attempt]) -> str:
    """What the percentage is of, while an attempt after the first runs, else ""."""
    numbers = [str(one.number) for one in attempts if one.runs]
    if not numbers or numbers == ["1"]:
        return ""
    done, total = _done_of(attempts)
    which = f"of attempt{'s' * (len(numbers) > 1)} {', '.join(numbers)}"
    return f"{which} ({done:,} of {plural(total, 'item')})" if total else which


def tried_again(submission: Submission, attempts: Sequence[Attempt]) -> str:
    """That items have the status which they had before an attempt that runs, "" if none has: ICA
    has not told their counts yet, or unlinks them.
    """
    running = [one for one in attempts if one.runs]
    if not running or attempts[0].runs:
        return ""
    done, total = _done_of(attempts)
    told = sum(submission.counts.get(word, 0) for word in moving(submission, attempts))
    count = total - done - told
    verb = "unlinked" if all(one.kind == AttemptKind.UNLINK for one in running) else "tried again"
    return f"{count:,} of these {'is' if count == 1 else 'are'} being {verb}." if count > 0 else ""


def _done_of(attempts: Sequence[Attempt]) -> tuple[int, int]:
    """How many items of the attempts that run have an outcome, of how many."""
    counts = sum((Counter(one.counts) for one in attempts if one.runs), Counter[str]())
    total = sum(counts.values())
    moving = sum(count for word, count in counts.items() if word in MOVING | {NOT_SENT})
    return total - moving, total


WHILE_DRAFT = {UNREAD: "To be sent"}
WHILE_ACTIVE = {UNREAD: "Sent, waiting for ICA", UNKNOWN: "Being counted"}
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


def moving(submission: Submission, attempts: Sequence[Attempt]) -> frozenset[str]:
    """The statuses whose items have an outcome to come."""
    if submission.state != State.ACTIVE:
        return frozenset()
    return MOVING | ({NOT_SENT} if attempts[0].runs else frozenset())


def labels_of(attempt: Attempt) -> dict[str, str]:
    """What our own words are called in what an attempt has found, where not as usual."""
    return WHILE_ACTIVE | WHILE_UNSENT if attempt.runs else WHEN_ENDED


def labels_over_time(attempt: Attempt) -> dict[str, str]:
    """What our own words are called in its chart: what it has not come to was on its way."""
    on_the_way = WHILE_ACTIVE | WHILE_UNSENT
    past = {word: label for word, label in on_the_way.items() if not attempt.counts.get(word)}
    return labels_of(attempt) | past


def moving_of(attempt: Attempt) -> frozenset[str]:
    """The statuses whose items have an outcome to come, in what an attempt has found."""
    return MOVING | {NOT_SENT} if attempt.runs else frozenset()


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
