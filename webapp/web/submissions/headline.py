"""What the items of a submission that has ended have come to, in one sentence."""

from collections.abc import Iterable, Mapping, Sequence

from webapp.store import statuses
from webapp.store.attempts import Attempt
from webapp.store.enums import EXPANDED, LEFT_OUT, NOT_SENT, UNKNOWN, UNREAD, AttemptKind
from webapp.store.submissions import Submission
from webapp.web.core.formatting import plural


def of(submission: Submission, attempts: Sequence[Attempt], stuck: Mapping[str, int]) -> str:
    """What its items have come to, in one sentence."""
    counts = {word: n for word, n in submission.counts.items() if n and word != LEFT_OUT}
    total = sum(counts.values())
    linked = sum(count for word, count in counts.items() if word in statuses.IN_PROJECT)
    kept = submission.counts.get(LEFT_OUT, 0)
    left_out = f" {kept:,} left out before the list was sent." if kept else ""
    left_out += "".join(f" {text}." for text in led_to_nothing(submission))
    if set(counts) == {NOT_SENT}:
        return f"Nothing was sent to ICA.{left_out}"
    if any(word in statuses.TAKEN_OUT for word in counts):
        return f"{_undone(counts, total, stuck)}.{left_out}"
    if stuck:
        left_out = f" {sum(stuck.values()):,} could not be unlinked.{left_out}"
    successful = sum(count for word, count in counts.items() if word in statuses.SUCCESSFUL)
    sent = [one for one in attempts if one.counts.keys() - {NOT_SENT}]
    tries = sum(one.kind == AttemptKind.LINK for one in sent)
    after = f" after {plural(len(sent), 'attempt')}" if tries > 1 else ""
    if successful == linked == total:
        all_of_it = f"All {plural(total, 'item')} are" if total != 1 else "It is"
        return f"{all_of_it} linked{after}.{left_out}"
    expanded = counts.get(EXPANDED, 0)
    folders = f" {plural(expanded, 'folder')} made into items of their files." if expanded else ""
    unknown = sum(counts.get(word, 0) for word in (UNKNOWN, UNREAD))
    rest = _terms([(total - successful - unknown, "not"), (unknown, "not known")])
    not_well = f"; {rest}" if rest else ""
    of = plural(total - expanded, "item")
    return f"{linked:,} of {of} linked{after}{not_well}.{folders}{left_out}"


def led_to_nothing(submission: Submission) -> list[str]:
    """How many names and paths of the list did, where any did."""
    count = submission.review.to_nothing
    return [f"{plural(count, 'name or path', 'names and paths')} led to nothing"] if count else []


def _undone(counts: Mapping[str, int], total: int, stuck: Mapping[str, int]) -> str:
    """What was unlinked, what stays, and what never was linked, without its full stop: the badge
    beside it says how far it is undone.
    """
    unlinked, linked = (
        sum(counts.get(word, 0) for word in words)
        for words in (statuses.UNLINKED, statuses.IN_PROJECT)
    )
    in_part = sum(n for word, n in counts.items() if word.startswith("PARTIALLY"))
    held, before = sum(stuck.values()), counts.get("ALREADY_LINKED", 0)
    before -= stuck.get("ALREADY_LINKED", 0)
    was = "was" if before == 1 else "were"
    stay = [(held, "could not be unlinked"), (before, f"{was} linked before")]
    rest = [(in_part, "in part"), (total - unlinked - linked - in_part, "not linked")]
    if not any(statuses.meaning(word).undo for word in counts):  # as the board has it
        kept = [stay[0], (before, f"{stay[1][1]} and {'stays' if before == 1 else 'stay'}")]
        gone = f"{unlinked:,} of {plural(total, 'item')} unlinked"
        return ", ".join(filter(None, [gone, _terms([*kept, *rest])]))
    of_these = f" ({_terms(stay)})" if held or before else ""
    linked_of = f"{linked:,} of {plural(total, 'item')} linked{of_these}"
    return f"{linked_of}, {_terms([(unlinked, 'unlinked'), *rest])}"


def _terms(terms: Iterable[tuple[int, str]]) -> str:
    """Those that there are: 20 unlinked, 3 not linked."""
    return ", ".join(f"{count:,} {what}" for count, what in terms if count)
