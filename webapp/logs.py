"""Log lines of all processes: one line a record, one format, no secrets."""

import logging
import re
import sys
import threading
import time
from collections.abc import Iterable
from types import TracebackType

HIDDEN = "[hidden]"
MOST_SECRETS = 1000  # the newest are kept: each costs a search in every line
CHATTY = ("alembic", "gunicorn.error", "urllib3")  # their INFO tells an operator nothing

_SECRET_SHAPES = tuple(
    (re.compile(shape, re.IGNORECASE), replacement)
    for shape, replacement in (
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", HIDDEN),  # a JWT
        (r"\b(authorization\W{1,6}\w+\s+)[^\s'\",;]+", rf"\1{HIDDEN}"),
        (r"\b(bearer\s+)[\w.~+/=-]{8,}", rf"\1{HIDDEN}"),
        (r"((?:x-)?api[-_]?key\W{1,6})[^\s\"',;&}]+", rf"\1{HIDDEN}"),
        (r"((?:set-)?cookie['\"]?\s*[:=]\s*).+", rf"\1{HIDDEN}"),
        (r"(://[^/\s:@]*:)[^/\s@]+@", rf"\1{HIDDEN}@"),  # the password in a database's URL
    )
)
_BREAKS_LINES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class LineFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.000Z INFO web[4711] What happened.`, with secrets blotted out."""

    def __init__(self, process: str) -> None:
        super().__init__(
            f"%(asctime)s.%(msecs)03dZ %(levelname)s {process}[%(process)d] %(message)s",
            datefmt="%Y-%m-%dT%H:%M:%S",
        )
        self.converter = time.gmtime
        self._secrets: dict[str, None] = {}
        self._lock = threading.Lock()

    def hide(self, secrets: Iterable[str]) -> None:
        with self._lock:
            known = {**self._secrets, **dict.fromkeys(s for s in secrets if s)}
            self._secrets = dict(list(known.items())[-MOST_SECRETS:])

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for shape, replacement in _SECRET_SHAPES:
            text = shape.sub(replacement, text)
        return _BREAKS_LINES.sub(_escaped, text)


def setup(process: str, level: str, secrets: Iterable[str] = ()) -> None:
    """Send this process's log to stderr from `level` on, uncaught errors and warnings included.

    `process` is the name that its lines carry; `secrets` are blotted out wherever they stand.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(process))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(level if level == "DEBUG" else "WARNING")
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    hide(*secrets)


def hide(*secrets: str) -> None:
    """Blot these out of every line from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.formatter.hide(secrets)


def _escaped(found: "re.Match[str]") -> str:
    return found.group().encode("unicode_escape").decode("ascii")


def _log_uncaught(
    kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        logging.getLogger(__name__).critical("An error nobody expected.", exc_info=error)


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "a thread"
    logging.getLogger(__name__).critical(
        "An error nobody expected in %s.", name, exc_info=args.exc_value
    )
