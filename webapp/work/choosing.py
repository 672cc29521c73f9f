"""Choosing what lookups mean: by a rule, chunk by chunk, or as somebody has ticked them."""

from collections.abc import Mapping, Sequence

from webapp.store import Connection, choices, chores, drafts, lookups, submissions
from webapp.store.chores import ChooseSpec, Chore
from webapp.store.documents import KeptError
from webapp.store.enums import ErrorCode, Rule
from webapp.store.items import CHUNK_ROWS
from webapp.store.lookups import Candidate, Choice
from webapp.store.submissions import Submission
from webapp.work import flagging, gathering
from webapp.work.context import Context

CHUNKS = {  # positions in one transaction, of rules by which a lookup may have many items
    Rule.ALL: 500,
    Rule.NONE: 2_000,
}
ITEMS_AT_ONCE = 10_000  # that the lookups of one transaction become, but for one that has more

NO_ROOM = (
    f"There is no room for so many items: a list may have {gathering.MAX_ITEMS:,}, and what one "
    "account may keep here is limited, too. Choose fewer of each name; or discard drafts, and "
    "delete lists that you need no more."
)

Picks = Mapping[int, Sequence[Candidate]]
"""What lookups are to mean, by their positions."""


def step(context: Context, chore: Chore) -> Chore:
    """A chunk of positions."""
    spec, submission_id = chore.spec_as(ChooseSpec), chore.submission_id
    first, last = chore.done + 1, chore.done + CHUNKS.get(spec.rule, CHUNK_ROWS)
    if spec.rule == Rule.NONE:
        led = context.read(choices.settled, submission_id, spec.state, first, last)
        with context.store.write() as connection:
            kept = chores.advance(connection, chore, context.clock(), last)
            forget(connection, submission_id, led)
        return kept
    if spec.rule == Rule.ALL:
        together = submission_id, spec.state, first, last, ITEMS_AT_ONCE
        last = context.read(choices.last_together, *together)
    picks = context.read(choices.picked, submission_id, spec, first, last)
    submission = context.read(submissions.get, submission_id)
    if not has_room(context, submission, picks):
        now = context.clock()
        problem = KeptError(ErrorCode.TOO_LARGE, now, NO_ROOM)
        with context.store.write() as connection:
            return chores.end(connection, chore, now, problem=problem)
    flags = flags_of(context, submission, picks)
    with context.store.write() as connection:
        kept = chores.advance(connection, chore, context.clock(), last)
        choose(connection, submission_id, picks, flags)
    return kept


def has_room(context: Context, submission: Submission, picks: Picks) -> bool:
    """Whether the list, and its account, may have the items that these will be."""
    more = sum(len(data) for data in picks.values() if len(data) > 1)
    return not more or more <= gathering.room(context, submission)


def flags_of(context: Context, submission: Submission, picks: Picks) -> dict[str, int]:
    """The flags of the items that these will be, by data id."""
    return flagging.flags_of(context, submission, [one for many in picks.values() for one in many])


def choose(
    connection: Connection, submission_id: int, picks: Picks, flags: Mapping[str, int]
) -> None:
    """These lookups, which lead to nothing, mean these data."""
    drafts.lock(connection, submission_id)
    single, several = [], []
    for position, data in sorted(picks.items()):
        chosen = [Choice(position, one, flags[one.data_id]) for one in data]
        if len(chosen) == 1:
            single += chosen
        else:
            several.append(chosen)
    if single:
        lookups.choose(connection, submission_id, single)
    for chosen in several:
        lookup = lookups.get(connection, submission_id, chosen[0].position)
        if lookup:
            lookups.choose_several(connection, lookup, chosen)
    if picks:
        drafts.note_unchecked(connection, submission_id)


def forget(connection: Connection, submission_id: int, positions: Sequence[int]) -> None:
    """These lookups lead to nothing again."""
    drafts.lock(connection, submission_id)
    if positions:
        lookups.forget(connection, submission_id, positions)
