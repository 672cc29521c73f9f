"""The family of a submission: its attempts side by side, and each id where it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.store import batches, families, submissions
from webapp.store.batches import Batch
from webapp.store.items import Item
from webapp.store.scopes import DONE
from webapp.store.submissions import Submission
from webapp.store.words import LEFT_OUT, WELL, State
from webapp.web import acts, handback, params, progress, standing
from webapp.web.desk import desk, submission_or_404
from webapp.web.filters import plural

blueprint = Blueprint("families", __name__)


@dataclass(frozen=True, slots=True)
class Member:
    """A submission as its relatives name it."""

    number: int
    name: str
    submitter: str
    sentence: str
    href: str
    here: bool
    acts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """An id where it counts: in an attempt, or in what undid it."""

    item: Item
    attempt: str
    status: str
    label: str | None
    href: str


@blueprint.get("/submissions/<int:submission_id>/family")
def page(submission_id: int) -> ResponseReturnValue:
    """One effective status an id, across all attempts."""
    submission = submission_or_404(submission_id)
    if submission.family_id != submission_id:
        return redirect(url_for("families.page", submission_id=submission.family_id), 303)
    statuses, here = params.words("status"), url_for("families.page", submission_id=submission_id)
    with desk().store.read() as connection:
        attempts = families.attempts(connection, submission_id)
        members = families.with_undos(connection, attempts)
        found = families.page(connection, members, statuses, params.cursor(), params.size())
        cut = {member.id: batches.of_submission(connection, member.id) for member in members}
    rows = [_row(row, cut[row.item.submission_id], submission.kind) for row in found.rows]
    counts = families.effective_counts(members)
    total = sum(counts.values())
    return render_template(
        "families/family.html",
        submission=submission,
        family=shown(submission) | {"attempts": _with_acts(submission, attempts)},
        offers=handback.offers(submission),
        segments=standing.segments(
            counts, total, lambda word: here + params.query({"status": word}), statuses
        ),
        total=total,
        rows=rows,
        statuses=statuses,
        here=here,
        previous_url=_url(here, statuses, "before", found.previous),
        next_url=_url(here, statuses, "after", found.next),
    )


def shown(submission: Submission) -> dict[str, Any]:
    """What a submission's page says of its family."""
    with desk().store.read() as connection:
        attempts = families.attempts(connection, submission.family_id)
        members = families.with_undos(connection, attempts)
        made = families.made_from(connection, submission)
        origin = submissions.many(connection, [submission.parent_id or 0])
    return {
        "attempts": [_member(member, submission) for member in attempts],
        "sentence": _sentence(members, len(attempts)),
        "href": url_for("families.page", submission_id=submission.family_id),
        "of": next((_member(found, submission) for found in origin.values()), None),
        "undos": [_member(child, submission) for child in made if child.source == "undo"],
        "undo": submission.source == "undo",
        "receipt": acts.receipt(submission),
    }


def _with_acts(submission: Submission, members: Sequence[Submission]) -> list[Member]:
    """The attempts, each with what can still be made of its items."""
    with desk().store.read() as connection:
        made = {member.id: families.made_from(connection, member) for member in members}
    return [
        replace(_member(member, submission), acts=progress.acts(member, made[member.id]))
        for member in members
    ]


def _sentence(members: Sequence[Submission], attempts: int) -> str:
    counts = families.effective_counts(members)
    left_out = counts.pop(LEFT_OUT, 0)
    kind = members[0].kind if members else "link"
    undone = sum(counts.get(word, 0) for word in DONE["unlink"]) if kind == "link" else 0
    done = sum(count for word, count in counts.items() if word in WELL) - undone
    tries, ids = plural(attempts, "attempt"), plural(sum(counts.values()), "id")
    since = f"; {undone:,} unlinked since" if undone else ""
    rest = f" {left_out:,} left out before it was sent." if left_out else ""
    return f"After {tries} {done:,} of {ids} {kind}ed{since}.{rest}"


def _member(member: Submission, seen_from: Submission) -> Member:
    begun = member.state in {State.ACTIVE, State.SETTLED}
    return Member(
        number=member.attempt,
        name=member.name,
        submitter=member.submitter,
        sentence=standing.sentence(member) if begun else "It is being prepared.",
        href=url_for("submissions.page", submission_id=member.id),
        here=member.id == seen_from.id,
    )


def _row(found: families.Standing, cut: Sequence[Batch], kind: str) -> Row:
    item, attempt = found.item, str(found.member.attempt)
    status, label = found.status, None
    if status == item.status:
        status, label = standing.item_label(status, item.position, cut)
    if found.member.kind != kind:
        attempt = "undo"
    place = url_for("items.item", submission_id=item.submission_id, position=item.position)
    return Row(item, attempt, status, label, place)


def _url(here: str, statuses: Sequence[str], name: str, key: int | None) -> str | None:
    return here + params.query({"status": statuses, name: key}) if key else None
