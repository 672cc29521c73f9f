"""A question "where are my ids?": read within its request, then kept."""

import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
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


@dataclass
class _Asked:
    """What was found in the list of a question."""

    ids: list[tuple[str, int]] = field(default_factory=list)  # with their lines
    rejects: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)

    def take(self, entry: Entry) -> None:
        self.counts[entry.kind] += 1
        if entry.kind is Kind.GOOD:
            self.ids.append((entry.data_id, entry.line))
        elif entry.kind is Kind.REJECTED and len(self.rejects) < REJECTS_SHOWN:
            self.rejects.append({"line": entry.line, "text": entry.text, "note": entry.note})

    def review(self) -> dict[str, Any]:
        told = {kind.value: self.counts[kind] for kind in (Kind.REPEATED, Kind.REJECTED)}
        return {"ids": len(self.ids), **told, "rejects": self.rejects}


def ask(form: Form) -> str:
    """Keep the question and return its id. Raises Unusable, and keeps nothing, without ids."""
    errors = form.errors()
    errors.pop("project_id", None)  # a question has none: it looks into all that may be seen
    if errors:
        raise Unusable(errors)
    try:
        asked = _read(form)
    except Unreadable as error:
        raise Unusable({"file" if form.file else "ids": str(error)}) from error
    return _keep(form.name, asked)


def _read(form: Form) -> _Asked:
    asked = _Asked()
    for entry in _entries(form):
        asked.take(entry)
        if len(asked.ids) > MOST_IDS:
            raise Unreadable(TOO_MANY)
    if not asked.ids:
        raise Unreadable(NO_ID)
    return asked


def _entries(form: Form) -> Iterator[Entry]:
    reading: Reading | None = None
    for name, stream in intake.parts(form):
        pieces = intake.pieces(stream)
        reading = idlist.read(pieces, file_name=name, limits=LIMITS, after=reading)
        yield from reading


def _keep(name: str, asked: _Asked) -> str:
    find_id = secrets.token_urlsafe(12)
    with desk().store.write() as connection:
        finds.create(connection, find_id, viewer(), name, asked.review(), desk().now())
    for at in range(0, len(asked.ids), items.CHUNK):
        with desk().store.write() as connection:
            finds.add(connection, find_id, at + 1, asked.ids[at : at + items.CHUNK])
    return find_id
