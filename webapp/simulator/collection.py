"""Some data with the indexes by which they are found, without looking at each of them."""

import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from operator import attrgetter

from webapp.simulator.datum import Datum

_LAST_CHARACTER = "\U0010ffff"


def folded(name: str) -> str:
    """A name without what two of them may differ in and still be one to some: capitals, and code
    points of the same characters.
    """
    return unicodedata.normalize("NFC", name).casefold()


class Collection:
    """Data in the order of their ids. Each index is made when it is needed for the first time."""

    def __init__(self, data: Iterable[Datum]) -> None:
        self.data: Sequence[Datum] = sorted(data, key=attrgetter("id"))

    def with_id(self, data_id: str) -> Datum | None:
        place = bisect_left(self.data, data_id, key=attrgetter("id"))
        found = self.data[place : place + 1]
        return found[0] if found and found[0].id == data_id else None

    def named(self, name: str) -> list[Datum]:
        """Those with this name, in any capitals and code points."""
        return self._by_name.get(folded(name), [])

    def inside(self, folder: str) -> list[Datum]:
        """Those that lie directly in the folder of this path, which ends in `/`."""
        return self._by_folder.get(folder, [])

    def under(self, start: str) -> list[Datum]:
        """Those whose path begins with this text, in any capitals."""
        paths, data = self._by_path
        first = bisect_left(paths, start.casefold())
        return data[first : bisect_left(paths, start.casefold() + _LAST_CHARACTER)]

    def at(self, path: str) -> list[Datum]:
        """Those of this path, in any capitals."""
        paths, data = self._by_path
        first = bisect_left(paths, path.casefold())
        return data[first : bisect_left(paths, path.casefold() + "\0")]

    @cached_property
    def _by_name(self) -> dict[str, list[Datum]]:
        return _grouped(self.data, lambda datum: folded(datum.name))

    @cached_property
    def _by_folder(self) -> dict[str, list[Datum]]:
        return _grouped(self.data, attrgetter("parent"))

    @cached_property
    def _by_path(self) -> tuple[list[str], list[Datum]]:
        """The folded paths in order, and the data that they belong to."""
        pairs = sorted((datum.path.casefold(), place) for place, datum in enumerate(self.data))
        return [path for path, _ in pairs], [self.data[place] for _, place in pairs]


def _grouped(data: Iterable[Datum], key: Callable[[Datum], str]) -> dict[str, list[Datum]]:
    groups: defaultdict[str, list[Datum]] = defaultdict(list)
    for datum in data:
        groups[key(datum)].append(datum)
    return dict(groups)
