"""Problems: what holds a submission up, what that means, and ICA's own words."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.documents import KeptError
from webapp.store.enums import AttemptKind, BatchState, Blocked, ErrorCode, Task
from webapp.store.leases import MAX_DEATHS
from webapp.store.submissions import Submission
from webapp.web.core.formatting import duration, plural
from webapp.work import ica_failures, lost_batches, refresh, walk
from webapp.work.ica_failures import BLOCKED_SECONDS

ENDED = {
    BatchState.REFUSED: (
        "ICA refused {batch}, so nothing of it was sent.",
        "Its items are listed as not sent, with ICA's reason, and can be submitted again.",
    ),
    BatchState.LOST: (
        "ICA no longer knows {batch}.",
        "Its items show what was known last; open them in ICA to see more.",
    ),
}
ENDED_SO = {  # of a batch that is not followed any more, though ICA may know it
    ErrorCode.STOPPED: (
        "What waited was ended here before ICA told the outcome of {batch}.",
        "ICA goes on with what it has of it. To send its items once more does no harm.",
    ),
    ErrorCode.FORBIDDEN: (
        "ICA does not let {submitter} see {batch} any more, so it is not followed any longer.",
        "Its items are as they were. Who may see them in the project can try them again.",
    ),
}
REFUSED_TEXT = (
    "That needs the role Contributor or Administrator in the project. Somebody who has it can do "
    "it instead."
)
IN_SMALLER_ONES = (
    "ICA did not take a batch as it was, so it is sent in smaller ones.",
    "What ICA takes of it is linked or unlinked; what it refuses is listed with the reason.",
)
LOST_ANSWER = (
    "ICA's answer to {batch} was lost.",
    "It is being looked for among ICA's jobs; if it is not there, it is sent again. "
    "To send it twice does no harm.",
)
BLOCKED = {
    Blocked.SIGN_IN: (
        "ICA does not take the key of {submitter} any more, so this waits.",
        "It goes on by itself as soon as {submitter} signs in here again.",
    ),
    Blocked.MAY_NOT_WRITE: (
        "ICA does not let {submitter} {verb} {project}, so nothing was sent.",
        "That needs the role Contributor or Administrator in the project. It is tried again "
        "every {pause}, and goes on by itself once ICA allows it.",
    ),
    Blocked.MAY_NOT_READ: (
        "ICA does not let {submitter} see this batch any more, so it can't be followed.",
        "It is tried again every {pause}, and goes on by itself once ICA allows it.",
    ),
    Blocked.DEADLY: (
        "Linkboard itself fails here: {deaths} workers in a row did not come to its end.",
        "Nothing is lost. It is tried again every {pause}, and goes on by itself once it "
        "succeeds; the log of the worker says why it did not.",
    ),
}

STUCK_MEANING = (
    "Nothing is lost. It is tried again every few minutes, and goes on by itself once ICA answers "
    "otherwise. If it does not, give ICA's words to Illumina's support. Whoever began it, or "
    "submitted the list, can have it tried again now or end it, on this page."
)
STUCK_IN = {  # by the step that leads no further
    refresh.JOB: "ICA's answer about the job of {batch} is of no use",
    refresh.COUNT: "ICA does not tell how many items {batch} has",
    walk.PAGE: "ICA's list of the items of {batch} can't be read",
    ica_failures.REFUSED_TOKEN: "ICA's list of the items of {batch} can't be read to its end: it "
    "refuses to go on after a page",
    Task.SEND: "ICA fails each time when {batch} is sent",
    Task.FIND: "ICA's list of jobs, among which {batch} is looked for, is of no use",
}
OTHERWISE_STUCK = "ICA's answers about {batch} are of no use"

NO_KEY = "There is no key of {submitter} here that can be used, so this waits."
NO_KEY = "There is no key of {submitter} here that can be used, so this waits."
CLOSED_LATER = (  # to an attempt after the first
    BLOCKED[Blocked.MAY_NOT_READ][0],
    f"It is asked about for {duration(lost_batches.MIN_SECONDS)}; then it ends by itself, and its "
    "items are as they were.",
)
CAN_BE_ENDED = " Whoever began it, or submitted the list, can end it on this page."

HALVED_AFTER = {ErrorCode.REFUSED, ErrorCode.TOO_LARGE}
VERBS = {AttemptKind.LINK: "link data into", AttemptKind.UNLINK: "unlink data from"}

TRIED_AGAIN = {  # errors that pass by themselves
    ErrorCode.NO_KEY: "ICA can't be asked without a key: sign in again, and it goes on by itself.",
    ErrorCode.RATE_LIMITED: "ICA asks for fewer calls right now, so this is slower than usual.",
    ErrorCode.NOT_FOUND: "ICA says it knows no such batch; it is asked again for "
    f"{duration(lost_batches.MIN_SECONDS)}.",
    ErrorCode.UNREACHABLE: "ICA does not answer right now. What you see is what was known last.",
}
ICA_HAS_TROUBLE = "ICA has trouble right now. What you see is what was known last."


class Problem(NamedTuple):
    """Something a reader should know: what, what it means, and ICA's own words."""

    kind: str
    title: str
    text: str
    details: str


class Pause(NamedTuple):
    """ICA asked for fewer calls: until when nothing is asked of it, and its own words."""

    until: float
    details: str


def pause(batches: Sequence[Batch], until: float) -> Pause:
    """What is told instead of the problem of each batch that waits for it."""
    said = [batch.trouble.full for batch in batches if batch.trouble and is_throttled(batch)]
    return Pause(until, next(iter(said), ""))


def of(
    submission: Submission,
    attempts: Sequence[Attempt],
    batches: Sequence[Batch],
    *,
    paused: bool = False,
) -> list[Problem]:
    """The problems of the batches, each once; none of a batch whose items later attempts have, nor,
    if it is told that all is `paused`, of those that wait for that.
    """
    batches = [batch for batch in batches if not (paused and is_throttled(batch))]
    found: dict[tuple[str, str], Problem] = {}
    by = {attempt.number: attempt.by for attempt in attempts}
    lacking = {batch.attempt for batch in batches if batch.lacked_rights}
    refused = {
        one.number: refusal(submission, one, batches, f"attempt {one.number}")
        for one in attempts
        if one.number in lacking
    }
    alike = Counter(_refusal_key(batch) for batch in batches if batch.held)
    for batch in batches:
        if batch.held and (problem := _problem(submission, by[batch.attempt], batch)):
            key = _refusal_key(batch)
            if batch.lacked_rights:
                problem = problem._replace(title=refused[batch.attempt], text=REFUSED_TEXT)
            elif key and alike[key] > 1:
                named = f"{alike[key]} batches{_of_attempt(batch)}"
                problem = problem._replace(title=f"ICA refused {named}, so they were not sent.")
            found.setdefault((problem.title, key[1] if key else problem.details), problem)
    return list(found.values())


def refusal(submission: Submission, attempt: Attempt, batches: Sequence[Batch], called: str) -> str:
    """That ICA did not let the attempt, called so, be sent, or not all of it; "" where it did."""
    mine = [batch for batch in batches if batch.attempt == attempt.number]
    unsent = sum(batch.size for batch in mine if batch.lacked_rights)
    if not unsent:
        return ""
    sent = sum(batch.size for batch in mine if batch.sent_at)
    what = f"nothing of {called} was sent; its items are as they were"
    if sent:
        of_all = f"{sent:,} of {plural(attempt.size, 'item')}"
        what = f"{of_all} of {called} were sent; the others are as they were"
    verb, project = VERBS[attempt.kind], submission.project_name
    return f"ICA does not let {attempt.by} {verb} {project}, so {what}."


def _problem(submission: Submission, by: str, batch: Batch) -> Problem | None:
    error = batch.trouble or batch.problem
    details = error.full if error else ""
    if batch.state in ENDED:
        kind, found = "error", _ended(batch)
    elif batch.blocked:
        later = batch.attempt > 1 and batch.blocked == Blocked.MAY_NOT_READ
        if batch.blocked == Blocked.STUCK:
            kind, found = "error", _stuck(batch)
            details = details or (error.message if error else "")
        else:
            title, text = CLOSED_LATER if later else BLOCKED[batch.blocked]
            title = NO_KEY if error and error.code == ErrorCode.NO_KEY else title
            kind, found = "error", (title, text + CAN_BE_ENDED)
    elif error and batch.state == BatchState.WAITING and error.code in HALVED_AFTER:
        kind, found = "warning", IN_SMALLER_ONES
    elif error:
        again = (sentence(error), "It is tried again by itself.")
        in_doubt = batch.state == BatchState.SENDING and not is_throttled(batch)
        kind, found = "warning", LOST_ANSWER if in_doubt else again
    else:
        return None
    names = {"submitter": by, "project": submission.project_name, "verb": VERBS[batch.kind]}
    names |= {"pause": duration(BLOCKED_SECONDS), "deaths": str(MAX_DEATHS)}
    names["batch"] = f"batch {batch.ordinal}{_of_attempt(batch)}"
    title, text = (words.format(**names) for words in found)
    return Problem(kind, title, text, details)


def _stuck(batch: Batch) -> tuple[str, str]:
    what = STUCK_IN.get(ica_failures.step_of(batch)[0], OTHERWISE_STUCK)
    return f"{what}, {batch.vain_tries} times in a row now, so this is stuck.", STUCK_MEANING


def is_throttled(batch: Batch) -> bool:
    """Whether it waits since ICA asked for fewer calls."""
    return batch.trouble is not None and batch.trouble.code == ErrorCode.RATE_LIMITED


def _ended(batch: Batch) -> tuple[str, str]:
    code = error.code if (error := batch.trouble or batch.problem) else None
    if batch.state == BatchState.LOST and code in ENDED_SO:
        return ENDED_SO[code]
    return ENDED[batch.state]


def _of_attempt(batch: Batch) -> str:
    return f" of attempt {batch.attempt}" if batch.attempt > 1 else ""


def _refusal_key(batch: Batch) -> tuple[int, str] | None:
    """What refused batches that are told together have in common; None of any other."""
    if batch.state != BatchState.REFUSED or batch.problem is None:
        return None
    said = f"{batch.problem.problem.get('title')} {batch.problem.short}"
    return batch.attempt, said


def sentence(error: KeptError) -> str:
    """What a kept error that will be tried again means, in a sentence."""
    return TRIED_AGAIN.get(error.code, ICA_HAS_TROUBLE)
