"""The precheck: items of a list are flagged while they are read, for its review."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from msgspec.structs import replace

from webapp.idlist import Entry
from webapp.store import lookups
from webapp.store.documents import Example
from webapp.store.enums import Flag
from webapp.store.items import Listed
from webapp.store.lookups import Candidate
from webapp.store.retry import other_submissions
from webapp.store.submissions import Submission
from webapp.work.context import Context

MAX_EXAMPLES = 3  # items of each flag that the review shows
MAX_NAMES = 20  # earlier submissions, or other projects, that the review names


def flags_of(
    context: Context,
    submission: Submission,
    candidates: Collection[Candidate],
    linked: Collection[str] = (),
) -> dict[str, int]:
    """The flags of the items that these data would become, by data id: by their status in ICA, and
    whether an earlier submission linked them into the same project, or they are `linked` there.
    """
    flags = {one.data_id: lookups.flags_of(one) for one in candidates}
    has_earlier = context.read(other_submissions.has_earlier, submission)
    if flags and has_earlier:
        doings = context.read(other_submissions.last_outcomes, submission, [*flags])
        for data_id, doing in doings.items():
            flags[data_id] |= int(Flag.LINKED) if doing.linked else 0
    for data_id in linked:
        flags[data_id] = flags.get(data_id, 0) | int(Flag.LINKED)
    return flags


class Precheck:
    """Flags the items of one list, and counts the flags."""

    def __init__(self, context: Context, submission: Submission) -> None:
        self._context = context
        self._submission = submission
        self._counts: Counter[Flag] = Counter()
        self._examples: dict[str, list[Example]] = {}
        self._linked_by: Counter[int] = Counter()
        self._other_projects: Counter[str] = Counter()
        self._has_earlier = context.read(other_submissions.has_earlier, submission)

    def of_entry(self, entry: Entry) -> int:
        """The flags of a good entry that follow from the list alone."""
        if not (entry.unusual or entry.mended or entry.project_id):
            return 0  # nearly all of them
        elsewhere = entry.project_id not in {"", self._submission.project_id}
        if elsewhere:
            self._other_projects[entry.project_id] += 1
        flags = {Flag.UNUSUAL: entry.unusual, Flag.MENDED: entry.mended, Flag.ELSEWHERE: elsewhere}
        found = [flag for flag, holds in flags.items() if holds]
        for flag in found:
            self._count(flag, [Example(entry.line, entry.column, entry.data_id)])
        return sum(found)

    def with_former_links(self, good: list[Listed]) -> list[Listed]:
        """A chunk; ids that an earlier submission linked into the same project are flagged."""
        if not self._has_earlier:
            return good
        data_ids = [listed.data_id for listed in good]
        doings = self._context.read(other_submissions.last_outcomes, self._submission, data_ids)
        found = {data_id: doing for data_id, doing in doings.items() if doing.linked}
        self._linked_by.update(doing.submission_id for doing in found.values())
        linked = [listed for listed in good if listed.data_id in found]
        self._count(Flag.LINKED, [Example(one.line, one.column, one.data_id) for one in linked])
        bit = int(Flag.LINKED)
        return [
            replace(listed, flags=listed.flags | bit) if listed.data_id in found else listed
            for listed in good
        ]

    def review(self) -> dict[str, Any]:
        """Fields of the review: how many items carry each flag, and which."""
        return {
            **{flag.word: count for flag, count in self._counts.items()},
            "examples": self._examples,
            "linked_by": dict(self._linked_by.most_common(MAX_NAMES)),
            "other_projects": dict(self._other_projects.most_common(MAX_NAMES)),
        }

    def _count(self, flag: Flag, flagged: Sequence[Example]) -> None:
        if flagged:
            self._counts[flag] += len(flagged)
            known = self._examples.setdefault(flag.word, [])
            known += flagged[: MAX_EXAMPLES - len(known)]
