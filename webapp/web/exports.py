"""Exports: the items of a filter, streamed from the store."""

from collections.abc import Callable, Iterator

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from webapp.store import batches, items
from webapp.store.items import Item
from webapp.store.submissions import Submission
from webapp.web import downloads, params, standing
from webapp.web.desk import desk, listed_or_404

COLUMNS = ("line", "data_id", "status", "reason", "name", "path", "linked_id")
MANIFEST = ("data_id", "file_name", "file_path", "project_id", "status")

blueprint = Blueprint("exports", __name__)


@blueprint.get("/submissions/<int:submission_id>/export.<any(csv,jsonl,txt):form>")
def export(submission_id: int, form: str) -> ResponseReturnValue:
    """Every item of the filter, in the order of the list; flat in memory.

    With ?columns=manifest in the columns of a sample manifest, ready for the next pipeline.
    """
    submission = listed_or_404(submission_id)
    columns, row = _columns(submission)
    found = _found(submission)
    if form == "csv":
        lines = downloads.csv_lines(columns, (row(*shown) for shown in found))
    elif form == "jsonl":
        lines = downloads.json_lines(columns, (row(*shown) for shown in found))
    else:
        lines = (f"{item.data_id}\n" for item, _ in found)
    return downloads.response(lines, _stem(submission), form)


def _found(submission: Submission) -> Iterator[tuple[Item, str]]:
    """The items that the URL asks for, each with its status in our words."""
    statuses, text, reason_id = params.words("status"), params.text("q"), params.whole("reason")
    with desk().store.read() as connection:
        cut = batches.of_submission(connection, submission.id)
    wanted = items.slices(cut, statuses, reason_id)
    found = items.each(desk().store, submission.id, wanted, text)
    return ((item, standing.item_label(item.status, item.position, cut)[0]) for item in found)


def _columns(
    submission: Submission,
) -> tuple[tuple[str, ...], Callable[[Item, str], tuple[object, ...]]]:
    """The columns of the file, and how an item fills them."""
    asked = request.args.get("columns", "")
    if asked not in {"", "manifest"}:
        abort(
            400, "An export has the columns of the table or, with columns=manifest, a manifest's."
        )
    if not asked:
        return COLUMNS, of_table
    project_id = submission.project_id
    return MANIFEST, lambda item, status: (
        item.data_id,
        item.name,
        item.path,
        project_id,
        status,
    )


def of_table(item: Item, status: str) -> tuple[object, ...]:
    """What stands in COLUMNS."""
    return (item.line, item.data_id, status, item.reason, item.name, item.path, item.linked_id)


def _stem(submission: Submission) -> str:
    manifest = ["manifest"] if request.args.get("columns") else []
    return "-".join([submission.name, *params.words("status"), *manifest])
