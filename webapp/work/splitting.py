"""A batch that ICA finds too large is sent in halves, down to one id.

ICA says so by 413, or by a 400 that may mean anything: one id that it does not like, too. Then the
halves find out which, so that the others are sent.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from webapp.ica.errors import IcaError, Refused
from webapp.store import Connection, ica_limits, splitting, submissions
from webapp.store.batches import Batch
from webapp.store.enums import BatchState, ErrorCode, Task
from webapp.store.ica_limits import USUAL_SIZE
from webapp.work import ica_failures

TOO_LARGE, MAY_BE_TOO_LARGE = 413, 400
REST_SECONDS = 60.0  # that the other half waits for the first one to be decided
MAX_PARTS = 256  # of an attempt, by answers that do not say what they mean
MAX_REFUSED_IDS = 2  # of an attempt of which ICA took nothing; then it is not about single ids


def is_to_be_halved(batch: Batch, error: IcaError, batch_rows: Sequence[Batch]) -> bool:
    """Whether the halves of a refused batch may be taken; batch_rows are its submission's."""
    if not isinstance(error, Refused) or batch.size < 2:
        return False
    parts = sum(one.rest_of is not None for one in batch_rows if one.attempt == batch.attempt)
    may_be = error.status == MAY_BE_TOO_LARGE and parts < MAX_PARTS
    is_or_may_be = error.status == TOO_LARGE or may_be
    return is_or_may_be and not is_hopeless(batch, error, batch_rows)


def is_hopeless(batch: Batch, error: IcaError, batch_rows: Sequence[Batch]) -> bool:
    """Whether ICA takes nothing of the attempt, single ids neither: then why is in none of them."""
    if not isinstance(error, Refused) or error.status not in {TOO_LARGE, MAY_BE_TOO_LARGE}:
        return False
    others = [one for one in batch_rows if one.attempt == batch.attempt and one.id != batch.id]
    refused = sum(one.state == BatchState.REFUSED and one.size == 1 for one in others)
    taken = any(one.ica_batch_id for one in others)
    return not taken and refused + (batch.size == 1) >= MAX_REFUSED_IDS


def halve(connection: Connection, batch: Batch, error: IcaError, now: float) -> None:
    """Its first half is sent next, and the other one when that is decided. It ends the lease."""
    problem = ica_failures.kept_error(error, now)
    if isinstance(error, Refused) and error.status == TOO_LARGE:
        problem = replace(problem, code=ErrorCode.TOO_LARGE)
    next_try = {"state": BatchState.WAITING, "task": Task.SEND, "due_at": now, "trouble": problem}
    next_try["intent_at"] = None  # of this half none was sent: a restored copy looks for it anew
    size = (batch.size + 1) // 2
    splitting.split(connection, batch, size, now, now + REST_SECONDS, lease_until=0.0, **next_try)


def cut_to_size(connection: Connection, batch: Batch, ica_url: str, now: float) -> Batch:
    """A leased batch, cut before it is sent to what its ICA is known to take."""
    size = ica_limits.batch_size(connection, ica_url, now)
    if size is None or batch.size <= size:
        return batch
    return splitting.split(connection, batch, size, now, rest_due_at=now)


def release(connection: Connection, batch: Batch, now: float) -> None:
    """The batch is decided: what was split off it is due now."""
    splitting.release(connection, batch, now)


def note_taken(connection: Connection, batch: Batch, now: float) -> None:
    """ICA takes the batch. If it had refused a larger one, that is the size to send from now on."""
    refused = [rest for rest in splitting.release(connection, batch, now) if rest.trouble]
    sure = any(rest.trouble and rest.trouble.code == ErrorCode.TOO_LARGE for rest in refused)
    if refused and (sure or batch.size >= USUAL_SIZE):
        ica_url = submissions.get(connection, batch.submission_id).ica_url
        ica_limits.note_batch_size(connection, ica_url, batch.size, now)
