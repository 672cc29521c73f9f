"""Plan of paths: the order and the groups in which the paths of a list are asked for, by few calls.

Paths are asked for by themselves, some 26 a call; or by their folders, of which as many fit into a
call, each with all that is below it; or by a walk through a folder that many of them are in.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from webapp.ica.client import MAX_PAGE_ROWS
from webapp.ica.data_filter import length
from webapp.store.enums import LookupKind
from webapp.work.matching import forms, parent_of

MAX_PATHS = 5_000  # of a group
WALK_CALLS = 8  # that paths are to take otherwise before it is asked how many data are around them
WALK_SHARE = 0.75  # of these that a walk may take: what it finds is told at its end only
_PARAMETER_CHARS = length("filePath", "")
Row = tuple[str, str, str, int]  # project, kind, text, position


class Group(NamedTuple):
    """Paths that follow each other in the plan: from the first place to before the end.

    by_path: the calls that they take one by one; by_folder: whether all take one by their folders.
    """

    project: str
    kind: LookupKind
    first: int
    end: int
    low: str
    high: str
    by_path: int
    by_folder: bool

    @property
    def calls(self) -> int:
        return 1 if self.by_folder else self.by_path


class Stretch(NamedTuple):
    """Some groups that follow each other, all paths of which are below a folder."""

    folder: str
    groups: Sequence[Group]

    @property
    def calls(self) -> int:
        return sum(group.calls for group in self.groups)

    @property
    def may_pay(self) -> bool:
        """Whether a walk may take fewer calls, if hardly anything else is in the folder."""
        pages = -(-sum(group.end - group.first for group in self.groups) // MAX_PAGE_ROWS)
        return self.calls >= WALK_CALLS and 2 * pages < WALK_SHARE * self.calls


@dataclass
class PathPlan:
    """The positions of a list's paths by folder, in groups; `next` is the one to ask for next.
    is_surveyed: whether a walk would take fewer calls was asked. left: the positions of groups that
    were asked for by their folders in vain, and are to be asked for by their paths first.
    """

    positions: "array[int]" = field(default_factory=lambda: array("q"))
    groups: list[Group] = field(default_factory=list)
    next: int = 0
    is_surveyed: bool = False
    left: list[list[int]] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Row], most: tuple[int, int]) -> "PathPlan":
        """The plan of paths that come sorted, for calls of so many values and characters."""
        plan = cls()
        building: _Building | None = None
        for project, kind, text, position in rows:
            place = len(plan.positions)
            plan.positions.append(position)
            folder = parent_of(text)
            if building is None or not building.takes(project, kind, folder, most):
                if building:
                    plan.groups.append(building.group(most))
                building = _Building(project, kind, place, text)
            building.add(text, folder)
        if building:
            plan.groups.append(building.group(most))
        deeper = {above for group in plan.groups for above in _above(group.low)}
        plan.groups = [
            group._replace(by_folder=group.by_folder and parent_of(group.low) not in deeper)
            for group in plan.groups
        ]
        return plan

    @property
    def is_done(self) -> bool:
        """Whether all was asked for."""
        return not self.left and self.next >= len(self.groups)

    def positions_of(self, group: Group) -> list[int]:
        return list(self.positions[group.first : group.end])

    def stretches(self) -> Iterator[Stretch]:
        """Where a walk may take fewer calls: the longest stretches first, then what is within
        these.
        """
        queue = [*self._by_project()]
        while queue:
            groups = queue.pop(0)
            stretch = Stretch(_common_folder(groups), groups)
            if stretch.may_pay:
                yield stretch
                queue += _parts(stretch)

    def _by_project(self) -> Iterator[list[Group]]:
        found: dict[tuple[str, LookupKind], list[Group]] = {}
        for group in self.groups:
            found.setdefault((group.project, group.kind), []).append(group)
        yield from found.values()


@dataclass
class _Building:
    """A group that is not full."""

    project: str
    kind: str
    first: int
    low: str
    high: str = ""
    count: int = 0
    values: int = 0
    chars: int = 0
    folder: str = ""
    folders: int = 0
    folder_chars: int = 0
    has_comma: bool = False

    def takes(self, project: str, kind: str, folder: str, most: tuple[int, int]) -> bool:
        """Whether a path of a folder may stand in it, too: by their folders, all are one call."""
        if project != self.project or kind != self.kind:
            return False
        if folder == self.folder:
            return self.count < MAX_PATHS
        if folder.count("/") != self.folder.count("/"):  # the less deep may hold the other one
            return False
        if self.count * (1 + 1 / max(1, self.folders)) > MAX_PAGE_ROWS:
            return False
        values, chars = _size(folder)
        is_top = "/" in (folder, self.folder)
        fits = self.folders + values <= most[0] and self.folder_chars + chars <= most[1]
        return fits and not is_top

    def add(self, text: str, folder: str) -> None:
        if folder != self.folder:
            self.folder = folder
            values, chars = _size(folder)
            self.folders += values
            self.folder_chars += chars
        self.count += 1
        self.high = text
        if text.isascii():  # an estimate is enough
            self.values += 1
            self.chars += len(text) + 2 * text.count("/") + _PARAMETER_CHARS
        else:
            values, chars = _size(text)
            self.values += values
            self.chars += chars
        self.has_comma = self.has_comma or "," in text

    def group(self, most: tuple[int, int]) -> Group:
        by_path = max(-(-self.values // most[0]), -(-self.chars // most[1]))
        by_folder = by_path > 1 and self.folder != "/" and not self.has_comma
        place = (self.project, LookupKind(self.kind), self.first, self.first + self.count)
        return Group(*place, self.low, self.high, by_path, by_folder)


def _above(path: str) -> Iterator[str]:
    """The folders that the folder of a path is in."""
    folder = parent_of(path)
    while folder != "/":
        folder = parent_of(folder)
        yield folder


def _size(path: str) -> tuple[int, int]:
    """How many values a path is to ask for, and of how many characters."""
    texts = forms(path)
    return len(texts), sum(length("filePath", text) for text in texts)


def _common_folder(groups: Sequence[Group]) -> str:
    low = min(group.low for group in groups)
    high = max(group.high for group in groups)
    alike = 0
    for one, other in zip(low, high, strict=False):
        if one != other:
            break
        alike += 1
    return low[: low.rfind("/", 0, alike) + 1] or "/"


def _parts(stretch: Stretch) -> Iterator[list[Group]]:
    """The groups of each folder that is directly in that of the stretch."""
    depth = len(stretch.folder)
    found: dict[str, list[Group]] = {}
    for group in stretch.groups:
        low, high = (text[depth:].partition("/")[0] for text in (group.low, group.high))
        if low == high:
            found.setdefault(low, []).append(group)
    if len(found) > 1:
        yield from found.values()
