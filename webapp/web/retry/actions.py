"""Actions: what another attempt can do with a submission's items, and the texts for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from webapp.store.attempts import Attempt
from webapp.store.enums import LEFT_OUT, NOT_SENT, AttemptKind
from webapp.store.statuses import meaning
from webapp.web.core.formatting import plural


def _were(what: str) -> tuple[str, str]:
    return f"was {what}", f"were {what}"


_ANY = {
    "elsewhere": _were("taken up by another attempt already"),
    "changed": ("has changed since you looked", "have changed since you looked"),
}
_LINKING = _ANY | {
    "meanwhile": _were("linked by another submission meanwhile"),
    "well": ("ended well, so nothing is left to do",) * 2,
    "moving": ("has no outcome yet", "have no outcome yet"),
}


@dataclass(frozen=True, slots=True)
class Action:
    """One of the things that an attempt can do, and its texts; it links if not given otherwise."""

    status: str  # of its items when the request selects none
    called: str  # beside an attempt's number
    title: str
    button: str
    doing: str
    did: str  # once it has ended, however that came off
    after: str
    nothing: str
    endpoint: str = "retry.retry"
    kind: AttemptKind = AttemptKind.LINK  # of the attempt
    # reason of SelectionCounts -> why one item, and why several were skipped
    skipped: Mapping[str, tuple[str, str]] = field(default_factory=lambda: _LINKING)

    def why_skipped(self, counts: Mapping[str, int]) -> list[tuple[int, str]]:
        """How many items were skipped, and why, as text."""
        return [(count, self.skipped[why][count > 1]) for why, count in counts.items() if count]


RETRY = Action(
    status="FAILED",
    called="tried again",
    title="Try these items again?",
    button="Try again",
    doing="tried again",
    did="tried again",
    after="The submission then shows how they stand after this attempt. What the attempts before "
    "have found of them is kept as its history.",
    nothing="None of these items can be tried again now.",
)
RELINK = Action(
    status="UNLINKED",
    called="linking again",
    title="Link these items again?",
    button="Link again",
    doing="linked again",
    did="sent to be linked again",
    after="They were unlinked from the project, and will be in it again.",
    nothing="None of these items can be linked again now.",
)
SEND = Action(
    status=LEFT_OUT,
    called="sending what was left out",
    title="Send these items after all?",
    button="Send",
    doing="sent",
    did="sent",
    after="They were left out when the list was submitted, and will be sent now.",
    nothing="None of these items can be sent now.",
)
UNDO = Action(
    endpoint="retry.undo",
    kind=AttemptKind.UNLINK,
    status="LINKED",
    called="undo",
    title="Unlink these items?",
    button="Unlink",
    doing="unlinked",
    did="sent to be unlinked",
    after="The data themselves are not deleted; they only leave this project. "
    "What could not be unlinked stays linked, and says so.",
    nothing="None of these items can be unlinked now.",
    skipped=_ANY
    | {
        "meanwhile": _were("unlinked by another submission since"),
        "before": _were("linked before this submission came, which does not unlink that"),
        "unlinked": _were("unlinked already"),
        "never": _were("not linked by this submission"),
    },
)


def linking(statuses: Sequence[str]) -> Action:
    """The action that links items with these statuses once more."""
    if statuses and all(word == LEFT_OUT for word in statuses):
        return SEND
    again = statuses and all(meaning(word).relink for word in statuses)
    return RELINK if again else RETRY


def offered(action: Action, words: Iterable[str], *, over: bool) -> list[str]:
    """Those of the statuses whose items the action is offered for.

    over: the submission has ended, so items without an outcome are offered too.
    """
    return [word for word in words if _fits(action, word, over=over)]


def _fits(action: Action, word: str, *, over: bool) -> bool:
    means = meaning(word)
    if action is UNDO:
        return means.undo
    if action is RELINK or action is SEND:
        return means.relink if action is RELINK else word == LEFT_OUT
    return word != LEFT_OUT and (means.again or (over and not means.final))


def of(attempt: Attempt) -> Action:
    """The action of an attempt after the first."""
    if attempt.kind == AttemptKind.UNLINK:
        return UNDO
    return linking(list(attempt.receipt.by_status) if attempt.receipt else [])


def receipt(attempt: Attempt) -> str:
    """The attempt's receipt as a sentence, in the past once it has ended; "" before all its items
    are taken.
    """
    if not (kept := attempt.receipt):
        return ""
    action, made = of(attempt), kept.made
    chosen = plural(made + sum(kept.skipped.values()), "item")
    unsent = 0 if attempt.runs else attempt.counts.get(NOT_SENT, 0)
    clauses = [
        f"{made:,} to be {action.doing}" if attempt.runs else f"{made - unsent:,} {action.did}"
    ]
    if unsent:
        clauses.append(f"{unsent:,} not sent")
    for count, why in action.why_skipped(kept.skipped):
        clauses.append(f"{count:,} skipped because {'it' if count == 1 else 'they'} {why}")
    return f"{chosen} chosen: {'; '.join(clauses)}."
