"""Keys at rest are sealed, and the secret key that seals them is looked after."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from webapp.settings import Settings, SettingsError
from webapp.vault import Vault, VaultError, secret_key_for

KEY = "k" * 32


def test_opens_what_it_sealed():
    vault = Vault(KEY)
    sealed = vault.seal("an ICA key, ä")
    assert "ICA" not in sealed
    assert Vault(KEY).open(sealed) == "an ICA key, ä"
    assert sealed != vault.seal("an ICA key, ä")


def test_another_secret_key_opens_nothing_and_says_why():
    with pytest.raises(VaultError, match="LINKBOARD_SECRET_KEY is not the one"):
        Vault("other" * 8).open(Vault(KEY).seal("a key"))


@pytest.mark.parametrize("nonsense", ["", "nonsense"])
def test_nonsense_is_not_opened(nonsense):
    with pytest.raises(VaultError):
        Vault(KEY).open(nonsense)


def test_a_given_secret_key_is_used(tmp_path):
    assert secret_key_for(Settings(secret_key=KEY, data_dir=tmp_path)) == KEY
    assert not list(tmp_path.iterdir())


def test_on_loopback_one_is_made_and_kept_for_the_owner_alone(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    made = secret_key_for(settings)
    assert len(made) >= 32
    assert secret_key_for(settings) == made
    [file] = settings.data_dir.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_many_at_once_get_the_same_one(tmp_path):
    settings = Settings(data_dir=tmp_path)
    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(secret_key_for, [settings] * 200))) == 1


def test_beyond_loopback_none_is_made(tmp_path):
    with pytest.raises(SettingsError, match="LINKBOARD_SECRET_KEY must be set"):
        secret_key_for(Settings(host="0.0.0.0", data_dir=tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(SettingsError, match="secret_key should hold the secret key"):
        secret_key_for(Settings(data_dir=tmp_path))


def test_a_data_folder_that_can_not_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="LINKBOARD_DATA_DIR"):
        secret_key_for(Settings(data_dir=tmp_path / "file" / "data"))
