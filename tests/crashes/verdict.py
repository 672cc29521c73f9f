"""What must hold when all is at rest: nothing lost, nothing doubled unknowingly, one truth."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from tests.agreement import (
    by_csv,
    by_json_lines,
    by_the_board,
    by_the_chips,
    by_the_list_handed_back,
    by_the_page,
    short,
)
from tests.crashes.people import OwnList, Person
from tests.crashes.system import Ica
from tests.simulated_ica import DEMO_KEY
from tests.store.invariants import Seen
from webapp.simulator.batches import Batch
from webapp.simulator.options import Options
from webapp.simulator.state import State as IcaState
from webapp.simulator.users import user_of_key
from webapp.store import Store, tables
from webapp.store.enums import BEGUN
from webapp.store.statuses import MOVING


def is_at_rest(store: Store) -> bool:
    """Whether nothing is left to do for anything that was submitted."""
    queues = (tables.batches, tables.chores, tables.uploads)
    with store.read() as connection:
        return all(
            connection.execute(select(func.count()).where(of.c.due_at.is_not(None))).scalar() == 0
            for of in queues
        )


@dataclass
class Verdict:
    """What was found: ids without an outcome of ICA's batch that they were sent in last; batches
    that ICA has twice, and how many of those are marked as sent again.
    """

    ids_lost: int = 0
    batches: int = 0
    doubled: int = 0
    doubled_knowingly: int = 0


def judge(store: Store, ica: Ica, person: Person, lists: Sequence[OwnList]) -> Verdict:
    at_ica = IcaState(Options(state_file=ica.state), time.time)
    made = {batch.id: batch for batch in at_ica.batches_visible_to(user_of_key(DEMO_KEY))}
    verdict = Verdict(batches=len(made))
    with store.read() as connection:
        begun = tables.submissions.c.state.in_(BEGUN)
        rows = connection.execute(select(tables.submissions).where(begun)).all()
        seen = [Seen(connection, row) for row in rows]
    assert len(seen) == len(lists)
    ours = [batch for one in seen for batch in one.batches.values()]
    _judge_batches(verdict, ours, made)
    for one in seen:
        one.check()
        for batch in one.batches.values():
            if batch.ica_batch_id:
                told = {one.rows[p].data_id: word for p, word in one.own(batch).items()}
                verdict.ids_lost += _differing(told, made[batch.ica_batch_id])
    by_place = {f"/submissions/{one.submission.id}": one for one in seen}
    for own in lists:
        verdict.ids_lost += _judge_list(person, own, by_place[own.place])
    return verdict


def _judge_batches(verdict: Verdict, ours: Iterable[Any], made: dict[str, Batch]) -> None:
    """Each of ICA's is one of ours, or was made twice."""
    known = [batch.ica_batch_id for batch in ours if batch.ica_batch_id]
    assert len(known) == len(set(known)), "one of ICA's batches is two of ours"
    assert made.keys() >= set(known)
    twice = Counter(
        _content(made[batch.ica_batch_id])
        for batch in ours
        if batch.sent_again and batch.ica_batch_id
    )
    of_ours = Counter(_content(made[one]) for one in known)
    for batch_id in made.keys() - set(known):
        content = _content(made[batch_id])
        assert of_ours[content], f"nobody here knows ICA's batch {batch_id}"
        verdict.doubled += 1
        verdict.doubled_knowingly += twice[content] > 0


def _content(batch: Batch) -> tuple[Any, ...]:
    return batch.request.kind, tuple(batch.request.data_ids)


def _differing(told: dict[str, str], made: Batch) -> int:
    """How many ids of a batch are told otherwise than ICA has them, or not at all."""
    progress = made.progress(time.time())
    final = {data_id: made.status(n, progress) for n, data_id in enumerate(made.data_ids)}
    return sum(told.get(data_id) != status for data_id, status in final.items())


def _judge_list(person: Person, own: OwnList, seen: Seen) -> int:
    """How many ids of a list have no outcome; all that tells of it tells the same."""
    stands = {seen.rows[p].data_id: seen.rows[p].status for p in sorted(seen.rows)}
    assert list(stands) == list(own.ids), own.name
    told = by_csv(person, own.place)
    assert by_json_lines(person, own.place) == told
    assert by_the_list_handed_back(person, own.place) == told
    counts = Counter(told.values())
    assert by_the_page(person, own.place) == by_the_chips(person, own.place) == counts
    assert counts == seen.submission.counts
    assert short(counts) in by_the_board(person, own.place)
    return sum(status in MOVING for status in told.values()) + len(own.ids) - len(told)
