"""Leaving items of a draft out, so that they are not sent, and taking them back."""

from webapp.store import chores, drafts, items
from webapp.store.chores import Chore, FlagSpec
from webapp.store.enums import ChoreKind
from webapp.work.context import Context

CHANGES = {ChoreKind.LEAVE_OUT: drafts.leave_out, ChoreKind.TAKE_BACK: drafts.take_back}


def step(context: Context, chore: Chore) -> Chore:
    """A chunk of positions."""
    now, flag = context.clock(), chore.spec_as(FlagSpec).flag
    first, last = chore.done + 1, chore.done + items.CHUNK_ROWS
    with context.store.write() as connection:
        kept = chores.advance(connection, chore, now, last)
        CHANGES[chore.kind](connection, chore.submission_id, flag, first, last, now)
    return kept
