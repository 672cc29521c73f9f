"""Security of every request: who is signed in, where it comes from, what a page may load."""

import re
from functools import lru_cache
from urllib.parse import quote

from flask import (
    Flask,
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import SecurityError
from werkzeug.sansio.utils import host_is_trusted

from webapp.store import sessions
from webapp.store.sessions import Limits
from webapp.web.core import params
from webapp.web.core.context import context
from webapp.web.core.htmx import PAGE, is_part, is_refresh

OPEN_ENDPOINTS = {
    "signin.signin",
    "signin.signin_post",
    "theme.choose",
    None,
}  # None: the page of a 404
WITHOUT_VIEWER = {"static", "ops.healthz", "ops.readyz", "ops.metrics"}
BY_ITSELF = {"looks.note"}  # a page sends it, so nobody is asked to sign in, nor told of it
# a poll: one SELECT has to do
NOT_DEMANDED = WITHOUT_VIEWER | BY_ITSELF | {"progress.progress"}
POLLED = BY_ITSELF | {"progress.progress", "board.rows"}  # by the page, not by its reader
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
LOOPBACK_IPV6 = re.compile(r"\[::1\](:\d+)?")  # Werkzeug compares names only
SIGNED_OUT = "You are signed out by now. Sign in, and you are back where you were."
NOTHING_DONE = (
    "You were signed out meanwhile, so nothing was sent to ICA, and nothing was changed. Sign in, "
    "then do it again."
)
MAX_NEXT_CHARACTERS = 3_000  # gunicorn takes request lines of 4,094
CHANGING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}
FORBIDDEN_FEATURES = (
    *("accelerometer", "autoplay", "camera", "clipboard-read", "display-capture"),
    *("encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection"),
    *("local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)
HSTS = "max-age=31536000"  # a year; other names of the domain are not ours to decide on
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types linkboard"  # of parts.js
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        [*(f"{feature}=()" for feature in FORBIDDEN_FEATURES), "clipboard-write=(self)"]
    ),
}


def protect(app: Flask) -> None:
    """Check every request before it is answered, and set the headers of every response."""
    app.before_request(_refuse_other_hosts)
    app.before_request(_refuse_cross_site_requests)
    app.before_request(_demand_sign_in)
    app.after_request(_set_headers)


def _refuse_other_hosts() -> None:
    """Another name may be one that somebody else made to lead here (DNS rebinding)."""
    if not _is_ours(request.host, context().settings.trusted_hosts):
        raise SecurityError


@lru_cache(maxsize=256)
def _is_ours(host: str, trusted: tuple[str, ...]) -> bool:
    ours = host_is_trusted(host, (*trusted, *LOOPBACK_NAMES))
    return ours or LOOPBACK_IPV6.fullmatch(host) is not None


def _refuse_cross_site_requests() -> None:
    """A page of another site can't make a browser act here."""
    if request.method not in CHANGING_METHODS:
        return
    origin = request.headers.get("Origin", "")
    from_here = origin == f"{request.scheme}://{request.host}"
    site = request.headers.get("Sec-Fetch-Site", "same-origin" if from_here else "")
    downgraded = request.is_secure and origin.startswith("http:")
    if site != "same-origin" or downgraded:
        abort(403, "This request came from another site, so nothing was done.")


def _demand_sign_in() -> ResponseReturnValue | None:
    if request.endpoint in NOT_DEMANDED:
        return None
    load_viewer()
    return None if g.get("viewer") or request.endpoint in OPEN_ENDPOINTS else ask_to_sign_in()


def load_viewer() -> None:
    """Find out who the visitor is; a visit prolongs the session, at most once a minute.

    A poll does not: a page that is left open is no visit. Nor does one that can't be noted at once:
    the next one is.
    """
    token, now = session.get("token", ""), context().clock()
    found = context().read_one(sessions.account_of, token, now) if token else None
    if found is None:
        return
    g.viewer, seen_at = found
    by_itself = request.endpoint in POLLED or is_refresh()
    if now - seen_at > sessions.TOUCH_SECONDS and not by_itself:
        context().write_if_free(sessions.touch, token, now, session_limits())


def session_limits() -> Limits:
    """How long a session lasts."""
    settings = context().settings
    return Limits(settings.session_hours * 3600.0, settings.session_days * 86_400.0)


def demand_live_session() -> None:
    """Ends the request if the session has ended since it began."""
    if context().read_one(sessions.account_of, session.get("token", ""), context().clock()) is None:
        abort(make_response(ask_to_sign_in()))


def ask_to_sign_in() -> ResponseReturnValue:
    """Send the visitor to the sign-in page, which says so where they were in the middle of
    something, and back here afterwards.
    """
    if request.method in CHANGING_METHODS:
        flash(NOTHING_DONE, "warning")
    elif is_part() or session.pop("token", ""):
        flash(SIGNED_OUT, "info")
    here = quote(_here())
    if len(here) > MAX_NEXT_CHARACTERS:
        here = quote(_here().partition("?")[0])
    place = f"{url_for('signin.signin')}?next={here}"
    if is_part():
        # A redirect would land inside the part; this makes htmx leave the page.
        return Response(status=401, headers={"HX-Redirect": place})
    return redirect(place, 303)


def _here() -> str:
    """The page that the visitor is on or asks for: path and query, without our prefix."""
    if is_part():
        _, _, address = request.headers.get(PAGE, "").partition(request.host_url)
        return "/" + address.removeprefix(request.script_root.lstrip("/")).lstrip("/")
    if request.method != "GET":
        return params.page_before() or "/"
    return request.full_path.rstrip("?")


def _set_headers(response: Response) -> Response:
    if response.status_code == 304:
        return response  # the browser keeps to those of what it has
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    if request.endpoint != "static":
        response.vary.add("HX-Request-Type")
    return response
