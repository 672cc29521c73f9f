"""The log of all processes: one line a record, one format, no secrets."""

import logging
import re
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HIDDEN, CUT = "[hidden]", "[cut]"
MIN_SECRET_CHARS = len(HIDDEN)  # shorter texts are too common, and lines would grow
MAX_LINE_CHARS = 20_000  # a traceback and more
MAX_SECRETS = 1000  # the most recent ones; each costs a search in every line
VERBOSE_LOGGERS = ("alembic", "gunicorn.error", "urllib3")  # their INFO does not help an operator

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
        )
    ),
)
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
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
        text = masked(super().format(record), (*self._own, *self._secrets, *_secret_in_use.get()))
        return _cut(_CONTROL_CHARACTERS.sub(_escaped, text))


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


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")


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


def setup(process: str, level: str, secrets: Iterable[str] = ()) -> None:
    """Send this process's log to stderr from `level` on, uncaught errors and warnings included.

    `process` is the name in its lines; `secrets` are hidden in all of them.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(process, secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(level if level == "DEBUG" else "WARNING")
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
