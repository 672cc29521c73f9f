"""Visits: what a reader has seen of submissions' counts, so that the next tells what changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, select

from webapp.store import sql
from webapp.store.tables import Visit, submissions, visits

VISIT_SECONDS = 3 * 60.0  # without a look, then a visit is over; and so long it tells its news
NOTE_SECONDS = 10.0  # between two writes while nothing changes
_KEY = ("submission_id", "account_id")
_SEEN = ("began_at", "seen_at", "counts", "before_at", "before_counts")
_LAST = select(visits).where(
    visits.c.account_id == sql.ACCOUNT,
    visits.c.submission_id.in_(bindparam("wanted", expanding=True)),
)


def last(
    connection: Connection, account_id: int, submission_ids: Collection[int]
) -> dict[int, Visit]:
    """The account's last visits, by the submissions of which there was one."""
    given = {"account": account_id, "wanted": [*submission_ids]}
    return {one.submission_id: one for one in sql.fetch(connection, _LAST, Visit, given)}


def first(account_id: int, submission_id: int, counts: Mapping[str, int], at: float) -> Visit:
    """The visit that begins then, where there was none."""
    return Visit(
        account_id=account_id,
        submission_id=submission_id,
        began_at=at,
        seen_at=at,
        counts=dict(counts),
        before_at=None,
        before_counts={},
    )


def next_of(
    former: Visit, counts: Mapping[str, int], settled_at: float | None, now: float
) -> Visit:
    """What the last visit becomes when these counts are shown now: it goes on, and after a while
    tells nothing more; or it is the one before the visit that begins. An end that the reader has
    not seen begins one.
    """
    seen = replace(former, seen_at=now, counts=dict(counts))
    ended_since = (settled_at or 0.0) > former.seen_at
    if now - former.seen_at > VISIT_SECONDS or ended_since:
        return replace(seen, began_at=now, before_at=former.seen_at, before_counts=former.counts)
    if now - former.began_at > VISIT_SECONDS:
        return replace(seen, before_at=None, before_counts={})
    return seen


def watched(
    former: Visit, counts: Mapping[str, int], settled_at: float | None, now: float
) -> Visit:
    """What the last visit becomes when a page that was open already shows these counts now. It
    begins none: what was watched is no news, so of what has moved nothing is told until there is a
    next visit.
    """
    seen = replace(former, seen_at=now, counts=dict(counts))
    if seen.counts == former.counts and (settled_at or 0.0) <= former.seen_at:
        return seen
    return read(seen)


def read(visit: Visit) -> Visit:
    """The same once its reader has read what has changed, where all of it is told."""
    return replace(visit, before_at=None, before_counts={})


def is_to_be_noted(former: Visit | None, visit: Visit, settled_at: float | None) -> bool:
    """Whether it tells more than what is kept, an end also where no count has changed."""
    return (
        former is None
        or (settled_at or 0.0) > former.seen_at
        or visit.counts != former.counts
        or visit.before_at != former.before_at
        or visit.seen_at - former.seen_at > NOTE_SECONDS
    )


def note(connection: Connection, seen: Sequence[Visit]) -> None:
    """Keep these visits, but of submissions that are gone meanwhile."""
    wanted = select(submissions.c.id).where(
        submissions.c.id.in_([one.submission_id for one in seen])
    )
    there = set(connection.execute(wanted.with_for_update(key_share=True, read=True)).scalars())
    rows = [
        {name: getattr(one, name) for name in (*_KEY, *_SEEN)}
        for one in seen
        if one.submission_id in there
    ]
    if rows:
        statement = sql.insert(connection, visits)
        new = {name: statement.excluded[name] for name in _SEEN}
        connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=new), rows)
