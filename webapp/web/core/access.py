"""What a visitor may see: submissions by their addresses, and projects as ICA says."""

from typing import NoReturn

from flask import Flask, abort, g, redirect, request, url_for

from webapp.store import access, accounts, attempts, submissions
from webapp.store.enums import State
from webapp.store.submissions import Submission
from webapp.web.core import security
from webapp.web.core.context import context, ica_client, viewer
from webapp.work import project_access
from webapp.work.project_access import Outcome

UNLISTED = {
    State.READING: "The list is still being read. Its items are here when that is done.",
    State.RESOLVING: (
        "ICA is still being asked for the data that this list names. Its items are here when that "
        "is done."
    ),
    State.UNREADABLE: "The list can't be read, so it has no items. Its page says why.",
    State.DISCARDED: "This list was discarded, and its items with it.",
}
READS_NO_LIST = {None, "signin", "account"}  # blueprints
LAPSED = (
    "For more than a day ICA has not answered whether you may still read this project, so its "
    "lists are hidden. Nothing is lost: they are here again as soon as ICA answers."
)
PROJECTS_A_PAGE = 8  # as many each page asks ICA about; the next page goes on


def register(app: Flask) -> None:
    """Have ICA's answers renewed by whoever reads; after security.py has found out who it is."""
    app.before_request(_renew_answers)


def submission_or_404(submission_id: int) -> Submission:
    """The submission, if the visitor may see it. ICA is asked where no answer of its holds."""
    found = _visible(submission_id)
    if found is None and _ask_about(submission_id):
        found = _visible(submission_id)
    if found is None:
        _redirect_from_former_address(submission_id)
    return found or nothing_here()


def _redirect_from_former_address(submission_id: int) -> None:
    """What was a submission of its own in 0.2.0 may be an attempt at another one now."""
    former = context().read(attempts.former, submission_id)
    if former and submission_or_404(former[0]):
        place = url_for("attempts.page", submission_id=former[0], number=former[1])
        abort(redirect(place, 301))


def listed_or_404(submission_id: int) -> Submission:
    """The submission, if its items may be seen: they count once the whole list was read."""
    found = submission_or_404(submission_id)
    if found.state in UNLISTED:
        abort(404, UNLISTED[found.state])
    return found


def begun_submission(submission_id: int, code: int, otherwise: str) -> Submission:
    """The submission, if its list was submitted; else an error with the text `otherwise`."""
    found = submission_or_404(submission_id)
    if not found.begun:
        abort(code, otherwise)
    return found


def own_submission(submission_id: int, doing: str) -> Submission:
    """The submission, if it is the visitor's own; for others a 403 that says whose it is."""
    found = submission_or_404(submission_id)
    if found.account_id != viewer().id:
        whose = "has this batch watched" if found.is_adopted else "submitted this list"
        abort(403, f"Only {found.submitter}, who {whose}, can {doing} it.")
    return found


def nothing_here() -> NoReturn:
    """A 404 that says the same whether there is no such thing or it is not for this visitor."""
    abort(
        404,
        "There is no such submission: it was deleted, or your ICA account can't read its project, "
        "or ICA has not said yet whether it can: then try again in a minute. If a colleague sent "
        "you this address, ask them to add you to the project in ICA.",
    )


def _renew_answers() -> None:
    """Before anything is read: what ICA answered a while ago is asked again, if it can be asked.

    Without an answer the former one holds; the page says so.
    """
    if not g.get("viewer") or request.endpoint in security.POLLED:
        return  # a poll is no reader: what it shows is hidden once access has ended
    if request.blueprint in READS_NO_LIST:
        return
    here, now = context(), context().clock()
    submission_id = (request.view_args or {}).get("submission_id")
    aged = here.read(access.aged, viewer().id, submission_id, now, PROJECTS_A_PAGE + 1)
    until, reachable = now + project_access.ASK_AGAIN_SECONDS, accounts.may_ask(viewer(), now)
    for answer in aged[:PROJECTS_A_PAGE]:
        if reachable:
            claimed = here.write_if_free(access.claim, viewer().id, answer.project_id, now, until)
            outcome = _ask(answer.project_id, can_wait=True) if claimed else Outcome.TROUBLE
            if outcome is Outcome.ANSWERED:
                continue
            reachable = outcome is Outcome.TROUBLE and claimed is not None
        _say_unanswered(answer)
    for answer in aged[PROJECTS_A_PAGE:]:
        if submission_id is None:  # else it is not about what is read
            _say_unanswered(answer)


def _say_unanswered(answer: access.Access) -> None:
    since = g.get("unanswered_since", answer.checked_at)
    g.unanswered_since = min(since, answer.checked_at)


def may_read(project_id: str) -> access.Access | None:
    """What ICA says of the visitor's access to a project; None when it does not answer.

    Asked again only when the last answer holds no more. Raises NoKey when there is no key to ask.
    """
    if known := _known_access(project_id):
        return known
    ica_client()
    return _known_access(project_id) if _ask_anew(project_id) else None


def ask_about_new_projects() -> None:
    """Submissions may be to projects of which no answer of ICA's holds for this visitor."""
    for project_id in context().read(
        access.unanswered, viewer(), context().clock(), PROJECTS_A_PAGE
    ):
        outcome = _ask(project_id, can_wait=True)
        if outcome is not Outcome.ANSWERED:
            _say_lapsed(project_id)
        if outcome is Outcome.NOT_NOW:
            return  # the page need not wait for the others


def _visible(submission_id: int) -> Submission | None:
    return context().read(submissions.visible, submission_id, viewer(), context().clock())


def _known_access(project_id: str) -> access.Access | None:
    """ICA's last answer, if that is not too old to hold; a refusal is soon asked again."""
    known = context().read(access.find, viewer().id, project_id)
    if known is None:
        return None
    holds = access.VALID_SECONDS if known.allowed else access.FRESH_SECONDS
    return known if context().clock() - known.checked_at < holds else None


def _ask_about(submission_id: int) -> bool:
    project_id = context().read(submissions.project_of, submission_id, viewer().ica_url)
    if project_id is None or _known_access(project_id):
        return False
    if _ask_anew(project_id):
        return True
    if _say_lapsed(project_id):
        abort(503, LAPSED)
    return False


def _say_lapsed(project_id: str) -> bool:
    """Whether the visitor might read the project by ICA's last answer, which is too old to hold;
    then the page says so.
    """
    former = context().read(access.find, viewer().id, project_id)
    if former is None or not former.allowed:
        return False
    _say_unanswered(former)
    return True


def _ask_anew(project_id: str) -> bool:
    """Ask ICA where no answer holds, unless that was in vain a moment ago; whether it answered."""
    known = context().read(access.find, viewer().id, project_id)
    if known and context().clock() < known.due_at:
        return False
    return _ask(project_id) is Outcome.ANSWERED


def _ask(project_id: str, *, can_wait: bool = False) -> Outcome:
    """Ask ICA, unless it could not be asked about anything a moment ago. `can_wait`: as for
    try_asking().
    """
    if not accounts.may_ask(viewer(), context().clock()):
        return Outcome.NOT_NOW
    outcome = project_access.try_asking(context(), viewer(), project_id, can_wait=can_wait)
    if outcome is not Outcome.ANSWERED:
        security.demand_live_session()
    return outcome
