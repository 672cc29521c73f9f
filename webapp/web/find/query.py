"""The query "where are my ids?": a list of ids, read within its request, then kept. Names, paths
and labels lead to ids by what this dashboard knows of items; ICA is not asked.
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from webapp import idlist
from webapp.idlist import Entry, Reading, Unreadable
from webapp.idlist.entries import Lookup, LookupKind
from webapp.idlist.labels import label_of
from webapp.idlist.lookups import reference
from webapp.store import items, usage
from webapp.store.documents import FindReview, Reject
from webapp.store.enums import AuditAction, Match
from webapp.store.find import names, queries
from webapp.web.core import audit
from webapp.web.core.access import ask_about_new_projects
from webapp.web.core.context import context, viewer
from webapp.web.core.forms import Errors, Unusable
from webapp.web.submissions import quota, upload
from webapp.web.submissions.upload import Form

MAX_IDS = 100_000
# Small ones: the list is read within the request.
LIMITS = idlist.Limits(entries=4 * MAX_IDS, lines=4 * MAX_IDS, unpacked_bytes=20_000_000)
MAX_SECONDS = 10.0  # for one query: 100,000 ids take half a second
MAX_KEPT_REJECTS = 5
MAX_PARTS = 200  # ids that a part of a name leads to: who has more looks for more of it
NOTHING = (
    "No data id, name or path was found in this list, and nothing that a list here has as a label. "
    "A data id is fil. or fol. and 32 characters of 0-9 and a-f; a name is that of a file, such as "
    "a.bam; a path is whole, such as /run1/a.bam; a label is written as in the list that had it."
)
TOO_MANY = (
    f"More than {MAX_IDS:,} different ids were found, and one search can have that many. "
    "Ask for a part of them, or look at the page of the submission that you sent them with."
)
TOO_MANY_CALLED = (
    f"The names, paths and labels of this list lead to more than {MAX_IDS:,} data ids, and one "
    "search can have that many. Ask for a part of them, or by their paths, which are rarely the "
    "same."
)
TOO_LONG = (
    f"This list was read for {MAX_SECONDS:.0f} seconds without coming to its end. Ask for a part "
    "of it, or save it as plain text with one data id a line."
)


def ask(form: Form) -> str:
    """Keep the query and return its id. Raises Unusable, and keeps nothing, without ids or room."""
    errors = form.errors()
    errors.pop("project_id", None)  # a query has none: it looks into all that may be seen
    if errors:
        raise Unusable(errors)
    try:
        ids, review = _read(form)
    except Unreadable as error:
        raise Unusable(Errors({"file" if form.file else "ids": str(error)})) from error
    return _keep(form.name, ids, review)


def ask_by_name(text: str, match: Match = Match.ANY_CASE) -> str | None:
    """Keep the query for the items whose name, path or label is like this text, and return its id;
    None where the visitor sees none. Of what contains it, or has a data id that begins with it,
    MAX_PARTS ids are kept. Raises Unusable, and keeps nothing, without room.
    """
    most = MAX_PARTS if match == Match.PART else MAX_IDS
    label, path = label_of(text, Counter()), reference(text)
    texts = {text, label, path.text if isinstance(path, Lookup) else text} - {""}
    ask_about_new_projects()
    seen_by = (viewer(), context().clock())
    paths = {one for one in texts if "/" in one}
    ids = context().read(names.ids_called, *seen_by, texts - paths, paths, texts, most + 1, match)
    held = context().read(names.held_ids, *seen_by, {text})  # of an unusual shape
    if match == Match.PART:
        begin = context().read(names.ids_beginning, *seen_by, text, most + 1)
        ids |= {data_id: [data_id] for data_id in begin}
    # What was typed is kept, and not what the items are called: others see the query once shared.
    found = {
        (data_id, next(one for one in sorted(texts) if names.fitting(match, one, [called])))
        for called in ids
        for data_id in ids[called]
        if data_id not in held
    }
    rows = [(data_id, 1, one) for data_id, one in sorted(found | {(one, one) for one in held})]
    if not rows:
        return None
    cut = match == Match.PART and len(rows) > most
    if cut:
        del rows[most:]
    if len(rows) > most:
        raise Unusable(Errors(ids=TOO_MANY_CALLED))
    review = FindReview(
        ids=len(rows),
        repeated=0,
        rejected=0,
        rejects=[],
        names=1,
        known=1,
        led=len({data_id for data_id, _, _ in rows}),
        match=match,
        cut=cut,
    )
    return _keep("", rows, review)


def _keep(name: str, ids: list[queries.Row], review: FindReview) -> str:
    find_id, size, now = secrets.token_urlsafe(12), usage.of_found_ids(ids), context().clock()
    with context().store.write() as connection:
        quota.demand_room(connection, viewer().id, size)
        queries.create(connection, find_id, viewer(), name, review, size, now)
        audit.note(connection, AuditAction.ASK, ids=len(ids), question=name)
        queries.add(connection, find_id, 1, ids[: items.CHUNK_ROWS])
    for at in range(items.CHUNK_ROWS, len(ids), items.CHUNK_ROWS):
        context().write(queries.add, find_id, at + 1, ids[at : at + items.CHUNK_ROWS])
    return find_id


class Word(NamedTuple):
    """A text that is no id, name or path, and may be a label."""

    text: str


Wanted = str | Lookup | Word
"""What is looked for: a data id, a name or a path, or a label."""


@dataclass(slots=True)
class _List:
    """What a list asks for, each with its first line, and how often something stood there again.

    odd: the ids of unusual shapes, which may be labels. words: how often each stands there, and
    why it was rejected; of too many different ones the rest is only counted.
    """

    lines: dict[Wanted, int] = field(default_factory=dict)
    repeated: int = 0
    odd: set[str] = field(default_factory=set)
    words: dict[Word, Reject] = field(default_factory=dict)
    counts: Counter[Word] = field(default_factory=Counter)
    rejected: int = 0

    def take(self, entry: Entry) -> None:
        """Raises Unreadable for too many ids, names and paths."""
        wanted: Wanted = entry.data_id or entry.lookup or Word(entry.text)
        if isinstance(wanted, Word):
            self._take_word(wanted, entry)
        elif wanted in self.lines:
            self.repeated += 1
        else:
            self.lines[wanted] = entry.line
            if entry.unusual:
                self.odd.add(entry.data_id)
            if len(self.lines) - len(self.words) > MAX_IDS:
                raise Unreadable(TOO_MANY)

    def _take_word(self, word: Word, entry: Entry) -> None:
        if word not in self.words:
            if len(self.words) == MAX_IDS:
                self.rejected += 1
                return
            self.words[word] = Reject(entry.line, entry.text, entry.note)
            self.lines[word] = entry.line
        self.counts[word] += 1

    def reject_words(self, called: Collection[str]) -> list[Reject]:
        """Words that are no label are rejected; returns the first few of these. called: in small
        letters.
        """
        rejects: list[Reject] = []
        for word, reject in self.words.items():
            if names.folded(word.text) in called:
                self.repeated += self.counts[word] - 1
                continue
            self.rejected += self.counts[word]
            del self.lines[word]
            if len(rejects) < MAX_KEPT_REJECTS:
                rejects.append(reject)
        return rejects


def _read(form: Form) -> tuple[list[queries.Row], FindReview]:
    """The ids with their lines, and the numbers of other entries."""
    found = _List()
    for entry in _entries(form):
        found.take(entry)
    called = _ids_of(found)
    rejects = found.reject_words(called)
    if not found.lines:
        raise Unreadable(NOTHING)
    rows = _rows(found, called)
    given = sum(isinstance(one, str) and one not in found.odd for one in found.lines)
    review = FindReview(
        ids=len(rows),
        repeated=found.repeated,
        rejected=found.rejected,
        rejects=rejects,
        names=len(found.lines) - given,
        given=given,
        known=sum(names.folded(_text_of(one)) in called for one in found.lines),
        led=len(set(chain.from_iterable(called.values()))),
        match=Match.ANY_CASE,
    )
    return rows, review


def _text_of(wanted: Wanted) -> str:
    return wanted if isinstance(wanted, str) else wanted.text


def _ids_of(found: _List) -> dict[str, list[str]]:
    """By name, path and label in small letters, the ids that the visitor sees called so, capitals
    or not. The project that an address names is not looked at: of most data it is not known here
    which one they are from.
    """
    lookups = [one for one in found.lines if isinstance(one, Lookup)]
    called = {one.text for one in lookups if one.kind == LookupKind.NAME}
    paths = {one.text for one in lookups if one.kind != LookupKind.NAME}
    labels = called | found.odd | {word.text for word in found.words if "\0" not in word.text}
    if not (paths or labels):
        return {}
    ask_about_new_projects()
    seen_by = (viewer(), context().clock())
    most, match = MAX_IDS + 1, Match.ANY_CASE
    ids = context().read(names.ids_called, *seen_by, called, paths, labels, most, match)
    held = context().read(names.held_ids, *seen_by, found.odd) if found.odd else set()
    by_small: defaultdict[str, set[str]] = defaultdict(set)
    for text, these in chain(ids.items(), ((one, [one]) for one in held)):
        by_small[names.folded(text)].update(these)
    return {text: sorted(these) for text, these in by_small.items()}


def _rows(found: _List, called: Mapping[str, Sequence[str]]) -> list[queries.Row]:
    """A row for each id, for each that a name led to, and for each name that led to none. What may
    be an id or a label is told of as a name: it can be called unknown, but not never submitted.
    """
    rows: list[queries.Row] = []
    for wanted, line in found.lines.items():
        text = _text_of(wanted)
        if isinstance(wanted, str) and text not in found.odd:
            rows.append((text, line, ""))
            continue
        ids = called.get(names.folded(text)) or [text if text in found.odd else ""]
        rows += [(data_id, line, text) for data_id in ids]
    if len(rows) > MAX_IDS:
        raise Unreadable(TOO_MANY_CALLED)
    return rows


def _entries(form: Form) -> Iterator[Entry]:
    """All of them: ids are few enough here to find repeats by their texts, in half the time."""
    reading: Reading | None = None
    limits = LIMITS.for_at_most(MAX_SECONDS, TOO_LONG)
    for part in upload.parts(form):
        reading = Reading(
            part.pieces(),
            file_name=part.name,
            label=0,
            limits=limits,
            after=reading,
            find_repeats=False,
        )
        yield from reading
