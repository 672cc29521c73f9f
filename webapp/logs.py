"""The log of all processes: one line a record, one format, no secrets.

A record may have fields: `log.info("unit", extra=fields(task="send", seconds=0.1))`.
"""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

HIDDEN, CUT = "[hidden]", "[cut]"
MIN_SECRET_CHARS = len(HIDDEN)  # shorter texts are too common, and lines would grow
MAX_LINE_CHARS = 20_000  # a traceback and more
MAX_SECRETS = 1000  # the most recent ones; each costs a search in every line
FIELDS = "fields"  # among the attributes of a record
VERBOSE_LOGGERS = ("alembic", "gunicorn.error")  # their INFO does not help an operator
URL_LOGGERS = ("urllib3",)  # that quote addresses, in which names and paths of data stand

_JWT = re.compile(r"(eyJ[\w-]{13,}(?:\.[\w-]+)*)")
_SECRET_PATTERNS = (
    _JWT,
    *(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            r"\bauthorization\W{1,6}\w+\s+([^\s'\",;]+)",
            r"\bbearer\s+([\w.~+/=-]{8,})",
            r"(?:x-)?api[-_]?key\W{1,6}([^\s\"',;&}]+)",
            r"(?:set-)?cookie['\"]?\s*[:=]\s*(.+)",
            r"://[^/\s:@]*:([^/\s@]+)@",  # the password in a database's URL
            r"(?m)^(?:DETAIL|CONTEXT):\s+(.+)",  # in which PostgreSQL quotes what was to be written
        )
    ),
)
_CONTROL_CHARACTERS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_ESCAPES = {n: chr(n).encode("unicode_escape").decode("ascii") for n in _CONTROL_CHARACTERS}
_secret_in_use: ContextVar[tuple[str, ...]] = ContextVar("_secret_in_use", default=())


class LineFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.000Z INFO web[4711] What happened.`, with secrets replaced."""

    def __init__(self, process: str, own: Iterable[str] = ()) -> None:
        """`own` are the process's own secrets; they are always hidden, whatever MAX_SECRETS is."""
        super().__init__(
            f"%(asctime)s.%(msecs)03dZ %(levelname)s {process}[%(process)d] %(message)s",
            datefmt="%Y-%m-%dT%H:%M:%S",
        )
        self.converter = time.gmtime
        self._process = process
        self._own = tuple(secret for secret in own if secret)
        self._secrets: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def hide(self, secrets: Iterable[str]) -> None:
        # A JWT is found by its format, so it needs no place in the list.
        new = [s for s in secrets if len(s) >= MIN_SECRET_CHARS and not _JWT.fullmatch(s)]
        with self._lock:
            known = [secret for secret in self._secrets if secret not in new]
            self._secrets = (*known, *dict.fromkeys(new))[-MAX_SECRETS:]

    def format(self, record: logging.LogRecord) -> str:
        return _cut(self._masked(super().format(record)).translate(_ESCAPES))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line, before an error's traceback."""
        given = getattr(record, FIELDS, {})
        told = (f"{name}={_in_one_word(value)}" for name, value in given.items())
        return " ".join([super().formatMessage(record), *told])

    def _masked(self, text: str) -> str:
        return masked(text, (*self._own, *self._secrets, *_secret_in_use.get()))


class JsonFormatter(LineFormatter):
    """The same as an object of JSON: its time, level, process, pid and message, then its fields."""

    def format(self, record: logging.LogRecord) -> str:
        found: dict[str, Any] = {
            "time": f"{self.formatTime(record, self.datefmt)}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "process": self._process,
            "pid": record.process,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            found["error"] = self.formatException(record.exc_info)
        most = MAX_LINE_CHARS // 2  # the message and the error are the only long ones
        return json.dumps({name: self._fitting(value, most) for name, value in found.items()})

    def _fitting(self, value: Any, most: int) -> Any:
        """A text without secrets and, where it is too long once it is escaped, its middle."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        text = self._masked(str(value))
        while (size := len(json.dumps(text))) > most:
            end = max(1, len(text) * most // size // 2 - len(CUT))
            text = f"{text[:end]}{CUT}{text[-end:]}"
        return text


TEXT = "text"
FORMS = {TEXT: LineFormatter, "json": JsonFormatter}


def masked(text: str, secrets: Collection[str]) -> str:
    """The text without secrets and, if it is long, without its middle.

    Everything to be replaced is searched for in the original text. So the order of the secrets
    does not matter, nor does what they are replaced by.
    """
    # Of a long text only the ends are searched: what is shown, and room for a secret at its edge.
    searched = MAX_LINE_CHARS // 2 + max(map(len, secrets), default=0) + MAX_LINE_CHARS
    if len(text) > 2 * searched:
        text = text[:searched] + text[-searched:]
    found = [(start, end, HIDDEN) for start, end in _secret_spans(text, secrets)]
    if len(text) > MAX_LINE_CHARS:
        found.append((MAX_LINE_CHARS // 2, len(text) - MAX_LINE_CHARS // 2, CUT))
    shown, at = [], 0
    for start, end, instead in sorted(found):
        if start >= at:
            shown += [text[at:start], instead]
        at = max(at, end)
    return "".join([*shown, text[at:]])


def _in_one_word(value: object) -> str:
    text = str(value)
    return json.dumps(text) if " " in text else text


def _cut(text: str) -> str:
    """A text without secrets and, if escapes made it too long, without its middle."""
    end = MAX_LINE_CHARS // 2
    return text if len(text) <= MAX_LINE_CHARS + len(CUT) else f"{text[:end]}{CUT}{text[-end:]}"


def _secret_spans(text: str, secrets: Iterable[str]) -> Iterator[tuple[int, int]]:
    for secret in secrets:
        at = text.find(secret)
        while at >= 0:
            yield at, at + len(secret)
            at = text.find(secret, at + 1)
    for pattern in _SECRET_PATTERNS:
        yield from (found.span(1) for found in pattern.finditer(text))


@contextmanager
def hiding(secret: str) -> Iterator[None]:
    """Hide this in the lines of this thread for the length of a `with`.

    This is for a key that ICA may not have accepted yet; hide() is for those that it has.
    """
    before = _secret_in_use.set((secret,) if len(secret) >= MIN_SECRET_CHARS else ())
    try:
        yield
    finally:
        _secret_in_use.reset(before)


def fields(**values: Any) -> dict[str, dict[str, Any]]:
    """The `extra` of a record with these fields; those that are None are left out."""
    return {FIELDS: {name: value for name, value in values.items() if value is not None}}


def setup(process: str, level: str, secrets: Iterable[str] = (), form: str = TEXT) -> None:
    """Send this process's log to stderr from `level` on, uncaught errors and warnings included.

    `process` is the name in its lines; `secrets` are hidden in all of them; `form` is one of FORMS.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMS[form](process, secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(level if level == "DEBUG" else "WARNING")
    for name in URL_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    sys.excepthook = lambda kind, error, trace: _log_uncaught(error)
    threading.excepthook = lambda args: _log_uncaught(
        args.exc_value, f" in {args.thread.name if args.thread else 'a thread'}"
    )


def hide(*secrets: str) -> None:
    """Hide these in every line from now on. Only for secrets that ICA has accepted: otherwise
    anybody could hide any text by typing it as a key.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.formatter.hide(secrets)


def _log_uncaught(error: BaseException | None, where: str = "") -> None:
    if not isinstance(error, KeyboardInterrupt):
        logging.getLogger(__name__).critical("An error nobody expected%s.", where, exc_info=error)
