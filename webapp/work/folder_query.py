"""What a list from a folder is made of: as ICA is asked for it, and as its answers are compared.

ICA says not how it matches a part of a name, and makes no difference of capitals in a path. So each
row of its answers is compared once more.
"""

import fnmatch
from collections.abc import Callable
from datetime import date
from typing import Literal, cast

from webapp.ica.data_filter import DataFilter, Scope
from webapp.ica.models import Data, whole_path
from webapp.store.documents import FolderQuery
from webapp.store.lookups import folded

ROOT = "/"


def scope(query: FolderQuery) -> Scope:
    """Where ICA is asked: what lies in a folder itself is known by the folder's id."""
    return Scope(query.project.id, "" if query.below else query.folder_id)


def data_filter(query: FolderQuery) -> DataFilter:
    """What ICA is asked for. A pattern is not: it is applied to what is answered."""
    in_root = not (query.below or query.folder_id)
    below = query.below and query.folder_path != ROOT
    return DataFilter(
        names=(query.name,) if query.name and not is_pattern(query.name) else (),
        name_match="FUZZY",
        paths=(query.folder_path,) if below else (),
        path_match="STARTS_WITH_CASE_INSENSITIVE",
        parent_path=ROOT if in_root else "",
        type=cast(Literal["", "FILE", "FOLDER"], query.type),
        formats=(query.format,) if query.format else (),
        created_after=_midnight(query.after),
        created_before=_midnight(query.before),
        tags=(query.tag,) if query.tag else (),
        tag_match="EXACT",
        runs=(query.run,) if query.run else (),
    )


def is_pattern(name: str) -> bool:
    """Whether a name has * or ? in it, which stand for any characters and for one."""
    return "*" in name or "?" in name


def matcher(query: FolderQuery) -> Callable[[Data], bool]:
    """Whether a row of ICA's is in the folder, and its name is as wanted, whatever its capitals."""
    wanted = folded(query.name)
    pattern = wanted.replace("[", "[[]")  # of fnmatch's own signs, this is none of ours
    is_glob = is_pattern(wanted)

    def has_name(data: Data) -> bool:
        name = folded((data.details and data.details.name) or "")
        return fnmatch.fnmatchcase(name, pattern) if is_glob else wanted in name

    def is_inside(data: Data) -> bool:
        path = whole_path(data)
        inside = not path or not query.below or path.startswith(query.folder_path)
        return inside and data.id != query.folder_id

    return lambda data: is_inside(data) and has_name(data)


def _midnight(day: str) -> str:
    """A day's first moment, as ICA has it: days are those of UTC."""
    return f"{date.fromisoformat(day)}T00:00:00Z" if day else ""
