"""The HTTP that all operations share: session, time-outs, ICA's clock, errors of sending."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from requests.exceptions import ContentDecodingError

from webapp import __version__, logs, metrics
from webapp.ica.auth import SecretHeader
from webapp.ica.decode import decode, http_date
from webapp.ica.errors import IcaError, MalformedResponse, NotFound, RateLimited, Unreachable
from webapp.ica.network_errors import unreachable, was_refused
from webapp.ica.operations import Operation
from webapp.network import deadlines
from webapp.network.failures import NETWORK_ERRORS
from webapp.network.timed_sockets import Adapter

Answer = tuple[requests.Response, bytes]  # and its body, unpacked
T = TypeVar("T")
PIECE_BYTES = 1 << 20  # of a body that are unpacked at once

Params = Mapping[str, str | int | Sequence[str] | None]  # None: not sent


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: an operation, its path with ids, its query, its body."""

    operation: Operation
    path: str
    params: Params | None = None
    body: bytes | None = None


class Session(requests.Session):
    """Looks for proxies and certificates in the environment once for each server: for each call,
    all of it would be gone through four times.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[str, Any] = {}

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """As the session's own; our calls differ in their path alone."""
        server = "/".join(url.split("/", 3)[:3])
        if server not in self._settings:
            self._settings[server] = super().merge_environment_settings(
                server, proxies, stream, verify, cert
            )
        return self._settings[server]


def new_session() -> Session:
    """A session for one thread, shared by the clients of all accounts.

    So it keeps nothing of any account: no cookies, and each request carries its own secret. Proxies
    and certificates come from the environment. It neither retries nor follows redirects, and obeys
    deadlines.py.
    """
    session = Session()
    session.headers["User-Agent"] = f"linkboard/{__version__}"
    session.headers["Accept-Encoding"] = "gzip"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        # A thread makes one call at a time.
        session.mount(scheme, Adapter(pool_connections=2, pool_maxsize=1, max_retries=0))
    return session


def path_to(operation: Operation, **ids: str) -> str:
    """The operation's path with its ids, each of them one segment of the path.

    Raises NotFound, without asking ICA, for an id that would make it another path.
    """
    for name, text in ids.items():
        if text in {"", ".", ".."}:
            detail = f"{text!r} is no id of any {name}."
            problem = {"status": 404, "title": "NO_SUCH_ID", "detail": detail}
            raise NotFound(f"{operation.id} was not sent: {detail}", status=404, problem=problem)
    quoted = {name: quote(text, safe="", errors="replace") for name, text in ids.items()}
    return operation.path.format(**quoted)


@dataclass(eq=False, repr=False)
class Transport:
    """Makes calls to one ICA, in one thread.

    base_url: ICA's address, up to and with /ica/rest.
    session: from new_session(), to share connections between the clients of one thread.
    timeout: seconds for connecting, and between two pieces of the answer.
    on_call: called for every call made, for budgets.
    on_clock: told with an answer by how many seconds ICA's clock is ahead of ours.
    clock_offset: these seconds; None before the first answer.
    """

    base_url: str
    _: KW_ONLY
    session: Session = field(default_factory=new_session)
    timeout: tuple[float, float] = (3.05, 8.0)
    clock: Callable[[], float] = time.time
    on_call: Callable[[], None] = lambda: None
    on_clock: Callable[[float], None] = lambda _ahead: None
    clock_offset: float | None = field(default=None, init=False)

    def send(self, call: Call, answer: type[T], auth: SecretHeader) -> T:
        """Make a call and return its answer, of the type `answer`. Raises IcaError."""
        try:
            with _counted(call.operation):
                with logs.hiding(auth.secret):
                    response, body = self._answer(call, auth)
                now = self.clock() + (self.clock_offset or 0.0)
                return decode(call.operation, response, body, answer, auth.hide, now)
        finally:
            self.on_call()

    def _answer(self, call: Call, auth: SecretHeader) -> Answer:
        operation = call.operation
        if deadlines.left() <= 0:
            raise Unreachable(f"{operation.id} was not sent: {self._host()} was too slow before.")
        try:
            response, body = _with_retry_if_refused(partial(self._request, call, auth))
        except ContentDecodingError as error:
            what = f"ICA's answer to {operation.id} can't be unpacked."
            raise MalformedResponse(what, maybe_done=operation.creates) from error
        except UnicodeDecodeError:  # requests looks where a redirect leads, followed or not
            what = f"ICA's answer to {operation.id} leads to what can't be read as an address."
            raise MalformedResponse(what, maybe_done=operation.creates) from None
        except NETWORK_ERRORS as error:
            what = f"ICA at {self._host()} gave no answer to {operation.id}"
            too_slow = deadlines.left() <= 0
            # from None: the error quotes the address, in which names and paths of data may stand
            raise unreachable(what, error, creates=operation.creates, too_slow=too_slow) from None
        date = http_date(response.headers.get("Date", ""))
        if date is not None:
            self.clock_offset = date - self.clock()
            self.on_clock(self.clock_offset)
        return response, body

    def _request(self, call: Call, auth: SecretHeader) -> Answer:
        headers = {"Accept": call.operation.media}
        if call.body is not None:
            headers["Content-Type"] = call.operation.media
        response = self.session.request(
            call.operation.method,
            self.base_url.rstrip("/") + call.path,
            params=call.params,
            data=call.body,
            headers=headers,
            auth=auth,
            timeout=self.timeout,
            allow_redirects=False,
            stream=True,  # or it would be read 10 kB at a time
        )
        with response:
            return response, b"".join(response.iter_content(PIECE_BYTES))

    def _host(self) -> str:
        """Host and port of the address, without a password that may stand before them."""
        return self.base_url.split("://")[-1].split("/")[0].split("@")[-1]


@contextmanager
def _counted(operation: Operation) -> Iterator[None]:
    began, outcome = time.monotonic(), "unexpected"
    try:
        yield
        outcome = "ok"
    except IcaError as error:
        outcome = type(error).__name__
        if isinstance(error, RateLimited):
            metrics.ICA_WAIT_SECONDS.inc(error.retry_after or 0.0)
        raise
    finally:
        metrics.ICA_CALLS.labels(operation.id, outcome).inc()
        metrics.ICA_SECONDS.labels(operation.id).observe(time.monotonic() - began)


def _with_retry_if_refused(send: Callable[[], Answer]) -> Answer:
    """Send once more after a refused connection: the server may be just starting."""
    try:
        return send()
    except requests.ConnectionError as error:
        if not was_refused(error):
            raise
    return send()
