"""Everything an operator can set: one frozen dataclass, read once from the environment.

Why not pydantic-settings: it was tried. It has no NAME_FILE variables, reads lists as JSON instead
of by commas, and reports a wrong value in several lines that do not name the variable.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "LINKBOARD_"
MIN_SECRET_KEY_CHARS = 32
SECRETS = {
    *("secret_key", "former_secret_key", "demo_key", "database_url"),
    *("webhooks", "webhook_secret", "smtp_password"),  # who knows a chat's address may write there
}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
YES_WORDS, NO_WORDS = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}


class SettingsError(Exception):
    """A setting that can't be used; the message names it and says which values are allowed."""


def _setting(default: Any, help_text: str, **limits: Any) -> Any:
    """`limits` are `least` and `most` for a number, `one_of` for a word."""
    return field(default=default, metadata={"help": help_text, **limits})


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a setting; its environment variable is LINKBOARD_ and the field's name in capitals.

    Alternatively the variable NAME_FILE is the path of a file with the value (for secrets).
    """

    ica_url: str = _setting("https://ica.illumina.com/ica/rest", "ICA's address")
    ica_plain_http: bool = _setting(
        False, "yes: an ICA on another machine may be asked by http://, keys unencrypted"
    )
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
    former_secret_key: str = _setting(
        "", "The one before: it still opens what it sealed, until `linkboard rekey` was run"
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
    account_gb: float = _setting(
        20.0, "Most that one account keeps here, in GB: lists, items and searches", least=0.001
    )
    account_drafts: int = _setting(
        200, "Most lists of one account that were not submitted", least=1
    )
    account_unread: int = _setting(20, "Most lists of one account that wait to be read", least=1)
    draft_days: int = _setting(
        30, "Days after which a list that was not submitted is discarded; 0: never", least=0
    )
    find_days: int = _setting(90, "Days that a search of Find ids is kept; 0: for ever", least=0)
    upload_days: int = _setting(
        0, "Days that a list is kept as it came, once all of it has ended; 0: for ever", least=0
    )
    archive_days: int = _setting(
        0, "Days after which what is in the archive is deleted; 0: never", least=0
    )
    history_days: int = _setting(
        0,
        "Days that each attempt's own outcomes are kept, once all have ended; 0: for ever",
        least=0,
    )
    session_hours: int = _setting(12, "Hours without a visit after which a session ends", least=1)
    session_days: int = _setting(7, "Days after which a session ends, whatever the visits", least=1)
    audit_days: int = _setting(
        365, "Days that the record of who did what is kept; 0: for ever", least=0
    )
    web_processes: int = _setting(2, "Web server processes", least=1)
    web_threads: int = _setting(8, "Threads for pages in each web server process", least=1)
    metrics_open: bool = _setting(
        False, "yes: /metrics answers other machines too, not only this one"
    )
    public_url: str = _setting(
        "", "The dashboard's own address, for the link in messages; empty: they have none"
    )
    webhooks: tuple[str, ...] = _setting(
        (),
        "Who may be told by webhook, as NAME=KIND:URL, by commas; json, slack, mattermost, teams",
    )
    webhook_secret: str = _setting(
        "", "32 characters or more that sign what goes to webhooks of the kind json"
    )
    mail_to: tuple[str, ...] = _setting(
        (), "Who may be told by e-mail: addresses, and domains as @example.org, by commas"
    )
    mail_from: str = _setting("", "Address that e-mails come from")
    smtp_host: str = _setting("", "Mail server that e-mails are given to")
    smtp_port: int = _setting(587, "Its port", least=1, most=65_535)
    smtp_security: str = _setting(
        "starttls",
        "starttls, tls (mostly on port 465), or none",
        one_of=("starttls", "tls", "none"),
    )
    smtp_user: str = _setting("", "Who signs in to the mail server; empty: nobody")
    smtp_password: str = _setting("", "The password of that user")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR", one_of=LOG_LEVELS)
    log_format: str = _setting("text", "text, or json: an object a line", one_of=("text", "json"))
    demo_key: str = _setting("", "Key that signs anybody in by one click; `linkboard demo` sets it")

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_dir", self.data_dir.expanduser())
        for name in ("ica_url", "public_url"):
            object.__setattr__(self, name, getattr(self, name).rstrip("/"))

    def to_record(self) -> dict[str, str]:
        """What is set, by name; of a secret, or what may have one in it, only that it is set."""
        words = {one.name: _text(getattr(self, one.name)) for one in fields(self)}
        return {name: "set" if name in SECRETS and word else word for name, word in words.items()}

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can connect to `host`."""
        return _is_loopback(self.host)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL to use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'linkboard.db'}"

    @property
    def database_file(self) -> Path | None:
        """The file of an SQLite database, None of another one."""
        path = self.database.removeprefix("sqlite:///")
        return None if path == self.database else Path(path).absolute()

    @property
    def upload_limit_bytes(self) -> int:
        """The largest upload; a MB is a million bytes, as on the pages."""
        return self.upload_limit_mb * 1_000_000

    @property
    def account_bytes(self) -> int:
        """The most that one account keeps; a GB is a billion bytes, as on the pages."""
        return round(self.account_gb * 1_000_000_000)

    @property
    def most_long_requests(self) -> int:
        """How many requests of a web process may wait for ICA at once; as many may send a file,
        and as many receive one.
        """
        return max(1, self.web_threads // 2)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read every setting; an empty value means the default.

        Raises SettingsError for a value that can't be used.
        """
        values = {}
        for setting in fields(cls):
            name = _name(setting)
            text = environ.get(name, "").strip()
            text = text or _from_file(environ.get(f"{name}_FILE", ""), name)
            if text:
                values[setting.name] = _parsed(setting, text)
        settings = cls(**values)
        _demand_encryption(settings)
        _demand_whole(settings)
        return settings


def demand_safe(settings: Settings) -> None:
    """Raises SettingsError if other machines can connect and the settings for that are missing."""
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
            f"({MIN_SECRET_KEY_CHARS} characters or more) seals the users' keys."
        )


def _demand_encryption(settings: Settings) -> None:
    """Raises SettingsError if keys would go to another machine as everybody between can read."""
    url = urlsplit(settings.ica_url)
    if url.scheme == "https" or settings.ica_plain_http or _is_loopback(url.hostname or ""):
        return
    raise SettingsError(
        f"LINKBOARD_ICA_URL is {settings.ica_url}: the users' keys would cross the network "
        "unencrypted. Use https://, or set LINKBOARD_ICA_PLAIN_HTTP=yes if that is meant."
    )


def _demand_whole(settings: Settings) -> None:
    """Raises SettingsError if messages could not be sent as the settings say, or not safely."""
    found = [match for text in settings.webhooks if (match := WEBHOOK.fullmatch(text))]
    names = [match["name"] for match in found]
    kinds = {match["kind"] for match in found}
    mails = (settings.mail_to, settings.mail_from, settings.smtp_host)
    if len(names) > len(set(names)):
        wrong = "LINKBOARD_WEBHOOKS has two webhooks of the same name."
    elif SIGNED_KIND in kinds and not settings.webhook_secret:
        wrong = (
            "LINKBOARD_WEBHOOKS has one of the kind json, so LINKBOARD_WEBHOOK_SECRET must be set."
        )
    elif any(mails) and not all(mails):
        wrong = (
            "LINKBOARD_MAIL_TO, LINKBOARD_MAIL_FROM and LINKBOARD_SMTP_HOST go together: set all "
            "three, or none."
        )
    elif bool(settings.smtp_user) != bool(settings.smtp_password):
        wrong = "LINKBOARD_SMTP_USER and LINKBOARD_SMTP_PASSWORD go together: set both, or none."
    elif (
        settings.smtp_password
        and settings.smtp_security == "none"
        and not _is_loopback(settings.smtp_host)
    ):
        wrong = (
            "LINKBOARD_SMTP_SECURITY is none: the password would cross the network unencrypted. "
            "Use starttls or tls, or leave LINKBOARD_SMTP_USER out."
        )
    else:
        return
    raise SettingsError(wrong)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Variables with the prefix of settings that are none: most likely misspelt."""
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


def _parsed(setting: "Field[Any]", text: str) -> Any:
    """The value in a text. Raises SettingsError when it can't be used."""
    parse, what = _PARSERS[type(setting.default)]
    try:
        value = parse(text)
    except ValueError:
        raise SettingsError(f"{_name(setting)} must be {what}, but it is {text!r}.") from None
    if wrong := _violation(setting, value):
        raise SettingsError(f"{_name(setting)} must {wrong}.")
    return value


def _text(value: Any) -> str:
    """A value as the environment has it."""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _words(text: str) -> tuple[str, ...]:
    """Words with commas or lines between them, or just blanks."""
    return tuple(filter(None, _BETWEEN_WORDS.split(text)))


def _yes_or_no(text: str) -> bool:
    word = text.lower()
    if word not in YES_WORDS | NO_WORDS:
        raise ValueError
    return word in YES_WORDS


_PARSERS: dict[type, Any] = {
    bool: (_yes_or_no, "yes or no"),
    str: (str, "a text"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    tuple: (_words, "words with commas between them"),
    type(Path()): (Path, "a path"),
}

_BETWEEN_WORDS = re.compile(r"[,\s]+")
_HTTP_URL = re.compile(r"https?://([\w.-]+|\[[\da-fA-F:]+\])(:\d+)?(/|$)")
WEBHOOK = re.compile(
    r"(?P<name>[A-Za-z][\w.-]{0,39})=(?P<kind>json|slack|mattermost|teams):"
    r"(?P<url>https?://(?P<host>[\w.-]+|\[[\da-fA-F:]+\])(:\d+)?(/[!-~]*)?)",
    re.ASCII,
)
SIGNED_KIND = "json"  # of a webhook; who knows the address of any other kind may write there
_DOMAIN = r"(?=.{1,190}$)[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*"
MAIL_ADDRESS = re.compile(rf"[\w.+'-]{{1,64}}@{_DOMAIN}", re.ASCII | re.IGNORECASE)
_MAIL_TO = re.compile(rf"([\w.+'-]{{1,64}})?@{_DOMAIN}", re.ASCII | re.IGNORECASE)
_DATABASE_URL = re.compile(
    r"sqlite:///.+"
    r"| postgresql(\+psycopg)?:// ([^/@]*@)? ([\w.-]+|\[[\da-f:]+\])? (:\d+)? /[^/?]+ (\?.*)?",
    re.VERBOSE,
)


def _violation(setting: "Field[Any]", value: Any) -> str:
    """What the setting must be or have; empty if the value can be used."""
    name, limits = setting.name, setting.metadata
    if "least" in limits and not value >= limits["least"]:  # `<` would accept nan
        return f"be {limits['least']} or more, but it is {value}"
    if "most" in limits and value > limits["most"]:
        return f"be {limits['most']} or less, but it is {value}"
    if "one_of" in limits and value not in limits["one_of"]:
        return f"be {' or '.join(limits['one_of'])}, but it is {value!r}"
    if name == "ica_url" and not _HTTP_URL.match(value):
        return f"begin with https:// or http:// and a host, but it is {value!r}"
    if name == "public_url" and not _HTTP_URL.match(value):
        return f"begin with https:// or http:// and a host, but it is {value!r}"
    if name == "webhooks":
        return _wrong_webhook(value)
    if name == "mail_from" and not MAIL_ADDRESS.fullmatch(value):
        return f"be an e-mail address, but it is {value!r}"
    if name == "mail_to" and (wrong := [one for one in value if not _MAIL_TO.fullmatch(one)]):
        return f"have e-mail addresses, and domains as @example.org, but it has {wrong[0]!r}"
    if name == "database_url" and not _DATABASE_URL.fullmatch(value):
        return "look like postgresql://user:password@host:5432/name"
    if (
        name in {"secret_key", "former_secret_key", "webhook_secret"}
        and len(value) < MIN_SECRET_KEY_CHARS
    ):
        return f"have {MIN_SECRET_KEY_CHARS} characters or more; it has {len(value)}"
    return ""


def _wrong_webhook(values: tuple[str, ...]) -> str:
    """What the webhooks must be, without a word of their addresses: these are secret."""
    for place, text in enumerate(values, start=1):
        match = WEBHOOK.fullmatch(text)
        if match is None:
            shape = "lab=slack:https://…, of the kind json, slack, mattermost or teams"
            return f"have words of the form {shape}; the word number {place} is none"
        plain = match["url"].startswith("http:") and not _is_loopback(match["host"].strip("[]"))
        if plain and match["kind"] != SIGNED_KIND:
            return (
                f"have https:// in the address of {match['name']!r}: who reads it may write there"
            )
    return ""
