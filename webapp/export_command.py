"""`linkboard export --all`: every list with its outcomes, for whoever leaves Linkboard.

Documents of JSON, one a line, that say what they are: a submission, then its attempts, its entries
that are no item, its items as they stand now and, after more than one attempt, what each one found.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from webapp.serve import opened_store
from webapp.settings import Settings, SettingsError
from webapp.store import Store, attempts, batches, entries, items, submissions
from webapp.store.backup import BackupError, whole_or_none
from webapp.store.retry import history
from webapp.store.submissions import Submission
from webapp.web.submissions import status_text

OF_SUBMISSION = (
    *("id", "name", "note", "ica_url", "project_id", "project_name", "source", "state"),
    *("submitter", "created_at", "submitted_at", "settled_at", "archived_at", "problem", "counts"),
)
OF_ATTEMPT = ("number", "kind", "state", "by", "created_at", "begun_at", "ended_at", "size")
OF_ENTRY = ("kind", "line", "column", "text", "note", "first_line", "first_column")
OF_ITEM = (
    *("position", "line", "column", "data_id", "status", "reason", "name", "path", "linked_id"),
    *("label", "attempt", "changed_at"),
)

Document = dict[str, Any]


def lines(settings: Settings) -> Iterator[str]:
    """Every line of every list, the oldest list first. Raises SettingsError."""
    with opened_store(settings) as store:
        for submission in submissions.each(store):
            yield from _lines(store, submission)


def write(settings: Settings, folder: Path) -> str:
    """The lines of each list into a file of its own in the folder; a sentence. Raises
    SettingsError.
    """
    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with opened_store(settings) as store:
            for submission in submissions.each(store):
                with (
                    whole_or_none(folder / f"submission-{submission.id}.jsonl") as part,
                    part.open("w", encoding="utf-8") as file,
                ):
                    file.writelines(f"{line}\n" for line in _lines(store, submission))
                count += 1
    except (BackupError, OSError) as error:
        raise SettingsError(str(error)) from error
    return f"{folder} has {count} lists now, each in a file of its own."


def _lines(store: Store, submission: Submission) -> Iterator[str]:
    for record, document in _documents(store, submission):
        yield json.dumps({"record": record, **document}, ensure_ascii=False)


def _documents(store: Store, submission: Submission) -> Iterator[tuple[str, Document]]:
    """Each document of a list, with what it is; items are read as they are needed."""
    with store.read() as connection:
        goes = attempts.of_submission(connection, submission.id)
        batch_rows = batches.of_submission(connection, submission.id)
    of = {"submission": submission.id}
    yield "submission", _picked(submission, OF_SUBMISSION)
    for attempt in goes:
        batch_ids = [one.ica_batch_id for one in batch_rows if one.attempt == attempt.number]
        made = {"ica_batches": [found for found in batch_ids if found]}
        yield "attempt", of | _picked(attempt, OF_ATTEMPT) | made
    for entry in entries.each(store, submission.id):
        yield "entry", of | _picked(entry, OF_ENTRY)
    for item in items.each(store, submission.id):
        status = status_text.item_label(item.status, item.position, batch_rows)[0]
        yield "item", of | _picked(item, OF_ITEM) | {"status": status}
    for attempt in goes if len(goes) > 1 else []:
        for item in chain.from_iterable(history.pages(store, attempt, ())):
            yield "outcome", of | _picked(item, OF_ITEM) | {"attempt": attempt.number}


def _picked(row: object, names: Sequence[str]) -> Document:
    return {name: _plain(name, getattr(row, name)) for name in names}


def _plain(name: str, value: Any) -> Any:
    """A moment as people and other programs read it, by UTC; all else as it is."""
    if not name.endswith("_at") or value is None:
        return value
    moment = datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
