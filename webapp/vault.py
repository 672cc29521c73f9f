"""Encrypts the ICA keys of the accounts, which must not be readable in the database."""

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webapp.settings import MIN_SECRET_KEY_CHARS, Settings, SettingsError

KEYS_AT_REST, COOKIES = b"linkboard: keys at rest", b"linkboard: cookies"
SECRET_KEY_FILE = "secret_key"


class VaultError(Exception):
    """A sealed text that this vault can't open; the message says why, and what to do."""


class Vault:
    """Encrypts (seals) and decrypts (opens) texts with a key derived from the secret key.

    What was sealed with one derived from the former secret key is opened too.
    """

    def __init__(self, secret_key: str, former: str = "") -> None:
        keys = (_derived(key, KEYS_AT_REST) for key in (secret_key, former) if key)
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])

    def seal(self, text: str) -> str:
        """The text, encrypted and signed; the result differs each time."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text that was sealed. Raises VaultError when it was sealed under another key."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise VaultError(
                "The stored ICA key can't be opened: LINKBOARD_SECRET_KEY is not the one it was "
                "sealed with. Its owner signs in again, or the former secret key is set as "
                "LINKBOARD_FORMER_SECRET_KEY."
            ) from None


def vault_for(settings: Settings) -> Vault:
    """The vault of a dashboard. Raises SettingsError as secret_key_for() does."""
    return Vault(secret_key_for(settings), settings.former_secret_key)


def cookie_key(secret_key: str) -> bytes:
    """What signs cookies, so that no part of the secret key itself does."""
    return _derived(secret_key, COOKIES)


def _derived(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())


def secret_key_for(settings: Settings) -> str:
    """The secret key: the setting or, on loopback, one that is made and kept in the data folder.

    Raises SettingsError when it is required and missing, or can't be written or read.
    """
    if settings.secret_key:
        return settings.secret_key
    if not settings.on_loopback:
        raise SettingsError(
            f"LINKBOARD_SECRET_KEY must be set ({MIN_SECRET_KEY_CHARS} characters or more), "
            f"because {settings.host} can be reached from other machines."
        )
    path = settings.data_dir / SECRET_KEY_FILE
    try:
        return _read_or_make(path)
    except OSError as error:
        raise SettingsError(
            f"The secret key can't be kept in {path}: {error.strerror}. Make LINKBOARD_DATA_DIR a "
            "folder that may be written to, or set LINKBOARD_SECRET_KEY."
        ) from error


def _read_or_make(path: Path) -> str:
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(48))
    secret_key = path.read_text(encoding="ascii").strip()
    if len(secret_key) < MIN_SECRET_KEY_CHARS:
        raise SettingsError(
            f"{path} should hold the secret key, but it has only {len(secret_key)} characters. "
            "Restore it, or remove it: then a new one is made and everybody signs in again."
        )
    return secret_key


def _write_once(path: Path, secret_key: str) -> None:
    """Write the file as a whole, unless another process has written one meanwhile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.") as draft:  # mode 0600
        draft.write(secret_key)
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):
            os.link(draft.name, path)
