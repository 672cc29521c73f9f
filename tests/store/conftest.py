"""A migrated store, and submissions in it whose items were just read."""

import pytest

from tests.databases import bring_up_to_date
from tests.simulated_ica import FIRST_PROJECT
from webapp.store import Store, accounts, batches, items, submissions
from webapp.store.accounts import Identity
from webapp.store.batches import PlannedBatch
from webapp.store.documents import Review
from webapp.store.enums import Source
from webapp.store.items import Listed
from webapp.store.submissions import New

NOW = 1_000_000.0
WHO = Identity("https://ica", "tenant", "subject", "A user", "", "sealed")


@pytest.fixture
def store(database_url):
    made = Store(database_url)
    bring_up_to_date(made, database_url)
    yield made
    made.close()


@pytest.fixture
def make_draft(store):
    """make_draft(data_ids) is the id of a draft with these items."""

    def make(data_ids):
        with store.write() as connection:
            account = accounts.get(connection, accounts.sign_in(connection, WHO, NOW))
            new = New(account, FIRST_PROJECT, "Project", "a list", Source.UPLOAD, batch_size=25_000)
            submission_id = submissions.create(connection, new, NOW)
            listed = [Listed(data_id, line, 1) for line, data_id in enumerate(data_ids, start=1)]
            items.add(connection, submission_id, 1, listed)
            submissions.become_draft(connection, submission_id, len(listed), Review(), NOW)
        return submission_id

    return make


@pytest.fixture
def make_batches(store, make_draft):
    """make_batches(count) are the ids of as many batches of one item each, due at NOW."""

    def make(count):
        submission_id = make_draft([f"fil.{number:032x}" for number in range(count)])
        planned_batches = [PlannedBatch(position, position, 1) for position in range(1, count + 1)]
        with store.write() as connection:
            submissions.confirm(connection, submission_id, count, NOW)
            batches.add(
                connection, submissions.get(connection, submission_id), planned_batches, NOW
            )
            return [batch.id for batch in batches.of_submission(connection, submission_id)]

    return make
