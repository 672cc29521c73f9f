"""The summary of an answer to a query: the outcomes, each with its ids and what to do next."""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from webapp.store.enums import LEFT_OUT, NOT_SENT, UNKNOWN, State
from webapp.store.find.search import DRAFTED, NEVER, NO_ITEM, Verdict
from webapp.store.paging import Cursor, Page, page_of
from webapp.store.statuses import SUCCESSFUL, UNLINKED, meaning
from webapp.store.submissions import Submission
from webapp.web.core import links
from webapp.web.core.formatting import plural, share
from webapp.web.core.links import Chip, Link, ListUrl, toggled
from webapp.web.submissions import status_text
from webapp.web.submissions.status_display import ordered, status_label

SEND_ANEW = UNLINKED | {NEVER, LEFT_OUT}
WITHOUT_ANSWER = frozenset({DRAFTED, NOT_SENT, UNKNOWN})  # ICA has given no outcome yet
MAX_NAMED = 3  # submissions that an outcome's actions name


@dataclass(frozen=True, slots=True)
class Outcome:
    """A line of the summary. chip: its filter; actions: what to do next, none where it is done."""

    word: str
    chip: Chip
    count: int
    share: str
    actions: list[Link]


class OutcomeCounts:
    """The outcomes of all ids of a query, each id counted once; it takes a few bytes an id. None is
    an id that its reader is not told of.

    counts: by outcome, how many ids have it. holders: by outcome, how many of them each submission
    has. moves: a submission that holds one of the ids still runs.
    """

    def __init__(self, verdicts: Sequence[Verdict | None]) -> None:
        self.counts: Counter[str] = Counter()
        self.holders: defaultdict[str, Counter[int]] = defaultdict(Counter)
        everything = Counter(verdicts)
        untold = everything.pop(None, 0)
        counted = Counter({one: count for one, count in everything.items() if one})
        self.total = len(verdicts) - untold
        self._numbered = list(counted)
        numbers: dict[Verdict | None, int] = {one: at for at, one in enumerate(counted)}
        numbers[None] = len(counted)
        self._number_of = array("I", map(numbers.__getitem__, verdicts))  # by ordinal
        self.moves = any(verdict.moves for verdict in counted)
        for verdict, count in counted.items():
            self.counts[verdict.outcome] += count
            if verdict.submission_id is not None:
                self.holders[verdict.outcome][verdict.submission_id] += count

    def named(self) -> set[int]:
        """The submissions that the summary names."""
        return {key for held in self.holders.values() for key, _ in held.most_common(MAX_NAMED)}

    def picked(self, outcomes: Collection[str]) -> Sequence[int]:
        """The ordinals of the ids with one of these outcomes; without any, of all."""
        if not outcomes and self.total == len(self._number_of):
            return range(1, self.total + 1)
        wanted = {
            at
            for at, verdict in enumerate(self._numbered)
            if not outcomes or verdict.outcome in outcomes
        }
        return [at for at, number in enumerate(self._number_of, start=1) if number in wanted]

    def among(self, outcomes: Collection[str]) -> int:
        """How many ids picked() has of these outcomes."""
        return sum(self.counts[word] for word in outcomes) if outcomes else self.total

    def hides(self, ordinal: int) -> bool:
        """Whether its reader is told the name that led to the id, and not the id."""
        return self._numbered[self._number_of[ordinal - 1]].outcome == NO_ITEM

    def page(self, outcomes: Collection[str], cursor: Cursor, size: int) -> Page[int]:
        """A page of the picked ids; rows and cursors are their ordinals."""
        picked = self.picked(outcomes)
        if cursor.before is not None:
            end = bisect_left(picked, cursor.before)
            found = picked[max(0, end - size - 1) : end][::-1]
        else:
            start = bisect_right(picked, cursor.after or 0)
            found = picked[start : start + size + 1]
        return page_of(found, cursor, size, lambda ordinal: ordinal)

    def summary(
        self, submissions: Mapping[int, Submission], find_id: str, place: ListUrl
    ) -> list[Outcome]:
        """A line for each outcome that there is, the ids that need something done last.

        place: the page of the answer with what was chosen of it.
        """
        chosen: Sequence[str] = place.chosen["outcome"]
        words = [word for word in (NEVER, NO_ITEM, DRAFTED) if self.counts[word]]
        order = [word for word in ordered(self.counts) if word not in words]
        return [
            Outcome(
                word=word,
                chip=Chip(
                    label=status_label(word),
                    href=place.changed(outcome=toggled(chosen, word)),
                    chosen=word in chosen,
                    status=word,
                ),
                count=self.counts[word],
                share=share(self.counts[word], self.total),
                actions=self._actions(word, submissions, find_id),
            )
            for word in (*order, *words)
        ]

    def _actions(
        self, word: str, submissions: Mapping[int, Submission], find_id: str
    ) -> list[Link]:
        if word in SUCCESSFUL - SEND_ANEW:
            return []
        form = url_for("submissions.new") + links.query({"find": find_id, "outcome": word})
        anew = Link("Start a new submission with these", form)
        if word in SEND_ANEW:
            return [anew]
        if word == NO_ITEM:
            return [Link("Start a new submission that looks for files called so in ICA", form)]
        largest = self.holders.get(word, Counter[int]()).most_common(MAX_NAMED)
        found = [_action(word, count, submissions[holder]) for holder, count in largest]
        return [*found, anew] if _can_retry(word) else found


def _can_retry(word: str) -> bool:
    """Whether it is a status of ICA's, known or not, whose items can be tried again."""
    return meaning(word).trouble and word not in WITHOUT_ANSWER


def _action(word: str, count: int, submission: Submission) -> Link:
    stopped = word == NOT_SENT and submission.state == State.SETTLED
    if _can_retry(word) or stopped:
        retry = url_for("retry.retry", submission_id=submission.id, status=word)
        text = f"Try again {status_text.what(word)} in “{submission.name}”, with {count:,} of these"
        return Link(text, retry)
    place = url_for("submissions.page", submission_id=submission.id)
    if word != DRAFTED:
        place = url_for("items.page", submission_id=submission.id, status=word)
    return Link(f"See {plural(count, 'id')} in “{submission.name}”", place)
