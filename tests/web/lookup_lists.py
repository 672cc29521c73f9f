"""Lists for whose names and paths ICA is to be asked, put into the store as reading leaves them."""

from collections.abc import Sequence

from msgspec.structs import replace

from tests.dashboard import Dashboard, Visitor, data_ids
from webapp.store import lookups, submissions
from webapp.store.documents import NamedProject
from webapp.store.enums import LookupKind
from webapp.store.lookups import NewLookup

SECRET = "patient-7"  # in each name and path
NAME, PATH = LookupKind.NAME, LookupKind.PATH


def resolving(
    dashboard: Dashboard,
    visitor: Visitor,
    *,
    names: int = 0,
    paths: int = 0,
    sources: Sequence[NamedProject] = (),
) -> tuple[str, int]:
    """A list of one id and so many lookups, for which ICA is to be asked: its address and id."""
    place = visitor.draft(data_ids(1), name="By names")
    submission_id = int(place.rsplit("/", 1)[1])
    kinds = [NAME] * names + [PATH] * paths
    rows = [
        NewLookup(at, kind, f"{'/' * (kind == PATH)}{SECRET}-{at}.bam", "", at, 1)
        for at, kind in enumerate(kinds, start=2)
    ]
    with dashboard.store.write() as connection:
        review = submissions.get(connection, submission_id).review
        lookups.add(connection, submission_id, rows)
        submissions.grow(connection, submission_id, len(rows), 0)
        submissions.change(
            connection,
            submission_id,
            empty_positions=len(rows),
            review=replace(review, lookups=len(rows)),
            lookup_projects=list(sources),
        )
        lookups.ask(connection, submission_id, dashboard.clock(), closer=False)
    return place, submission_id
