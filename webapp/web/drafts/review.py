"""The review: everything to know of a draft before any of it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from flask.typing import ResponseReturnValue

from webapp.store import Connection, attempts, choices, chores, entries, submissions, uploads
from webapp.store.choices import Group
from webapp.store.chores import Chore
from webapp.store.documents import Example, KeptError, LabelColumn, Review
from webapp.store.documents import Part as ListPart
from webapp.store.entries import Entry
from webapp.store.enums import AttemptKind, ChoreKind, EntryKind, ErrorCode, Flag, State
from webapp.store.paging import Cursor
from webapp.store.submissions import Submission
from webapp.store.uploads import Upload
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.page import Page, render
from webapp.web.drafts import lookups, resolving
from webapp.web.drafts.lookups import AsItems, FolderTrouble, LookupPoint
from webapp.web.folders import source
from webapp.web.items import table
from webapp.web.notify import recipients
from webapp.web.submissions import forecast, progress
from webapp.web.submissions.resolving import looked_in
from webapp.web.submissions.status_text import SENTENCES
from webapp.work import retention
from webapp.work.ica_check import USUAL_CALL_IDS

SHOWN_CHARS = 60  # of a label that is an example
SHOWN_ENTRIES = 5  # rejected and repeated ones, on the page itself
POINTS = {  # flag -> title, with {ids} "412 ids" or "1 id", and what it means
    Flag.LINKED: (
        "{ids} already linked into {project}",
        "Earlier submissions here did it. Sending them again does no harm: ICA says that "
        "they are linked already.",
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
        "{ids} not of ICA's shape",
        "ICA's data ids are fil. or fol. and 32 characters of 0-9 and a-f. What looks otherwise, "
        "such as SRR123456, is left out. If it is a data id all the same, have it sent.",
    ),
    Flag.ARCHIVED: (
        "{ids} archived in ICA",
        "Their data are in cold storage. The links may be made, but the content can't be read "
        "before its owner takes it out of the archive.",
    ),
    Flag.ARCHIVING: (
        "{ids} being archived in ICA",
        "Their data are on the way into cold storage. The links may be made, but the content can't "
        "be read once it is there.",
    ),
    Flag.UNARCHIVING: (
        "{ids} on the way back from ICA's archive",
        "Their content can be read once it is back. The links may be made now; or leave them out "
        "and submit them later.",
    ),
    Flag.PARTIAL: (
        "{ids} not uploaded completely",
        "The upload of their data has not ended, and perhaps never will. A link would lead to "
        "files without their content, or with a part of it.",
    ),
    Flag.DELETING: (
        "{ids} being deleted in ICA",
        "Their data are on the way out, and will soon be there no more. Better leave them out.",
    ),
    Flag.MENDED: (
        "{ids} in capital letters",
        "Their capital letters were made small, as ICA writes them.",
    ),
}
LEFT_OUT_FIRST = {Flag.UNUSUAL}  # until somebody wants them sent
OFFERED = frozenset(POINTS) - {Flag.MENDED}  # can be left out


@dataclass(frozen=True, slots=True)
class Point:
    """Something to know of some of the ids. word: of their flag. offered: they can be left out, by
    a button, and taken back.
    """

    word: str
    title: str
    text: str
    count: int
    left_out: int
    offered: bool
    leave_out: str
    take_back: str
    examples: list[Example]


@dataclass(frozen=True, slots=True)
class PartLabels:
    """What is read as the label of each row of a part, in words, and what else may be: the numbers
    of columns, and what stands there.
    """

    part: int
    text: str
    choices: dict[int, str]
    chosen: int


HELD = {"ids": "data ids", "paths": "paths", "names": "names, perhaps of data"}
UNSURE = "texts that are no data ids of ICA's shape, and may be the names of files or folders"
SURE_NAMES = "those with the ending of a file, and those under a header such as file_name"


class OtherReading(NamedTuple):
    """Another way to read the list: hidden fields of its form, the button, and what it leads to."""

    fields: list[tuple[str, str]]
    button: str
    text: str


@dataclass(frozen=True, slots=True)
class Names:
    """The names and paths of a draft.

    open: how many lead to nothing. points: all of them, by what ICA has. as_items: the folders that
    are one item each; folder_troubles: what to know of others, whose files were read. not_closer:
    for how many of the missing ones ICA was not asked yet what is like them. choosable: nothing
    else works on the list. not_chosen: why a rule was not applied to its end.
    """

    open: int
    points: list[LookupPoint]
    as_items: AsItems
    folder_troubles: list[FolderTrouble]
    not_closer: int
    choosable: bool
    not_chosen: KeptError | None


class ReviewPage(Page):
    """The review of a draft.

    problem: why it was not submitted just now. ends_at: when it is discarded by itself. few: the
    first entries of each kind; more: how many are only counted. holders: the submissions that
    linked some of the ids, and how many. check: the last one, once it has ended; checking: one has
    not; stopped: by the visitor; check_trouble: why it came to nothing. not_changed: why ids could
    not be left out or taken back. names: of a list that has names and paths;
    choosable: these can be chosen now.
    """

    template = "drafts/review.html"
    submission: Submission
    mine: bool
    problem: str
    sentence: str
    ends_at: float | None
    upload: Upload | None
    to_send: int
    few: dict[EntryKind, Sequence[Entry]]
    more: dict[EntryKind, int]
    plan: str
    time: str
    files_and_folders: str
    looked_in: str
    read_as: str
    warnings: list[str]
    other_readings: list[OtherReading]
    empty_cells: str
    labels: list[PartLabels]
    other_labels: str
    points: list[Point]
    holders: list[tuple[Submission, int]]
    check: Chore | None
    checking: bool
    stopped: bool
    check_trouble: str
    not_changed: KeptError | None
    names: Names | None
    choosable: bool
    ids_a_call: int = USUAL_CALL_IDS


def page(submission: Submission, problem: str = "") -> ResponseReturnValue:
    """The draft's page; with a problem, the answer to a submit that can't be done (422)."""
    parts = (
        progress.part(submission),
        resolving.looking(submission),
        source.part(submission),
        table.table(submission),
        recipients.part(submission),
    )
    return render(_review(submission, problem), *parts), 422 if problem else 200


def _review(submission: Submission, problem: str) -> ReviewPage:
    with context().store.read() as connection:
        upload = uploads.get(connection, submission.id)
        few = {
            kind: entries.page(connection, submission.id, kind, Cursor(), SHOWN_ENTRIES).rows
            for kind in EntryKind
        }
        holders = _holders(connection, submission)
        check = chores.latest(connection, submission.id, ChoreKind.CHECK)
        change = chores.latest(connection, submission.id, ChoreKind.LEAVE_OUT, ChoreKind.TAKE_BACK)
        names = _names(connection, submission)
        given = submission.ica_url, AttemptKind.LINK, forecast.FORMER_ATTEMPTS
        former = attempts.lengths(connection, *given)
    parts = submission.review.parts
    ended = check if check and check.ended_at else None
    failed = ended.problem if ended else None
    stopped = bool(check and check.problem and check.problem.code == ErrorCode.STOPPED)
    return ReviewPage(
        submission=submission,
        mine=submission.account_id == viewer().id,
        problem=problem,
        sentence=SENTENCES[State.DRAFT],
        ends_at=retention.ends_at(submission, context().settings.draft_days),
        upload=upload,
        to_send=submission.to_send,
        few=few,
        more={kind: only_counted(submission, kind) for kind in EntryKind},
        plan=_plan(submission),
        time=_time(submission.to_send, former),
        looked_in=looked_in(submission),
        files_and_folders=_files_and_folders(submission.review),
        read_as="; ".join(map(_read_as, parts)),
        warnings=[text for part in parts for text in part.warnings],
        other_readings=_other_readings(submission.review) if upload else [],
        empty_cells=_empty_cells(submission.review),
        labels=_labels(submission.review) if upload else [],
        other_labels=_other_labels(submission.review),
        points=_points(submission),
        holders=holders,
        check=ended,
        checking=check is not None and ended is None,
        stopped=stopped,
        check_trouble=(failed.short or failed.message) if failed and not stopped else "",
        not_changed=change.problem if change and change.ended_at else None,
        names=names,
        choosable=names is not None and names.choosable,
    )


def _names(connection: Connection, submission: Submission) -> Names | None:
    """Nothing is read of a list of ids."""
    if not submission.review.lookups:
        return None
    tally = choices.tally(connection, submission)
    rule = chores.latest(connection, submission.id, ChoreKind.CHOOSE)
    return Names(
        open=tally.count(Group.OPEN),
        points=lookups.points(connection, submission, tally),
        as_items=lookups.as_items(connection, submission, tally),
        folder_troubles=lookups.folder_troubles(connection, submission, tally),
        not_closer=tally.not_closer,
        choosable=not chores.unfinished(connection, submission.id),
        not_chosen=rule.problem if rule and rule.ended_at else None,
    )


def only_counted(submission: Submission, kind: str) -> int:
    """How many entries of a kind are not kept one by one."""
    count: int = getattr(submission.review, kind)
    return max(count - entries.MAX_KEPT, 0)


def _points(submission: Submission) -> list[Point]:
    """What there is to know of some of the ids, in the order of POINTS."""
    review, found = submission.review, []
    for flag, (title, text) in POINTS.items():
        if count := review.flagged(flag):
            names = {"ids": plural(count, "id"), "project": submission.project_name}
            left_out = review.left_out.get(flag.word, 0)
            point = Point(
                word=flag.word,
                title=title.format(**names),
                text=text.format(**names),
                count=count,
                left_out=left_out,
                offered=flag in OFFERED,
                leave_out=_leave_out(count, left_out),
                take_back=_take_back(flag, left_out),
                examples=review.examples.get(flag.word, []),
            )
            found.append(point)
    return found


def _leave_out(count: int, left_out: int) -> str:
    """The button that leaves them out; "" where all are."""
    if left_out:
        return "Leave out the others too" if left_out < count else ""
    return "Leave it out" if count == 1 else "Leave them out"


def _take_back(flag: Flag, left_out: int) -> str:
    """The button that has them sent; "" where none is left out."""
    if not left_out:
        return ""
    if flag in LEFT_OUT_FIRST:
        return "Send it too" if left_out == 1 else f"Send these {left_out:,} too"
    return "Take it back" if left_out == 1 else "Take them back"


def _empty_cells(review: Review) -> str:
    """The words that were taken as empty cells, and how often."""
    found = sorted(review.empty_cells.items(), key=lambda pair: (-pair[1], pair[0]))
    words = ", ".join(f"{word} ({count:,})" for word, count in found)
    return f"{plural(sum(review.empty_cells.values()), 'cell')}: {words}" if words else ""


def _labels(review: Review) -> list[PartLabels]:
    """For each part that has columns beside those that are read."""
    return [
        PartLabels(
            part=number,
            text=_label_text(part),
            choices={0: "No label"} | {one.number: _column(one) for one in part.label_columns},
            chosen=part.label,
        )
        for number, part in enumerate(review.parts)
        if part.label_columns
    ]


def _label_text(part: ListPart) -> str:
    column = part.label_column
    if column is None:
        return "The items have no labels: none of the other columns was read."
    called = f"column {column.number} {_quoted(column.header)}".rstrip()
    return f"The label of each item is what its row has in {called}, such as “{_shown(column)}”."


def _column(column: LabelColumn) -> str:
    return f"{column.header or f'Column {column.number}'}, such as {_shown(column)}"


def _shown(column: LabelColumn) -> str:
    """The beginning of the example, which is enough."""
    text = column.example
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


def _other_labels(review: Review) -> str:
    """What is to know of repeated lines."""
    if not review.relabelled:
        return ""
    lines = plural(review.relabelled, "repeated line has", "repeated lines have")
    return f"{lines} another label than the first line of the same data. That of the first is kept."


def _holders(connection: Connection, submission: Submission) -> list[tuple[Submission, int]]:
    """The earlier submissions that linked some of the ids, and how many of them."""
    counts = submission.review.linked_by
    known = submissions.many(connection, counts)
    return [
        (known[key], count)
        for key, count in counts.items()
        if key in known and known[key].begun  # not deleted since
    ]


def _plan(submission: Submission) -> str:
    size = submission.batch_size
    count = ceil(submission.to_send / size)
    return f"{plural(count, 'batch', 'batches')} of at most {plural(size, 'id')}"


def _time(to_send: int, former: Sequence[tuple[int, float]]) -> str:
    """About how long it takes, by what former lists took; "" where nothing is to be sent."""
    if not to_send:
        return ""
    usual = forecast.usual_text(to_send, former)
    if not usual:
        unknown = (
            "Not known before it runs: fewer than three lists of about this size were linked here "
            "of late."
        )
        measured = to_send >= forecast.SMALL_ITEMS
        return unknown + " Once it runs, its page says it within a minute or two." * measured
    lists = plural(len(forecast.alike(to_send, former)), "list")
    return f"{usual.capitalize()}, estimated from the last {lists} like it"


def _files_and_folders(review: Review) -> str:
    unusual = f", {review.unusual:,} of an unusual shape" if review.unusual else ""
    return f"{plural(review.files, 'file')}, {plural(review.folders, 'folder')}{unusual}"


def _read_as(part: ListPart) -> str:
    words = [part.format, part.encoding, "gzip" * part.gzip, plural(part.lines, "line")]
    return ", ".join(word for word in words if word)


def _other_readings(review: Review) -> list[OtherReading]:
    """By another column, and with what may be names as names."""
    found = [
        OtherReading(
            fields=[("part", str(number)), ("column", str(column.number))],
            button=f"Read column {column.number} {_quoted(column.header)}instead",
            text=f"{column.ids:,} of the first {plural(column.sampled, 'row')} hold "
            f"{HELD[column.kind]}",
        )
        for number, part in enumerate(review.parts)
        for column in part.columns
        if column.ids and not column.chosen
    ]
    if review.assumes_names:
        found.append(OtherReading([("names", "0")], "Read only sure names as names", SURE_NAMES))
    elif review.unsure:
        button = f"Look {plural(review.unsure, 'text')} up as names"
        found.append(OtherReading([("names", "1")], button, UNSURE))
    return found


def _quoted(header: str) -> str:
    return f"“{header}” " if header else ""
