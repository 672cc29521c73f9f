"""Writes outcomes into the values of a JSON document, or over those of an earlier round."""

import json
import re
from collections.abc import Sequence

from webapp.idlist.cursor import DECODER
from webapp.idlist.documents import OUTCOME
from webapp.idlist.records import Record

Cells = Sequence[str]

_signs = re.compile(r"[\s:,]*").match


def annotated_value(record: Record, told: Sequence[Cells], headers: Cells) -> str:
    """A stretch of the document, with the cells of each entry that its value holds."""
    if not told:
        return record.raw
    before, value = record.raw[: record.offset], record.raw[record.offset :]
    outcomes = [dict(zip(headers, cells, strict=True)) for cells in told]
    outcome = json.dumps(outcomes if len(outcomes) > 1 else outcomes[0])
    if value.startswith('"'):
        return f'{before}{{"id": {value}, "{OUTCOME}": {outcome}}}'
    if not value.startswith("{"):
        return record.raw  # a number or the like, which was rejected
    start, end = _former(value)
    if end:
        return before + value[:start] + outcome + value[end:]
    inside = value[:-1].rstrip()
    comma = "" if inside == "{" else ", "
    return f'{before}{inside}{comma}"{OUTCOME}": {outcome}{value[len(inside) :]}'


def _former(value: str) -> tuple[int, int]:
    """Where in an object the outcome of an earlier round begins and ends; (0, 0) for nowhere."""
    found = (0, 0)
    at = _past_signs(value, 1) if f'"{OUTCOME}"' in value else len(value) - 1
    while value[at] != "}":
        name, at = DECODER.raw_decode(value, at)
        start = _past_signs(value, at)
        _, end = DECODER.raw_decode(value, start)
        found = (start, end) if name == OUTCOME else found
        at = _past_signs(value, end)
    return found


def _past_signs(value: str, at: int) -> int:
    """Past white space, colons and commas."""
    match = _signs(value, at)
    return match.end() if match else at
