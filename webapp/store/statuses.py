"""What the statuses of items mean, ICA's and our own: the one table that all rules use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from webapp.store.enums import EXPANDED, LEFT_OUT, NOT_SENT, UNKNOWN, UNREAD, AttemptKind


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status says of an item.

    final: the attempt that gave it has no other result to come.
    linked: the project has the item. unlinked: it does not have it any more.
    trouble: it ended without success.
    again: it may be tried again, or sent after all. undo: it may be unlinked. relink: it may be
    linked again.
    """

    final: bool = True
    linked: bool = False
    unlinked: bool = False
    trouble: bool = False
    again: bool = False
    undo: bool = False
    relink: bool = False


MOVES = Meaning(final=False)
NEW_STATUS = Meaning(trouble=True, again=True)  # not in the table below
MEANINGS: Mapping[str, Meaning] = {
    "INITIALISED": MOVES,
    "WAITING_RESOURCES": MOVES,
    "RUNNING": MOVES,
    UNREAD: MOVES,
    "LINKED": Meaning(linked=True, undo=True),
    "ALREADY_LINKED": Meaning(linked=True),
    "PARTIALLY_LINKED": Meaning(trouble=True, again=True, undo=True),
    "FAILED": Meaning(trouble=True, again=True),
    "UNLINKED": Meaning(unlinked=True, relink=True),
    "ALREADY_UNLINKED": Meaning(unlinked=True, relink=True),
    "PARTIALLY_UNLINKED": Meaning(trouble=True, undo=True, relink=True),
    EXPANDED: Meaning(),  # its files are linked, or not, in rows of their own
    NOT_SENT: Meaning(trouble=True, again=True),
    UNKNOWN: Meaning(trouble=True, again=True),
    LEFT_OUT: Meaning(again=True),
}


def meaning(status: str) -> Meaning:
    """What a status means; an unknown one is final, not linked, and may be tried again.

    So a status that ICA adds is never taken for a success, and never blocks a retry.
    """
    return MEANINGS.get(status, NEW_STATUS)


def _words(holds: Callable[[Meaning], bool]) -> frozenset[str]:
    return frozenset(word for word, meant in MEANINGS.items() if holds(meant))


MOVING = _words(lambda meant: not meant.final)
IN_PROJECT = _words(lambda meant: meant.linked)
SHOWN = IN_PROJECT | {"PARTIALLY_LINKED"}
"""The statuses of items that ICA shows in the project, whole or in part."""
UNLINKED = _words(lambda meant: meant.unlinked)
UNDOABLE = _words(lambda meant: meant.undo)
SUCCESSFUL = _words(lambda meant: meant.final and not meant.trouble)
TAKEN_OUT = UNLINKED | {"PARTIALLY_UNLINKED"}
"""The statuses by which an unlinking batch changes an item's row."""


def becomes_the_rows(kind: AttemptKind, status: str) -> bool:
    """Whether what an attempt of this kind finds of an item is how the item stands now."""
    return kind == AttemptKind.LINK or status in TAKEN_OUT
