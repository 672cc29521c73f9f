"""What can be done with a submission's items as they stand now, each as a link."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import url_for

from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.enums import LEFT_OUT, State
from webapp.store.statuses import TAKEN_OUT, UNLINKED
from webapp.store.submissions import Submission
from webapp.web.core.links import Link, ListUrl
from webapp.web.retry import attempts as attempts_page
from webapp.web.retry.actions import RETRY, UNDO, offered
from webapp.web.submissions import status_text
from webapp.web.submissions.status_display import ordered


def offers(
    submission: Submission, attempt_rows: Sequence[Attempt], batch_rows: Sequence[Batch]
) -> Iterator[Link]:
    """What is likeliest wanted first."""
    over = submission.state == State.SETTLED
    words = ordered(submission.counts)
    again = offered(RETRY, words, over=True)
    for word in ["FAILED"] if "FAILED" in words else again[: int(over)]:
        yield _link(submission, "retry.retry", f"Try again {status_text.what(word)}", status=word)
    if not over:
        return
    if last := next(
        (one for one in reversed(attempt_rows) if attempts_page.stuck([one], batch_rows)), None
    ):
        failed = [word for word in last.counts if word not in TAKEN_OUT]
        asked = {"attempt": last.number, "status": failed}
        yield _link(submission, "retry.undo", "Try to unlink these again", **asked)
    if "LINKED" in words:
        yield _link(submission, "retry.undo", "Undo: unlink what it linked")
    if in_part := [word for word in offered(UNDO, words, over=True) if word != "LINKED"]:
        yield _link(submission, "retry.undo", "Unlink what is linked in part", status=in_part)
    if unlinked := sorted(UNLINKED.intersection(words)):
        yield _link(submission, "retry.retry", "Link again what was unlinked", status=unlinked)
    if LEFT_OUT in words:
        yield _link(submission, "retry.retry", "Send what was left out", status=LEFT_OUT)


def _link(submission: Submission, endpoint: str, text: str, **asked: Any) -> Link:
    place = url_for(endpoint, submission_id=submission.id)
    return Link(text, ListUrl(place, asked).changed())
