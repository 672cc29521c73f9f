"""What to look for among the data of ICA: where, and by which filters."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple
from urllib.parse import quote_plus

import msgspec

from webapp.ica import operations
from webapp.ica.operations import Operation

Match = Literal["EXACT", "FUZZY"]
"""FUZZY is defined nowhere; public clients use it as "contains"."""

PathMatch = Literal["FULL_CASE_INSENSITIVE", "STARTS_WITH_CASE_INSENSITIVE"]
"""ICA makes no difference of capitals in a path. The second one is a prefix of text: `/run1` begins
`/run10/x.bam` too, so a folder is to end in a slash.
"""

Params = dict[str, str | int | Sequence[str] | None]


class Scope(NamedTuple):
    """Where data are looked for: a project, with what is linked into it; of it, what a folder
    directly holds (`folder`: its id); or, `eligible`, all that may be linked into the project.
    """

    project: str
    folder: str = ""
    eligible: bool = False

    @property
    def operation(self) -> Operation:
        """The operation that lists its data."""
        if self.eligible:
            return operations.GET_ELIGIBLE
        return operations.GET_CHILDREN if self.folder else operations.GET_DATA_LIST

    @property
    def ids(self) -> dict[str, str]:
        """What stands in the operation's path."""
        folder = {"data": self.folder} if self.folder and not self.eligible else {}
        return {"project": self.project} | folder


class DataFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What of a scope is wanted: what meets each field that is set; of several values of one, any.

    names, paths, tags: as their match says. Of a folder's children no paths and parents can be
    asked. parent_path: a folder, by its path from / to /, for what it directly holds; parent_ids:
    folders, by their ids. type: FILE or FOLDER. formats: codes such as FASTQ. created_after,
    created_before: moments (2026-01-30T08:30:00Z). runs: instruments' run ids.
    """

    ids: Sequence[str] = ()
    names: Sequence[str] = ()
    name_match: Match = "EXACT"
    paths: Sequence[str] = ()
    path_match: PathMatch = "FULL_CASE_INSENSITIVE"
    parent_path: str = ""
    parent_ids: Sequence[str] = ()
    type: Literal["", "FILE", "FOLDER"] = ""
    statuses: Sequence[str] = ()
    formats: Sequence[str] = ()
    created_after: str = ""
    created_before: str = ""
    tags: Sequence[str] = ()
    tag_match: Match = "EXACT"
    runs: Sequence[str] = ()

    @property
    def params(self) -> Params:
        """The parameters of the query. A match is always sent: of names ICA states no default."""
        return {
            "id": self.ids or None,
            "filename": self.names or None,
            "filenameMatchMode": self.name_match if self.names else None,
            "filePath": self.paths or None,
            "filePathMatchMode": self.path_match if self.paths else None,
            "parentFolderPath": self.parent_path or None,
            "parentFolderId": self.parent_ids or None,
            "type": self.type or None,
            "status": self.statuses or None,
            "formatCode": self.formats or None,
            "creationDateAfter": self.created_after or None,
            "creationDateBefore": self.created_before or None,
            "userTag": self.tags or None,
            "userTagMatchMode": self.tag_match if self.tags else None,
            "instrumentRunId": self.runs or None,
        }

    @property
    def is_short(self) -> bool:
        """Whether it has so few names and paths that they are not why ICA refuses a page of it."""
        return len(self.names) + len(self.paths) + len(self.parent_ids) <= 1


_ESCAPED = re.compile(r"[^\w.~ -]", re.ASCII)


def length(parameter: str, value: str) -> int:
    """How many characters a value takes in an address."""
    if value.isascii():
        return len(parameter) + 2 + len(value) + 2 * len(_ESCAPED.findall(value))
    return len(parameter) + 2 + len(quote_plus(value, errors="replace"))
