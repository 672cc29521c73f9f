"""Finding data: what a call asks for by its query string, and the rows that it finds.

The values of a parameter are alternatives, and parameters narrow each other. Rows come in the order
of their ids, whatever the order of the values, and each once.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any

from webapp.simulator.call import Call
from webapp.simulator.collection import Collection
from webapp.simulator.datum import STATUSES, Datum
from webapp.simulator.paging import filters, sorted_rows
from webapp.simulator.places import Place
from webapp.simulator.problems import Problem

STARTS_WITH, FULL = "STARTS_WITH_CASE_INSENSITIVE", "FULL_CASE_INSENSITIVE"
EXACT, FUZZY, EXCLUDE = "EXACT", "FUZZY", "EXCLUDE"
# What no mode says is undocumented: FUZZY, so that a client that forgets it is caught.
_TEXT_MODES, _PATH_MODES = (FUZZY, EXACT, EXCLUDE), (STARTS_WITH, FULL)

# The parameters of each list that are served.
CHILDREN = {
    *("pageToken", "pageSize", "pageOffset"),
    *("id", "filename", "filenameMatchMode", "type", "status", "formatCode"),
    *("creationDateAfter", "creationDateBefore", "userTag", "userTagMatchMode", "instrumentRunId"),
}
ELIGIBLE = CHILDREN | {
    *("filePath", "filePathMatchMode", "parentFolderPath", "parentFolderId", "sort"),
}
DATA = ELIGIBLE | {"owningProjectId"}

_SORT_KEYS: dict[str, Callable[[Datum], Any]] = {
    "timeCreated": attrgetter("created"),
    "timeModified": attrgetter("created"),
    "name": attrgetter("name"),
    "path": attrgetter("path"),
    "fileSizeInBytes": lambda datum: datum.size or 0,
    "status": attrgetter("status"),
    "format": lambda datum: datum.format_code or "",
    "dataType": attrgetter("is_folder"),
    "willBeArchivedAt": lambda datum: 0,  # nothing will be
    "willBeDeletedAt": lambda datum: 0,
}

Test = Callable[[Datum], bool]


class Query:
    """The filters of one call. Raises Problem 400 for what makes no sense, or is not `served`."""

    def __init__(self, call: Call, served: set[str]) -> None:
        self._call = call
        for name in call.args:
            if name not in served and any(call.args.getlist(name)):
                raise Problem(400, f"The simulator has no parameter {name[:100]!r} here")
        self._cuts = call.hit_by("comma-cuts-values")
        self._composes = call.hit_by("nfc-equals-nfd")
        self._folds = call.hit_by("exact-folds-case")
        self._takes_bad_slashes = call.hit_by("bad-slash-is-empty")
        self._ids = self._values("id")
        self._folders = self._values("parentFolderId")
        self._folder = self._path(self._value("parentFolderPath"), ends_in_slash=True)
        self._names = self._values("filename")
        self._name_mode = self._choice("filenameMatchMode", _TEXT_MODES)
        self._paths = [self._path(path).casefold() for path in self._values("filePath")]
        self._path_mode = self._choice("filePathMatchMode", _PATH_MODES)
        self._tests = [*self._tests_of_names(), *self._other_tests()]

    def rows(self, place: Place, folders: Sequence[str] = ()) -> list[Datum]:
        """The data of a place that it finds, in order. `folders` are ids of some in which alone it
        looks, as by parentFolderId.
        """
        sort = self._call.args.get("sort", "")
        modes = self._cuts, self._composes, self._folds
        key = (place, *folders, *filters(self._call.args), modes)
        rows = place.state.listed(key, lambda: self._found(place, folders))
        return sorted_rows(rows, sort, _SORT_KEYS) if sort else rows

    def _found(self, place: Place, folders: Sequence[str]) -> list[Datum]:
        """Its data, by id."""
        listed: Iterable[Datum]
        if folders := folders or self._folders:
            listed = chain(*map(place.inside, folders))
        elif self._ids:
            listed = map(place.state.datum, self._ids)
        else:
            listed = chain(*map(self._candidates, place.collections()))
        tests = self._tests if folders else [place.lists, *self._tests]
        found = {datum.id: datum for datum in listed if all(test(datum) for test in tests)}
        return sorted(found.values(), key=attrgetter("id"))

    def _candidates(self, collection: Collection) -> Sequence[Datum]:
        """What may be found: the shortest of the lists that an index has for one parameter."""
        lists: list[Sequence[Datum]] = []
        if self._names and self._name_mode == EXACT:
            lists.append(list(chain(*map(collection.named, self._names))))
        if self._paths:
            find = collection.at if self._path_mode == FULL else collection.under
            lists.append(list(chain(*map(find, self._paths))))
        if self._folder:
            lists.append(collection.inside(self._folder))
        return min(lists, key=len, default=collection.data)

    def _tests_of_names(self) -> Iterable[Test]:
        if self._ids:
            ids = {data_id.lower() for data_id in self._ids}
            yield lambda datum: datum.id.lower() in ids
        if self._names:
            has_name = _text_test(self._names, self._name_mode, self._normal)
            yield lambda datum: has_name([datum.name])
        if self._folder:
            yield lambda datum: datum.parent == self._folder
        if self._paths and self._path_mode == FULL:
            whole = set(self._paths)
            yield lambda datum: datum.path.casefold() in whole
        elif self._paths:
            starts = tuple(self._paths)
            yield lambda datum: datum.path.casefold().startswith(starts)

    def _other_tests(self) -> Iterable[Test]:
        if wanted := self._choice("type", ("", "FILE", "FOLDER")):
            yield lambda datum: datum.is_folder == (wanted == "FOLDER")
        if statuses := self._values("status"):
            for status in statuses:
                _demand(status in STATUSES, f"{status[:100]!r} is not a valid status")
            yield lambda datum: datum.status in statuses
        if codes := self._values("formatCode"):
            yield lambda datum: datum.format_code in codes
        if runs := self._values("instrumentRunId"):
            yield lambda datum: datum.run in runs
        if owners := self._values("owningProjectId"):
            yield lambda datum: datum.home.id in owners
        tag_mode = self._choice("userTagMatchMode", _TEXT_MODES)
        if tags := self._values("userTag"):
            has_tag = _text_test(tags, tag_mode, str)
            yield lambda datum: has_tag(datum.tags)
        if (after := self._moment("creationDateAfter")) is not None:
            yield lambda datum: datum.created > after
        if (before := self._moment("creationDateBefore")) is not None:
            yield lambda datum: datum.created < before

    def _normal(self, name: str) -> str:
        """A name as EXACT compares it."""
        composed = unicodedata.normalize("NFC", name) if self._composes else name
        return composed.casefold() if self._folds else composed

    def _values(self, name: str) -> list[str]:
        """All values of a parameter; those that were sent empty count as not sent."""
        values = self._call.args.getlist(name)
        if self._cuts:
            values = [part for value in values for part in value.split(",")]
        return [value for value in values if value]

    def _value(self, name: str) -> str:
        values = [value for value in self._call.args.getlist(name) if value]
        _demand(len(values) < 2, f"{name} can be given once only")
        return values[0] if values else ""

    def _choice(self, name: str, choices: Sequence[str]) -> str:
        """One of the choices; the first one when none is sent."""
        value = self._value(name) or choices[0]
        _demand(value in choices, f"{value[:100]!r} is not a valid {name}")
        return value

    def _path(self, path: str, ends_in_slash: bool = False) -> str:
        """A path that begins, and perhaps ends, with a slash, unless others are to find nothing."""
        if path and not self._takes_bad_slashes:
            _demand(path.startswith("/"), "A path must start with a '/'")
            _demand(path.endswith("/") or not ends_in_slash, "The path must end with a '/'")
        return path

    def _moment(self, name: str) -> float | None:
        """A time in seconds since 1970."""
        if not (text := self._value(name)):
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise Problem(400, f"{text[:100]!r} is not a valid {name}")
        return moment.timestamp()


def _text_test(
    values: Iterable[str], mode: str, normal: Callable[[str], str]
) -> Callable[[Iterable[str]], bool]:
    """Whether one of some texts matches; by EXCLUDE, whether none does."""
    if mode == FUZZY:
        parts = [value.casefold() for value in values]
        return lambda texts: any(part in text.casefold() for text in texts for part in parts)
    equal = {normal(value) for value in values}
    excludes = mode == EXCLUDE
    return lambda texts: any(normal(text) in equal for text in texts) != excludes


def _demand(condition: bool, detail: str) -> None:
    """Raises Problem 400 unless the condition holds."""
    if not condition:
        raise Problem(400, detail)
