"""The documents in columns of JSON: each kind is a Struct, under the names of its fields.

A field that older rows lack has a default; what a row has besides is not read.
"""

from typing import Any, NamedTuple

from msgspec import Struct

from webapp.store.enums import ErrorCode, Flag, Match

Counts = dict[str, int]
"""How many items there are of each status."""


class NamedProject(Struct, frozen=True):
    """A project of ICA, and its name when it was chosen."""

    id: str
    name: str


class FolderQuery(Struct, frozen=True, omit_defaults=True):
    """What a list from a folder of ICA was made of: a folder, and what of it was wanted.

    folder_id: "" for the project's root. below: with all that its folders hold, however deep.
    name: a part of a name or, with * or ?, a pattern. after, before: when it was created, a day
    (2026-01-30). run: an instrument's run id. less: the submission whose ids are left out.
    """

    project: NamedProject
    folder_id: str = ""
    folder_path: str = "/"
    below: bool = True
    name: str = ""
    format: str = ""
    type: str = ""
    after: str = ""
    before: str = ""
    tag: str = ""
    run: str = ""
    less: int | None = None


class Example(NamedTuple):
    """An id of the list, and its place there."""

    line: int | None
    column: int | None
    data_id: str


class Column(Struct, frozen=True):
    """A column of a table with ids, paths or names in `ids` of the sampled rows; see idlist."""

    number: int
    header: str
    ids: int
    sampled: int
    chosen: bool
    why: str = ""
    kind: str = "ids"  # what it holds, as idlist says it


class LabelColumn(Struct, frozen=True):
    """A column of a table, or a key of JSON rows, that may be read for labels; see idlist."""

    number: int
    header: str
    example: str


class Part(Struct, frozen=True):
    """How a part of the list, a file or pasted text, was read. label: the number of the column of
    its labels, 0 for none.
    """

    format: str
    encoding: str
    gzip: bool
    lines: int
    warnings: list[str]
    columns: list[Column]
    label: int = 0
    label_columns: list[LabelColumn] = []

    @property
    def label_column(self) -> LabelColumn | None:
        """The column of its labels."""
        return next((one for one in self.label_columns if one.number == self.label), None)


class Review(Struct, frozen=True, omit_defaults=True):
    """What is known of a list before it is sent; of one that was not read, the chosen columns.

    lookups: of the good ones, how many stand for data by a name or a path, and by kind in
    lookup_kinds; to_nothing: how many of these led to no data when the list was submitted.
    unsure: how many others may be names; assumes_names: the user said that they are.
    columns: those that are read, by part, as the user chose them; labels: those of labels, 0 for
    none. labelled: how many have a label; relabelled: how many repeated ones have another one than
    the first. empty_cells: the words that were taken as empty, and how often. examples and
    left_out: by the names of flags. linked_by: how many ids each submission has linked before.
    other_projects: how many ids name each. checked_at: when ICA was last asked about all ids.
    """

    good: int = 0
    lookups: int = 0
    lookup_kinds: dict[str, int] = {}
    to_nothing: int = 0
    unsure: int = 0
    assumes_names: bool = False
    repeated: int = 0
    rejected: int = 0
    comments: int = 0
    blank: int = 0
    files: int = 0
    folders: int = 0
    # under the names of the flags, how many items carry each
    unusual: int = 0
    mended: int = 0
    linked: int = 0
    elsewhere: int = 0
    refused: int = 0
    archived: int = 0
    archiving: int = 0
    unarchiving: int = 0
    partial: int = 0
    deleting: int = 0
    examples: dict[str, list[Example]] = {}
    left_out: dict[str, int] = {}
    linked_by: dict[int, int] = {}
    other_projects: dict[str, int] = {}
    columns: dict[int, int] = {}
    labels: dict[int, int] = {}
    labelled: int = 0
    relabelled: int = 0
    empty_cells: dict[str, int] = {}
    parts: list[Part] = []
    checked_at: float | None = None

    @property
    def label_header(self) -> str:
        """The header of the labels; "" where nobody has one."""
        if not self.labelled:
            return ""
        headers = {part.label_column.header for part in self.parts if part.label_column}
        return "".join(headers) if len(headers) == 1 and any(headers) else "Label"

    def flagged(self, flag: Flag) -> int:
        """How many ids carry the flag."""
        count: int = getattr(self, flag.word)
        return count


class Reject(Struct, frozen=True):
    """An entry that is no data id, and why not."""

    line: int
    text: str
    note: str


class FindReview(Struct, frozen=True):
    """What is known of the list of a question. ids: with those that names and paths led to, and
    with a row for each that led to none; names: how many these were, of which `known` led to data,
    to `led` different ones; an id of an unusual shape, which may be a label, is one of the names.
    rejects: the first few. cut: of what a part of a name led to, there is more than was kept.
    """

    ids: int
    repeated: int
    rejected: int
    rejects: list[Reject]
    names: int = 0
    given: int = 0  # ids that stand in the list as such, where it has names and paths
    known: int = 0
    led: int = 0
    match: Match = Match.EXACT
    cut: bool = False

    @property
    def asked(self) -> int:
        """How many ids, names and paths were asked for."""
        return self.names + self.given if self.names else self.ids


class Receipt(Struct, frozen=True):
    """What became of the confirmed items: how many were taken, how many skipped, and why.

    skipped: see selection.SelectionCounts, and "changed" since they were confirmed.
    by_status: of those taken.
    """

    made: int = 0
    skipped: dict[str, int] = {}
    by_status: dict[str, int] = {}


class TakeProgress(Receipt, frozen=True, omit_defaults=True):
    """The receipt of the items up to the position `after`."""

    after: int = 0


class KeptError(Struct, frozen=True):
    """An error, to be worded where it is shown; `problem` is ICA's own, word for word."""

    code: ErrorCode
    at: float
    message: str = ""
    problem: dict[str, Any] = {}

    @property
    def full(self) -> str:
        """ICA's own words; "" when there are none."""
        return full_text(self.problem)

    @property
    def short(self) -> str:
        """The most telling of ICA's own words; "" when there are none."""
        return str(self.problem.get("detail") or self.problem.get("title") or "")


def full_text(problem: dict[str, Any]) -> str:
    """A Problem of ICA in one text, word for word, with the id to quote to its support."""
    parts = [str(problem.get(name) or "") for name in ("title", "detail")]
    text = ": ".join(part for part in parts if part)
    return f"{text} (id {problem['id']})" if problem.get("id") else text
