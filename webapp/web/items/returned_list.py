"""The returned list: the user's own list as it came, with the outcome of every entry added."""

import mimetypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from webapp import idlist
from webapp.idlist import Entry, Reading, Unreadable
from webapp.store import batches, items, led_items, statuses, submissions, uploads
from webapp.store.batches import Batch
from webapp.store.enums import LISTED, NOT_SENT, UNREAD
from webapp.store.items import ItemRow
from webapp.store.retry import other_submissions
from webapp.store.retry.other_submissions import OtherOutcome
from webapp.store.submissions import Submission
from webapp.store.uploads import Upload
from webapp.web.core import audit, downloads
from webapp.web.core.access import submission_or_404
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import duration
from webapp.web.core.links import Link
from webapp.web.core.page import Part
from webapp.web.items.returned_lookups import MAX_IDS, ItemCells, cells_of, wanted_by
from webapp.web.submissions import status_text
from webapp.work import reading
from webapp.work.context import Context

COLUMNS = ("status", "reason", "attempt", "linked_path")  # beside each entry, as in _cells()
LED_TO = ("data_id", "resolved_path")  # before these, of a list with names or paths
REJECTED = "REJECTED"
ENDINGS = frozenset({"csv", "tsv", "tab", "txt", "list", "json", "jsonl", "ndjson", "xlsx"})
FORMAT_ENDINGS = {
    "Excel": "xlsx",
    "JSON": "json",
    "JSON lines": "jsonl",
    "CSV": "csv",
    "TSV": "tsv",
}
GONE = (
    "This list is not kept any more as it was uploaded: that is removed some time after all of it "
    "has ended. The items and their outcomes are all here, and can be exported from the page of "
    "the submission."
)
TOO_LONG = (
    f"It was worked on for {duration(reading.MAX_SECONDS)} without coming to its end. The items "
    "themselves can be exported from the page of the submission."
)

NOT_YOURS = (
    "Only {submitter}, who submitted this list, can have it back: it has names and paths, and says "
    "which of them were not found. The items and their outcomes can be exported from the page of "
    "the submission."
)

blueprint = Blueprint("returned_list", __name__)


class ReturnedList(Part):
    """What there is to download of a submission's own list: a file and pasted text apart; or that
    it is gone.
    """

    template = "items/_returned_list.html"
    offers: list[Link]
    gone: str


def offers(submission: Submission) -> ReturnedList:
    upload = context().read(uploads.get, submission.id)
    place = url_for("returned_list.download", submission_id=submission.id)
    mine = submission.account_id == viewer().id
    named = "Download your list" if mine else "Download the list"
    pasted = "Download what you pasted" if mine else "Download what was pasted"
    if not _may_have(submission):
        return ReturnedList([], gone="")
    if upload and upload.dropped_at:
        return ReturnedList([], GONE)
    return ReturnedList(
        [
            Link(named if name else pasted, f"{place}?part={at}")
            for at, name in enumerate(upload.parts if upload else ())
        ],
        gone="",
    )


@blueprint.get("/submissions/<int:submission_id>/list")
def download(submission_id: int) -> ResponseReturnValue:
    """One part of the upload in its own format, with status, reason, attempt and path added; with
    names or paths in it, also the data that these led to.

    An error before the first byte is answered by a page. A later one breaks the connection off, and
    the download with it: a part of a list must not look like all of it.
    """
    submission = submission_or_404(submission_id)
    if not _may_have(submission):
        abort(403, NOT_YOURS.format(submitter=submission.submitter))
    upload, part = _upload_and_part(submission)
    columns = LED_TO + COLUMNS if submission.review.lookups else COLUMNS
    try:
        uploaded = _reading(submission, upload, part)
        chunks = idlist.annotate(uploaded, _outcomes(context(), submission), columns)
        chunks = chain([next(chunks)], chunks)
    except Unreadable as error:
        abort(422, f"This list can't be handed back. {error}")
    except uploads.Dropped:
        abort(410, GONE)
    stem, ending = _file_name(submission, upload.parts[part], uploaded)
    content_type = mimetypes.guess_type(f"list.{ending}")[0] or "application/octet-stream"
    audit.note_export("the list", ending, submission)
    kept = partial(submissions.are_kept, submission_ids=[submission.id])
    return downloads.as_file(chunks, content_type, stem, ending, kept)


def _reading(submission: Submission, upload: Upload, part: int) -> Reading:
    return Reading(
        uploads.pieces(context().store, submission.id, part),
        file_name=upload.parts[part],
        column=submission.review.columns.get(part),
        label=0,
        names=submission.review.assumes_names,
        limits=reading.limits(context().settings).for_at_most(reading.MAX_SECONDS, TOO_LONG),
        find_repeats=False,
    )


def _may_have(submission: Submission) -> bool:
    """Whether the visitor may have the list back: which names were not found is the submitter's."""
    return not submission.review.lookups or submission.account_id == viewer().id


def _outcomes(
    here: Context, submission: Submission
) -> Callable[[Sequence[Entry]], Iterator[tuple[str, ...]]]:
    """What gives status, reason, attempt and linked path of each entry, and before these, in a list
    with names or paths, id and path of the data; a repeat has those of its first entry. A chunk of
    entries is looked up in one transaction, when the request is over.
    """
    has_lookups = submission.review.lookups > 0
    ahead = 1  # the position from which on the next ids stand, in the order of the list

    def outcomes(entries: Sequence[Entry]) -> Iterator[tuple[str, ...]]:
        nonlocal ahead
        ids = {entry.data_id for entry in entries if entry.data_id}
        wanted = {name for entry in entries if (name := wanted_by(entry))} if has_lookups else set()
        with here.store.read() as connection:
            found = items.by_data_id(connection, submission.id, ids, ahead)
            led = led_items.of(connection, submission.id, wanted, MAX_IDS + 1) if wanted else {}
            rows = [*found.values(), *(item for one in led.values() for item in one.items)]
            unread = any(item.status == UNREAD for item in rows)
            batch_rows = batches.of_submission(connection, submission.id) if unread else []
            doings = other_submissions.changed_since(connection, submission, rows)
        ahead = max([ahead, *(item.position + 1 for item in found.values())])
        item_cells = partial(_of_item, batch_rows=batch_rows, doings=doings)
        for entry in entries:
            if has_lookups and (name := wanted_by(entry)):
                yield cells_of(led.get(name), item_cells)
                continue
            item = found.get(entry.data_id)
            what = (entry.data_id, item.path if item else "") if has_lookups else ()
            yield (*what, *_cells(entry, item, item_cells))

    return outcomes


def _cells(entry: Entry, item: ItemRow | None, item_cells: ItemCells) -> tuple[str, ...]:
    if item is None:
        return ("", "", "", "") if entry.data_id else (REJECTED, entry.note, "", "")
    return item_cells(item)


def _of_item(
    item: ItemRow, batch_rows: Sequence[Batch], doings: Mapping[int, OtherOutcome]
) -> tuple[str, ...]:
    status, reason = item.status, item.reason
    if status == UNREAD:
        status, _ = status_text.item_label(status, item.position, batch_rows)
        status = NOT_SENT if status == UNREAD and not batch_rows else status  # of a draft
    if doing := doings.get(item.position):
        since = f"{'Linked' if doing.linked else 'Unlinked'} since by “{doing.name}”."
        reason = f"{reason} {since}".lstrip()
    # Before it is linked, and once it is unlinked, a path is that of the data where they are.
    is_linked = item.linked_id and status not in statuses.UNLINKED
    return status, reason, str(item.attempt), item.path if is_linked else ""


def _upload_and_part(submission: Submission) -> tuple[Upload, int]:
    upload = context().read(uploads.get, submission.id)
    if upload is None:
        abort(404, "This submission has no list of its own: it was not made from an upload.")
    if submission.state not in LISTED:
        abort(409, "This list was not read to its end, so there is nothing to hand back yet.")
    if upload.dropped_at:
        abort(410, GONE)
    part = request.args.get("part", "0")
    if part not in {str(number) for number in range(len(upload.parts))}:
        abort(404, "The upload of this submission has no such part.")
    return upload, int(part)


def _file_name(submission: Submission, uploaded: str, reading: Reading) -> tuple[str, str]:
    """Stem, with "-outcomes", and ending of the upload.

    An ending that no list has is left out: who opens the file need not be who named it.
    """
    name = uploaded.replace("\\", "/").rsplit("/", 1)[-1] or submission.name
    name = name[:-3] if name.lower().endswith(".gz") else name
    stem, _, ending = name.rpartition(".")
    if not uploaded or ending.lower() not in ENDINGS:
        stem, ending = name, FORMAT_ENDINGS.get(reading.format, "txt")
    return f"{stem}-outcomes", ending + ".gz" * reading.gzip
