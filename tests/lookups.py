"""Lists of names and paths in a dashboard: put in, resolved, and what became of each line."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.dashboard import Dashboard
from tests.simulated_ica import FIRST_PROJECT
from webapp.simulator.projects import PROJECTS, project_id
from webapp.store import Store, accounts, answers, chores, items, lookups, submissions
from webapp.store.chores import Chore, ResolveSpec
from webapp.store.documents import NamedProject, Review
from webapp.store.enums import ChoreKind, LookupKind, LookupState, Source, State
from webapp.store.items import ItemRow
from webapp.store.lookups import Candidate, NewLookup
from webapp.store.paging import Cursor
from webapp.store.submissions import New, Submission
from webapp.store.tables import Lookup


class Line(NamedTuple):
    """What a line of the list became: its lookup, candidates, and the item's data id, if any."""

    lookup: Lookup
    candidates: list[Candidate]
    data_id: str

    @property
    def state(self) -> LookupState:
        return self.lookup.state


def named(*numbers: int) -> list[NamedProject]:
    """Projects of the simulator, by their numbers."""
    found = [PROJECTS[project_id(number)] for number in numbers]
    return [NamedProject(one.id, one.name) for one in found]


def lookup(position: int, text: str) -> NewLookup:
    """The lookup of a line: icav2://project/path, a path, a folder's path, or a name."""
    project = ""
    if text.startswith("icav2://"):
        project, _, rest = text.removeprefix("icav2://").partition("/")
        text = f"/{rest}"
    kind = LookupKind.PATH if text.startswith("/") else LookupKind.NAME
    kind = LookupKind.FOLDER if text.endswith("/") else kind
    return NewLookup(position, kind, text, project, position, 1)


def put_in(
    store: Store,
    now: float,
    texts: Sequence[str],
    *,
    projects: Iterable[NamedProject] = (),
    target: str = FIRST_PROJECT,
) -> int:
    """A list that waits to be resolved; returns its submission's id. Somebody has signed in."""
    count = len(texts)
    rows = [lookup(position, text) for position, text in enumerate(texts, start=1)]
    with store.write() as connection:
        account = accounts.get(connection, 1)
        name = PROJECTS[target].name
        new = New(account, target, name, "names", Source.UPLOAD, 1000, kept_bytes=100 * count)
        submission_id = submissions.create(connection, new, now)
        lookups.add(connection, submission_id, rows)
        submissions.change(connection, submission_id, lookup_projects=[*projects])
        submissions.become_resolving(connection, submission_id, count, count, Review(), now)
        ask(connection, submission_id, count, now)
    return submission_id


def ask(connection, submission_id: int, total: int, now: float, *, closer: bool = False) -> None:  # type: ignore[no-untyped-def]
    """Begin the chore."""
    spec = ResolveSpec(closer=closer)
    chores.add(connection, submission_id, 1, ChoreKind.RESOLVE, spec, total, now)


def resolved(dashboard: Dashboard, texts: Sequence[str], **options) -> dict[str, Line]:  # type: ignore[no-untyped-def]
    """What became of each line of a list, by its text, once it is resolved to its end."""
    submission_id = put_in(dashboard.store, dashboard.clock(), texts, **options)
    its = settled(dashboard, submission_id)
    assert (its.ended_at is not None, its.problem) == (True, None), its
    assert submission(dashboard, submission_id).state == State.DRAFT
    return dict(zip(texts, lines(dashboard, submission_id), strict=True))


def settled(dashboard: Dashboard, submission_id: int) -> Chore:
    """The list's chore once it has ended, within 15 minutes."""
    for _ in range(180):
        its = chore(dashboard, submission_id)
        if its.ended_at is not None:
            break
        dashboard.work(5)
    return its


def submission(dashboard: Dashboard, submission_id: int) -> Submission:
    return dashboard.context.read(submissions.get, submission_id)


def chore(dashboard: Dashboard, submission_id: int) -> Chore:
    found = dashboard.context.read(chores.latest, submission_id, ChoreKind.RESOLVE)
    assert found
    return found


def lines(dashboard: Dashboard, submission_id: int) -> list[Line]:
    """What became of each line so far."""
    with dashboard.store.read() as connection:
        count = submissions.get(connection, submission_id).item_count
        found = [lookups.get(connection, submission_id, at + 1) for at in range(count)]
        every = [*range(1, count + 1)]
        most = answers.MAX_CANDIDATES
        its = lookups.candidates_of(connection, submission_id, every, most)
        rows = _items(connection, submission_id, count)
    return [
        Line(one, its.get(one.position, []), rows.get(one.first_item or 0, ""))
        for one in found
        if one
    ]


def _items(connection, submission_id: int, count: int) -> dict[int, str]:  # type: ignore[no-untyped-def]
    page = items.page(connection, submission_id, [items.Slice()], "", Cursor(), count + 1)
    return {row.position: row.data_id for row in page.rows}


def states(found: Iterable[Line]) -> Counter[LookupState]:
    return Counter(line.state for line in found)


__all__ = ["ItemRow", "Line", "lines", "named", "put_in", "resolved", "states", "submission"]
