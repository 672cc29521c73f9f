"""Matching: which of ICA's data a lookup means, for sure or perhaps. No call, no store."""

import difflib
import heapq
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from msgspec import Struct

from webapp.ica.models import Data, DataDetails, whole_path
from webapp.idlist import ids
from webapp.store.answers import Sought
from webapp.store.enums import Likeness, LookupKind
from webapp.store.lookups import Candidate, folded

MAX_NEAR = 5  # candidates of a lookup that was not found
MAX_NAME = 255  # characters that are kept of a project's name
_LIKE = 0.6  # of difflib: from here on two names are like each other
_COMPARED = 50  # names that are compared letter by letter


class Match(Struct, frozen=True, gc=False):
    """Data that a lookup may mean."""

    sought: Sought
    likeness: Likeness
    data: Data


class Matcher:
    """Finds the lookups, of some, that data may be meant by."""

    def __init__(self, lookups: Iterable[Sought]) -> None:
        self._names: defaultdict[str, list[Sought]] = defaultdict(list)
        self._paths: defaultdict[str, list[Sought]] = defaultdict(list)
        for one in lookups:
            texts = self._names if one.kind == LookupKind.NAME else self._paths
            texts[folded(one.text.rstrip("/"))].append(one)

    def matches(self, data: Data) -> list[Match]:
        """The lookups with the name or the path of the data, but for capitals and code points."""
        found: list[Match] = []
        if self._names and (name := name_of(data)):
            _add(found, self._names.get(folded(name)), name, data)
        if self._paths and (path := whole_path(data).rstrip("/")):
            _add(found, self._paths.get(folded(path)), path, data)
        return found


def _add(found: list[Match], lookups: list[Sought] | None, text: str, data: Data) -> None:
    for one in lookups or ():
        found.append(Match(one, _likeness(one, text, data.is_folder), data))


def name_of(data: Data) -> str:
    """The name; "" where ICA sent none."""
    return (data.details.name if data.details else None) or ""


def _likeness(sought: Sought, text: str, is_folder: bool) -> Likeness:
    """How the name or the path of data is like that of a lookup with the same folded text. A path
    with a slash at its end is a folder's, one without a file's; to mean the other by it, somebody
    has to say so.
    """
    if sought.kind != LookupKind.NAME and is_folder != (sought.kind == LookupKind.FOLDER):
        return Likeness.NEAR
    same = sought.text.rstrip("/") == text
    return Likeness.SAME if same else Likeness.OTHERWISE


def candidate(
    data: Data, likeness: Likeness, projects: Mapping[str, str], *, known_as: str = ""
) -> Candidate:
    """What is kept of data. projects: names by ids. known_as: the name or path by which ICA found
    data that it tells nothing of.
    """
    details = data.details or DataDetails()
    project_id = details.owning_project_id or ""
    modified = details.time_modified
    path = whole_path(data) or (known_as if known_as.startswith("/") else "")
    name = details.name or (path or known_as).rstrip("/").rpartition("/")[2]
    return Candidate(
        likeness=likeness,
        data_id=ids.folded(data.id),
        name=name,
        path=path,
        project_id=project_id,
        project_name=(details.owning_project_name or projects.get(project_id, ""))[:MAX_NAME],
        status=(details.status or "")[:40],
        size=details.size,
        modified_at=modified.timestamp() if modified else None,
    )


def forms(text: str) -> list[str]:
    """The ways to write a text by other code points, itself first."""
    if text.isascii():
        return [text]
    normal = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    return [*dict.fromkeys((text, *normal))]


def nearest(name: str, data: Iterable[Data]) -> list[Data]:
    """The data whose names are most like this one."""
    wanted = folded(name)
    named = {folded(name_of(one)): one for one in data if name_of(one)}
    named.pop(wanted, None)
    close = heapq.nlargest(_COMPARED, named, key=lambda other: _in_common(wanted, other))
    return [named[one] for one in difflib.get_close_matches(wanted, close, MAX_NEAR, _LIKE)]


def _in_common(one: str, other: str) -> int:
    """How many characters two texts begin with and end with alike."""
    return _alike(one, other) + _alike(reversed(one), reversed(other))


def _alike(one: Iterable[str], other: Iterable[str]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def ordered(found: Sequence[Candidate]) -> list[Candidate]:
    """Each of these data once, the likest first."""
    if len(found) < 2:
        return [*found]
    likest: dict[str, Candidate] = {}
    for one in found:
        known = likest.get(one.data_id)
        if known is None or one.likeness < known.likeness:
            likest[one.data_id] = one
    return sorted(likest.values(), key=_order)


def _order(one: Candidate) -> tuple[int, str, str, str]:
    return int(one.likeness), one.path, one.project_name, one.data_id


def parent_of(path: str) -> str:
    """The folder, from / to /, that a file or folder is in."""
    return path.rstrip("/").rpartition("/")[0] + "/"
