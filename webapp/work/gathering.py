"""Gathering: what a folder of ICA holds becomes items, page by page, by cursor.

They are all of a list that was made from a folder, or the files of a folder that a list names. Each
page is recorded together with the cursor after it; where ICA takes that no more, all is read once
more, and nothing becomes an item twice.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from webapp.ica.client import IcaClient
from webapp.ica.errors import Forbidden, NotFound, PagingLoop, Refused
from webapp.ica.models import Data, Page, whole_path
from webapp.idlist import Limits
from webapp.store import (
    Connection,
    accounts,
    choices,
    chores,
    drafts,
    items,
    lookups,
    statistics,
    submissions,
    usage,
)
from webapp.store.chores import Chore, GatherSpec
from webapp.store.documents import FolderQuery, NamedProject
from webapp.store.enums import ChoreKind, Likeness, State
from webapp.store.lookups import Candidate, Choice
from webapp.store.submissions import Submission
from webapp.work import flagging, folder_query, matching
from webapp.work.context import Context
from webapp.work.walk import Trail

PAGE_ROWS = 1000
MAX_ITEMS = Limits().entries  # of a list, however it came
MAX_ANEW = 3
IN_A_CIRCLE = "ICA's pages of this folder go round in a circle: a cursor came a second time."


def step(context: Context, chore: Chore) -> Chore:
    """A page, by the key of whoever asked; after the last one, where the folder is then."""
    spec = chore.spec_as(GatherSpec)
    with context.store.read() as connection:
        submission = submissions.get(connection, chore.submission_id)
        account = accounts.get(connection, chore.account_id)
    client = context.clients.of(account)
    if spec.is_read:
        return _end(context, chore, replace(spec, path_after=_path_now(client, spec.query)))
    try:
        page = _page(client, spec)
    except Refused:
        if not spec.cursor or spec.anew >= MAX_ANEW:
            raise
        return _record(context, chore, _anew(spec), [])
    most = room(context, submission)
    spec, found = _take(context, submission, spec, page)
    if len(found) > most:
        spec, found = replace(spec, is_read=True, is_full=True), found[:most]
    return _record(context, chore, spec, found)


def room(context: Context, submission: Submission) -> int:
    """How many more items a list may have, by its length and by what its account may keep."""
    beside = context.read(usage.beside, submission.account_id, submission.id)
    left = context.settings.account_bytes - beside - submission.kept_bytes
    return max(0, min(left // usage.of_usual_items(1), MAX_ITEMS - submission.item_count))


def take_files(
    connection: Connection, submission: Submission, positions: Sequence[int], now: float
) -> bool:
    """Have the files of folders, each of which a lookup of the draft means, read into the list, one
    folder after the other: they stand behind it, in place of the folder. False when it is no draft
    any more, or none of these lookups means a folder.
    """
    if drafts.lock(connection, submission.id).state != State.DRAFT:
        return False
    begun = _read_next(connection, submission.id, positions, now)
    return begun and submissions.resolve_on(connection, submission.id, now)


def _read_next(
    connection: Connection, submission_id: int, positions: Sequence[int], now: float
) -> bool:
    """Begin with the files of the next folder; False where none is left. One by one, so that the
    files of each stand together.
    """
    submission = drafts.lock(connection, submission_id)
    for index, position in enumerate(positions, start=1):
        lookup = lookups.get(connection, submission_id, position)
        folder = choices.meant(connection, lookup) if lookup else None
        if lookup is None or folder is None or not folder.data_id.startswith(choices.FOLDER):
            continue
        lookups.forget(connection, submission_id, [position])
        project = NamedProject(folder.project_id, folder.project_name)
        query = FolderQuery(project, folder.data_id, folder.path, type="FILE")
        then = [*positions[index:]]
        spec = GatherSpec(query, position=position, then=then, promised=lookup.files)
        kind, total = ChoreKind.GATHER, lookup.files or 0
        chores.add(connection, submission_id, submission.account_id, kind, spec, total, now)
        return True
    return False


def go_on(connection: Connection, submission: Submission, account_id: int, now: float) -> bool:
    """Read on where it was stopped, or given up; False where nothing is left to read, or the list
    is being worked on.
    """
    last = chores.latest(connection, submission.id, ChoreKind.GATHER)
    if last is None or last.problem is None or chores.unfinished(connection, submission.id):
        return False
    if drafts.lock(connection, submission.id).state != State.DRAFT:
        return False
    spec = _where_it_was(connection, submission.id, last.spec_as(GatherSpec))
    if spec is None:
        return False
    chores.add(connection, submission.id, account_id, last.kind, spec, last.total, now)
    return submissions.resolve_on(connection, submission.id, now)


def _where_it_was(
    connection: Connection, submission_id: int, spec: GatherSpec
) -> GatherSpec | None:
    """What is still to be read. All of a folder that a lookup means, where something stands behind
    its first files by now: those of each stand together. None: the lookup means these no more.
    """
    lookup = lookups.get(connection, submission_id, spec.position or 0)
    if lookup is None or not spec.cursor:
        return spec
    if lookup.first_item in (None, lookup.position):
        return None
    end = submissions.get(connection, submission_id).item_count
    if lookup.shared or lookup.last_item == end:
        return spec
    lookups.forget(connection, submission_id, [lookup.position])
    return replace(_anew(spec), anew=spec.anew)


def _page(client: IcaClient, spec: GatherSpec) -> Page[Data]:
    where, wanted = folder_query.scope(spec.query), folder_query.data_filter(spec.query)
    return client.find_data(where, wanted, page_token=spec.cursor or None, page_size=PAGE_ROWS)


def _anew(spec: GatherSpec) -> GatherSpec:
    """From the first page on: what is an item already does not become one again."""
    counted = {"read": 0, "apart": 0, "known": 0}
    return replace(spec, cursor="", pages=0, mark=None, anew=spec.anew + 1, **counted)


def _take(
    context: Context, submission: Submission, spec: GatherSpec, page: Page[Data]
) -> tuple[GatherSpec, list[Candidate]]:
    """How far it is after a page, and what of that is to become items."""
    trail, circles = Trail(spec.pages, spec.mark).follow(page.next_token)
    matches = folder_query.matcher(spec.query)
    projects = {spec.query.project.id: spec.query.project.name}
    inside = [
        matching.candidate(data, Likeness.SAME, projects) for data in page.items if matches(data)
    ]
    data_ids = {one.data_id for one in inside}
    known = context.read(items.held_in, spec.former, data_ids) if spec.former else set()
    found = [one for one in inside if one.data_id not in known]
    following = page.next_token or ""
    after = replace(
        spec,
        cursor=following,
        pages=trail.pages,
        mark=trail.mark,
        read=spec.read + len(page.items),
        apart=spec.apart + len(page.items) - len(inside),
        known=spec.known + len(inside) - len(found),
        is_read=not following,
    )
    if circles or _is_too_much(after, submission.item_count + len(found)):
        raise PagingLoop(IN_A_CIRCLE)
    return after, found


def _is_too_much(spec: GatherSpec, item_count: int) -> bool:
    """Whether more was read than there can be: a circle of ever new cursors."""
    once = spec.read - spec.apart - spec.known
    return once > 2 * item_count + PAGE_ROWS or spec.read > 2 * MAX_ITEMS


def _record(context: Context, chore: Chore, spec: GatherSpec, found: Sequence[Candidate]) -> Chore:
    """Keep items and cursor in one transaction."""
    submission = context.read(submissions.get, chore.submission_id)
    flags = flagging.flags_of(context, submission, found)
    position = spec.position or 0
    chosen = [Choice(position, one, flags[one.data_id]) for one in found]
    now = context.clock()
    with context.store.write() as connection:
        kept = chores.keep(connection, chore, now, done=spec.read, spec=msgspec.to_builtins(spec))
        drafts.lock(connection, submission.id)
        if spec.position is None:
            lookups.append(connection, submission.id, chosen)
        elif (lookup := lookups.get(connection, submission.id, position)) and chosen:
            lookups.choose_several(connection, lookup, chosen)
    return kept


def _end(context: Context, chore: Chore, spec: GatherSpec) -> Chore:
    """The list is a draft, or one again."""
    if not context.store.is_sqlite:
        context.write_if_free(statistics.refresh)  # before anybody looks for these items
    now = context.clock()
    with context.store.write() as connection:
        ended = chores.end(connection, chore, now, spec=msgspec.to_builtins(spec))
        lookup = lookups.get(connection, chore.submission_id, spec.position or 0)
        if lookup and lookup.first_item is None:  # it was chosen, and has no files
            lookups.choose_several(connection, lookup, [])
        if not _read_next(connection, chore.submission_id, spec.then, now):
            submissions.end_resolving(connection, chore.submission_id, now)
    return ended


def _path_now(client: IcaClient, query: FolderQuery) -> str:
    """The folder's path when all is read; "" where ICA has it no more."""
    if not query.folder_id:
        return folder_query.ROOT
    try:
        return whole_path(client.data(query.project.id, query.folder_id).data)
    except (NotFound, Forbidden):
        return ""
