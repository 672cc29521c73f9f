"""Data search: asks ICA for the data of some lookups, by few calls, in one thread."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from webapp.ica.client import MAX_PAGE_ROWS, PAGE_REFUSALS, IcaClient
from webapp.ica.data_filter import DataFilter, Scope, length
from webapp.ica.errors import Forbidden, IcaProblem, NotFound, Refused, Unreachable
from webapp.ica.models import Data, whole_path
from webapp.idlist import ids
from webapp.store.answers import MAX_CANDIDATES, Answer, Sought
from webapp.store.enums import Likeness, LookupKind
from webapp.store.lookups import Candidate, folded
from webapp.work.matching import (
    MAX_NEAR,
    Matcher,
    candidate,
    forms,
    name_of,
    nearest,
    ordered,
    parent_of,
)

MAX_PAGES = 10  # of several lookups together; of one alone, as many as have MAX_CANDIDATES
PAGES_OF_ONE = MAX_CANDIDATES // MAX_PAGE_ROWS
FREE_PAGES = 2  # that are read before it is counted how many there are
TASK_PAGES = 30  # after which a task leaves to another one what it was not asked for yet
MAX_REFUSALS = 5  # of single lookups in a row, after which it is not the lookups that are refused
IN_THE_PROJECT = (
    "It is in the project already: ICA lists it there, and not among what may be linked."
)
PARTLY_IN_THE_PROJECT = "In the project already: {paths}."
MAX_PATHS = 3  # that PARTLY_IN_THE_PROJECT tells
UNTOLD = "ICA has it, but tells neither its name nor its path."
COMPARED_IN_PART = "ICA has too many data like it: only the first {rows:,} were compared."
REFUSED = "ICA refuses to look for it: {words}"
CLOSED = "The project that the line names, {project}, can't be searched: {words}"


class Where(NamedTuple):
    """Where lookups are looked up, and their projects' names by ids.

    own: the target's own data, where what may be linked is asked for: ICA may leave out of that
    what is linked already. They are one of the scopes where ICA is known to, else they are asked
    for what is found nowhere. named: the project is named by the lookups.
    """

    scopes: Sequence[Scope]
    own: Scope | None
    names: Mapping[str, str]
    named: str = ""


class Rows(NamedTuple):
    """Data that were read; whole: there are no more of them."""

    data: list[Data]
    whole: bool


@dataclass
class Refusals:
    """How many single lookups ICA has refused in a row."""

    count: int = 0


class Result(NamedTuple):
    """The answers of some lookups; the ids of data that are in the project already; lookups that
    are still to be asked for, by their paths those that were asked for by their folders.
    """

    answers: list[Answer]
    linked: set[str]
    left: list[Sought]


Take = Callable[[Sequence[Sought], Rows], None]
Filter = Callable[[Sequence[Sought]], DataFilter]


def by_name(lookups: Sequence[Sought]) -> DataFilter:
    """Data with these names."""
    return DataFilter(names=_all_forms(lookups))


def by_path(lookups: Sequence[Sought]) -> DataFilter:
    """Data with these paths."""
    return DataFilter(paths=_all_forms(lookups))


def by_part_of_name(lookups: Sequence[Sought]) -> DataFilter:
    """Data whose names contain these."""
    return DataFilter(names=_all_forms(lookups), name_match="FUZZY")


def below(folders: Sequence[str], kind: LookupKind) -> DataFilter:
    """What is below folders: files, or where these are looked up, folders."""
    starts = [form for folder in folders for form in forms(folder)]
    return DataFilter(
        paths=starts,
        path_match="STARTS_WITH_CASE_INSENSITIVE",
        type="FOLDER" if kind == LookupKind.FOLDER else "FILE",
    )


def _all_forms(lookups: Iterable[Sought]) -> list[str]:
    return [*dict.fromkeys(form for one in lookups for form in forms(one.text))]


def packed(
    lookups: Iterable[Sought], most: tuple[int, int], *, keeps_commas: bool = False
) -> Iterator[list[Sought]]:
    """The lookups in groups, each for one call of at most so many values and characters; those with
    a comma alone, unless ICA is known to keep such a value whole.
    """
    group: list[Sought] = []
    values = chars = 0
    for one in lookups:
        texts = forms(one.text)
        size = sum(length(_parameter(one.kind), text) for text in texts)
        alone = "," in one.text and not keeps_commas
        is_full = values + len(texts) > most[0] or chars + size > most[1]
        if group and (is_full or alone):
            yield group
            group, values, chars = [], 0, 0
        group.append(one)
        values, chars = values + len(texts), chars + size
        if alone:
            yield group
            group, values, chars = [], 0, 0
    if group:
        yield group


def _parameter(kind: LookupKind) -> str:
    return "filename" if kind == LookupKind.NAME else "filePath"


def _size(lookups: Sequence[Sought]) -> tuple[int, int]:
    texts = _all_forms(lookups)
    return len(texts), sum(length(_parameter(lookups[0].kind), text) for text in texts)


@dataclass
class DataSearch:
    """Looks for some lookups in all their scopes, and keeps what is found until answers() tells it.

    Each method raises IcaError; then nothing of the lookups is to be kept.
    """

    client: IcaClient
    where: Where
    refusals: Refusals
    found: defaultdict[int, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    more: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    notes: dict[int, str] = field(default_factory=dict)
    impossible: set[int] = field(default_factory=set)
    in_part: set[int] = field(default_factory=set)
    owned: set[str] = field(default_factory=set)
    late: set[int] = field(default_factory=set)  # what was not asked for in each scope
    pages: int = 0  # that were read in this scope
    has_some: bool = False  # lookups that were asked for in this scope

    def names(self, lookups: Sequence[Sought]) -> Result:
        """Look for names."""
        return self._told(lookups, self._exactly, by_name)

    def paths(self, lookups: Sequence[Sought]) -> Result:
        """Look for paths, one by one or, where ICA takes them, many a call."""
        return self._told(lookups, self._exactly, by_path)

    def paths_by_folder(self, lookups: Sequence[Sought], most_pages: int) -> Result:
        """Look for paths of one kind by all that is below their folders, if that are not more than
        so many pages; what is not there is left.
        """
        return self._told(lookups, self._by_folder, most_pages)

    def names_closer(self, lookups: Sequence[Sought]) -> Result:
        """Look for names that were not found in other capitals, and as a part of longer ones."""
        return self._told(lookups, self._names_closer, closer=True)

    def paths_closer(self, lookups: Sequence[Sought]) -> Result:
        """Look for paths of one folder, that were not found, among what the folder holds."""
        return self._told(lookups, self._paths_closer, closer=True)

    def _told(
        self,
        lookups: Sequence[Sought],
        look: Callable[..., list[Sought] | None],
        *more: object,
        closer: bool = False,
    ) -> Result:
        try:
            self.late.update(one.position for one in look(lookups, *more) or ())
        except (Forbidden, NotFound) as error:
            if not self.where.named:
                raise
            note = CLOSED.format(project=f"“{self.where.named}”", words=_words(error))
            answers = [Answer(one.position, [], note=note, impossible=True) for one in lookups]
            return Result(answers, set(), [])
        done, left = self._in_time(lookups), [one for one in lookups if one.position in self.late]
        return Result([self._answer(one, closer) for one in done], self.owned, left)

    def _in_time(self, lookups: Sequence[Sought]) -> list[Sought]:
        return [one for one in lookups if one.position not in self.late]

    def _answer(self, one: Sought, closer: bool) -> Answer:
        place = one.position
        candidates = ordered(self._elsewhere(self.found.get(place, ())))
        sure = [candidate for candidate in candidates if candidate.likeness < Likeness.NEAR]
        return Answer(
            place,
            (sure or candidates)[:MAX_CANDIDATES],
            len(sure) + self.more.get(place, 0),
            self.notes.get(place) or self._note_owned(sure or candidates),
            impossible=place in self.impossible and not candidates,
            closer=closer,
            whole=not self.more.get(place) and place not in self.in_part,
        )

    def _elsewhere(self, found: Sequence[Candidate]) -> Sequence[Candidate]:
        """Those that are not the target's own; if there are none, all of them."""
        own = self.where.own
        return [one for one in found if own and one.project_id != own.project] or found

    def _note_owned(self, candidates: Sequence[Candidate]) -> str:
        """Which of them are in the target already, and not among what ICA lets be linked."""
        its = [one for one in candidates if one.data_id in self.owned] if self.owned else []
        owned = [one.path or one.name for one in its]
        if len(owned) == len(candidates) == 1 and its[0].likeness < Likeness.NEAR:
            return IN_THE_PROJECT
        paths = ", ".join(owned[:MAX_PATHS])
        others = f" and {len(owned) - MAX_PATHS:,} more" if len(owned) > MAX_PATHS else ""
        return PARTLY_IN_THE_PROJECT.format(paths=paths + others) if owned else ""

    def _exactly(self, lookups: Sequence[Sought], filter_of: Filter) -> None:
        for scope in self.where.scopes:
            self._ask_all(scope, self._in_time(lookups), filter_of)
        missing = self._missing(self._in_time(lookups))
        if self.where.own and missing and self.where.own not in self.where.scopes:
            self._ask_all(self.where.own, missing, filter_of)

    def _rows(self, scope: Scope, *wanted: Any) -> Rows:
        """As read(), and what is the target's own is kept in mind."""
        rows = read(self.client, scope, *wanted)
        if scope == self.where.own:
            self.owned.update(ids.folded(one.id) for one in rows.data)
        return rows

    def _ask_all(self, scope: Scope, lookups: Sequence[Sought], filter_of: Filter) -> None:
        """Ask for lookups in one scope, for those with a comma once more where it has none."""
        places = [one.position for one in lookups]
        before = {place: len(self.found.get(place, ())) for place in places}
        self._begin(scope, lookups, filter_of, self._take)
        here = {place for place in places if len(self.found.get(place, ())) > before[place]}
        self._look_for_commas(scope, lookups, here)

    def _begin(
        self, scope: Scope, lookups: Sequence[Sought], filter_of: Filter, take: Take
    ) -> None:
        """As _ask(), for as many of them as a task may; for one at least."""
        self.pages, self.has_some = 0, False
        self._ask(scope, lookups, filter_of, take)

    def _missing(self, lookups: Iterable[Sought]) -> list[Sought]:
        return [
            one
            for one in lookups
            if one.position not in self.impossible
            and all(its.likeness == Likeness.NEAR for its in self.found.get(one.position, ()))
        ]

    def _by_folder(self, lookups: Sequence[Sought], most_pages: int) -> list[Sought]:
        folders = [*dict.fromkeys(parent_of(one.text) for one in lookups)]
        wanted = below(folders, lookups[0].kind)
        for scope in self.where.scopes:
            rows = self._all_below(scope, wanted, most_pages)
            if rows is None:
                self.found.clear()
                return [*lookups]
            self._match(lookups, rows)
        return self._missing(lookups)

    def _all_below(self, scope: Scope, wanted: DataFilter, most_pages: int) -> Rows | None:
        """All data that meet a filter of many folders; None where they are too many to read, or
        the folders too many to ask for.
        """

        try:
            rows = self._read(scope, wanted, most_pages)
        except Refused:
            return None
        except Unreachable as error:
            if not error.dropped:
                raise
            return None
        return rows if rows.whole else None

    def _read(self, scope: Scope, wanted: DataFilter, most_pages: int) -> Rows:
        """As read(); of what has more than two pages, it is counted whether it is too much."""

        def fits() -> bool:
            total = self.client.count_data(scope, wanted) if most_pages > FREE_PAGES else None
            return total is None or total <= most_pages * MAX_PAGE_ROWS

        return self._rows(scope, wanted, most_pages, fits)

    def _ask(
        self,
        scope: Scope,
        lookups: Sequence[Sought],
        filter_of: Filter,
        take: Take,
    ) -> None:
        """Ask for lookups together; in halves where ICA refuses that, or has too much for it, or
        sends data of which can't be told which lookup they belong to.
        """
        if self.has_some and self.pages >= TASK_PAGES:
            self.late.update(one.position for one in lookups)
            return
        one_only = len(lookups) == 1
        several = MAX_PAGES if take == self._take else 1
        try:
            if one_only:
                rows = self._rows(scope, filter_of(lookups), PAGES_OF_ONE)
            else:
                rows = self._read(scope, filter_of(lookups), several)
            self.pages += 1 + len(rows.data) // MAX_PAGE_ROWS
        except Refused as error:
            if error.status not in PAGE_REFUSALS:
                raise
            if one_only:
                self._note_refusal(lookups[0], error, filter_of)
                self.has_some = True
                return
            self._halve(scope, lookups, filter_of, take, refused=True)
        except Unreachable as error:
            if one_only or not error.dropped:
                raise
            self._halve(scope, lookups, filter_of, take, refused=True)
        else:
            self.refusals.count = 0
            untold = take == self._take and any(_tells_nothing(lookups, one) for one in rows.data)
            if one_only or (rows.whole and not untold):
                take(lookups, rows)
                self.has_some = True
                if one_only and not rows.whole:
                    self._note_more(scope, lookups[0], filter_of, rows)
            else:
                self._halve(scope, lookups, filter_of, take)

    def _halve(
        self,
        scope: Scope,
        lookups: Sequence[Sought],
        filter_of: Filter,
        take: Take,
        *,
        refused: bool = False,
    ) -> None:
        middle = len(lookups) // 2
        for half in (lookups[:middle], lookups[middle:]):
            self._ask(scope, half, filter_of, take)
        if refused and middle > 1:
            values, chars = _size(lookups[:middle])
            now = self.client.clock()
            self.client.limits.note_values(scope.operation.id, values, chars, now)

    def _note_refusal(self, one: Sought, error: Refused, filter_of: Filter) -> None:
        """ICA refuses a lookup alone. What has a comma may have been cut, and is looked for by its
        folder next.
        """
        is_closer = filter_of == by_part_of_name
        if "," in one.text and not is_closer:
            return
        self.refusals.count += 1
        if self.refusals.count >= MAX_REFUSALS:
            raise error
        if is_closer:  # it was looked for by its whole name before
            return
        self.impossible.add(one.position)
        self.notes[one.position] = REFUSED.format(words=_words(error))

    def _note_more(self, scope: Scope, one: Sought, filter_of: Filter, rows: Rows) -> None:
        """There are more data for a lookup than were read, if the last one of these is its own:
        not so where a part of a name was asked for, or ICA has cut it at a comma.
        """
        if not rows.data or not Matcher([one]).matches(rows.data[-1]):
            return
        total = self.client.count_data(scope, filter_of([one]))
        self.more[one.position] += max(1, (total or 0) - len({data.id for data in rows.data}))

    def _take(self, lookups: Sequence[Sought], rows: Rows) -> None:
        self._match(lookups, rows)
        one = lookups[0]
        for data in rows.data:
            if len(lookups) == 1 and _tells_nothing(lookups, data):
                its = candidate(data, Likeness.OTHERWISE, self.where.names, known_as=one.text)
                self.found[one.position].append(its)
                self.notes[one.position] = UNTOLD

    def _match(self, lookups: Sequence[Sought], rows: Rows) -> None:
        matcher = Matcher(lookups)
        for data in rows.data:
            for match in matcher.matches(data):
                its = candidate(data, match.likeness, self.where.names)
                self.found[match.sought.position].append(its)

    def _look_for_commas(
        self, scope: Scope, lookups: Sequence[Sought], here: Collection[int]
    ) -> None:
        """ICA may cut a value at its comma: what is not found so in this scope (`here`: the
        positions of what is) is looked for by its folder, or by its longest part without one.
        """
        for one in lookups:
            if "," not in one.text:
                continue
            if one.position in here:
                self.client.limits.note_comma(scope.operation.id)
                continue
            wanted = _without_comma(one)
            if wanted is None:
                continue
            try:
                rows = self._rows(scope, wanted, MAX_PAGES)
            except Refused:  # then it can't be found in this way either
                continue
            self._match([one], rows)
            if not rows.whole:
                self.notes[one.position] = COMPARED_IN_PART.format(rows=len(rows.data))
                self.in_part.add(one.position)

    def _names_closer(self, lookups: Sequence[Sought]) -> None:
        for scope in self.where.scopes[: 2 * len(lookups)]:
            self._begin(scope, self._in_time(lookups), by_part_of_name, self._take_near)

    def _take_near(self, lookups: Sequence[Sought], rows: Rows) -> None:
        self._match(lookups, rows)
        named = [(folded(name_of(data)), data) for data in rows.data]
        for one in lookups:
            if not self.found.get(one.position):
                wanted = folded(one.text)
                like = [data for name, data in named if wanted in name]
                like.sort(key=lambda data: len(name_of(data)))
                self._add_near(one, like[:MAX_NEAR])

    def _paths_closer(self, lookups: Sequence[Sought]) -> None:
        folder, is_folder = parent_of(lookups[0].text), lookups[0].kind == LookupKind.FOLDER
        for scope in self.where.scopes[: 2 * len(lookups)]:
            try:
                rows = self._read(scope, DataFilter(parent_path=folder), 1)
                self._match(lookups, rows)
                if not rows.whole:
                    self._look_for_other_kind(scope, lookups)
            except Refused:
                return
            alike = [data for data in rows.data if data.is_folder == is_folder]
            for one in lookups:
                if self.found.get(one.position):
                    continue
                name = one.text.rstrip("/").rpartition("/")[2]
                self._add_near(one, nearest(name, alike))

    def _look_for_other_kind(self, scope: Scope, lookups: Sequence[Sought]) -> None:
        """A file where a folder was looked for, and the other way round; by few calls, so of very
        many in one folder for the first ones only.
        """
        most = self.client.limits.values(scope.operation.id, self.client.clock())
        for group in islice(packed(map(_of_other_kind, lookups), most), MAX_PAGES):
            self._match(lookups, self._read(scope, by_path(group), 1))

    def _add_near(self, one: Sought, like: Iterable[Data]) -> None:
        near = [candidate(data, Likeness.NEAR, self.where.names) for data in like]
        self.found[one.position] += near


def read(
    client: IcaClient,
    scope: Scope,
    wanted: DataFilter,
    most_pages: int,
    fits: Callable[[], bool] = lambda: True,
) -> Rows:
    """The data that meet a filter, by at most so many pages; after two of them none is read unless
    it `fits`. Where ICA's cursors lead in a circle, or to a refusal, they are read by
    offset; where that is refused, too, they are not whole.
    """
    data: list[Data] = []
    seen: set[str] = set()
    token: str | None = None
    for _ in range(most_pages):
        try:
            page = client.find_data(scope, wanted, page_token=token)
        except Refused:
            if token is None:
                raise
            return _read_by_offset(client, scope, wanted, most_pages) or Rows(data, False)
        data += page.items
        token = page.next_token
        if token is None:
            return Rows(data, True)
        if token in seen:
            return _read_by_offset(client, scope, wanted, most_pages) or Rows(data, False)
        seen.add(token)
        if len(seen) == FREE_PAGES and not fits():
            break
    return Rows(data, False)


def _read_by_offset(
    client: IcaClient, scope: Scope, wanted: DataFilter, most_pages: int
) -> Rows | None:
    data: dict[str, Data] = {}
    rows = 0  # of which some may have come twice, in place of others
    try:
        for _ in range(most_pages):
            page = client.find_data(scope, wanted, page_offset=rows)
            rows += len(page.items)
            data |= {one.id: one for one in page.items}
            if not page.items or (page.total is not None and rows >= page.total):
                whole = page.total is not None and len(data) >= page.total
                return Rows([*data.values()], whole)
    except Refused:
        return None
    return Rows([*data.values()], False)


def _tells_nothing(lookups: Sequence[Sought], data: Data) -> bool:
    """Whether data lack what tells which of the lookups they belong to."""
    return not (name_of(data) if lookups[0].kind == LookupKind.NAME else whole_path(data))


def _of_other_kind(one: Sought) -> Sought:
    """The folder of a file's path, or the file of a folder's."""
    if one.kind == LookupKind.FOLDER:
        return replace(one, kind=LookupKind.PATH, text=one.text.rstrip("/"))
    return replace(one, kind=LookupKind.FOLDER, text=f"{one.text}/")


def _without_comma(one: Sought) -> DataFilter | None:
    """What finds a lookup with a comma by no value that has one; None: nothing does."""
    if one.kind != LookupKind.NAME:
        return DataFilter(parent_path=parent_of(one.text))
    part = max((part.strip() for part in one.text.split(",")), key=len)
    return DataFilter(names=[part], name_match="FUZZY") if part else None


def _words(error: IcaProblem) -> str:
    """ICA's own words."""
    said = error.problem.get("detail") or error.problem.get("title") or error.status
    return str(said)[:300]
