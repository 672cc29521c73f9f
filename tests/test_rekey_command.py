"""Another secret key: the former one opens what it sealed, until `linkboard rekey` was run."""

import pytest
from click.testing import CliRunner

from tests.dashboard import SECRET_KEY, Dashboard, open_dashboard, text
from webapp.cli import main
from webapp.store import accounts
from webapp.vault import Vault

NEW_KEY = "n" * 40
OTHER_KEY = "o" * 40


@pytest.fixture
def dashboard(database_url, tmp_path):
    """Under the former secret key; two people have signed in."""
    with open_dashboard(database_url, tmp_path) as dashboard:
        yield dashboard


@pytest.fixture
def visitor(dashboard):
    dashboard.visitor("colleague-key")
    return dashboard.visitor()


def with_keys(dashboard, **keys):
    """The same dashboard, started again with other secret keys."""
    settings = dashboard.settings
    return Dashboard(
        dashboard.sim, settings.database_url, settings.data_dir, dashboard.clock, **keys
    )


def same_browser(visitor, started_again):
    again = started_again.visitor(None)
    again.client.set_cookie("linkboard", visitor.client.get_cookie("linkboard").value)
    return again


def rekey(dashboard, **keys):
    environ = {"LINKBOARD_DATABASE_URL": dashboard.settings.database_url}
    environ |= {f"LINKBOARD_{name.upper()}": value for name, value in keys.items()}
    done = CliRunner().invoke(main, ["rekey"], env=environ)
    return done.exit_code, done.output


def sealed_keys(dashboard):
    return dashboard.context.read(accounts.sealed_keys)


def test_the_former_key_opens_keys_and_sessions(dashboard, visitor):
    place = visitor.submit(["fil.0123456789abcdef0123456789abcdef"])
    again = with_keys(dashboard, secret_key=NEW_KEY, former_secret_key=SECRET_KEY)
    assert same_browser(visitor, again).get(place).status_code == 200
    again.work(60)
    assert "Done" in text(same_browser(visitor, again).get(place))
    again.store.close()


def test_without_the_former_key_everybody_signs_in_again(dashboard, visitor):
    again = with_keys(dashboard, secret_key=NEW_KEY)
    assert same_browser(visitor, again).get("/").location.startswith("/signin")
    again.store.close()


@pytest.mark.usefixtures("visitor")
def test_rekey_seals_every_key_anew(dashboard):
    former, new = Vault(SECRET_KEY), Vault(NEW_KEY)
    before = {of: former.open(sealed) for of, sealed in sealed_keys(dashboard).items()}
    assert rekey(dashboard, secret_key=NEW_KEY, former_secret_key=SECRET_KEY) == (
        0,
        "2 keys are sealed by LINKBOARD_SECRET_KEY now. Leave the former one set for "
        "LINKBOARD_SESSION_DAYS: the cookies of those who are signed in may be signed by it.\n",
    )
    assert {of: new.open(sealed) for of, sealed in sealed_keys(dashboard).items()} == before
    assert rekey(dashboard, secret_key=NEW_KEY)[0] == 0


@pytest.mark.usefixtures("visitor")
def test_rekey_leaves_what_it_can_not_open_and_says_so(dashboard):
    before = sealed_keys(dashboard)
    code, said = rekey(dashboard, secret_key=NEW_KEY, former_secret_key=OTHER_KEY)
    assert (code, "2 keys can't be opened by either secret key" in said) == (1, True)
    assert sealed_keys(dashboard) == before
