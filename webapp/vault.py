"""Seals what must not lie open in the database: the ICA keys of the accounts."""

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webapp.settings import SHORTEST_SECRET_KEY, Settings, SettingsError

PURPOSE = b"linkboard: keys at rest"
KEY_FILE = "secret_key"


class VaultError(Exception):
    """A sealed text that this vault can't open; the message says what that means."""


class Vault:
    """Seals and opens texts with a key that is derived from the secret key."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(secret_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, text: str) -> str:
        """The text, encrypted and signed; another seal of the same text looks different."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text that was sealed. Raises VaultError when it was sealed under another key."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise VaultError(
                "The stored ICA key can't be opened: LINKBOARD_SECRET_KEY is not the one it was "
                "sealed with. Its owner signs in again, or the former secret key is restored."
            ) from None


def secret_key_for(settings: Settings) -> str:
    """The secret key in force: the one given or, on loopback, one made and kept in the data folder.

    Raises SettingsError when it is missing beyond loopback, or can't be kept or read.
    """
    if settings.secret_key:
        return settings.secret_key
    if not settings.on_loopback:
        raise SettingsError(
            f"LINKBOARD_SECRET_KEY must be set ({SHORTEST_SECRET_KEY} characters or more), because "
            f"{settings.host} can be reached from other machines."
        )
    path = settings.data_dir / KEY_FILE
    try:
        return _kept(path)
    except OSError as error:
        raise SettingsError(
            f"The secret key can't be kept in {path}: {error.strerror}. Make LINKBOARD_DATA_DIR a "
            "folder that may be written to, or set LINKBOARD_SECRET_KEY."
        ) from error


def _kept(path: Path) -> str:
    if not path.exists():
        _keep(path, secrets.token_urlsafe(48))
    secret_key = path.read_text(encoding="ascii").strip()
    if len(secret_key) < SHORTEST_SECRET_KEY:
        raise SettingsError(
            f"{path} should hold the secret key, but it has only {len(secret_key)} characters. "
            "Restore it, or remove it: then a new one is made and everybody signs in again."
        )
    return secret_key


def _keep(path: Path, secret_key: str) -> None:
    """Whole or not at all; of two processes that keep one at once, the first wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.") as draft:  # mode 0600
        draft.write(secret_key)
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):
            os.link(draft.name, path)
