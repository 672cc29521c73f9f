"""What the database is filled with, as `linkboard check` tells it."""

import pytest

from tests.dashboard import data_ids, open_dashboard
from tests.web.confirmation import confirm
from tests.work.observation import settle
from webapp import check
from webapp.store import database_size

COUNT = 3_000


@pytest.fixture
def filled(database_url, tmp_path):
    """A dashboard with some of all."""
    with open_dashboard(database_url, tmp_path, rate=1e6) as dashboard:
        demo = dashboard.visitor()
        ids = data_ids(COUNT)
        place = demo.submit([*ids, *ids, *(f"no id {number}" for number in range(COUNT))])
        settle(dashboard, place)
        confirm(demo, f"{place}/undo")
        settle(dashboard, place)
        demo.post("/find", {"ids": "\n".join(ids)})
        yield dashboard


def told_by_check(dashboard):
    settings = dashboard.settings
    environ = {
        "LINKBOARD_DATABASE_URL": settings.database_url,
        "LINKBOARD_DATA_DIR": str(settings.data_dir),
        "LINKBOARD_SECRET_KEY": settings.secret_key,
        "LINKBOARD_ICA_URL": settings.ica_url,
    }
    found = check.findings(environ)
    return next(one.sentence for one in found if one.sentence.startswith("The database has"))


@pytest.mark.long
def test_check_tells_what_fills_the_database(filled):
    told = told_by_check(filled)
    with filled.store.read() as connection:
        found = database_size.measure(connection)
        counted = database_size.by_counts(connection)
        is_sqlite = connection.dialect.name == "sqlite"
    assert found.is_measured
    assert 0 < sum(found.kinds.values()) < found.total
    assert told.index("items") < told.index("questions")
    for kind in found.kinds.keys() - {"audit"}:
        assert f"{kind} " in told
        if is_sqlite:  # by which the bytes of a row were measured
            assert 0.4 < counted[kind] / found.kinds[kind] < 2.5, kind
