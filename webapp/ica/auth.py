"""Authenticates to ICA: by an API key that tokens are made with, or by a given token."""

import base64
import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec
from requests import PreparedRequest
from requests.auth import AuthBase

from webapp.ica.errors import Unreachable
from webapp.network import deadlines

RENEWAL_MARGIN_SECONDS = 60.0
"""How long before it expires a token is renewed."""

_MIN_SECRET_CHARS = 8
_VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of its user, "" for what it doesn't say; expires: seconds since 1970."""

    subject: str
    tenant: str = ""
    name: str = ""
    email: str = ""
    expires: float | None = None


def read_claims(token: str) -> Claims:
    """What a JWT says of its user, not verified: it is proved only when ICA accepts the token.

    The subject is the claim `sub`; without one, the username or the email, which are the same in
    every token of a user. Nothing is raised: what can't be read is empty.
    """
    claims = _json_part(token, 1)
    expires: Any = claims.get("exp")
    return Claims(
        subject=_first(claims, "sub", "username", "email"),
        tenant=_first(claims, "tenant", "tns", "tid"),
        name=_first(claims, "name", "username"),
        email=_first(claims, "email"),
        expires=float(expires) if type(expires) in (int, float) else None,
    )


def looks_like_jwt(text: str) -> bool:
    """Whether a text has the form of a JSON web token; an API key has not."""
    return bool(_json_part(text, 0) and _json_part(text, 1))


def _json_part(token: str, number: int) -> Mapping[str, Any]:
    """One of the parts of a JWT; empty where it can't be read."""
    if not _JWT.fullmatch(token):
        return {}
    part = token.split(".")[number]
    try:
        padded = part + "=" * (-len(part) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=dict[str, Any])
    except (ValueError, msgspec.DecodeError, RecursionError):
        return {}


def _first(claims: Mapping[str, Any], *names: str) -> str:
    values = (claims.get(name) for name in names)
    return next((value for value in values if value and isinstance(value, str)), "")


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, and when to renew it, in seconds of our own clock."""

    text: str = field(repr=False)
    renew_at: float = math.inf

    @classmethod
    def minted(cls, text: str, *, now: float, ica_now: float) -> "Token":
        """A fresh token, good until RENEWAL_MARGIN_SECONDS before it expires by ICA's clock.

        One with a life shorter than two margins is renewed at half its life; else it would be
        renewed with every call. One without an end is used until ICA refuses it.
        """
        expires = read_claims(text).expires
        if expires is None or expires <= ica_now:
            return cls(text)
        life = expires - ica_now
        return cls(text, renew_at=now + life - min(RENEWAL_MARGIN_SECONDS, life / 2))


class Credential:
    """The key or token that a user signed in with; threads may share it.

    secret: an API key; or a JWT, which is used as it is and can't be renewed.
    tenant: which one of the user's tenants a key is for; "" where there is only one.
    """

    def __init__(self, secret: str, tenant: str = "") -> None:
        self.mints = not looks_like_jwt(secret)
        self.tenant = tenant
        self._key = secret if self.mints else ""
        self._token = None if self.mints else Token(secret)
        self._lock = threading.Lock()

    def token(self, mint: Callable[[str, str], Token], now: float) -> str:
        """The token to use at `now`. Threads that need a new one at the same time share it.

        mint: makes one from the key and the tenant; what it raises is passed on.
        Raises Unreachable when the one that makes it takes longer than the call may.
        """
        if not self._lock.acquire(timeout=_waiting_seconds()):
            raise Unreachable("A token from ICA was waited for in vain: it comes too slowly.")
        try:
            if self._token is None or now >= self._token.renew_at:
                self._token = mint(self._key, self.tenant)
            return self._token.text
        finally:
            self._lock.release()

    def forget(self, text: str) -> bool:
        """Drop a token that ICA refused. Returns whether there can be another one."""
        if self._lock.acquire(timeout=_waiting_seconds()):  # else a thread makes another one now
            # Another thread may have made a new one since: that one is kept.
            if self.mints and self._token and self._token.text == text:
                self._token = None
            self._lock.release()
        return self.mints


def _waiting_seconds() -> float:
    """That a thread waits for another one's token: what is left of its call's time."""
    return min(max(deadlines.left(), 0.0), threading.TIMEOUT_MAX)


class SecretHeader(AuthBase):
    """Puts a secret into a request's header.

    It is the `auth` of requests, since a .netrc entry silently replaces an Authorization header
    that is set otherwise. Characters that a header can't have are percent-quoted: ICA then refuses
    the secret as any wrong one, where requests would raise an error that shows it.
    """

    def __init__(self, header: str, secret: str, *, scheme: str = "") -> None:
        self._header = header
        self.secret = quote(secret, safe=_VISIBLE_ASCII, errors="replace")
        self._scheme = scheme

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[self._header] = self._scheme + self.secret
        return request

    def hide(self, text: bytes) -> bytes:
        """The text of an answer without the secret, which ICA may have quoted."""
        # A very short one was typed by mistake, and would be found in any text.
        if len(self.secret) < _MIN_SECRET_CHARS:
            return text
        return text.replace(self.secret.encode(), b"[secret]")


def bearer(token: str) -> SecretHeader:
    """The header with a token."""
    return SecretHeader("Authorization", token, scheme="Bearer ")
