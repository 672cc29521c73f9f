"""Log lines of all processes: one line a record, one format, no secrets."""

import logging
import re
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HIDDEN, CUT = "[hidden]", "[cut]"
SHORTEST = len(HIDDEN)  # of a secret: less stands in any text, and would make it longer
LONGEST = 20_000  # characters of a line: a traceback and more
MOST_SECRETS = 1000  # those used last are kept: each costs a search in every line
CHATTY = ("alembic", "gunicorn.error", "urllib3")  # their INFO tells an operator nothing

_JWT = re.compile(r"(eyJ[\w-]{13,}(?:\.[\w-]+)*)")
_SECRET_SHAPES = (
    _JWT,
    *(
        re.compile(shape, re.IGNORECASE)
        for shape in (
            r"\bauthorization\W{1,6}\w+\s+([^\s'\",;]+)",
            r"\bbearer\s+([\w.~+/=-]{8,})",
            r"(?:x-)?api[-_]?key\W{1,6}([^\s\"',;&}]+)",
            r"(?:set-)?cookie['\"]?\s*[:=]\s*(.+)",
            r"://[^/\s:@]*:([^/\s@]+)@",  # the password in a database's URL
        )
    ),
)
_BREAKS_LINES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_in_use: ContextVar[tuple[str, ...]] = ContextVar("_in_use", default=())


class LineFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.000Z INFO web[4711] What happened.`, with secrets blotted out."""

    def __init__(self, process: str, own: Iterable[str] = ()) -> None:
        """`own` are the process's own secrets: no number of others pushes them off the list."""
        super().__init__(
            f"%(asctime)s.%(msecs)03dZ %(levelname)s {process}[%(process)d] %(message)s",
            datefmt="%Y-%m-%dT%H:%M:%S",
        )
        self.converter = time.gmtime
        self._own = tuple(own)
        self._secrets: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def hide(self, secrets: Iterable[str]) -> None:
        # A token is known by its shape: a place on the list is for what has none.
        new = [s for s in secrets if len(s) >= SHORTEST and not _JWT.fullmatch(s)]
        with self._lock:
            known = [secret for secret in self._secrets if secret not in new]
            self._secrets = (*known, *dict.fromkeys(new))[-MOST_SECRETS:]

    def format(self, record: logging.LogRecord) -> str:
        text = masked(super().format(record), (*self._own, *self._secrets, *_in_use.get()))
        return _BREAKS_LINES.sub(_escaped, text)


def masked(text: str, secrets: Collection[str]) -> str:
    """The text without what is secret and, of a long one, without its middle.

    All that has to go is found in the text as it came and is then taken out at once: so the order
    of the secrets does not matter, nor what is put in their place.
    """
    text = _ends(text, max(map(len, secrets), default=0) + LONGEST)
    found = [(start, end, HIDDEN) for start, end in _secret_spans(text, secrets)]
    if len(text) > LONGEST:
        found.append((LONGEST // 2, len(text) - LONGEST // 2, CUT))
    shown, at = [], 0
    for start, end, instead in sorted(found):
        if start >= at:
            shown += [text[at:start], instead]
        at = max(at, end)
    return "".join([*shown, text[at:]])


def _ends(text: str, margin: int) -> str:
    """What is shown of a long text, and beyond it what a secret that begins there may take."""
    most = LONGEST // 2 + margin
    return text if len(text) <= 2 * most else text[:most] + text[-most:]


def _secret_spans(text: str, secrets: Iterable[str]) -> Iterator[tuple[int, int]]:
    for secret in secrets:
        at = text.find(secret)
        while at >= 0:
            yield at, at + len(secret)
            at = text.find(secret, at + 1)
    for shape in _SECRET_SHAPES:
        yield from (found.span(1) for found in shape.finditer(text))


@contextmanager
def hiding(secret: str) -> Iterator[None]:
    """Blot this out of the lines of this thread meanwhile: ICA may not have judged it yet."""
    before = _in_use.set((secret,) if len(secret) >= SHORTEST else ())
    try:
        yield
    finally:
        _in_use.reset(before)


def setup(process: str, level: str, secrets: Iterable[str] = ()) -> None:
    """Send this process's log to stderr from `level` on, uncaught errors and warnings included.

    `process` is the name that its lines carry; `secrets` are blotted out wherever they stand.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(process, secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(level if level == "DEBUG" else "WARNING")
    sys.excepthook = lambda kind, error, trace: _log_uncaught(error)
    threading.excepthook = lambda args: _log_uncaught(
        args.exc_value, f" in {args.thread.name if args.thread else 'a thread'}"
    )


def hide(*secrets: str) -> None:
    """Blot these out of every line from now on: secrets that ICA has taken.

    What anybody may type would blot out whatever they like.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.formatter.hide(secrets)


def _escaped(found: "re.Match[str]") -> str:
    return found.group().encode("unicode_escape").decode("ascii")


def _log_uncaught(error: BaseException | None, where: str = "") -> None:
    if not isinstance(error, KeyboardInterrupt):
        logging.getLogger(__name__).critical("An error nobody expected%s.", where, exc_info=error)
