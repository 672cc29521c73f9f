"""HTTP as all operations share it: the session, its time-outs, ICA's clock, what sending raises."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import TypeVar
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ContentDecodingError

from webapp import __version__, logs
from webapp.ica import answers
from webapp.ica.auth import SecretHeader
from webapp.ica.errors import IcaNonsense, NotThere
from webapp.ica.operations import Operation
from webapp.ica.unanswered import NO_ANSWER, unreachable, was_refused

Session = requests.Session
T = TypeVar("T")

Params = Mapping[str, str | int | Sequence[str] | None]  # what is None is left out


@dataclass(frozen=True, slots=True)
class Call:
    """One call to be made: an operation, its path filled in, its query, its body."""

    operation: Operation
    path: str
    params: Params | None = None
    body: bytes | None = None


def new_session() -> requests.Session:
    """A session for one thread, to be shared by the clients of all accounts that it works for.

    So it remembers nothing of anybody: no cookies, and secrets go with each request. Proxies and
    certificates are taken from the environment. Nothing is repeated and no redirect followed here.
    """
    session = requests.Session()
    session.headers["User-Agent"] = f"linkboard/{__version__}"
    session.headers["Accept-Encoding"] = "gzip"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        # One thread has one call under way at a time.
        session.mount(scheme, HTTPAdapter(pool_connections=2, pool_maxsize=1, max_retries=0))
    return session


def path_to(operation: Operation, **ids: str) -> str:
    """The operation's path with its ids filled in, each of them one segment of the path.

    Raises NotThere, without asking ICA, for an id that would make it another path.
    """
    for name, text in ids.items():
        if text in {"", ".", ".."}:
            detail = f"{text!r} is no id of any {name}."
            problem = {"status": 404, "title": "NO_SUCH_ID", "detail": detail}
            raise NotThere(f"{operation.id} was not sent: {detail}", status=404, problem=problem)
    quoted = {name: quote(text, safe="", errors="replace") for name, text in ids.items()}
    return operation.path.format(**quoted)


@dataclass(slots=True)
class Transport:
    """Carries calls to one ICA over one session; for the parameters, see IcaClient."""

    base_url: str
    session: requests.Session
    timeout: tuple[float, float]
    clock: Callable[[], float]
    on_call: Callable[[], None]
    clock_offset: float | None = None

    def carry(self, call: Call, answer: type[T], auth: SecretHeader) -> T:
        """Make a call and return its answer, of the type `answer`. Raises IcaError."""
        try:
            with logs.hiding(auth.secret):
                response = self._send(call, auth)
            now = self.clock() + (self.clock_offset or 0.0)
            return answers.read(call.operation, response, answer, auth.hide, now)
        finally:
            self.on_call()

    def _send(self, call: Call, auth: SecretHeader) -> requests.Response:
        operation = call.operation
        try:
            response = _twice_if_refused(partial(self._request, call, auth))
        except ContentDecodingError as error:
            what = f"ICA's answer to {operation.id} can't be unpacked."
            raise IcaNonsense(what, maybe_done=operation.creates) from error
        except NO_ANSWER as error:
            what = f"ICA at {self._host()} gave no answer to {operation.id}"
            raise unreachable(what, error, creates=operation.creates) from error
        date = answers.http_date(response.headers.get("Date", ""))
        if date is not None:
            self.clock_offset = date - self.clock()
        return response

    def _request(self, call: Call, auth: SecretHeader) -> requests.Response:
        headers = {"Accept": call.operation.media}
        if call.body is not None:
            headers["Content-Type"] = call.operation.media
        return self.session.request(
            call.operation.method,
            self.base_url.rstrip("/") + call.path,
            params=call.params,
            data=call.body,
            headers=headers,
            auth=auth,
            timeout=self.timeout,
            allow_redirects=False,
        )

    def _host(self) -> str:
        """Host and port as they were set, without a password that may stand before them."""
        return self.base_url.split("://")[-1].split("/")[0].split("@")[-1]


def _twice_if_refused(send: Callable[[], requests.Response]) -> requests.Response:
    """Send once more what met a refused connection: a server that is just starting, say."""
    try:
        return send()
    except requests.ConnectionError as error:
        if not was_refused(error):
            raise
    return send()
