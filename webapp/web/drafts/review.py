"""The review: everything to know of a draft before any of it is sent."""

from collections.abc import Sequence
from math import ceil
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from webapp.store import Connection, batches, chores, entries, submissions
from webapp.store.chores import Chore
from webapp.store.documents import Part, Review
from webapp.store.enums import AttemptKind, ChoreKind, EntryKind, ErrorCode, Flag
from webapp.store.paging import Cursor
from webapp.store.submissions import Submission
from webapp.web.core.context import context
from webapp.web.core.formatting import duration, plural
from webapp.web.items import table
from webapp.web.submissions import progress
from webapp.work.eligibility import USUAL_CALL_IDS

FIRST_FEW = 5  # rejected and repeated entries that the page shows
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


def page(submission: Submission, problem: str = "") -> ResponseReturnValue:
    """The draft's page; with a problem, the answer to a submit that can't be done (422)."""
    rendered = render_template("drafts/review.html", problem=problem, **shown(submission))
    return rendered, 422 if problem else 200


def shown(submission: Submission) -> dict[str, Any]:
    """What the draft's page shows."""
    with context().store.read() as connection:
        few = {
            kind: entries.page(connection, submission.id, kind, Cursor(), FIRST_FEW).rows
            for kind in EntryKind
        }
        holders = _holders(connection, submission)
        check = chores.latest(connection, submission.id, ChoreKind.CHECK)
        change = chores.latest(connection, submission.id, ChoreKind.LEAVE_OUT, ChoreKind.TAKE_BACK)
        speeds = batches.speeds(connection, submission.ica_url, AttemptKind.LINK)
    page = progress.shown(submission)
    parts = submission.review.parts
    stopped = bool(check and check.problem and check.problem.code == ErrorCode.STOPPED)
    return {
        **page,
        **table.table(submission),
        "review": submission.review,
        "to_send": submission.item_count - submission.left_out,
        "few": few,
        "plan": _plan(submission, speeds),
        "files_and_folders": _files_and_folders(submission.review),
        "points": _points(submission),
        "holders": holders,
        "check": check if check and check.ended_at else None,
        "checking": check and not check.ended_at,
        "ids_a_call": USUAL_CALL_IDS,
        "stopped": stopped,
        "check_trouble": _check_trouble(check) if check and not stopped else "",
        "not_changed": change.problem if change and change.ended_at else None,
        "read_as": "; ".join(map(_read_as, parts)),
        "warnings": [text for part in parts for text in part.warnings],
        "other_columns": _other_columns(parts) if page["upload"] else [],
    }


def _points(submission: Submission) -> list[dict[str, Any]]:
    """What there is to know of some of the ids, and what can be done about it: weightiest first."""
    review, found = submission.review, []
    for flag, (title, text) in POINTS.items():
        if count := review.flagged(flag):
            names = {"ids": plural(count, "id"), "project": submission.project_name}
            found.append(
                {
                    "word": flag.word,
                    "title": title.format(**names),
                    "text": text.format(**names),
                    "count": count,
                    "left_out": review.left_out.get(flag.word, 0),
                    "offered": flag in OFFERED,
                    "examples": review.examples.get(flag.word, []),
                }
            )
    return found


def _holders(connection: Connection, submission: Submission) -> list[tuple[Submission, int]]:
    """The earlier submissions that linked some of the ids, and how many of them."""
    counts = submission.review.linked_by
    known = submissions.many(connection, counts)
    return [
        (known[key], count)
        for key, count in counts.items()
        if key in known and known[key].begun  # not deleted since
    ]


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


def _files_and_folders(review: Review) -> str:
    told = f"{plural(review.files, 'file')}, {plural(review.folders, 'folder')}"
    return told + f", {review.unusual:,} of an unusual shape" if review.unusual else told


def _check_trouble(check: Chore) -> str:
    """Why the check came to nothing, in ICA's own words."""
    if not (check.ended_at and check.problem):
        return ""
    problem = check.problem.problem
    return str(problem.get("detail") or problem.get("title") or check.problem.message)


def _read_as(part: Part) -> str:
    words = [part.format, part.encoding, "gzip" * part.gzip, plural(part.lines, "line")]
    return ", ".join(word for word in words if word)


def _other_columns(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """The columns that hold ids too, and could be read instead."""
    return [
        {
            "part": number,
            "number": column.number,
            "title": f"“{column.header}”" if column.header else "",
            "text": f"{column.ids:,} of the first {plural(column.sampled, 'row')} hold data ids",
        }
        for number, part in enumerate(parts)
        for column in part.columns
        if column.ids and not column.chosen
    ]
