"""Writes outcomes into JSON; all else stays as it is in the file."""

import io
import json
from collections.abc import Iterable, Iterator

from webapp.idlist.annotate.lookup import Cells, RecordOutcomes, one_line
from webapp.idlist.formats.json_cursor import JsonCursor
from webapp.idlist.formats.json_list import OUTCOME_KEY


def annotate_json(records: Iterable[RecordOutcomes], headers: Cells) -> Iterator[str]:
    """The text of the document; each value with entries gets their outcomes under `headers`."""
    for record, pairs in records:
        outcomes = [dict(zip(headers, map(one_line, cells), strict=True)) for _, cells in pairs]
        if outcomes:
            outcome = json.dumps(outcomes if len(outcomes) > 1 else outcomes[0])
            yield record.raw[: record.start] + _with_outcome(record.raw[record.start :], outcome)
        else:
            yield record.raw


def _with_outcome(value: str, outcome: str) -> str:
    if value.startswith('"'):
        return f'{{"id": {value}, "{OUTCOME_KEY}": {outcome}}}'
    if not value.startswith("{"):
        return value  # a number or the like, which was rejected
    start, end = _earlier_outcome(value)
    if end:
        return value[:start] + outcome + value[end:]
    inside = value[:-1].rstrip()
    comma = "" if inside == "{" else ", "
    return f'{inside}{comma}"{OUTCOME_KEY}": {outcome}{value[len(inside) :]}'


def _earlier_outcome(value: str) -> tuple[int, int]:
    """Where an object has the outcome of an earlier annotation; (0, 0) for nowhere."""
    found = (0, 0)
    cursor = JsonCursor(io.StringIO(value if f'"{OUTCOME_KEY}"' in value else "{}"))
    cursor.expect("{")
    while not cursor.skip("}"):
        key = cursor.value()
        cursor.expect(":")
        cursor.peek()
        start = cursor.offset
        cursor.value()
        found = (start, cursor.offset) if key == OUTCOME_KEY else found
        cursor.skip(",")
    return found
