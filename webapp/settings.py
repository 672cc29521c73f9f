"""Everything an operator can set: one frozen dataclass, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "LINKBOARD_"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsError(Exception):
    """A setting that can't be used; the message names it and says what it takes."""


def _setting(default: Any, help_text: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help_text, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a setting: its environment name is LINKBOARD_ and the field in capitals.

    NAME_FILE may name a file that holds the value instead (for secrets in containers).
    """

    ica_url: str = _setting("https://ica.illumina.com/ica/rest", "ICA's address")
    ica_version: str = _setting("v4", "Media type of ICA's linking operations: v4, or v3")
    data_dir: Path = _setting(
        Path("~/.local/share/linkboard"), "Folder of the SQLite database and the made secret key"
    )
    database_url: str = _setting(
        "", "SQLAlchemy URL of a PostgreSQL; empty: SQLite in the data folder", secret=True
    )
    secret_key: str = _setting(
        "",
        "32 characters or more that seal the keys at rest; on loopback made when empty",
        secret=True,
    )
    host: str = _setting("127.0.0.1", "Address to listen on")
    port: int = _setting(8000, "Port to listen on")
    trusted_hosts: tuple[str, ...] = _setting(
        (), "Host names the dashboard is reached by, by commas; needed beyond loopback"
    )
    trusted_proxies: int = _setting(0, "How many proxies in front set X-Forwarded headers")
    batch_size: int = _setting(25_000, "Most ids in one ICA batch")
    calls_per_second: float = _setting(10.0, "Most ICA calls a second for one account")
    upload_limit_mb: int = _setting(50, "Largest upload, in MB")
    session_hours: int = _setting(12, "Hours without a visit after which a session ends")
    web_processes: int = _setting(2, "Web server processes")
    web_threads: int = _setting(8, "Threads in each web server process")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_dir", Path(os.path.expanduser(self.data_dir)))

    @property
    def on_loopback(self) -> bool:
        return self.host in LOOPBACK

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'linkboard.db'}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read every setting; an empty value is as good as none.

        Raises SettingsError for a value that can't be used, and for a name that nothing reads.
        """
        return cls(**{f.name: _read(f, text) for f, text in _given(environ)})


def environment_name(setting: "Field[Any]") -> str:
    """The name of a setting's environment variable."""
    return PREFIX + setting.name.upper()


def _given(environ: Mapping[str, str]) -> "list[tuple[Field[Any], str]]":
    given = []
    for setting in fields(Settings):
        name = environment_name(setting)
        text = environ.get(name, "").strip() or _from_file(environ.get(f"{name}_FILE", ""), name)
        if text:
            given.append((setting, text))
    return given


def _from_file(path: str, name: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE can't be read: {error.strerror}: {path}") from error


def _read(setting: "Field[Any]", text: str) -> Any:
    try:
        value = _PARSERS[type(setting.default)](text)
    except ValueError:
        raise SettingsError(
            f"{environment_name(setting)} must be a number, but it is {text!r}."
        ) from None
    _check(setting.name, value)
    return value


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


_PARSERS: dict[type, Any] = {
    str: str,
    int: int,
    float: float,
    tuple: _words,
    type(Path()): Path,
}

_LEAST = {
    "port": 1,
    "trusted_proxies": 0,
    "batch_size": 1,
    "calls_per_second": 0.1,
    "upload_limit_mb": 1,
    "session_hours": 1,
    "web_processes": 1,
    "web_threads": 1,
}


def _check(name: str, value: Any) -> None:
    shown = PREFIX + name.upper()
    if name in _LEAST and value < _LEAST[name]:
        raise SettingsError(f"{shown} must be {_LEAST[name]} or more, but it is {value}.")
    if name == "ica_url" and not value.startswith(("http://", "https://")):
        raise SettingsError(f"{shown} must begin with https:// or http://, but it is {value!r}.")
    if name == "ica_version" and value not in {"v3", "v4"}:
        raise SettingsError(f"{shown} must be v4 or v3, but it is {value!r}.")
    if name == "secret_key" and len(value) < 32:
        raise SettingsError(f"{shown} must have 32 characters or more; it has {len(value)}.")
