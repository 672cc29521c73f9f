"""Who we are to ICA: a key that mints tokens as they are needed, or a token that was given."""

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

MARGIN = 60.0
"""Seconds before its end at which a token is renewed."""

_SHORTEST_SECRET = 8
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of its user, "" where it doesn't say; expires in seconds since 1970."""

    subject: str
    tenant: str = ""
    name: str = ""
    email: str = ""
    expires: float | None = None


def read_claims(token: str) -> Claims:
    """What a JWT says of its user, unverified: only ICA's taking the token proves any of it.

    The subject is the claim `sub`; where a deployment leaves it out, the username or the email,
    which stay the same from token to token. Nothing is raised: what can't be read is empty.
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
    """Whether it is a JSON web token by its shape; an API key is not."""
    return bool(_JWT.fullmatch(text) and _json_part(text, 0) and _json_part(text, 1))


def _json_part(token: str, number: int) -> Mapping[str, Any]:
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
    """A bearer token, and when to have a new one, in seconds of our own clock."""

    text: str = field(repr=False)
    renew_at: float = math.inf

    @classmethod
    def minted(cls, text: str, *, now: float, ica_now: float) -> "Token":
        """A fresh token, good until MARGIN before it runs out by ICA's clock.

        One that lives for less than two margins is renewed at half its life, or it would be
        renewed with every call. One that tells no end is used until ICA refuses it.
        """
        expires = read_claims(text).expires
        if expires is None or expires <= ica_now:
            return cls(text)
        life = expires - ica_now
        return cls(text, renew_at=now + life - min(MARGIN, life / 2))


class Credential:
    """What a user signed in with; threads may share it.

    secret: an API key; or a JWT, which is used as it is and never minted anew.
    tenant: which one of the user's tenants a key is for; "" where there is only one.
    """

    def __init__(self, secret: str, tenant: str = "") -> None:
        self.mints = not looks_like_jwt(secret)
        self.tenant = tenant
        self._key = secret if self.mints else ""
        self._token = None if self.mints else Token(secret)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Credential: {'a key' if self.mints else 'a token'}, tenant {self.tenant!r}>"

    def token(self, mint: Callable[[str, str], Token], now: float) -> str:
        """The token to use at `now`. Threads that need a new one at once share one minting.

        mint: gets the key and the tenant; what it raises comes through.
        """
        with self._lock:
            token = self._token
            if token is None or now >= token.renew_at:
                token = self._token = mint(self._key, self.tenant)
            return token.text

    def forget(self, text: str) -> bool:
        """Give up a token that ICA refused. Returns whether another one can be had."""
        with self._lock:
            # Another thread may have minted a new one meanwhile: that one is kept.
            if self.mints and self._token and self._token.text == text:
                self._token = None
        return self.mints


class SecretHeader(AuthBase):
    """Puts a secret into a request's header.

    It is requests' `auth`, since a .netrc entry silently replaces an Authorization header that is
    set in any other way. What can't stand in a header is percent-quoted: ICA then refuses it like
    any other wrong secret, where requests would raise an error that shows it.
    """

    def __init__(self, header: str, secret: str, *, scheme: str = "") -> None:
        self._header = header
        self.secret = quote(secret, safe=_VISIBLE, errors="replace")
        self._scheme = scheme

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[self._header] = self._scheme + self.secret
        return request

    def hide(self, text: bytes) -> bytes:
        """The text of an answer without the secret, should ICA have quoted it."""
        # Something short is a slip of the user's, and would be found in any text.
        if len(self.secret) < _SHORTEST_SECRET:
            return text
        return text.replace(self.secret.encode(), b"[secret]")


def api_key(key: str) -> SecretHeader:
    """How a key is shown to ICA."""
    return SecretHeader("X-API-Key", key)


def bearer(token: str) -> SecretHeader:
    """How a token is shown to ICA."""
    return SecretHeader("Authorization", token, scheme="Bearer ")
