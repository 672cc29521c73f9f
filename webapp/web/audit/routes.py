"""Who did what: with a list, for whoever submitted it; and the visitor's own acts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, url_for

from webapp.store import audit
from webapp.store.audit import AuditRow
from webapp.store.enums import AuditAction
from webapp.store.submissions import Submission
from webapp.web.core import params
from webapp.web.core.access import own_submission
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import bytes_size, plural
from webapp.web.core.links import ListUrl, Pager
from webapp.web.core.page import Page, render

PAGE_ROWS = 50
WORDS: Mapping[AuditAction, str] = {
    AuditAction.START: "Linkboard started",
    AuditAction.RESTORE: "Restored the database from a copy",
    AuditAction.SIGN_IN: "Signed in",
    AuditAction.SIGN_IN_FAILED: "Was not signed in: ICA did not take the key",
    AuditAction.SIGN_OUT: "Signed out",
    AuditAction.SESSION_END: "Ended sessions",
    AuditAction.UPLOAD: "Uploaded",
    AuditAction.DISCARD: "Discarded",
    AuditAction.SUBMIT: "Submitted",
    AuditAction.STOP: "Stopped",
    AuditAction.RETRY: "Tried again",
    AuditAction.TRY_AGAIN: "Had ICA asked again about what was stuck",
    AuditAction.UNDO: "Unlinked",
    AuditAction.EXPORT: "Exported",
    AuditAction.RENAME: "Changed name or note",
    AuditAction.ARCHIVE: "Archived",
    AuditAction.UNARCHIVE: "Took out of the archive",
    AuditAction.DELETE: "Deleted",
    AuditAction.ADOPT: "Began to watch a batch made elsewhere",
    AuditAction.RECIPIENTS: "Chose who is told when it has ended",
    AuditAction.LEAVE_OUT: "Left ids out",
    AuditAction.TAKE_BACK: "Took ids back that were left out",
    AuditAction.CHECK: "Had ICA asked which ids it would refuse",
    AuditAction.RESOLVE: "Had ICA asked for names and paths",
    AuditAction.GATHER: "Had a folder of ICA read",
    AuditAction.CHOOSE: "Chose what names and paths mean",
    AuditAction.ASK: "Asked where ids are",
    AuditAction.SHARE: "Shared a search",
    AuditAction.UNSHARE: "Stopped sharing a search",
}
DETAILS: Mapping[str, Callable[[Any], str]] = {  # in this order; others are not shown
    "bytes": bytes_size,
    "ids": lambda count: plural(count, "id"),
    "lookups": lambda count: plural(count, "name or path", "names and paths"),
    "items": lambda count: plural(count, "item"),
    "batches": lambda count: plural(count, "batch", "batches") if count else "",
    "given_up": lambda count: f"{count:,} not followed any more" if count else "",
    "sessions": lambda count: plural(count, "session"),
    "attempt": lambda number: f"attempt {number}",
    "what": str,
    "question": lambda name: f"“{name}”" if name else "",
    "flag": str,
    "chosen": lambda count: f"{count:,} chosen" if count else "",
    "taken_back": lambda count: f"{count:,} taken back" if count else "",
    "recipients": lambda names: ", ".join(names) or "nobody",
    "rule": lambda word: f"by the rule “{word}”",
    "more": lambda count: plural(count, "more list"),
    "form": str,
    "name": lambda name: f"now “{name}”",
    "device": str,
    "forgotten": lambda forgotten: "the key was erased" if forgotten else "",
    "of": lambda number: f"less what submission {number} has",
    "why": str,
}

blueprint = Blueprint("audit", __name__)


class Act(NamedTuple):
    """A row in words: what was done, and its counts."""

    row: AuditRow
    words: str
    details: str


class SubmissionAuditPage(Page):
    """Who did what with a submission, the newest first. submission: None once it is deleted.

    name: of its list.
    """

    template = "audit/submission.html"
    submission: Submission | None
    name: str
    acts: Sequence[Act]
    pager: Pager


class OwnAuditPage(Page):
    """What the visitor did, the newest first. kept_days: for how long that is kept, 0 for ever."""

    template = "audit/own.html"
    acts: Sequence[Act]
    viewer_id: int
    pager: Pager
    kept_days: int


@blueprint.get("/submissions/<int:submission_id>/audit")
def of_submission(submission_id: int) -> str:
    name = context().read(audit.name_of_deleted, submission_id, viewer().id)
    submission = None if name else own_submission(submission_id, "see who did what with")
    found = context().read(audit.of_submission, submission_id, params.cursor(), PAGE_ROWS)
    place = ListUrl(url_for("audit.of_submission", submission_id=submission_id), {})
    name = submission.name if submission else name or ""
    return render(SubmissionAuditPage(submission, name, _acts(found.rows), place.around(found)))


@blueprint.get("/account/audit")
def own() -> str:
    found = context().read(audit.of_account, viewer().id, params.cursor(), PAGE_ROWS)
    place, days = ListUrl(url_for("audit.own"), {}), context().settings.audit_days
    return render(OwnAuditPage(_acts(found.rows), viewer().id, place.around(found), days))


def _acts(rows: Sequence[AuditRow]) -> list[Act]:
    def told(details: Mapping[str, Any]) -> str:
        words = (word(details[name]) for name, word in DETAILS.items() if name in details)
        return ", ".join(filter(None, words))

    return [Act(row, WORDS[row.action], told(row.details)) for row in rows]
