"""Lookups as pages show them: in groups, each with what ICA has for it and what it led to."""

import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from webapp.store import Connection, choices, chores, lookups
from webapp.store.choices import Became, Group, Tally
from webapp.store.chores import GatherSpec
from webapp.store.enums import ChoreKind, Likeness, LookupKind, LookupState, Rule
from webapp.store.lookups import Candidate
from webapp.store.paging import Cursor
from webapp.store.submissions import Submission
from webapp.store.tables import Lookup
from webapp.web.core.formatting import plural
from webapp.web.folders import source

SHOWN_LOOKUPS = 5  # of a group, on the review itself
SHOWN_SETTLED = 3  # and of one in which there is nothing to choose
MAX_AT_ONCE = 500  # lookups that are written otherwise, all chosen on the review itself
MAX_FOLDERS = 1_000  # whose files are read one after the other
SHOWN_OPTIONS = 4  # of a lookup, in a list
RULED = {Group.OTHERWISE, Group.SEVERAL}  # what is meant can be chosen by a rule
TAKEN_BACK = RULED | {Group.MISSING}  # what was chosen can be taken back at once
NAMES = ("name or path", "names and paths")
WORDS = {  # title, with {names} "12 names and paths" or {folders} "1 folder", and what it means
    Group.SEVERAL: (
        "{names} found more than once",
        "ICA has several data of exactly this name or path. Choose which are meant, one by one or "
        "by a rule. Nothing is sent for what stays open.",
    ),
    Group.OTHERWISE: (
        "{names} found only written otherwise",
        "ICA has none that is written exactly so, but one with other capitals, or with accents "
        "that are stored in another way. Compare the two, and tick what is meant. Nothing "
        "is sent for what stays open.",
    ),
    Group.MISSING: (
        "{names} not found",
        "ICA has no such data where this list was looked up. Data of nearly that name or path are "
        "shown where there are any: choose one if it is meant. Nothing is sent "
        "for what stays open.",
    ),
    Group.IMPOSSIBLE: (
        "{names} that can't be looked up",
        "Beside each stands why. Nothing is sent for them: correct these lines and upload the list "
        "again, or submit the rest.",
    ),
    Group.WAITING: (
        "{names} not looked up yet",
        "ICA was not asked for them yet. Nothing is sent for them unless it is.",
    ),
    Group.FOLDERS: (
        "{folders}, found by path",
        "As one item, a folder is linked by ICA with all that it holds at that moment, and has one "
        "outcome for all of it. As its files, it has an outcome for each of them.",
    ),
    Group.SAME: (
        "{names} with the same data as another line",
        "These data are in the list once, and are sent once.",
    ),
    Group.FOUND: (
        "{names} found",
        "Each means exactly one file or folder in ICA, which is in the list now.",
    ),
    Group.OPEN: (
        "{names} left open",
        "Nothing is sent for them unless you choose what they mean.",
    ),
    Group.EVERY: ("{names} in the list", "What each of them led to, in the order of the list."),
}
CHIPS = {
    Group.EVERY: "All",
    Group.FOUND: "Found",
    Group.OTHERWISE: "Written otherwise",
    Group.SEVERAL: "Found more than once",
    Group.MISSING: "Not found",
    Group.IMPOSSIBLE: "Can't be looked up",
    Group.WAITING: "Not looked up yet",
    Group.FOLDERS: "Folders",
    Group.SAME: "The same as another line",
    Group.OPEN: "Left open",
}
STATE_WORDS = {
    LookupState.WAITING: "ICA was not asked for it yet.",
    LookupState.MISSING: "Not found.",
    LookupState.IMPOSSIBLE: "It can't be looked up.",
    LookupState.FOUND: "Found, and taken back.",
    LookupState.OTHERWISE: "Found only written otherwise.",
    LookupState.SEVERAL: "Found more than once.",
}


NOTHING_NEAR = "Not found. Looked at closer: nothing of nearly that name."
EMPTY_FOLDER = "The folder holds no files, so nothing is sent for it."


class Option(NamedTuple):
    """A candidate to choose. value: what a form says of it. remark: how it is written otherwise."""

    value: str
    candidate: Candidate
    remark: str


@dataclass(frozen=True, slots=True)
class LookupRow:
    """A lookup as a list shows it.

    options: the first of its candidates; more: how many are kept beside them. whole: how many data
    all of them are, None where more are in ICA than are kept, or just one. lacking: how many those
    are. became: what it led to. as_one: what a form says to have a folder that is its files, of
    which it may have none, as one item; "" of any other.
    """

    lookup: Lookup
    state: str
    options: list[Option]
    more: int
    whole: int | None
    lacking: int
    became: Became | None
    as_one: str

    @property
    def files(self) -> str:
        """In words, the files that a folder is; "" where it is one item, or leads to nothing."""
        of_folder = self.as_one or self.lookup.kind == LookupKind.FOLDER
        if not self.became or self.is_folder or not of_folder:
            return ""
        count, known = self.became.count, self.lookup.files
        if self.lookup.shared:
            return "Its files, all of which other lines mean, too"
        if known is None:
            return f"Its {plural(count, 'file')}"
        if count >= known:
            return f"Its {plural(count, 'file')}, all in the list"
        left = "the others stand on other lines, or were not read"
        return f"{count:,} of its {known:,} files; {left}"

    @property
    def is_folder(self) -> bool:
        """Whether it leads to a folder as one item."""
        return bool(self.became and self.became.is_folder)

    @property
    def all_of_them(self) -> str:
        """The words for all data, "" where these can't be chosen together."""
        if self.whole is None:
            return ""
        return "Both of them" if self.whole == 2 else f"All {self.whole:,} of them"

    @property
    def control(self) -> str:
        """The box that ticks the only candidate, or one of several."""
        return "radio" if len(self.options) + self.more > 1 else "checkbox"


@dataclass(frozen=True, slots=True)
class AsItems:
    """Folders that are one item each, at most MAX_FOLDERS; how many files they have, and how many
    have files that were not counted.
    """

    count: int
    files: int
    uncounted: int


class FolderTrouble(NamedTuple):
    """What to know of the files of a folder, and ICA's own words. goes_on: not all were read."""

    folder: str
    text: str
    said: str
    goes_on: bool


@dataclass(frozen=True, slots=True)
class LookupPoint:
    """A group of lookups on the review: the first of them, how many there are, and how many of
    those lead to nothing, where something can be chosen. ruled: by a rule, too. only: of how many,
    of those that are not too many to look over, ICA has one that is written otherwise.
    """

    group: Group
    title: str
    text: str
    count: int
    open: int
    ruled: bool
    only: int
    rows: list[LookupRow]

    @property
    def settled(self) -> int:
        """How many have been chosen for."""
        return self.count - self.open if self.group in TAKEN_BACK else 0

    @property
    def tickable(self) -> bool:
        """Whether any row has something to tick."""
        return is_tickable(self.rows)


def is_tickable(found: Sequence[LookupRow]) -> bool:
    """Whether any of these rows has something to tick."""
    return any(one.options and not one.became for one in found)


def title(group: Group, count: int) -> tuple[str, str]:
    """The title of a group of so many lookups, and what it means."""
    words, text = WORDS[group]
    return words.format(names=plural(count, *NAMES), folders=plural(count, "folder")), text


def points(connection: Connection, submission: Submission, tally: Tally) -> list[LookupPoint]:
    """The groups that there are, what is to be chosen first."""
    found = []
    for group in WORDS:
        count = tally.count(group)
        if count and group not in {Group.OPEN, Group.EVERY}:
            shown = SHOWN_LOOKUPS if group in TAKEN_BACK else SHOWN_SETTLED
            first = choices.page(connection, submission.id, tally, group, Cursor(), shown).rows
            state = choices.STATES.get(group)
            point = LookupPoint(
                group=group,
                title=title(group, count)[0],
                text=title(group, count)[1],
                count=count,
                open=tally.open.get(state, 0) if state else 0,
                ruled=group in RULED,
                only=_only(connection, submission, tally) if group == Group.OTHERWISE else 0,
                rows=rows(connection, submission.id, first),
            )
            found.append(point)
    return found


def _only(connection: Connection, submission: Submission, tally: Tally) -> int:
    state = LookupState.OTHERWISE
    open_count = tally.open.get(state, 0)
    if open_count > MAX_AT_ONCE:
        return 0
    settling = choices.settling(connection, submission.id, state, open_count, (Rule.ONLY, ""))
    return sum(one.settles for one in settling.rules)


def as_items(connection: Connection, submission: Submission, tally: Tally) -> AsItems:
    """The folders that are one item each."""
    if not tally.folders:
        return AsItems(0, 0, 0)
    files = [count for _, count in choices.folders(connection, submission.id, MAX_FOLDERS)]
    return AsItems(len(files), sum(count or 0 for count in files), files.count(None))


def folder_troubles(
    connection: Connection, submission: Submission, tally: Tally
) -> list[FolderTrouble]:
    """Of the folders whose files are in the list, as far as these were not all read, or what was
    read may be wrong.
    """
    if not tally.count(Group.EVERY):
        return []
    found: dict[int, FolderTrouble | None] = {}
    newest = chores.last_of_kind(connection, submission.id, ChoreKind.GATHER, MAX_FOLDERS)
    for index, chore in enumerate(newest):
        spec = chore.spec_as(GatherSpec)
        lookup = lookups.get(connection, submission.id, spec.position or 0)
        if lookup is None or lookup.position in found or not chore.ended_at:
            continue
        found[lookup.position] = None
        led = choices.became(connection, submission.id, [lookup]).get(lookup.position)
        if (led and led.is_folder) or (lookup.first_item is None and spec.read):
            continue  # it was taken back since
        unread = source.unread(submission, spec, chore.problem)
        if text := unread or " ".join(source.to_know(spec, whole=True)):
            said = chore.problem.full if chore.problem else ""
            goes_on = index == 0 and chore.problem is not None
            trouble = FolderTrouble(spec.query.folder_path, text, said, goes_on)
            found[lookup.position] = trouble
    return [trouble for trouble in found.values() if trouble][:SHOWN_LOOKUPS]


def rows(
    connection: Connection,
    submission_id: int,
    found: Sequence[Lookup],
    shown: int = SHOWN_OPTIONS,
) -> list[LookupRow]:
    """These lookups, with the first candidates of those that lead to nothing, or to the files of a
    folder.
    """
    led = choices.became(connection, submission_id, found)
    positions = [one.position for one in found if _may_be_files(one, led.get(one.position))]
    some = lookups.candidates_of(connection, submission_id, positions, shown) if positions else {}
    kept = choices.kept(connection, submission_id, positions)
    return [row(one, some.get(one.position, []), kept, led.get(one.position)) for one in found]


def row(
    lookup: Lookup,
    some: Sequence[Candidate],
    kept: Counter[tuple[int, int]],
    led: Became | None,
    first: int = 1,
) -> LookupRow:
    """A lookup with some of its candidates, the first one of which has this ordinal."""
    options = [
        Option(value(n, one), one, difference(lookup, one))
        for n, one in enumerate(some, start=first)
    ]
    of_each = [kept[lookup.position, likeness] for likeness in Likeness]
    sure = sum(of_each[:-1])
    alone = lookup.first_item is not None and len(options) == 1 == sum(of_each)
    is_files = alone and _is_folder(options[0].candidate) and not (led and led.is_folder)
    exact = of_each[choices.wanted(lookup.state)]
    return LookupRow(
        lookup=lookup,
        state=_state(lookup, sum(of_each)),
        options=[] if is_files and led is None else options,
        more=max(sum(of_each) - len(options), 0),
        whole=exact if exact > 1 and sure >= lookup.count else None,
        lacking=max(lookup.count - sure, 0) if led is None else 0,
        became=led,
        as_one=options[0].value if is_files else "",
    )


def _state(lookup: Lookup, candidates: int) -> str:
    """What became of a lookup that leads to nothing, and has so many candidates, in words."""
    if lookup.first_item is not None:
        return EMPTY_FOLDER
    if lookup.state == LookupState.MISSING and lookup.closer and not candidates:
        return NOTHING_NEAR
    return STATE_WORDS[lookup.state]


def _may_be_files(lookup: Lookup, led: Became | None) -> bool:
    """Whether a lookup leads to nothing, or perhaps to the files of a folder."""
    if led is None or led.count > 1:
        return True
    return lookup.kind == LookupKind.FOLDER and not led.is_folder


def _is_folder(candidate: Candidate) -> bool:
    return candidate.data_id.startswith(choices.FOLDER)


def value(ordinal: int, candidate: Candidate) -> str:
    """What a form says of a candidate: which one, and of which datum the page told."""
    return f"{ordinal}.{candidate.data_id}"


def difference(lookup: Lookup, candidate: Candidate) -> str:
    """How data that were found only written otherwise are written, in words."""
    if candidate.likeness != Likeness.OTHERWISE:
        return ""
    named = candidate.name if lookup.kind == LookupKind.NAME else candidate.path.rstrip("/")
    ours, theirs = lookup.text.rstrip("/"), named
    if unicodedata.normalize("NFC", ours) == unicodedata.normalize("NFC", theirs):
        return "its accents are stored in another way"
    if ours.casefold() == theirs.casefold():
        return "other capitals"
    if lookups.key_of(ours) == lookups.key_of(theirs):
        return "other capitals, and accents stored in another way"
    return ""  # ICA told no path, or no name, to compare


def groups(tally: Tally, chosen: Group) -> Collection[Group]:
    """The groups that there are, and the chosen one."""
    return [group for group in CHIPS if tally.count(group) or group == chosen]
