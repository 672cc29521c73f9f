"""Drafts: what was read is looked over and put right, then submitted or discarded."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import chores, drafts, entries, paging, submissions, uploads
from webapp.store.documents import Review
from webapp.store.entries import Entry
from webapp.store.enums import AuditAction, ChoreKind, EntryKind, Flag, State, Task
from webapp.store.items import Item
from webapp.store.submissions import Submission
from webapp.web.core import audit, links, params
from webapp.web.core.access import own_submission, submission_or_404
from webapp.web.core.context import context
from webapp.web.core.formatting import plural
from webapp.web.core.links import Pager
from webapp.web.core.page import Page, render
from webapp.web.drafts import choosing, review
from webapp.web.notify import recipients
from webapp.web.retry.start import do_at_once
from webapp.web.submissions import upload
from webapp.work import chore_runner, reading

AT_ONCE_IDS = 50_000  # as many are left out, or taken back, within the request
TITLES = {
    EntryKind.REJECTED: "Rejected entries",
    EntryKind.REPEATED: "Repeated entries",
    Flag.LINKED.word: "Ids that are linked already",
    Flag.REFUSED.word: "Ids that ICA would refuse",
    Flag.ELSEWHERE.word: "Ids whose line names another project",
    Flag.UNUSUAL.word: "Ids not of ICA's shape",
    Flag.MENDED.word: "Mended ids",
    Flag.ARCHIVED.word: "Ids that are archived in ICA",
    Flag.ARCHIVING.word: "Ids that are being archived in ICA",
    Flag.UNARCHIVING.word: "Ids on the way back from ICA's archive",
    Flag.PARTIAL.word: "Ids that were not uploaded completely",
    Flag.DELETING.word: "Ids that are being deleted in ICA",
}
FLAGS = {flag.word: flag for flag in Flag}
NOTHING = "There is nothing in this list, so there is nothing to submit."
LEFT_OUT = "Every id is left out, so there is nothing to submit. Take some of them back first."
EMPTY = (
    "None of the names and paths in the list leads to data yet, so there is nothing to submit. "
    "Choose below what they mean; or correct the list, and upload it again."
)
TAKEN = "Your choice of {lines} was taken. Nothing was sent yet: look it over and submit."
NO_DRAFT = {
    State.READING: "The list is still being read. Nothing was submitted: look it over first.",
    State.RESOLVING: (
        "ICA is still being asked for the data that this list names. Nothing was submitted: look "
        "over first what is found."
    ),
    State.UNREADABLE: "The list can't be read, so nothing was submitted.",
    State.DISCARDED: "This list was discarded, so nothing was submitted. Upload it again.",
}

blueprint = Blueprint("drafts", __name__)


class EntriesPage(Page):
    """All entries of one kind, or all items with one flag, under the kind's title.

    more: how many entries follow that were only counted.
    """

    template = "drafts/entries.html"
    submission: Submission
    title: str
    about_entries: bool
    entries: Sequence[Entry | Item]
    pager: Pager
    more: int


@blueprint.get("/submissions/<int:submission_id>/entries")
def listed(submission_id: int) -> ResponseReturnValue:
    """All entries that did not become items, or all items with something to know, by kind. Entries
    of a list with names are its submitter's: some are names that were not found.
    """
    submission = submission_or_404(submission_id)
    kind = request.args.get("kind", EntryKind.REJECTED)
    if kind not in TITLES:
        abort(400, "There is no such kind of entries. Go back to the review of the list.")
    if kind not in FLAGS and submission.review.lookups:
        own_submission(submission_id, "see the lines of")
    cursor, size = params.cursor(), params.size()
    found: paging.Page[Any] = (
        context().read(drafts.flagged, submission_id, FLAGS[kind], cursor, size)
        if kind in FLAGS
        else context().read(entries.page, submission_id, EntryKind(kind), cursor, size)
    )
    place = links.ListUrl(
        url_for("drafts.listed", submission_id=submission_id),
        {"kind": kind, "size": params.chosen_size()},
    )
    about_entries = kind not in FLAGS
    count = getattr(submission.review, kind) if about_entries else 0
    more = review.only_counted(submission, kind) if about_entries else 0
    return render(
        EntriesPage(
            submission=submission,
            title=TITLES[kind],
            about_entries=about_entries,
            entries=found.rows,
            pager=place.around(found, None if kind in FLAGS else count - more, sized=True),
            more=more if not found.next else 0,
        )
    )


@blueprint.post("/submissions/<int:submission_id>/submit")
def submit(submission_id: int) -> ResponseReturnValue:
    """Confirm the draft; its first batch goes to ICA within this request. A check ends.

    With ticks that were not taken yet, these are taken, and nothing is sent before it is looked
    over again. Who is to be told at the end comes with it.
    """
    own = own_submission(submission_id, "submit")
    wrong = recipients.keep(own) if own.state == State.DRAFT else ""
    chosen = sum(choosing.take_ticked(own))
    if chosen and not wrong:
        flash(TAKEN.format(lines=plural(chosen, "line")), "success")
        return redirect(url_for("submissions.page", submission_id=submission_id), 303)
    now = context().clock()
    with context().store.write() as connection:
        chores.lock(connection, submission_id)
        submission = drafts.lock(connection, submission_id)
        underway = chores.unfinished(connection, submission_id)
        busy = any(chore.kind != ChoreKind.CHECK for chore in underway)
        problem = wrong or _why_not(submission, busy=busy)
        begun = not problem and drafts.begin(connection, submission, now)
        if begun:
            chores.stop_asking(connection, submission_id, now)
            audit.note(connection, AuditAction.SUBMIT, submission, ids=submission.to_send)
    if problem:
        return review.page(submission, problem)
    if begun:
        do_at_once(submission_id, 1, Task.SEND, Task.CLOSE)
    elif submission.state in NO_DRAFT:
        abort(409, NO_DRAFT[submission.state])
    else:
        flash("This list was submitted before; it was not submitted twice.", "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/discard")
def discard(submission_id: int) -> ResponseReturnValue:
    submission = own_submission(submission_id, "discard")
    with context().store.write() as connection:
        chores.remove(connection, submission_id)  # who is at one notices when it wants to go on
        gone = submissions.discard(connection, submission_id, context().clock())
        if not gone and submission.state != State.DISCARDED:
            abort(409, "This list was submitted already, so it can't be discarded any more.")
        if gone:
            audit.note(connection, AuditAction.DISCARD, submission)
    flash(f"“{submission.name}” was discarded. Nothing of it was sent.", "success")
    return redirect(url_for("board.board"), 303)


@blueprint.post("/submissions/<int:submission_id>/leave-out")
def leave_out(submission_id: int) -> ResponseReturnValue:
    """Don't send the ids of one kind; they stay in the list, and can be taken back."""
    return _ask(own_submission(submission_id, "change"), ChoreKind.LEAVE_OUT, _flag())


@blueprint.post("/submissions/<int:submission_id>/take-back")
def take_back(submission_id: int) -> ResponseReturnValue:
    """Send all the same what was left out."""
    return _ask(own_submission(submission_id, "change"), ChoreKind.TAKE_BACK, _flag())


@blueprint.post("/submissions/<int:submission_id>/check")
def check(submission_id: int) -> ResponseReturnValue:
    """Ask ICA which ids it would refuse; the worker does, some hundred a call."""
    return _ask(own_submission(submission_id, "check"), ChoreKind.CHECK)


@blueprint.post("/submissions/<int:submission_id>/stop-checking")
def stop_checking(submission_id: int) -> ResponseReturnValue:
    """Ask ICA no more; what it has refused so far stays in the review."""
    own_submission(submission_id, "change")
    now = context().clock()
    with context().store.write() as connection:
        if chores.stop_asking(connection, submission_id, now, [ChoreKind.CHECK]):
            drafts.note_refused(connection, submission_id)
            submissions.touch(connection, submission_id, now)
    flash("ICA is not being asked any more.", "success")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/reread")
def reread(submission_id: int) -> ResponseReturnValue:
    """Read the upload again: another column of ids or of labels, or what may be a name as one; with
    none of these, as at first. ICA is asked no more for what stood there.
    """
    submission = own_submission(submission_id, "read again")
    chosen = _as_chosen(submission)
    now = context().clock()
    with context().store.write() as connection:
        chores.lock(connection, submission_id)
        drafts.lock(connection, submission_id)
        if uploads.get(connection, submission_id) is None:
            abort(409, "There is no upload to read again.")
        busy = (chore.kind for chore in chores.unfinished(connection, submission_id))
        if any(kind != ChoreKind.RESOLVE for kind in busy):
            abort(409, "The list is being worked on. Choose another column when that is done.")
        begun = submissions.reread(connection, submission_id, chosen, now)
        if begun:
            chores.remove(connection, submission_id)
            uploads.make_due(connection, submission_id, now)
        mine = upload.claim_if_small(connection, submission_id) if begun else None
    if mine:
        reading.read(context(), mine, at_once=True)
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


def _why_not(submission: Submission, *, busy: bool) -> str:
    """Why a draft can't be submitted now. A page that is left open goes on showing its own number,
    and that one is meant.
    """
    now = submission.to_send
    then = request.form.get("confirmed", now, int)
    if submission.state != State.DRAFT:
        return ""
    if submission.item_count == submission.empty_positions:
        return EMPTY if submission.review.lookups else NOTHING
    if now == 0:
        return LEFT_OUT
    if busy:
        return "The list is being worked on. Submit it when that is done; this page shows it."
    if then == now:
        return ""
    return (
        f"There are {'more' if now > then else 'fewer'} ids than when you looked: "
        f"then {then:,}, now {now:,}. Nothing was sent; look it over again."
    )


def _ask(submission: Submission, kind: ChoreKind, flag: Flag | None = None) -> ResponseReturnValue:
    """Ask for a chore; what is done in a moment is done at once."""
    now = context().clock()
    with context().store.write() as connection:
        chore_id = drafts.ask(connection, submission, kind, flag, now)
        if chore_id:
            details = {"flag": flag.word} if flag else {}
            audit.note(connection, AuditAction[kind.name], submission, **details)
        quick = kind != ChoreKind.CHECK and submission.item_count <= AT_ONCE_IDS
        mine = chores.claim_one(connection, chore_id, "web", now) if chore_id and quick else None
    if mine:
        chore_runner.perform(context(), mine)
        _say_what_changed(submission)
    elif chore_id is None:
        flash("Nothing was changed: it is being done already, or the list was submitted.", "info")
    return redirect(url_for("submissions.page", submission_id=submission.id), 303)


def _say_what_changed(before: Submission) -> None:
    after = context().read(submissions.get, before.id)
    more = after.left_out - before.left_out
    to_send = plural(after.to_send, "id")
    if more > 0:
        flash(f"{plural(more, 'id')} left out; {to_send} will be sent.", "success")
    elif more < 0:
        flash(f"{plural(-more, 'id')} taken back; {to_send} will be sent.", "success")
    else:
        flash("Nothing was changed: none of these ids was left to change.", "info")


def _flag() -> Flag:
    """What the form is about."""
    flag = FLAGS.get(request.form.get("which", ""))
    if flag is None or flag not in review.OFFERED:
        abort(400, "There is nothing of this kind to leave out. Go back to the review of the list.")
    return flag


def _as_chosen(submission: Submission) -> Review:
    """How the user wants the list read: the columns and those of labels (part -> column), and what
    may be a name.
    """
    fields = ("part", "column", "label", "names")
    part, column, label, names = (request.form.get(name, "") for name in fields)
    if not (part or column or label or names):
        return Review()
    before = submission.review
    columns, labels, assumes_names = before.columns, before.labels, before.assumes_names
    if part or column or label:
        given = (part, column or label, label or column)
        if not all(text.isascii() and text.isdecimal() and len(text) < 6 for text in given):
            abort(400, "A column is chosen by its number. Go back to the review of the list.")
        if column:
            columns = columns | {int(part): int(column)}
        if label:
            labels = labels | {int(part): int(label)}
    if names:
        if names not in {"0", "1"}:
            abort(400, "What may be a name is read as one, or not. Go back to the review.")
        assumes_names = names == "1"
    return Review(columns=columns, labels=labels, assumes_names=assumes_names)
