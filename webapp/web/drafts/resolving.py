"""ICA is asked for the names and paths of a list: stopping that, going on, and looking closer."""

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.store import chores, lookups, submissions
from webapp.store.chores import Chore, ResolveSpec
from webapp.store.enums import ASKING, AuditAction, ChoreKind, ErrorCode, State
from webapp.store.submissions import Submission
from webapp.web.core import audit
from webapp.web.core.access import own_submission
from webapp.web.core.context import context
from webapp.web.core.formatting import plural
from webapp.web.core.page import Part
from webapp.web.submissions.resolving import NAMES_AND_PATHS

GONE = (
    "This list was submitted or discarded, so ICA is not asked for its names and paths any more. "
    "Its page says more."
)
STOPPED = "You stopped looking before ICA was asked for all names and paths.", ""
CLOSED = (
    "ICA does not let you look in a project any more, so not all names and paths were asked for.",
    "Go on looking once you may read that project again.",
)
FAILED = (
    "ICA could not be asked for all names and paths.",
    "Go on looking later, to have the rest asked for.",
)
CLOSER = (
    "ICA was asked more closely for {names} that were not found.",
    "Where it has data of nearly that name, they stand beside the line: choose one if it is meant.",
)
CLOSER_FAILED = (
    "ICA could not be asked more closely for all that was not found.",
    "Nothing that was found is lost. Look closer at the rest later.",
)

blueprint = Blueprint("lookups", __name__)


class Looking(Part):
    """How far ICA was asked for the names and paths of a draft, where it was not for all.

    underway: ICA is being asked. why_not, meaning, said: why it is not asked any more, what that
    means, and ICA's own words; "" where it was asked for all. waiting: how many were not asked for.
    closer: that it was asked more closely, in words, "" where it was not; then meaning says what
    came of it.
    """

    template = "drafts/_looking.html"
    underway: bool
    why_not: str
    meaning: str
    said: str
    waiting: int
    closer: str = ""


def looking(submission: Submission) -> Looking:
    """Of a draft; nothing is read of one without names and paths."""
    if not submission.review.lookups:
        return Looking(False, "", "", "", 0)
    with context().store.read() as connection:
        last = chores.latest(connection, submission.id, ChoreKind.RESOLVE)
        names, paths = lookups.asked(connection, submission.id)
    if last is None or last.ended_at is None:
        return Looking(last is not None, "", "", "", 0)
    total, waiting = names.total + paths.total, names.waiting + paths.waiting
    why_not, meaning = _why_not(last, waiting)
    if waiting:
        others = f"{waiting:,} {'was' if waiting == 1 else 'were'} not asked for"
        meaning = f"Of {plural(total, *NAMES_AND_PATHS)}, {others} and will not be sent. {meaning}"
    said = last.problem.full or last.problem.message if why_not and last.problem else ""
    if not waiting and last.problem is None and last.spec_as(ResolveSpec).closer:
        closer, meaning = CLOSER
        asked = plural(last.total, *NAMES_AND_PATHS)
        return Looking(False, "", meaning, "", 0, closer.format(names=asked))
    return Looking(False, why_not, meaning, said, waiting)


def _why_not(last: Chore, waiting: int) -> tuple[str, str]:
    """Why ICA was not asked for all, and what to do; "" when it was, or as the visitor wanted."""
    code = last.problem.code if last.problem else None
    if not waiting:
        return CLOSER_FAILED if code and code != ErrorCode.STOPPED else ("", "")
    if code in {ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND}:
        return CLOSED
    return STOPPED if code == ErrorCode.STOPPED else FAILED


@blueprint.post("/submissions/<int:submission_id>/stop-looking")
def stop(submission_id: int) -> ResponseReturnValue:
    """Ask ICA no more; what was found so far is in the draft, and the rest can be asked later."""
    own_submission(submission_id, "change")
    now = context().clock()
    with context().store.write() as connection:
        chores.lock(connection, submission_id)
        resolving = submissions.end_resolving(connection, submission_id, now)
        kinds = ASKING if resolving else [ChoreKind.RESOLVE]
        stopped = chores.stop_asking(connection, submission_id, now, kinds)
        submission = submissions.get(connection, submission_id)
        if resolving or stopped:
            submissions.touch(connection, submission_id, now)
            audit.note(connection, AuditAction.STOP, submission, what="looking in ICA")
    if resolving or stopped:
        flash("ICA is not being asked any more. What was found so far is kept.", "success")
    else:
        flash("Nothing was stopped: ICA was asked for all of it already.", "info")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


@blueprint.post("/submissions/<int:submission_id>/look-on")
def go_on(submission_id: int) -> ResponseReturnValue:
    """Ask ICA for the names and paths that it was not asked for yet."""
    return _ask(own_submission(submission_id, "change"), closer=False)


@blueprint.post("/submissions/<int:submission_id>/look-closer")
def look_closer(submission_id: int) -> ResponseReturnValue:
    """Ask ICA for what is like the names that were not found: about two calls each."""
    return _ask(own_submission(submission_id, "change"), closer=True)


def _ask(submission: Submission, *, closer: bool) -> ResponseReturnValue:
    if submission.state not in {State.DRAFT, State.RESOLVING}:
        abort(409, GONE)
    now = context().clock()
    with context().store.write() as connection:
        count = lookups.ask(connection, submission.id, now, closer=closer)
        if count:
            details = {"lookups": count, "why": "not found" if closer else "not asked before"}
            audit.note(connection, AuditAction.RESOLVE, submission, **details)
    if not count:
        flash(
            "Nothing was begun: ICA was asked for all of it, or the list is being worked on just "
            "now. Then wait until that is done; this page shows it.",
            "info",
        )
    return redirect(url_for("submissions.page", submission_id=submission.id), 303)
