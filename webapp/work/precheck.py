"""Remarks: what is noticed of a list's items while they are read, and told in the review."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from webapp.idlist import Entry
from webapp.store import Store
from webapp.store.documents import Example
from webapp.store.enums import Flag
from webapp.store.items import Listed
from webapp.store.retry import other_submissions
from webapp.store.submissions import Submission

EXAMPLES = 3  # items of each kind that the review shows
MOST = 20  # earlier submissions, or other projects, that the review names


class Precheck:
    """Flags the items of one list, and counts the flags."""

    def __init__(self, store: Store, submission: Submission) -> None:
        self._store = store
        self._submission = submission
        self._counts: Counter[Flag] = Counter()
        self._examples: dict[str, list[Example]] = {}
        self._linked_by: Counter[int] = Counter()
        self._other_projects: Counter[str] = Counter()
        with store.read() as connection:
            self._has_earlier = other_submissions.has_earlier(connection, submission)

    def of_entry(self, entry: Entry) -> int:
        """The flags of a good entry, as far as the list itself tells."""
        if not (entry.unusual or entry.mended or entry.project_id):
            return 0  # nearly all of them
        found = [
            flag
            for flag, holds in (
                (Flag.UNUSUAL, entry.unusual),
                (Flag.MENDED, entry.mended),
                (Flag.ELSEWHERE, self._names_another_project(entry)),
            )
            if holds
        ]
        for flag in found:
            self._count(flag, [Example(entry.line, entry.column, entry.data_id)])
        return sum(found)

    def with_former_links(self, good: list[Listed]) -> list[Listed]:
        """A chunk, those flagged that an earlier submission linked into the same project."""
        if not self._has_earlier:
            return good
        with self._store.read() as connection:
            data_ids = [listed.data_id for listed in good]
            doings = other_submissions.last_doings(connection, self._submission, data_ids)
        found = {data_id: doing for data_id, doing in doings.items() if doing.linked}
        self._linked_by.update(doing.submission_id for doing in found.values())
        if not found:
            return good
        linked = [listed for listed in good if listed.data_id in found]
        self._count(Flag.LINKED, [Example(one.line, one.column, one.data_id) for one in linked])
        bit = int(Flag.LINKED)
        return [
            listed._replace(flags=listed.flags | bit) if listed.data_id in found else listed
            for listed in good
        ]

    def review(self) -> dict[str, Any]:
        """Fields of the review: a count for each flag there is, and what is behind them."""
        return {
            **{flag.word: count for flag, count in self._counts.items()},
            "examples": self._examples,
            "linked_by": dict(self._linked_by.most_common(MOST)),
            "other_projects": dict(self._other_projects.most_common(MOST)),
        }

    def _names_another_project(self, entry: Entry) -> bool:
        if entry.project_id in {"", self._submission.project_id}:
            return False
        self._other_projects[entry.project_id] += 1
        return True

    def _count(self, flag: Flag, places: Sequence[Example]) -> None:
        if places:
            self._counts[flag] += len(places)
            known = self._examples.setdefault(flag.word, [])
            known += places[: EXAMPLES - len(known)]
