"""The cookie of a session."""

import hashlib
from copy import deepcopy
from functools import lru_cache
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature
from werkzeug.sansio.http import parse_cookie

NAME = "linkboard"
HOST_ONLY = "__Host-"  # no other host, no path and no plain http can set one of such a name


class Cookies(SecureCookieSessionInterface):
    """Cookies that are sent over https only where they were set over https, and nowhere but here.

    A signature is checked once: the same header comes with every poll. How long a session lasts
    is decided in the store.
    """

    digest_method = staticmethod(hashlib.sha256)  # of the HMAC; Flask's own is SHA-1

    def __init__(self) -> None:
        self._known = lru_cache(maxsize=1024)(self._read)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        known = self._known(app, request.headers.get("Cookie", ""), _name(request))
        return self.session_class(deepcopy(known))

    def _read(self, app: Flask, header: str, name: str) -> dict[str, Any]:
        cookie = parse_cookie(header).get(name, "")
        serializer = self.get_signing_serializer(app)
        try:
            return dict(serializer.loads(cookie)) if serializer and cookie else {}
        except BadSignature:
            return {}

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.modified:
            super().save_session(app, session, response)
        elif session.accessed:  # by most requests: Flask would work out the cookie first
            if "Vary" in response.headers:
                response.vary.add("Cookie")
            else:
                response.headers["Vary"] = "Cookie"

    def get_cookie_name(self, app: Flask) -> str:
        return _name(request)

    def get_cookie_path(self, app: Flask) -> str:
        return request.script_root or "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def _name(request: Request) -> str:
    return HOST_ONLY + NAME if request.is_secure and not request.script_root else NAME
