"""The query "where are my ids?": a list of ids, read within its request, then kept. Names and paths
lead to ids by what this dashboard knows of items; ICA is not asked.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from webapp import idlist
from webapp.idlist import Entry, Reading, Unreadable
from webapp.idlist.entries import Lookup, LookupKind
from webapp.store import items, usage
from webapp.store.documents import FindReview, Reject
from webapp.store.enums import AuditAction
from webapp.store.find import names, queries
from webapp.web.core import audit
from webapp.web.core.access import ask_about_new_projects
from webapp.web.core.context import context, viewer
from webapp.web.core.forms import Errors, Unusable
from webapp.web.submissions import quota, upload
from webapp.web.submissions.upload import Form

MAX_IDS = 100_000
# Small ones: the list is read within the request.
LIMITS = idlist.Limits(entries=4 * MAX_IDS, lines=4 * MAX_IDS, unpacked_bytes=20_000_000)
MAX_SECONDS = 10.0  # for one question: 100,000 ids take half a second
MAX_KEPT_REJECTS = 5
NOTHING = (
    "No data id, name or path was found in this list. A data id is fil. or fol. and 32 characters "
    "of 0-9 and a-f; a name is that of a file, such as a.bam; a path is whole, such as /run1/a.bam."
)
TOO_MANY = (
    f"More than {MAX_IDS:,} different ids were found, and one question can have that many. "
    "Ask for a part of them, or look at the page of the submission that you sent them with."
)
TOO_MANY_CALLED = (
    f"The names and paths of this list lead to more than {MAX_IDS:,} data ids, and one question "
    "can have that many. Ask for a part of them, or by their paths, which are rarely the same."
)
TOO_LONG = (
    f"This list was read for {MAX_SECONDS:.0f} seconds without coming to its end. Ask for a part "
    "of it, or save it as plain text with one data id a line."
)


def ask(form: Form) -> str:
    """Keep the query and return its id. Raises Unusable, and keeps nothing, without ids or room."""
    errors = form.errors()
    errors.pop("project_id", None)  # a query has none: it looks into all that may be seen
    if errors:
        raise Unusable(errors)
    try:
        ids, review = _read(form)
    except Unreadable as error:
        raise Unusable(Errors({"file" if form.file else "ids": str(error)})) from error
    find_id, size, now = secrets.token_urlsafe(12), usage.of_found_ids(ids), context().clock()
    with context().store.write() as connection:
        quota.demand_room(connection, viewer().id, size)
        queries.create(connection, find_id, viewer(), form.name, review, size, now)
        audit.note(connection, AuditAction.ASK, ids=len(ids), question=form.name)
        queries.add(connection, find_id, 1, ids[: items.CHUNK_ROWS])
    for at in range(items.CHUNK_ROWS, len(ids), items.CHUNK_ROWS):
        context().write(queries.add, find_id, at + 1, ids[at : at + items.CHUNK_ROWS])
    return find_id


def _read(form: Form) -> tuple[list[queries.Row], FindReview]:
    """The ids with their lines, and the numbers of other entries."""
    first_lines: dict[str | Lookup, int] = {}
    rejects: list[Reject] = []
    repeated = rejected = 0
    for entry in _entries(form):
        wanted = entry.data_id or entry.lookup
        if not wanted:
            rejected += 1
            if len(rejects) < MAX_KEPT_REJECTS:
                rejects.append(Reject(entry.line, entry.text, entry.note))
        elif wanted in first_lines:
            repeated += 1
        else:
            first_lines[wanted] = entry.line
            if len(first_lines) > MAX_IDS:
                raise Unreadable(TOO_MANY)
    if not first_lines:
        raise Unreadable(NOTHING)
    lookups = [wanted for wanted in first_lines if isinstance(wanted, Lookup)]
    called = _ids_of(lookups) if lookups else {}
    rows = _rows(first_lines, called)
    review = FindReview(
        ids=len(rows),
        repeated=repeated,
        rejected=rejected,
        rejects=rejects,
        names=len(lookups),
        given=len(first_lines) - len(lookups),
        known=sum(one.text in called for one in lookups),
        led=len(set(chain.from_iterable(called.values()))),
    )
    return rows, review


def _ids_of(lookups: Sequence[Lookup]) -> dict[str, list[str]]:
    """By name and by path, the ids that the visitor sees called so. The project that an address
    names is not looked at: of most data it is not known here which one they are from.
    """
    ask_about_new_projects()
    called = {one.text for one in lookups if one.kind == LookupKind.NAME}
    paths = {one.text for one in lookups if one.kind != LookupKind.NAME}
    given = (viewer(), context().clock(), called, paths, MAX_IDS + 1)
    return context().read(names.ids_called, *given)


def _rows(
    lines: Mapping[str | Lookup, int], called: Mapping[str, Sequence[str]]
) -> list[queries.Row]:
    """A row for each id, for each that a name led to, and for each name that led to none."""
    rows: list[queries.Row] = []
    for wanted, line in lines.items():
        if isinstance(wanted, str):
            rows.append((wanted, line, ""))
        else:
            rows += [(data_id, line, wanted.text) for data_id in called.get(wanted.text, [""])]
    if len(rows) > MAX_IDS:
        raise Unreadable(TOO_MANY_CALLED)
    return rows


def _entries(form: Form) -> Iterator[Entry]:
    """All of them: ids are few enough here to find repeats by their texts, in half the time."""
    reading: Reading | None = None
    limits = LIMITS.for_at_most(MAX_SECONDS, TOO_LONG)
    for part in upload.parts(form):
        reading = Reading(
            part.pieces(), file_name=part.name, limits=limits, after=reading, find_repeats=False
        )
        yield from reading
