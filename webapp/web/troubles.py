"""Troubles: what holds a submission up, what it means, and what ICA itself said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.store.batches import Batch
from webapp.store.submissions import Submission
from webapp.store.words import BatchState, Blocked
from webapp.web import errors

BLOCKED = {
    Blocked.SIGN_IN: (
        "ICA does not take the key of {submitter} any more, so this waits.",
        "It goes on by itself as soon as {submitter} signs in here again.",
    ),
    Blocked.MAY_NOT_WRITE: (
        "ICA does not let {submitter} {act} {project}, so nothing was sent.",
        "That needs the role Contributor or Administrator in the project. It is tried again "
        "every five minutes, and goes on by itself once ICA allows it.",
    ),
    Blocked.MAY_NOT_READ: (
        "ICA does not let {submitter} see this batch any more, so it can't be followed.",
        "It is tried again every five minutes, and goes on by itself once ICA allows it.",
    ),
    Blocked.DEADLY: (
        "Linkboard itself fails here: three workers in a row did not come to its end.",
        "Nothing is lost. It is tried again every five minutes, and goes on by itself once it "
        "succeeds; the log of the worker says why it did not.",
    ),
}

ACTS = {"link": "link data into", "unlink": "unlink data from"}

TRIED_AGAIN = {  # kinds of errors that pass by themselves
    "NoKey": "ICA can't be asked without a key: sign in again, and it goes on by itself.",
    "TooMany": "ICA asks for fewer calls right now, so this is slower than usual.",
    "NotThere": "ICA says it knows no such batch; it is asked again for ten minutes.",
    "IcaUnreachable": "ICA does not answer right now. What you see is what was known last.",
}
ICA_IS_ILL = "ICA has trouble right now. What you see is what was known last."


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something a reader should know: what, what it means, and ICA's own words."""

    kind: str
    title: str
    text: str
    details: str


def of(submission: Submission, batches: Sequence[Batch]) -> list[Trouble]:
    """What a reader should know of the batches, the same thing said once."""
    found: dict[tuple[str, str], Trouble] = {}
    for batch in batches:
        trouble = _trouble(submission, batch)
        if trouble:
            found.setdefault((trouble.title, trouble.details), trouble)
    return list(found.values())


def _trouble(submission: Submission, batch: Batch) -> Trouble | None:
    said = batch.trouble or batch.problem or {}
    details = errors.told(said.get("problem", {})) if said else ""
    if batch.state == BatchState.REFUSED:
        title = f"ICA refused batch {batch.ordinal}, so nothing of it was sent."
        text = "Its items are listed as not sent, with ICA's reason, and can be submitted again."
        return Trouble("error", title, text, details)
    if batch.state == BatchState.LOST:
        title = f"ICA no longer knows batch {batch.ordinal}."
        text = "Its items show what was known last; open them in ICA to see more."
        return Trouble("error", title, text, details)
    if batch.blocked:
        title, text = BLOCKED[Blocked(batch.blocked)]
        names = {
            "submitter": submission.submitter,
            "project": submission.project_name,
            "act": ACTS[submission.kind],
        }
        return Trouble("error", title.format(**names), text.format(**names), details)
    if batch.state == BatchState.SENDING and said:
        title = f"ICA's answer to batch {batch.ordinal} was lost."
        text = (
            "It is being looked for among ICA's jobs; if it is not there, it is sent again. "
            "To send it twice does no harm."
        )
        return Trouble("warning", title, text, details)
    if said:
        return Trouble("warning", sentence(said), "It is tried again by itself.", details)
    return None


def sentence(said: Mapping[str, object]) -> str:
    """What a kept error that will be tried again means, in a sentence."""
    return TRIED_AGAIN.get(str(said.get("kind")), ICA_IS_ILL)
