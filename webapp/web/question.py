"""A question "where are my ids?": read within its request, then kept."""

import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Any

from webapp import idlist
from webapp.idlist import Entry, Kind, Reading, Unreadable
from webapp.store import finds, items
from webapp.web import intake
from webapp.web.desk import desk, viewer
from webapp.web.intake import Form, Unusable
from webapp.work.read import NO_ID

MOST_IDS = 100_000
LIMITS = idlist.Limits(
    entries=4 * MOST_IDS, lines=4 * MOST_IDS, unpacked_bytes=20_000_000
)  # it is read while somebody waits
REJECTS_SHOWN = 5
TOO_MANY = (
    f"More than {MOST_IDS:,} different ids were found, and one question can have that many. "
    "Ask for a part of them, or look at the page of the submission that you sent them with."
)


def ask(form: Form) -> str:
    """Keep the question and return its id. Raises Unusable, and keeps nothing, without ids."""
    errors = form.errors()
    errors.pop("project_id", None)  # a question has none: it looks into all that may be seen
    if errors:
        raise Unusable(errors)
    try:
        ids, review = _read(form)
    except Unreadable as error:
        raise Unusable({"file" if form.file else "ids": str(error)}) from error
    find_id = secrets.token_urlsafe(12)
    desk().write(finds.create, find_id, viewer(), form.name, review, desk().now())
    for at in range(0, len(ids), items.CHUNK):
        desk().write(finds.add, find_id, at + 1, ids[at : at + items.CHUNK])
    return find_id


def _read(form: Form) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    """The ids with their lines, and what else is to be said of the list."""
    ids: list[tuple[str, int]] = []
    rejects: list[dict[str, Any]] = []
    counts: Counter[Kind] = Counter()
    for entry in _entries(form):
        counts[entry.kind] += 1
        if entry.kind is Kind.GOOD:
            ids.append((entry.data_id, entry.line))
        elif entry.kind is Kind.REJECTED and len(rejects) < REJECTS_SHOWN:
            rejects.append({"line": entry.line, "text": entry.text, "note": entry.note})
        if len(ids) > MOST_IDS:
            raise Unreadable(TOO_MANY)
    if not ids:
        raise Unreadable(NO_ID)
    told = {kind.value: counts[kind] for kind in (Kind.REPEATED, Kind.REJECTED)}
    return ids, {"ids": len(ids), **told, "rejects": rejects}


def _entries(form: Form) -> Iterator[Entry]:
    reading: Reading | None = None
    for name, stream in intake.parts(form):
        pieces = intake.pieces(stream)
        reading = Reading(pieces, file_name=name, limits=LIMITS, after=reading)
        yield from reading
