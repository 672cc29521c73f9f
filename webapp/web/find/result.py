"""The answer to a query, id by id, for one reader and as of one moment."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

from cachetools import LRUCache
from flask import abort, current_app, request

from webapp.store import Connection, submissions
from webapp.store.enums import NOT_SENT, Match, State
from webapp.store.find import queries, search
from webapp.store.find.names import fitting
from webapp.store.find.queries import Asked, Find
from webapp.store.find.search import NEVER, NO_ITEM, Sighting
from webapp.store.statuses import MOVING
from webapp.store.submissions import Submission
from webapp.web.core import params
from webapp.web.core.context import context, viewer
from webapp.web.core.downloads import chunks
from webapp.web.find.summary import OutcomeCounts
from webapp.web.submissions.status_display import status_label
from webapp.web.submissions.status_text import WHILE_UNSENT

FIND_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{16}")
COUNTS = "find_counts"  # among the application's extensions
MAX_KEPT_COUNTS = 16  # of 100,000 ids each takes half a megabyte


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An id as one submission holds it; without a submission where none holds it.

    outcome: of the id. counts: this submission's status is the outcome; its row comes first.
    waits_in: of that row, the other submissions that have still to send or to link the id. called:
    what the item is called, if that led to the id.
    """

    asked: Asked
    outcome: str
    sighting: Sighting | None
    submission: Submission | None
    counts: bool
    label: str
    waits_in: Sequence[Submission] = ()
    called: str = ""


Key = tuple[str, int, str]  # a query, its reader, and the fingerprint of all that they may see
KeptCounts = LRUCache[Key, OutcomeCounts]  # those that were used last
_LOCK = Lock()  # the threads of a web server share them, and LRUCache is not made for that


class Answer:
    """The answer to a query for the visitor, who is told by the request that makes it. It is worked
    out while it is read, and needs no request for that.
    """

    def __init__(self, asked: Find) -> None:
        kept: KeptCounts = current_app.extensions.setdefault(COUNTS, KeptCounts(MAX_KEPT_COUNTS))
        self._here, self._kept = context(), kept
        self._find_id, self._reader_id = asked.id, viewer().id
        self._count: int = asked.review.ids
        self._match = asked.review.match if asked.review.names else None
        self._counts: OutcomeCounts | None = None
        self._seen = self._here.read(search.holders, viewer(), self._here.clock())

    def picked(self, outcomes: Collection[str]) -> Sequence[int]:
        """The ordinals of the ids with one of these outcomes; without any, of all, at once."""
        if outcomes or self._match:
            return self.outcome_counts().picked(outcomes)
        return range(1, self._count + 1)

    def outcome_counts(self) -> OutcomeCounts:
        """The outcomes of all the ids; worked out again when anything has changed since."""
        if self._counts is None:
            self._counts = self._counted()
        return self._counts

    def _counted(self) -> OutcomeCounts:
        key = self._find_id, self._reader_id, search.fingerprint(self._seen)
        with _LOCK:
            if known := self._kept.get(key):
                return known
        given = (self._find_id, self._count, self._seen)
        verdicts = self._here.read(partial(search.verdicts, match=self._match), *given)
        found = OutcomeCounts(verdicts)
        if not found.moves:
            with _LOCK:
                self._kept[key] = found
        return found

    def is_kept(self, connection: Connection) -> bool:
        """Whether the query is there still, and every submission that the answer is made of."""
        return queries.is_kept(connection, self._find_id) and all(
            submissions.are_kept(connection, chunk) for chunk in chunks(self._seen)
        )

    def ids(self, ordinals: Iterable[int]) -> Iterator[Asked]:
        """These ids, a chunk a transaction."""
        for chunk in chunks(ordinals):
            yield from map(self._told, self._here.read(queries.ids, self._find_id, chunk))

    def rows(self, ordinals: Iterable[int]) -> Iterator[AnswerRow]:
        """A row for each submission that holds one of these ids, a chunk of ids a transaction."""
        for chunk in chunks(ordinals):
            with self._here.store.read() as connection:
                asked = queries.ids(connection, self._find_id, chunk)
                found = search.sightings(connection, self._find_id, chunk, self._seen)
                holders = {seen.holder.id for several in found.values() for seen in several}
                known = submissions.many(connection, holders)
            for one in map(self._told, asked):
                seen = found.get(one.ordinal, []) if one.data_id else []
                yield from _rows(one, seen, known, self._match)

    def _told(self, asked: Asked) -> Asked:
        """The same without its id where that is not this reader's to see."""
        hidden = asked.text and self.outcome_counts().hides(asked.ordinal)
        return asked._replace(data_id="") if hidden else asked


def _rows(
    asked: Asked,
    sightings: Sequence[Sighting],
    known: Mapping[int, Submission],
    match: Match | None,
) -> Iterator[AnswerRow]:
    if not sightings:
        outcome = NEVER if asked.data_id else NO_ITEM
        yield AnswerRow(asked, outcome, None, None, True, status_label(outcome))
        return
    first = search.decisive_sighting(sightings)
    others = [seen for seen in sightings if seen is not first]
    waits_in = [known[seen.holder.id] for seen in others if _waits(seen)]

    def called_in(seen: Sighting) -> str:
        names_of = (seen.label, seen.name, seen.path, asked.data_id)
        return fitting(match, asked.text, names_of) if match and asked.text else ""

    called_somewhere = next(filter(None, map(called_in, sightings)), "")
    for seen in (first, *others):
        submission, counts = known[seen.holder.id], seen is first
        label = status_label(seen.status, WHILE_UNSENT if _waits(seen) else None)
        waits = waits_in if counts else ()
        called = called_in(seen) or called_somewhere
        yield AnswerRow(asked, first.status, seen, submission, counts, label, waits, called)


def _waits(seen: Sighting) -> bool:
    return seen.holder.state == State.ACTIVE and seen.status in MOVING | {NOT_SENT}


def find_or_404(find_id: str) -> Find:
    valid = FIND_ID_PATTERN.fullmatch(find_id)
    found = context().read(queries.get, find_id, viewer()) if valid else None
    return found or abort(
        404,
        "There is no such search here: it was deleted, is too old to be kept, or is somebody's who "
        "does not share it. Was the link sent to you? Ask its sender to open it and choose “Let "
        "colleagues use this link” at the top of that page; then load this page again. Or search "
        "anew.",
    )


def ids_to_send() -> str:
    """The ids of ?find=…&outcome=…, one a line, for the form of a new submission; or "". A name
    that led to none stands for itself.
    """
    if "find" not in request.args:
        return ""
    found = Answer(find_or_404(request.args["find"]))
    picked = found.picked(params.words("outcome"))
    return "\n".join(asked.data_id or asked.text for asked in found.ids(picked))
