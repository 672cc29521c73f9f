"""What an operator can do with anybody's submission: `linkboard submissions`."""

from webapp.serve import opened_store
from webapp.settings import Settings
from webapp.store import Connection, attempts, audit, clock, lifecycle, submissions
from webapp.store.enums import AuditAction, State
from webapp.store.retry import assignment, other_submissions


def carry_out(settings: Settings, action: str, submission_id: int) -> tuple[bool, str]:
    """Stop, archive or delete a submission; whether it was done, and a sentence that says so.

    Raises SettingsError when the database can't be used.
    """
    with opened_store(settings) as store, store.write() as connection:
        found = submissions.many(connection, [submission_id]).get(submission_id)
        if found is None or not found.project_id or found.state == State.DISCARDED:
            return False, f"There is no submission {submission_id}."
        now = clock.now(connection)
        done, sentence = _ACTIONS[action](connection, submission_id, now)
        if done:
            audit.record(connection, AuditAction(action), audit.OPERATOR, now, found)
        return done, f"“{found.name}”: {sentence}"


def _stop(connection: Connection, submission_id: int, now: float) -> tuple[bool, str]:
    running = [one for one in attempts.of_submission(connection, submission_id) if one.runs]
    stops = [assignment.stop(connection, submission_id, one.number, now) for one in running]
    stopped, given_up = (sum(getattr(one, n) for one in stops) for n in ("batches", "given_up"))
    followed = f"; {given_up} that were blocked are not followed any more" if given_up else ""
    waited = f"{stopped} batches that waited will not be sent"
    return True, f"{waited}{followed}; ICA goes on with what it has."


def _archive(connection: Connection, submission_id: int, now: float) -> tuple[bool, str]:
    if lifecycle.archive(connection, submission_id, now):
        return True, "it is in the archive now."
    return False, "it has not ended, or is in the archive already."


def _delete(connection: Connection, submission_id: int, now: float) -> tuple[bool, str]:
    held = other_submissions.dependent_submission(
        connection, submissions.get(connection, submission_id)
    )
    if held:
        return False, f"“{held}” shows ids as linked that this one has unlinked. Delete that first."
    if lifecycle.discard(connection, submission_id, now):
        return True, "it was deleted here. Nothing was changed in ICA."
    return False, "it has not ended. Stop it, and delete it when all its attempts have ended."


_ACTIONS = {"stop": _stop, "archive": _archive, "delete": _delete}
