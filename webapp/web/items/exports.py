"""Exports: the items of a filter, streamed from the store."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, batches, items, submissions
from webapp.store.items import Item
from webapp.store.retry import history, other_submissions
from webapp.store.retry.other_submissions import OtherOutcome
from webapp.store.submissions import Submission
from webapp.web.core import audit, downloads, params
from webapp.web.core.access import listed_or_404
from webapp.web.core.context import context
from webapp.web.core.links import ListUrl
from webapp.web.submissions import status_text
from webapp.work.context import Context

COLUMNS = (
    *("line", "data_id", "status", "reason", "name", "path", "linked_id"),
    *("attempt", "by", "unlinked_since_by", "linked_since_by"),
)
MANIFEST_COLUMNS = ("data_id", "file_name", "file_path", "project_id", "status")
LIST_ENDING = re.compile(r"\.(csv|tsv|txt|jsonl?|xlsx)(\.gz)?$", re.IGNORECASE)
CHUNK_ITEMS = 1_000  # that are looked for in other submissions by one transaction

BY_STATUS_ALONE = (
    "What an attempt has found is exported by its status alone, and not as a manifest."
)

blueprint = Blueprint("exports", __name__)


@blueprint.get("/submissions/<int:submission_id>/export.<any(csv,jsonl,txt):form>")
def export(submission_id: int, form: str) -> ResponseReturnValue:
    """Every item of the filter, in the order of the list, streamed.

    With ?attempt=2 as that attempt found them. With ?columns=manifest in the columns of a sample
    manifest for the next pipeline, without what another submission has unlinked since.
    """
    submission = listed_or_404(submission_id)
    columns, rows = _table(submission)
    if form == "csv":
        lines = downloads.csv_lines(columns, rows)
    elif form == "jsonl":
        lines = downloads.json_lines(columns, rows)
    else:
        lines = (f"{item.data_id}\n" for item in _found(submission))
    audit.note_export("items", form, submission)
    return downloads.response(lines, _stem(submission), form, _kept(submission))


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


def _table(submission: Submission) -> tuple[Sequence[str], Iterator[tuple[object, ...]]]:
    """The columns of the file, and its rows."""
    asked = request.args.get("columns", "")
    if asked not in {"", "manifest"}:
        text = "An export has the columns of the table or, with columns=manifest, a manifest's."
        abort(400, text)
    here, found = context(), _found(submission)
    if not asked:
        return COLUMNS, table_rows(here, submission, found)
    return MANIFEST_COLUMNS, (
        (item.data_id, item.name, item.path, submission.project_id, item.status)
        for item, doing in _with_others(here, submission, found)
        if doing is None or doing.linked
    )


def _found(submission: Submission) -> Iterator[Item]:
    """The items that the URL asks for, each with the status that the item table shows."""
    statuses, text, reason_id = params.words("status"), params.text("q"), params.whole("reason")
    number, here = params.whole("attempt"), context()
    if number is not None:
        if text or reason_id or request.args.get("columns"):
            abort(400, BY_STATUS_ALONE)
        attempt_rows = here.read(attempts.of_submission, submission.id)
        attempt = next((one for one in attempt_rows if one.number == number), None) or abort(
            404, f"This submission has no attempt {number}."
        )
        return history.each(here.store, attempt, statuses)
    batch_rows = here.read(batches.of_submission, submission.id)
    wanted = items.slices(batch_rows, statuses, reason_id)
    return (
        replace(item, status=status_text.item_label(item.status, item.position, batch_rows)[0])
        for item in items.each(here.store, submission.id, wanted, text)
    )


def table_rows(
    here: Context, submission: Submission, found: Iterable[Item]
) -> Iterator[tuple[object, ...]]:
    """The cells under COLUMNS, read while they are sent: the request is over by then."""
    by = {one.number: one.by for one in here.read(attempts.of_submission, submission.id)}
    for item, doing in _with_others(here, submission, found):
        cells = (item.line, item.data_id, item.status, item.reason, item.name, item.path)
        name = doing.name if doing else ""
        since = ("", name) if doing and doing.linked else (name, "")
        yield (*cells, item.linked_id, item.attempt, by.get(item.attempt, ""), *since)


def _with_others(
    here: Context, submission: Submission, found: Iterable[Item]
) -> Iterator[tuple[Item, OtherOutcome | None]]:
    """The items, each with what another submission has done to it since."""
    left = iter(found)
    while chunk := list(islice(left, CHUNK_ITEMS)):
        doings = here.read(other_submissions.changed_since, submission, chunk)
        yield from ((item, doings.get(item.position)) for item in chunk)


def _stem(submission: Submission) -> str:
    """The submission's name, without the ending of the file that it was made from."""
    name = LIST_ENDING.sub("", submission.name)
    number = params.whole("attempt")
    attempt = [f"attempt-{number}"] if number else []
    manifest = ["manifest"] if request.args.get("columns") else []
    return "-".join([name, *attempt, *params.words("status"), *manifest])
