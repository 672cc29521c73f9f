"""Clients of ICA for accounts: the opened key, the thread's session, the account's budget."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

from webapp import logs
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.errors import Busy
from webapp.ica.limits import Limits
from webapp.ica.operations import Kind
from webapp.ica.transport import new_session
from webapp.settings import Settings
from webapp.store.accounts import Account
from webapp.store.enums import AttemptKind
from webapp.vault import Vault, VaultError

Clock = Callable[[], float]
PLACE_SECONDS = 1.0  # that a call waits for a place
UNUSED_SECONDS = 900.0  # after which a decrypted key is dropped
ICA_KIND: Mapping[AttemptKind, Kind] = {AttemptKind.LINK: "link", AttemptKind.UNLINK: "unlink"}


class NoKey(Exception):
    """There is no key of the account any more: its user has to sign in again."""


class Places:
    """Lets only so many calls of a process wait for ICA at once, so that threads are left for what
    needs no ICA. Another call waits a moment for its place; of these there are half as many.
    """

    def __init__(self, calls: int) -> None:
        self._calls = threading.BoundedSemaphore(calls)
        self._waiting = threading.BoundedSemaphore(max(1, calls // 2))

    @contextmanager
    def place(self) -> Iterator[None]:
        """The place of one call. Raises Busy when there is none."""
        if not self._calls.acquire(blocking=False):
            self._wait()
        try:
            yield
        finally:
            self._calls.release()

    def _wait(self) -> None:
        if self._waiting.acquire(blocking=False):
            with_place = self._calls.acquire(timeout=PLACE_SECONDS)
            self._waiting.release()
            if with_place:
                return
        raise Busy("ICA was not asked, since too many other requests wait for it.")


class _Here(threading.local):
    """A session for each thread: they are not safe to share."""

    def __init__(self) -> None:
        self.session = new_session()


class Clients:
    """Makes the client that acts for an account. One of these a process; threads share it.

    on_call(account_id) is called for every call, for the budget; account_id 0 is a sign-in.
    on_key(account, takes_key) is told whether ICA takes an account's key; not so without a key.
    place() is entered for every call, as that of Places is.
    ica_ahead: seconds that ICA's clock was ahead of ours when it answered last; None before.
    """

    def __init__(
        self,
        settings: Settings,
        vault: Vault,
        *,
        clock: Clock,
        on_call: Callable[[int], None],
        on_key: Callable[[Account, bool], None] = lambda _account, _takes_key: None,
        place: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._clock = clock
        self._on_call = on_call
        self._on_key = on_key
        self._place = place
        self.ica_ahead: float | None = None
        self._here = _Here()
        self._opened: dict[str, tuple[Credential, float]] = {}  # and when it was last used
        self._limits: dict[str, Limits] = {}  # by ICA's address
        self._lock = threading.Lock()

    def of(self, account: Account) -> IcaClient:
        """The client that acts for the account. Raises NoKey when its key is gone."""
        try:
            credential = self._credential(account)
        except NoKey:
            self._on_key(account, False)
            raise
        on_key = partial(self._on_key, account)
        return self._client(account.ica_url, credential, account.id, on_key)

    def for_key(self, key: str, tenant: str) -> IcaClient:
        """A client for somebody who is just signing in."""
        return self._client(self._settings.ica_url, Credential(key, tenant), 0, lambda _takes: None)

    def _client(
        self, url: str, credential: Credential, account_id: int, on_key: Callable[[bool], None]
    ) -> IcaClient:
        return IcaClient(
            url,
            credential,
            session=self._here.session,
            version=self._settings.ica_version,
            clock=self._clock,
            on_call=partial(self._on_call, account_id),
            on_key=on_key,
            on_clock=self._note_clock,
            place=self._place,
            limits=self._limits.setdefault(url, Limits()),
        )

    def _note_clock(self, ahead: float) -> None:
        self.ica_ahead = ahead

    def _credential(self, account: Account) -> Credential:
        """The account's credential; kept, so that its token is minted once and not per call."""
        sealed = account.sealed_key
        if sealed is None:
            raise NoKey
        now = self._clock()
        with self._lock:
            # A key that was erased is not used again, and so soon leaves the memory too.
            since = now - UNUSED_SECONDS
            self._opened = {key: one for key, one in self._opened.items() if one[1] >= since}
            if sealed in self._opened:
                credential, _ = self._opened[sealed]
            else:
                credential = Credential(self._open(sealed), account.asked_tenant)
            self._opened[sealed] = credential, now
            return credential

    def _open(self, sealed: str) -> str:
        try:
            key = self._vault.open(sealed)
        except VaultError as error:
            raise NoKey from error
        logs.hide(key)
        return key
