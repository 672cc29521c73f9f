"""The answer to a query as a file: a table, or the ids alone."""

from collections.abc import Sequence

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from webapp.store.find.queries import Find
from webapp.web.core import audit, downloads, params
from webapp.web.core.formatting import iso
from webapp.web.core.links import ListUrl
from webapp.web.find import result
from webapp.web.find.result import AnswerRow

COLUMNS = (
    *("line", "data_id", "outcome", "submission_id", "submission", "project"),
    *("attempt", "submitted", "status", "reason", "name", "path", "asked", "label"),
)

blueprint = Blueprint("find_exports", __name__)


@blueprint.get("/find/<find_id>/export.<any(csv,txt):form>")
def export(find_id: str, form: str) -> ResponseReturnValue:
    """The answer as a table, a row for each submission that holds an id; or the ids alone."""
    asked = result.find_or_404(find_id)
    outcomes = params.words("outcome")
    found = result.Answer(asked)
    picked = found.picked(outcomes)
    if form == "csv":
        texts = downloads.csv_texts(COLUMNS, downloads.chunks(map(_cells, found.rows(picked))))
    else:
        texts = downloads.id_texts(one.data_id for one in found.ids(picked) if one.data_id)
    audit.note_export("an answer to Find ids", form)
    return downloads.response(
        texts, "-".join([asked.name or "ids", *outcomes]), form, found.is_kept
    )


def urls(asked: Find, outcomes: Sequence[str]) -> dict[str, str]:
    """Where the answer can be had as a file, by the file's ending."""
    return {
        form: ListUrl(
            url_for("find_exports.export", find_id=asked.id, form=form), {"outcome": outcomes}
        ).changed()
        for form in ("csv", "txt")
    }


def _cells(row: AnswerRow) -> tuple[object, ...]:
    """The cells of a row under COLUMNS."""
    seen, submission = row.sighting, row.submission
    begin = (row.asked.line, row.asked.data_id, row.outcome)
    if seen is None or submission is None:
        return (*begin, *[""] * (len(COLUMNS) - len(begin) - 2), row.asked.text, "")
    submitted = iso(submission.submitted_at) if submission.submitted_at else ""
    where = (submission.id, submission.name, submission.project_name, seen.attempt, submitted)
    called = (seen.name, seen.path, row.asked.text, seen.label)
    return (*begin, *where, seen.status, seen.reason, *called)
