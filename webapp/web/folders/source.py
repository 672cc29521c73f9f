"""What a list from a folder was made of, and what reading the folder has found."""

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.store import chores, submissions
from webapp.store.chores import GatherSpec
from webapp.store.documents import FolderQuery, KeptError
from webapp.store.enums import LISTED, ChoreKind, ErrorCode
from webapp.store.submissions import Submission
from webapp.web.core.context import context, viewer
from webapp.web.core.page import Part
from webapp.web.folders import places
from webapp.web.folders.filters import described, noun
from webapp.work.folder_query import is_pattern
from webapp.work.gathering import MAX_ITEMS

CLOSED = (
    "ICA does not let you look in this folder any more, or it is gone, so not all of it was read:"
)
FAILED = "ICA could not be asked for all of it:"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeOf:
    """A folder, and what reading it has found.

    folder_url: of the folder. wanted: the filters. read_at: when its reading ended, None before.
    found: what was read, in sentences. to_know: what may be wrong with it. unread, said: why not
    all was read, and ICA's own words; "" when it was. goes_on: the visitor may have the rest read.
    again: it may be made again. former: the list that it was made again of, if that can be seen.
    """

    query: FolderQuery
    folder_url: str
    wanted: list[tuple[str, str]]
    asked_at: float
    read_at: float | None
    found: list[str]
    to_know: list[str]
    unread: str
    said: str
    goes_on: bool
    again: bool
    former: Submission | None


class FolderSource(Part):
    """What a list was made of; None of one that was not made from a folder. Other readers learn of
    no folder, project or filter, only by whom it was made.
    """

    template = "folders/_source.html"
    made_of: MadeOf | None
    made_by: str


def part(submission: Submission) -> FolderSource:
    """Of a submission."""
    query = submission.folder_query
    if query is None or submission.account_id != viewer().id:
        return FolderSource(None, submission.submitter if query else "")
    return FolderSource(_made_of(submission, query), "")


def _made_of(submission: Submission, query: FolderQuery) -> MadeOf:
    now = context().clock()
    with context().store.read() as connection:
        chore = chores.latest(connection, submission.id, ChoreKind.GATHER)
        former = submissions.visible(connection, query.less, viewer(), now) if query.less else None
    spec = chore.spec_as(GatherSpec) if chore else GatherSpec(query)
    read_at = chore.ended_at if chore else None
    problem = chore.problem if chore and read_at else None
    why_not = unread(submission, spec, problem) if read_at else ""
    return MadeOf(
        query=query,
        folder_url=places.url("folders.page", query.project.id, query.folder_id),
        wanted=described(query),
        asked_at=submission.created_at,
        read_at=read_at,
        found=[*_found(submission, spec)] if read_at else [],
        to_know=[*to_know(spec, whole=not why_not)] if read_at else [],
        unread=why_not,
        said=problem.full if problem else "",
        goes_on=problem is not None and not submission.begun,
        again=submission.state in LISTED,
        former=former,
    )


def _found(submission: Submission, spec: GatherSpec) -> Iterator[str]:
    """What became of all that ICA listed; nothing to say where all of it became items."""
    query = spec.query
    items = submission.review.files + submission.review.folders
    yield f"ICA listed {spec.read:,} {noun(query, spec.read)}; {items:,} of them make this list."
    if spec.apart:
        yield f"{_left_out(spec.apart)}: {_why_apart(query, spec.apart)}"
    if spec.known:
        it = "it" if spec.known == 1 else "them"
        yield f"{_left_out(spec.known)}: a former list has {it} already."
    twice = spec.read - spec.apart - spec.known - items
    if twice > 0 and not spec.is_full:
        yield f"{twice:,} came twice, and {'stands' if twice == 1 else 'stand'} here once."


def _left_out(count: int) -> str:
    return f"{count:,} {'was' if count == 1 else 'were'} left out"


def _why_apart(query: FolderQuery, count: int) -> str:
    if not query.name:
        return "the folder itself, or what is below another one that differs in capitals only."
    whose, do = ("its name", "does") if count == 1 else ("their names", "do")
    how = f"{do} not match" if is_pattern(query.name) else f"{do} not have"
    return f"{whose} {how} “{query.name}”."


def to_know(spec: GatherSpec, *, whole: bool) -> Iterator[str]:
    """What the submitter should know before it is sent."""
    query, read, promised = spec.query, spec.read, spec.promised
    if spec.path_after == "":
        yield (
            "When all was read, ICA had this folder no more, or let you see it no more: some of "
            "what it held may be missing here. Look where it is now, and read it again."
        )
    elif spec.path_after is not None and spec.path_after != query.folder_path:
        yield (
            f"The folder was renamed or moved while it was read: it is {spec.path_after} now. Some "
            "of what it holds may be missing here. Read it again."
        )
    elif whole and promised is not None and read != promised:
        yield (
            f"ICA counted {promised:,} {noun(query, promised)} when you asked for this list, and "
            f"listed {read:,} when it was read: some came or went meanwhile. If that matters, read "
            "it again."
        )
    if spec.lost:
        yield (
            "A list that this one was made again of is not kept any more, so what that one had "
            "may be here again."
        )


def unread(submission: Submission, spec: GatherSpec, problem: KeptError | None) -> str:
    """Why not all of the folder was read; "" when it was."""
    if spec.is_full and submission.item_count >= MAX_ITEMS:
        return (
            f"A list may have {MAX_ITEMS:,} items, and this folder holds more. Choose less of it."
        )
    if spec.is_full:
        return (
            "There was no room for more: what one account may keep here is used up. Delete lists "
            "that you need no more, and read the folder again."
        )
    if problem is None:
        return ""
    of = f" of {spec.promised:,}" if spec.promised else ""
    so_far = f"{spec.read:,}{of} were read, and the list has what is wanted of these."
    if problem.code == ErrorCode.STOPPED:
        return f"Reading was stopped before its end: {so_far}"
    closed = problem.code in {ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND}
    return f"{CLOSED if closed else FAILED} {so_far}"
