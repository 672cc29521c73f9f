"""The state of every id at ICA, compared with the store."""

from contextlib import suppress
from typing import Any

from sqlalchemy import select

from tests.store.invariants import Seen
from webapp.ica.errors import NotFound
from webapp.store import tables
from webapp.store.enums import BEGUN

THERE = {
    ("link", "LINKED"): True,
    ("link", "ALREADY_LINKED"): True,
    ("link", "PARTIALLY_LINKED"): True,
    ("link", "FAILED"): False,
    ("unlink", "UNLINKED"): False,
    ("unlink", "ALREADY_UNLINKED"): False,
    ("unlink", "PARTIALLY_UNLINKED"): True,
}


def assert_as_in_ica(dashboard):
    """All is at rest: the newest word on each id, over all lists, is what ICA says of it."""
    with dashboard.store.read() as connection:
        client = dashboard.context.clients.for_key("demo-key", "")
        seen = _seen(connection)
    for (project, data_id), (kind, word, row) in _newest(client, seen).items():
        if row is not None and (kind, word) in THERE:
            assert row.status == word, f"{row} is newer than {kind} {word}"
        there = _there(kind, word, data_id)
        if there is not None:
            assert _shows(client, project, data_id) == there, (project, data_id, kind, word)


def _there(kind, word, data_id):
    """What a word says of the project; None: nothing."""
    in_use = (kind, word) == ("unlink", "FAILED") and data_id.endswith("fe")
    return True if in_use else THERE.get((kind, word))


def _seen(connection):
    """{ICA's id of a batch: (the batch, its submission)} of all that the store knows."""
    found: dict[str, Any] = {}
    begun = tables.submissions.c.state.in_(BEGUN)
    for submission in connection.execute(select(tables.submissions).where(begun)).all():
        mine = Seen(connection, submission)
        found |= {batch.ica_batch_id: (batch, mine) for batch in mine.batches.values()}
    return found


def _newest(client, seen):
    """{(project, id): (kind, word, row)} of the last of ICA's batches that had the id."""
    found = {}
    for job in reversed(client.jobs(page_size=1000).items):
        if known := seen.get(job.subject_id):
            batch, mine = known
            for position, word in mine.own(batch).items():
                row = mine.rows[position]
                found[job.project_id, row.data_id] = (batch.kind, word, row)
        else:  # of a list that was deleted, or made twice
            for kind, item in _items(client, job):
                found[job.project_id, item.data_id] = (kind, item.status, None)
    return found


def _items(client, job):
    for kind in ("link", "unlink"):
        with suppress(NotFound):
            for item in client.items(job.project_id, job.subject_id, kind=kind).items:
                yield kind, item


def _shows(client, project, data_id):
    try:
        client.data(project, data_id)
    except NotFound:
        return False
    return True
