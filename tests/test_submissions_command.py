"""`linkboard submissions stop|archive|delete`, for a submitter who has left."""

import pytest
from click.testing import CliRunner

from tests.dashboard import data_ids, open_dashboard, text
from tests.work.observation import submission
from webapp.cli import main


@pytest.fixture
def dashboard(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        yield dashboard


@pytest.fixture
def linkboard(dashboard):
    """Runs the command; its exit code and what it says."""

    def run(*words):
        environ = {"LINKBOARD_DATABASE_URL": dashboard.settings.database_url}
        done = CliRunner().invoke(main, ["submissions", *words], env=environ)
        return done.exit_code, done.output

    return run


@pytest.mark.slow
def test_what_waits_is_stopped_and_put_away_and_deleted(dashboard, linkboard):
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(30), name="left behind")
    code, said = linkboard("archive", "1")
    assert (code, "has not ended" in said) == (1, True)
    code, said = linkboard("delete", "1")
    assert (code, "has not ended" in said) == (1, True)
    code, said = linkboard("stop", "1")
    assert (code, "“left behind”: 2 batches that waited will not be sent" in said) == (0, True)
    dashboard.work(30)
    assert submission(dashboard, place).counts == {"LINKED": 10, "NOT_SENT": 20}
    assert linkboard("archive", "1")[0] == 0
    assert "In the archive since" in text(visitor.get(place))
    assert linkboard("delete", "1")[0] == 0
    assert linkboard("delete", "1") == (1, "There is no submission 1.\n")


def test_made_up_words_are_told_and_change_nothing(dashboard, linkboard):
    assert linkboard("stop", "7") == (1, "There is no submission 7.\n")
    dashboard.visitor().upload("", file=(data_ids(1)[0].encode(), "of-a-form.txt"), project="")
    assert linkboard("stop", "1") == (1, "There is no submission 1.\n")  # the file is kept
    assert linkboard("sink", "1")[0] == 2
