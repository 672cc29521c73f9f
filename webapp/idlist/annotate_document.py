"""Writes outcomes into the values of a JSON document, or over those of an earlier round."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence

from webapp.idlist.cursor import Cursor
from webapp.idlist.documents import OUTCOME
from webapp.idlist.reading import Place
from webapp.idlist.records import Record

Cells = Sequence[str]


def annotate_document(
    told: Iterable[tuple[Record, Iterable[tuple[Place, Cells]]]], headers: Cells
) -> Iterator[str]:
    """The stretches of a document, each with the cells of the entries that its value holds."""
    for record, several in told:
        outcomes = [dict(zip(headers, cells, strict=True)) for _, cells in several]
        if outcomes:
            outcome = json.dumps(outcomes if len(outcomes) > 1 else outcomes[0])
            yield record.raw[: record.offset] + _with(outcome, record.raw[record.offset :])
        else:
            yield record.raw


def _with(outcome: str, value: str) -> str:
    if value.startswith('"'):
        return f'{{"id": {value}, "{OUTCOME}": {outcome}}}'
    if not value.startswith("{"):
        return value  # a number or the like, which was rejected
    start, end = _former(value)
    if end:
        return value[:start] + outcome + value[end:]
    inside = value[:-1].rstrip()
    comma = "" if inside == "{" else ", "
    return f'{inside}{comma}"{OUTCOME}": {outcome}{value[len(inside) :]}'


def _former(value: str) -> tuple[int, int]:
    """Where in an object the outcome of an earlier round begins and ends; (0, 0) for nowhere."""
    found = (0, 0)
    cursor = Cursor(io.StringIO(value if f'"{OUTCOME}"' in value else "{}"))
    cursor.expect("{")
    while not cursor.skip("}"):
        name = cursor.value()
        cursor.expect(":")
        cursor.peek()
        start = cursor.offset
        cursor.value()
        found = (start, cursor.offset) if name == OUTCOME else found
        cursor.skip(",")
    return found
