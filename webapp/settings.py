"""Everything an operator can set: one frozen dataclass, read once from the environment."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "LINKBOARD_"
SHORTEST_SECRET_KEY = 32  # characters
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """A setting that can't be used; the message names it and says what it takes."""


def _setting(default: Any, help_text: str, **limits: Any) -> Any:
    """`limits`: least and most of a number, or one_of some words."""
    return field(default=default, metadata={"help": help_text, **limits})


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a setting: its environment name is LINKBOARD_ and the field in capitals.

    NAME_FILE may name a file that holds the value instead (for secrets in containers).
    """

    ica_url: str = _setting("https://ica.illumina.com/ica/rest", "ICA's address")
    ica_version: str = _setting(
        "v4", "Media type of ICA's linking operations: v4, or v3", one_of=("v4", "v3")
    )
    data_dir: Path = _setting(
        Path("~/.local/share/linkboard"), "Folder of the SQLite database and the made secret key"
    )
    database_url: str = _setting(
        "", "SQLAlchemy URL of a PostgreSQL; empty: SQLite in the data folder"
    )
    secret_key: str = _setting(
        "", "32 characters or more that seal the keys at rest; on loopback made when empty"
    )
    host: str = _setting("127.0.0.1", "Address to listen on")
    port: int = _setting(8000, "Port to listen on", least=1, most=65_535)
    trusted_hosts: tuple[str, ...] = _setting(
        (), "Host names the dashboard is reached by, by commas; needed beyond loopback"
    )
    trusted_proxies: int = _setting(0, "How many proxies in front set X-Forwarded headers", least=0)
    batch_size: int = _setting(25_000, "Most ids in one ICA batch", least=1)
    calls_per_second: float = _setting(10.0, "Most ICA calls a second for one account", least=0.1)
    upload_limit_mb: int = _setting(50, "Largest upload, in MB", least=1)
    session_hours: int = _setting(12, "Hours without a visit after which a session ends", least=1)
    web_processes: int = _setting(2, "Web server processes", least=1)
    web_threads: int = _setting(8, "Threads in each web server process", least=1)
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR", one_of=LOG_LEVELS)
    demo_key: str = _setting("", "Key that signs anybody in by one click; `linkboard demo` sets it")

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_dir", self.data_dir.expanduser())
        object.__setattr__(self, "ica_url", self.ica_url.rstrip("/"))

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the address that is listened on."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'linkboard.db'}"

    @property
    def upload_limit_bytes(self) -> int:
        """The largest upload; a MB is a million bytes, as on the pages."""
        return self.upload_limit_mb * 1_000_000

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read every setting; an empty value is as good as none.

        Raises SettingsError for a value that can't be used.
        """
        found = {}
        for setting in fields(cls):
            name = _name(setting)
            text = environ.get(name, "").strip()
            text = text or _from_file(environ.get(f"{name}_FILE", ""), name)
            if text:
                found[setting.name] = _read(setting, text)
        return cls(**found)


def demand_safe(settings: Settings) -> None:
    """Raises SettingsError when others could reach a dashboard that isn't set up for them."""
    if settings.on_loopback:
        return
    if settings.demo_key:
        raise SettingsError(
            f"Other machines can reach {settings.host}, and LINKBOARD_DEMO_KEY would let everybody "
            "in. Leave it out: only `linkboard demo` needs it."
        )
    needed = ("trusted_hosts", "secret_key")
    missing = [PREFIX + name.upper() for name in needed if not getattr(settings, name)]
    if missing:
        raise SettingsError(
            f"Other machines can reach {settings.host}, so {' and '.join(missing)} must be set. "
            "TRUSTED_HOSTS names the hosts that the dashboard is reached by, and SECRET_KEY "
            f"({SHORTEST_SECRET_KEY} characters or more) seals the users' keys."
        )


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like a setting and that nothing reads: typing errors, most likely."""
    names = {_name(setting) for setting in fields(Settings)}
    known = names | {f"{name}_FILE" for name in names}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def _name(setting: "Field[Any]") -> str:
    return PREFIX + setting.name.upper()


def _from_file(path: str, name: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE can't be read: {error}.") from error


def _read(setting: "Field[Any]", text: str) -> Any:
    parse, what = _PARSERS[type(setting.default)]
    try:
        value = parse(text)
    except ValueError:
        raise SettingsError(f"{_name(setting)} must be {what}, but it is {text!r}.") from None
    _check(setting, value)
    return value


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


_PARSERS: dict[type, Any] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    tuple: (_words, "words with commas between them"),
    type(Path()): (Path, "a path"),
}

_DATABASE_URL = re.compile(
    r"sqlite:///.+"
    r"| postgresql(\+psycopg)?:// ([^/@]*@)? ([\w.-]+|\[[\da-f:]+\])? (:\d+)? /[^/?]+ (\?.*)?",
    re.VERBOSE,
)


def _check(setting: "Field[Any]", value: Any) -> None:
    name, shown, limits = setting.name, _name(setting), setting.metadata
    if "least" in limits and not value >= limits["least"]:  # nan is not
        raise SettingsError(f"{shown} must be {limits['least']} or more, but it is {value}.")
    if "most" in limits and value > limits["most"]:
        raise SettingsError(f"{shown} must be {limits['most']} or less, but it is {value}.")
    if "one_of" in limits and value not in limits["one_of"]:
        words = " or ".join(limits["one_of"])
        raise SettingsError(f"{shown} must be {words}, but it is {value!r}.")
    if name == "ica_url" and not value.startswith(("http://", "https://")):
        raise SettingsError(f"{shown} must begin with https:// or http://, but it is {value!r}.")
    if name == "database_url" and not _DATABASE_URL.fullmatch(value):
        raise SettingsError(f"{shown} must look like postgresql://user:password@host:5432/name.")
    if name == "secret_key" and len(value) < SHORTEST_SECRET_KEY:
        raise SettingsError(
            f"{shown} must have {SHORTEST_SECRET_KEY} characters or more; it has {len(value)}."
        )
