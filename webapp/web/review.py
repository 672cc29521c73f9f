"""The review: everything to know of a draft before any of it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from webapp.store import Connection, batches, chores, entries, submissions, uploads
from webapp.store.chores import STOPPED, Chore
from webapp.store.pages import Cursor
from webapp.store.submissions import Submission
from webapp.store.uploads import Upload
from webapp.store.words import BEGUN, ChoreKind, Flag
from webapp.web import items, progress
from webapp.web.desk import desk
from webapp.web.filters import duration, plural

FIRST_FEW = 5  # rejected and repeated entries that the page shows
NOT_ITEMS = ("rejected", "repeated")
POINTS = {  # flag -> title, with {ids} "412 ids" or "1 id", and what it means
    Flag.LINKED: (
        "{ids} already linked into {project}",
        "Earlier submissions here did it. Sending them again does no harm: ICA answers "
        "ALREADY_LINKED.",
    ),
    Flag.REFUSED: (
        "{ids} that ICA would refuse",
        "ICA does not offer them for linking into {project}: it can't find them, or their owner "
        "does not share them. Sent all the same, they would fail.",
    ),
    Flag.ELSEWHERE: (
        "{ids} whose line names another project",
        "They would be linked into {project}, which you chose, and not into the one in the list.",
    ),
    Flag.UNUSUAL: (
        "{ids} of an unusual shape",
        "ICA's data ids are fil. or fol. and 32 characters of 0-9 and a-f. These are sent as they "
        "stand, unless you leave them out.",
    ),
    Flag.MENDED: (
        "{ids} mended",
        "Their capital letters were made small, as ICA writes them.",
    ),
}
OFFERED = frozenset(POINTS) - {Flag.MENDED}  # can be left out


@dataclass(frozen=True, slots=True)
class Point:
    """Something to know of some of the ids, and what can be done about it."""

    word: str
    title: str
    text: str
    count: int
    left_out: int
    offered: bool
    examples: list[tuple[int, int, str]]  # line, column, data id


def shown(submission: Submission) -> dict[str, Any]:
    """What the draft's page shows."""
    with desk().store.read() as connection:
        few = {
            kind: entries.page(connection, submission.id, kind, Cursor(), FIRST_FEW).rows
            for kind in NOT_ITEMS
        }
        upload = uploads.get(connection, submission.id)
        holders = _holders(connection, submission)
        check = chores.latest(connection, submission.id, ChoreKind.CHECK)
        change = chores.latest(connection, submission.id, ChoreKind.LEAVE_OUT, ChoreKind.TAKE_BACK)
        speeds = batches.speeds(connection, submission.ica_url, "link")
    return {
        **progress.shown(submission),
        **items.table(submission),
        "review": submission.review,
        "to_send": submission.item_count - submission.left_out,
        "few": few,
        "plan": _plan(submission, speeds),
        "files_and_folders": _files_and_folders(submission.review),
        "points": points(submission),
        "holders": holders,
        "check": check if check and check.ended_at else None,
        "checking": check is not None and check.ended_at is None,
        "stopped": check is not None and _was_stopped(check),
        "check_trouble": _check_trouble(check),
        "not_changed": change.problem if change and change.ended_at else None,
        "read_as": "; ".join(map(_read_as, _parts(submission))),
        "warnings": [text for part in _parts(submission) for text in part.get("warnings", [])],
        "other_columns": _other_columns(submission, upload),
    }


def points(submission: Submission) -> list[Point]:
    """What there is to know, the weightiest first."""
    return [
        _point(submission, flag, title, text)
        for flag, (title, text) in POINTS.items()
        if submission.review.get(flag.word)
    ]


def _point(submission: Submission, flag: Flag, title: str, text: str) -> Point:
    review, word = submission.review, flag.word
    names = {"ids": plural(review[word], "id"), "project": submission.project_name}
    return Point(
        word=word,
        title=title.format(**names),
        text=text.format(**names),
        count=review[word],
        left_out=review.get("left_out", {}).get(word, 0),
        offered=flag in OFFERED,
        examples=review.get("examples", {}).get(word, []),
    )


def _holders(connection: Connection, submission: Submission) -> list[tuple[Submission, int]]:
    """The earlier submissions that linked some of the ids, and how many of them."""
    counts = {int(key): count for key, count in submission.review.get("linked_by", {}).items()}
    known = submissions.many(connection, counts)
    found = [(known[key], count) for key, count in counts.items() if key in known]
    return [
        (holder, count) for holder, count in found if holder.state in BEGUN
    ]  # not deleted since


def _plan(submission: Submission, speeds: list[float]) -> str:
    """How many batches, and about how long they take by the speed of past ones."""
    to_send = submission.item_count - submission.left_out
    size = submission.batch_size
    count = ceil(to_send / size)
    told = f"{plural(count, 'batch', 'batches')} of at most {plural(size, 'id')}"
    if count == 0 or not speeds:
        return told
    slow, quick = speeds[len(speeds) // 4], speeds[-1 - len(speeds) // 4]
    # At best ICA works on all batches at once; at worst on one after the other.
    least, most = duration(min(to_send, size) / quick), duration(to_send / slow)
    likely = least if least == most else f"{least} to {most}"
    return f"{told}; likely {likely}, by the last {plural(len(speeds), 'batch', 'batches')}"


def _files_and_folders(review: Mapping[str, Any]) -> str:
    told = f"{plural(review['files'], 'file')}, {plural(review['folders'], 'folder')}"
    unusual = review.get(Flag.UNUSUAL.word)
    return told + f", {unusual:,} of an unusual shape" if unusual else told


def _check_trouble(check: Chore | None) -> str:
    """Why the check came to nothing, in ICA's own words."""
    if check is None or not (check.ended_at and check.problem) or _was_stopped(check):
        return ""
    problem = check.problem["problem"]
    return str(problem.get("detail") or problem.get("title") or check.problem["message"])


def _was_stopped(check: Chore) -> bool:
    return bool(check.problem and check.problem["kind"] == STOPPED)


def _parts(submission: Submission) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = submission.review.get("parts", [])
    return found


def _read_as(part: Mapping[str, Any]) -> str:
    words = [part["format"], part["encoding"], "gzip" * part["gzip"], plural(part["lines"], "line")]
    return ", ".join(word for word in words if word)


def _other_columns(submission: Submission, upload: Upload | None) -> list[dict[str, Any]]:
    """The columns that hold ids too, and could be read instead."""
    if upload is None:
        return []
    return [
        {
            "part": number,
            "number": column["number"],
            "title": f"“{column['header']}”" if column["header"] else "",
            "text": f"{column['ids']:,} of the first {plural(column['sampled'], 'row')} "
            "hold data ids",
        }
        for number, part in enumerate(_parts(submission))
        for column in part["columns"]
        if column["ids"] and not column["chosen"]
    ]
