"""Exports: the items of a filter, streamed from the store."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from urllib.parse import quote

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from webapp.store import batches, items
from webapp.store.items import Item
from webapp.store.submissions import Submission
from webapp.web import params, standing
from webapp.web.desk import desk, submission_or_404

COLUMNS = ("line", "data_id", "status", "reason", "name", "path", "linked_id")
TYPES = {"csv": "text/csv", "jsonl": "application/jsonl", "txt": "text/plain"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CHUNK = 500  # rows that leave together

Shown = tuple[Item, str]

blueprint = Blueprint("exports", __name__)


@blueprint.get("/submissions/<int:submission_id>/export.<any(csv,jsonl,txt):form>")
def export(submission_id: int, form: str) -> ResponseReturnValue:
    """Every item of the filter, in the order of the list; flat in memory."""
    submission = submission_or_404(submission_id)
    statuses, text = params.words("status"), params.text("q")
    with desk().store.read() as connection:
        cut = batches.of_submission(connection, submission_id)
    wanted = items.slices(cut, statuses) if statuses else None
    found = (
        (item, standing.item_label(item.status, item.position, cut)[0])
        for item in items.each(desk().store, submission_id, wanted, text)
    )
    lines = {"csv": _csv, "jsonl": _jsonl, "txt": _txt}[form](found)
    response = Response(_in_chunks(lines), content_type=f"{TYPES[form]}; charset=utf-8")
    response.headers["Content-Disposition"] = _disposition(submission, statuses, form)
    return response


def _csv(found: Iterable[Shown]) -> Iterator[str]:
    """Comma separated, with a header; a spreadsheet runs none of it as a formula."""
    yield ",".join(COLUMNS) + "\r\n"
    buffer = StringIO()
    write = csv.writer(buffer).writerow
    for item, status in found:
        write([_harmless(value) for value in _values(item, status)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _jsonl(found: Iterable[Shown]) -> Iterator[str]:
    for item, status in found:
        values = dict(zip(COLUMNS, _values(item, status), strict=True))
        yield json.dumps(values, ensure_ascii=False) + "\n"


def _txt(found: Iterable[Shown]) -> Iterator[str]:
    for item, _ in found:
        yield item.data_id + "\n"


def _values(item: Item, status: str) -> tuple[object, ...]:
    return (item.line, item.data_id, status, item.reason, item.name, item.path, item.linked_id)


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _in_chunks(lines: Iterable[str]) -> Iterator[bytes]:
    """The lines, some hundred at a time; the first at once, so that a download begins."""
    chunk: list[str] = []
    for number, line in enumerate(lines):
        chunk.append(line)
        if number == 0 or len(chunk) == CHUNK:
            yield "".join(chunk).encode()
            chunk.clear()
    yield "".join(chunk).encode()


def _disposition(submission: Submission, statuses: list[str], form: str) -> str:
    """A file name that any system takes, and the real one for those that know how."""
    stem = "-".join([submission.name, *statuses])
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._")[:100] or "items"
    exact = quote(re.sub(r"[\x00-\x1f/\\\x7f]+", "_", stem)[:100], safe="")
    return f"attachment; filename=\"{plain}.{form}\"; filename*=UTF-8''{exact}.{form}"
