"""Lookups: names and paths that stand in a list in place of data ids, and what ICA has for each.

A lookup has a position of its list. Once it is known, or was chosen, which data it means, these are
items: one datum at the lookup's own position, several behind the list. All is a draft's: what was
submitted is not changed any more.
"""

import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Column, ColumnElement, Connection, delete, func, select, update

from webapp.store import chores, drafts, paging, sql, submissions, usage
from webapp.store.chores import ResolveSpec
from webapp.store.documents import Example, Review
from webapp.store.enums import (
    LEFT_OUT,
    UNREAD,
    ChoreKind,
    Flag,
    Likeness,
    LookupKind,
    LookupState,
    State,
)
from webapp.store.paging import Cursor, Page
from webapp.store.tables import Lookup as Lookup
from webapp.store.tables import candidates, items, lookups
from webapp.store.tables import submissions as submissions_table

MAX_EXAMPLES = 3  # items of each flag that the review shows
SHORT_SPAN = 1_000  # positions, which are then looked up one by one
STATUS_FLAGS = {  # by the status of the data in ICA
    flag.name: flag
    for flag in (
        *(Flag.ARCHIVED, Flag.ARCHIVING, Flag.UNARCHIVING),
        *(Flag.PARTIAL, Flag.DELETING),
    )
}
_NEW_COLUMNS = (
    *("submission_id", "position", "kind", "text", "project", "key", "line", "column"),
    *("state", "count", "closer", "note", "shared", "label"),
)
_ITEM_COLUMNS = (
    *("submission_id", "position", "data_id", "line", "column", "flags", "status"),
    *("reason", "name", "path", "linked_id", "attempt", "label"),
)
_CANDIDATE = tuple(
    candidates.c[name]
    for name in (
        *("likeness", "data_id", "name", "path", "project_id", "project_name", "status"),
        *("size", "modified_at"),
    )
)
_LIKENESS = {int(likeness): likeness for likeness in Likeness}
_ITEM = tuple(items.c[name] for name in _ITEM_COLUMNS)
_DATA_ID, _LINE, _FLAGS, _STATUS, _REASON, _LABEL = map(
    _ITEM_COLUMNS.index, ("data_id", "line", "flags", "status", "reason", "label")
)


Wanted = tuple[LookupKind, str, str]
"""Kind, text and project of a lookup."""
Place = tuple[int, int, str]
"""Line and column of a lookup, and the label of its line."""


class NewLookup(NamedTuple):
    """A lookup of a list that is being read; `project` is "" where it names none."""

    position: int
    kind: LookupKind
    text: str
    project: str
    line: int
    column: int
    label: str = ""


class Candidate(Struct, frozen=True, gc=False):
    """Data of ICA's; path: whole, with its name. size in bytes, None of a folder."""

    likeness: Likeness
    data_id: str
    name: str
    path: str
    project_id: str
    project_name: str
    status: str
    size: int | None
    modified_at: float | None


class Asked(NamedTuple):
    """Of some lookups: how many there are, how many wait to be asked for, how many are missing."""

    total: int
    waiting: int
    missing: int


class Choice(NamedTuple):
    """A candidate that a lookup is to mean, and the flags of its item."""

    position: int
    candidate: Candidate
    flags: int


def folded(text: str) -> str:
    """What is the same for texts that differ in capitals, or in the code points of a character."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def key_of(text: str) -> str:
    """A digest of folded()."""
    return hashlib.blake2b(folded(text).encode("utf-8", "replace"), digest_size=16).hexdigest()


def add(connection: Connection, submission_id: int, rows: Sequence[NewLookup]) -> None:
    """Keep a chunk of lookups, which wait to be asked for."""
    values = (
        (
            *(submission_id, row.position, row.kind.value, row.text, row.project),
            *(key_of(row.text.rstrip("/")), row.line, row.column),
            *(LookupState.WAITING.value, 0, False, "", False, row.label),
        )
        for row in rows
    )
    if rows:
        sql.insert_many(connection, lookups, _NEW_COLUMNS, values)


def get(connection: Connection, submission_id: int, position: int) -> Lookup | None:
    """The lookup at a position, None if there is none."""
    its = _of(submission_id) & (lookups.c.position == position)
    return sql.fetch_one(connection, select(lookups).where(its), Lookup)


def counts(connection: Connection, submission_id: int) -> dict[LookupState, int]:
    """How many lookups a list has, by what became of them."""
    found = select(lookups.c.state, func.count()).where(_of(submission_id))
    rows = connection.execute(found.group_by(lookups.c.state))
    return dict(rows.all())


def asked(connection: Connection, submission_id: int) -> tuple[Asked, Asked]:
    """How far ICA was asked for the names of a list, and for its paths, folders among them."""
    count, state = func.count(), lookups.c.state
    found = select(state, count, count.filter(lookups.c.kind == LookupKind.NAME))
    names, paths = Counter[LookupState](), Counter[LookupState]()
    by_state = found.where(_of(submission_id)).group_by(state)
    for of_state, all_kinds, of_names in connection.execute(by_state):
        names[of_state], paths[of_state] = of_names, all_kinds - of_names
    return _asked(names), _asked(paths)


def _asked(found: Counter[LookupState]) -> Asked:
    return Asked(found.total(), found[LookupState.WAITING], found[LookupState.MISSING])


def ask(connection: Connection, submission_id: int, now: float, *, closer: bool) -> int:
    """Have ICA asked for the lookups of a draft that wait or, `closer`, for what is like those that
    were not found; returns how many. 0: there is none, the list is being worked on, or is no draft.
    """
    submission = drafts.lock(connection, submission_id)
    if submission.state != State.DRAFT or chores.unfinished(connection, submission_id):
        return 0
    missing = (lookups.c.state == LookupState.MISSING) & ~lookups.c.closer
    these = missing if closer else lookups.c.state == LookupState.WAITING
    count = select(func.count()).select_from(lookups).where(_of(submission_id), these)
    total: int = connection.execute(count).scalar_one()
    if total:
        spec, account_id = ResolveSpec(closer), submission.account_id
        chores.add(connection, submission_id, account_id, ChoreKind.RESOLVE, spec, total, now)
        if not closer:
            submissions.resolve_on(connection, submission_id, now)
    return total


def page(
    connection: Connection, submission_id: int, state: LookupState, cursor: Cursor, size: int
) -> Page[Lookup]:
    """Lookups in a state, in the order of the list; cursors are positions."""
    mine = select(lookups).where(_of(submission_id), lookups.c.state == state)
    return paging.read(connection, mine, lookups.c.position, Lookup, cursor, size)


def by_text(
    connection: Connection, submission_id: int, wanted: Collection[Wanted]
) -> dict[Wanted, Lookup]:
    """The lookups of a list with these kinds, texts and projects."""
    keys = list({key_of(text.rstrip("/")) for _, text, _ in wanted})
    these = _of(submission_id) & sql.is_one_of(connection, lookups.c.key, keys)
    rows = sql.fetch(connection, select(lookups).where(these), Lookup)
    found = {(row.kind, row.text, row.project): row for row in rows}
    return {one: found[one] for one in wanted if one in found}


def candidates_of(
    connection: Connection, submission_id: int, positions: Sequence[int], most: int
) -> dict[int, list[Candidate]]:
    """The first `most` candidates of each of these lookups, by position, the likest first."""
    ours = (candidates.c.submission_id == submission_id) & (candidates.c.ordinal <= most)
    these = sql.is_one_of(connection, candidates.c.position, positions)
    statement = select(candidates.c.position, *_CANDIDATE).where(ours, these)
    found: defaultdict[int, list[Candidate]] = defaultdict(list)
    ordered = statement.order_by(candidates.c.position, candidates.c.ordinal)
    for position, likeness, *values in sql.plain_rows(connection, ordered):
        found[position].append(Candidate(_LIKENESS[likeness], *values))
    return found


def choose(connection: Connection, submission_id: int, choices: Sequence[Choice]) -> None:
    """Each of these lookups means one datum: its item, at the lookup's own position. Data that the
    list has an item of already get no second one.

    The lookups have led to nothing before, and the submission is locked (drafts.lock).
    """
    led = add_items(connection, submission_id, choices)
    _lead_to(connection, submission_id, [(position, *its) for position, its in led.items()])


def add_items(
    connection: Connection, submission_id: int, choices: Sequence[Choice]
) -> dict[int, tuple[int, int, bool]]:
    """The items of choose(); returns first_item, last_item and shared of the lookups, which the
    caller keeps, by their positions.
    """
    held = _held(connection, submission_id, choices)
    places = _places(connection, submission_id, [one.position for one in choices])
    new, led = [], {}
    for choice in sorted(choices, key=itemgetter(0)):
        at = held.setdefault(choice.candidate.data_id, choice.position)
        led[choice.position] = (at, at, at != choice.position)
        if at == choice.position:
            new.append(_item(submission_id, at, choice, *places[at]))
    _add_items(connection, submission_id, new)
    _note(connection, submission_id, new, positions=-len(new))
    return led


def choose_several(connection: Connection, lookup: Lookup, chosen: Sequence[Choice]) -> None:
    """A lookup means several data. They become items behind the list, but for those that the list
    has already. It has led to nothing yet, or to some of them. The submission is locked.
    """
    submission_id, before = lookup.submission_id, lookup.first_item
    new = append(connection, submission_id, chosen, (lookup.line, lookup.column, lookup.label))
    if new is None and before is not None:
        return
    held = {} if new else _held(connection, submission_id, chosen)
    if new is None:
        first = last = max(held.values(), default=lookup.position)
    else:
        first, last = new if before is None or lookup.shared else (before, new[1])
    _lead_to(connection, submission_id, [(lookup.position, first, last, bool(held))])


def append(
    connection: Connection,
    submission_id: int,
    chosen: Sequence[Choice],
    place: Place | None = None,
) -> tuple[int, int] | None:
    """Data become items behind the list, but for those that it has already; returns the first and
    the last of their positions, None where there are none. `place`: that of all, else each
    has a line of its own. The submission is locked.
    """
    held = _held(connection, submission_id, chosen)
    found = {one.candidate.data_id: one for one in chosen}
    missing = [one for data_id, one in found.items() if data_id not in held]
    if not missing:
        return None
    first = submissions.grow(connection, submission_id, len(missing), 0)
    new = [
        _item(submission_id, at, one, *(place or (at, 1, "")))
        for at, one in enumerate(missing, start=first)
    ]
    _add_items(connection, submission_id, new)
    _note(connection, submission_id, new)
    return first, first + len(new) - 1


def forget(connection: Connection, submission_id: int, positions: Collection[int]) -> None:
    """These lookups lead to nothing again, and their items go; others that led to the same items
    lead to nothing then, too. The submission is locked.
    """
    these = _of(submission_id) & sql.is_one_of(connection, lookups.c.position, [*positions])
    span = lookups.c.first_item, lookups.c.last_item
    own = select(*span).where(these, span[0].is_not(None), ~lookups.c.shared)
    spans = [(first, last) for first, last in connection.execute(own)]
    gone: list[tuple[Any, ...]] = []
    for some in _among(connection, items.c.position, spans):
        theirs = (items.c.submission_id == submission_id) & some
        gone += map(tuple, connection.execute(select(*_ITEM).where(theirs)))
        connection.execute(delete(items).where(theirs))
    for some in _among(connection, span[0], spans):
        _lead_nowhere(connection, _of(submission_id) & some)
    _lead_nowhere(connection, these)
    if half := _that_lost(connection, submission_id, [row[_DATA_ID] for row in gone]):
        forget(connection, submission_id, half)
    _note(connection, submission_id, gone, by=-1, positions=len(gone))


def _that_lost(connection: Connection, submission_id: int, data_ids: Sequence[str]) -> list[int]:
    """The names and paths that may mean several data, and among them one that the list has no more:
    it was another line's.
    """
    several = lookups.c.first_item.is_not(None) & (lookups.c.first_item != lookups.c.position)
    several &= lookups.c.kind != LookupKind.FOLDER
    own = (candidates.c.submission_id == submission_id) & (candidates.c.likeness != Likeness.NEAR)
    lost = sql.is_one_of(connection, candidates.c.data_id, data_ids)
    theirs = select(candidates.c.position).where(own, lost)
    found = select(lookups.c.position).where(
        _of(submission_id), several, lookups.c.position.in_(theirs)
    )
    return list(connection.execute(found).scalars()) if data_ids else []


def undecided(
    connection: Connection, submission_id: int, state: LookupState, after: int, limit: int
) -> list[tuple[int, Candidate]]:
    """The next lookups in a state that have led to nothing yet: position, first candidate."""
    waiting = _of(submission_id) & (lookups.c.state == state) & lookups.c.first_item.is_(None)
    found = select(lookups.c.position).where(waiting, lookups.c.position > after)
    positions = connection.execute(found.order_by(lookups.c.position).limit(limit)).scalars().all()
    first = candidates_of(connection, submission_id, positions, 1)
    return [(position, first[position][0]) for position in positions if position in first]


def flags_of(candidate: Candidate) -> int:
    """The flags that follow from the status that the data had in ICA."""
    return int(STATUS_FLAGS.get(candidate.status, 0))


def _of(submission_id: int) -> ColumnElement[bool]:
    return lookups.c.submission_id == submission_id


def _held(connection: Connection, submission_id: int, chosen: Iterable[Choice]) -> dict[str, int]:
    """The positions of the items that the list has of these data already."""
    data_ids = list({one.candidate.data_id for one in chosen})
    # + 0, or SQLite would read the whole submission instead of these ids by their index
    ours = items.c.submission_id + 0 == submission_id
    found = select(items.c.data_id, items.c.position).where(
        ours, sql.is_one_of(connection, items.c.data_id, data_ids)
    )
    return dict(sql.plain_rows(connection, found))


def _places(
    connection: Connection, submission_id: int, positions: Sequence[int]
) -> dict[int, Place]:
    """The place of each lookup."""
    of = lookups.c
    these = sql.is_one_of(connection, of.position, positions)
    found = select(of.position, of.line, of.column, of.label)
    rows = sql.plain_rows(connection, found.where(_of(submission_id), these))
    return {position: (line, column, label) for position, line, column, label in rows}


def _item(
    submission_id: int, position: int, choice: Choice, line: int, column: int, label: str
) -> tuple[Any, ...]:
    data = choice.candidate
    return (  # written out: of many thousand, each part of it that is a tuple of its own costs time
        submission_id,
        position,
        data.data_id,
        line,
        column,
        choice.flags,
        UNREAD,
        "",
        data.name,
        data.path,
        "",
        1,
        label,
    )


def _add_items(connection: Connection, submission_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        sql.insert_many(connection, items, _ITEM_COLUMNS, rows)


def _lead_to(
    connection: Connection, submission_id: int, led: Sequence[tuple[int, int, int, bool]]
) -> None:
    """The items of lookups: position, first and last item, and whether they are another line's."""
    columns, ours = (
        ("position", "first_item", "last_item", "shared"),
        {"submission_id": submission_id},
    )
    sql.update_many(connection, lookups, ours, columns, led)


def _among(
    connection: Connection, place: Column[int], spans: Sequence[tuple[int, int]]
) -> Iterator[ColumnElement[bool]]:
    """Conditions that a place lies in one of these spans: of all short ones together, then of each
    long one.
    """
    short = [range(first, last + 1) for first, last in spans if last - first < SHORT_SPAN]
    if short:
        yield sql.is_one_of(connection, place, [*chain.from_iterable(short)])
    for first, last in spans:
        if last - first >= SHORT_SPAN:
            yield place.between(first, last)


def _lead_nowhere(connection: Connection, these: ColumnElement[bool]) -> None:
    values = {"first_item": None, "last_item": None, "shared": False}
    connection.execute(update(lookups).where(these).values(values))


def _note(
    connection: Connection,
    submission_id: int,
    rows: Sequence[tuple[Any, ...]],
    *,
    by: int = 1,
    positions: int = 0,
) -> None:
    """These items came (by 1) or went (by -1): the counts of the submission and of its review, and
    how many positions are empty now that were not before.
    """
    before = drafts.lock(connection, submission_id)
    empty = before.empty_positions + positions
    out = Counter(row[_REASON] for row in rows if row[_STATUS] == LEFT_OUT)
    left_out = before.left_out + by * out.total()
    words = {drafts.REASONS[flag]: flag.word for flag in drafts.REASONS}
    review = _flagged(before.review, rows, by)
    each = Counter(review.left_out)
    for reason, count in out.items():
        each[words[reason]] += by * count
    unread = before.item_count - left_out - empty
    submissions.change(
        connection,
        submission_id,
        empty_positions=empty,
        left_out=left_out,
        counts=+Counter({UNREAD: unread, LEFT_OUT: left_out}),
        review=replace(review, left_out=each),
        kept_bytes=submissions_table.c.kept_bytes
        + by * sum(usage.ITEM_BYTES + 2 * len(row[_DATA_ID]) + len(row[_LABEL]) for row in rows),
    )


def _flagged(review: Review, rows: Sequence[tuple[Any, ...]], by: int) -> Review:
    """The review with so many more, or fewer, items under each flag, and a few as examples."""
    examples = {word: list(shown) for word, shown in review.examples.items()}
    found: dict[str, int] = defaultdict(int)
    folders = sum(row[_DATA_ID].startswith("fol.") for row in rows)
    found["folders"], found["files"] = by * folders, by * (len(rows) - folders)
    for row in rows:
        for flag in Flag(row[_FLAGS]) if row[_FLAGS] else ():
            found[flag.word] += by
            shown = examples.setdefault(flag.word, [])
            example = Example(row[_LINE], row[_LINE + 1], row[_DATA_ID])
            if by > 0 and len(shown) < MAX_EXAMPLES:
                shown.append(example)
            elif by < 0 and example in shown:
                shown.remove(example)
    changed = {word: getattr(review, word) + count for word, count in found.items()}
    return replace(review, **changed, examples=examples)
