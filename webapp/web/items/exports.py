"""Exports: the items of a filter, streamed from the store."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, batches, items, submissions
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.enums import UNREAD
from webapp.store.items import ItemRow, Slice
from webapp.store.retry import history, other_submissions
from webapp.store.submissions import Submission
from webapp.web.core import audit, downloads, params, searches
from webapp.web.core.access import listed_or_404
from webapp.web.core.context import context
from webapp.web.core.downloads import Row
from webapp.web.core.links import ListUrl
from webapp.web.submissions import status_text
from webapp.work.context import Context

COLUMNS = (
    *("line", "data_id", "status", "reason", "name", "path", "linked_id"),
    *("attempt", "by", "unlinked_since_by", "linked_since_by", "label"),
)
MANIFEST_COLUMNS = ("data_id", "file_name", "file_path", "project_id", "status", "label")
TABLE_TEXTS = {"csv": downloads.csv_texts, "jsonl": downloads.json_texts}
_cells = attrgetter(*ItemRow._fields)
LIST_ENDING = re.compile(r"\.(csv|tsv|txt|jsonl?|xlsx)(\.gz)?$", re.IGNORECASE)

BY_STATUS_ALONE = (
    "What an attempt has found is exported by its status alone, and not as a manifest."
)

Pages = Iterable[Sequence[ItemRow]]

blueprint = Blueprint("exports", __name__)


@blueprint.get("/submissions/<int:submission_id>/export.<any(csv,jsonl,txt):form>")
def export(submission_id: int, form: str) -> ResponseReturnValue:
    """Every item of the filter, in the order of the list, streamed.

    With ?attempt=2 as that attempt found them. With ?columns=manifest in the columns of a sample
    manifest for the next pipeline, without what another submission has unlinked since.
    """
    submission = listed_or_404(submission_id)
    columns, rows = _table(submission)
    table_texts = TABLE_TEXTS.get(form)
    texts = table_texts(columns, rows) if table_texts else _ids(submission)
    audit.note_export("items", form, submission)
    return downloads.response(texts, _stem(submission), form, _kept(submission))


def _kept(submission: Submission) -> downloads.Kept:
    if params.whole("attempt") is None:
        return partial(submissions.are_kept, submission_ids=[submission.id])
    return partial(submissions.has_history_of, former=submission)


def urls(submission: Submission, **asked: Any) -> dict[str, str]:
    """The addresses of the exports of a filter, by their form."""

    def place(form: str) -> ListUrl:
        return ListUrl(url_for("exports.export", submission_id=submission.id, form=form), asked)

    found = {form: place(form).changed() for form in ("csv", "txt", "jsonl")}
    return found | {"manifest": place("csv").changed(columns="manifest")}


def _table(submission: Submission) -> tuple[Sequence[str], Iterator[Sequence[Row]]]:
    """The columns of the file, and its rows, many at a time."""
    asked = request.args.get("columns", "")
    if asked not in {"", "manifest"}:
        text = "An export has the columns of the table or, with columns=manifest, a manifest's."
        abort(400, text)
    here, pages = context(), _pages(submission)
    if asked:
        return MANIFEST_COLUMNS, _manifest_rows(here, submission, pages)
    return COLUMNS, table_rows(here, submission, pages)


def _pages(submission: Submission) -> Pages:
    """The items that the URL asks for, each with the status that the item table shows."""
    here = context()
    if attempt := _attempt(submission):
        found = history.pages(here.store, attempt, params.words("status"))
        return ([ItemRow(*_cells(item)) for item in page] for page in found)
    batch_rows = here.read(batches.of_submission, submission.id)

    def shown(row: ItemRow) -> ItemRow:
        status, _ = status_text.item_label(row.status, row.position, batch_rows)
        return row._replace(status=status)

    return (
        [shown(row) if row.status == UNREAD else row for row in page]
        for page in items.rows(here.store, submission.id, *_filter(batch_rows))
    )


def _ids(submission: Submission) -> Iterator[str]:
    """The lines of these items' ids alone, many at a time."""
    if params.whole("attempt") is not None:
        return downloads.id_texts(row.data_id for page in _pages(submission) for row in page)
    batch_rows = context().read(batches.of_submission, submission.id)
    return items.ids(context().store, submission.id, *_filter(batch_rows))


def _filter(batch_rows: Sequence[Batch]) -> tuple[Sequence[Slice], str]:
    wanted = items.slices(batch_rows, params.words("status"), params.whole("reason"))
    return wanted, searches.known_or_404().text


def _attempt(submission: Submission) -> Attempt | None:
    """The attempt that the URL names; what it found is filtered by its status alone."""
    number = params.whole("attempt")
    if number is None:
        return None
    if request.args.get("search") or params.whole("reason") or request.args.get("columns"):
        abort(400, BY_STATUS_ALONE)
    attempt_rows = context().read(attempts.of_submission, submission.id)
    return next((one for one in attempt_rows if one.number == number), None) or abort(
        404, f"This submission has no attempt {number}."
    )


def table_rows(here: Context, submission: Submission, pages: Pages) -> Iterator[Sequence[Row]]:
    """The cells under COLUMNS, read while they are sent: the request is over by then."""
    by = {one.number: one.by for one in here.read(attempts.of_submission, submission.id)}
    for page in pages:
        doings = here.read(other_submissions.changed_since, submission, page)
        since = {
            position: ("", doing.name) if doing.linked else (doing.name, "")
            for position, doing in doings.items()
        }
        yield [
            (*row[1:-1], by.get(row.attempt, ""), *since.get(row.position, ("", "")), row.label)
            for row in page
        ]


def _manifest_rows(here: Context, submission: Submission, pages: Pages) -> Iterator[Sequence[Row]]:
    for page in pages:
        doings = here.read(other_submissions.changed_since, submission, page)
        yield [
            (row.data_id, row.name, row.path, submission.project_id, row.status, row.label)
            for row in page
            if row.position not in doings or doings[row.position].linked
        ]


def _stem(submission: Submission) -> str:
    """The submission's name, without the ending of the file that it was made from, and in short
    what the file has of it.
    """
    name = LIST_ENDING.sub("", submission.name)
    number = params.whole("attempt")
    attempt = [f"attempt-{number}"] if number else []
    reason = [f"reason-{params.whole('reason')}"] if params.whole("reason") else []
    search = ["search"] if request.args.get("search") else []
    manifest = ["manifest"] if request.args.get("columns") else []
    return "-".join([name, *attempt, *params.words("status"), *reason, *search, *manifest])
