"""Signing in with one's own ICA key, and out."""

import logging
import re
from dataclasses import dataclass, field

from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    redirect,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from webapp.ica.auth import Claims
from webapp.ica.errors import IcaError, Unauthorized
from webapp.store import accounts, batches, chores, sessions
from webapp.store import audit as audit_store
from webapp.store.accounts import Identity
from webapp.store.audit import Actor
from webapp.store.enums import AuditAction, Blocked
from webapp.store.sessions import Place
from webapp.web.core import audit, errors, params
from webapp.web.core.context import context, network, remote_address, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.forms import Errors, FormPage, answer
from webapp.web.core.security import session_limits
from webapp.web.signin.devices import device
from webapp.web.signin.failed_signins import FailedSignIns

MAX_KEY_CHARACTERS = 10_000
FAILED_SIGNINS = "failed_signins"  # among the application's extensions
OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")  # neither another host's nor broken

blueprint = Blueprint("signin", __name__)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Given:
    """What the form brought."""

    key: str = field(repr=False)
    tenant: str
    next: str


class SigninPage(FormPage):
    """The form to sign in. details: ICA's own words. demo_key: of the demo, else ""."""

    template = "signin/signin.html"
    given: Given
    details: str
    demo_key: str


@blueprint.get("/signin")
def signin() -> ResponseReturnValue:
    if g.get("viewer"):
        return redirect(_safe(request.args.get("next", "")), 303)
    return _form(Given("", "", request.args.get("next", "")))


@blueprint.post("/signin")
def signin_post() -> ResponseReturnValue:
    given = Given(
        request.form.get("api_key", "").strip(),
        params.line(request.form.get("tenant", ""))[:255],
        request.form.get("next", ""),
    )
    if not given.key:
        return _form(given, "Paste your ICA API key.")
    if len(given.key) > MAX_KEY_CHARACTERS:
        return _form(given, "That is too long for an API key. Copy it again from ICA.")
    failed, address = _failed_signins(), remote_address()
    now = context().clock()
    wait, by_others = failed.begin(
        address, lambda seconds: context().read(sessions.is_open_from, now - seconds, address)
    )
    if wait:
        return _come_again(given, wait, by_others=by_others)
    try:
        claims = context().clients.for_key(given.key, given.tenant).claims()
    except IcaError as error:
        if isinstance(error, Unauthorized):
            place = network(address)
            context().write(audit_store.record_failed_sign_in, place, context().clock())
        if error.worth_trying_again:
            failed.take_back(address, known=False)
        return _form(given, _why_not(given, error), errors.quoted(error))
    failed.take_back(address, known=True)
    _open_session(claims, given)
    return redirect(_safe(given.next), 303)


@blueprint.post("/signout")
def signout() -> ResponseReturnValue:
    forgotten = bool(request.form.get("forget"))
    with context().store.write() as connection:
        if forgotten:
            accounts.forget_key(connection, viewer().id)
            sessions.end_all(connection, viewer().id, context().clock())
        sessions.close(connection, session.get("token", ""))
        audit.note(connection, AuditAction.SIGN_OUT, forgotten=forgotten)
        unsettled = accounts.unsettled_work(connection, viewer().id)
    session.clear()
    flash(_signout_message(len(unsettled), forgotten=forgotten), "success")
    answer = redirect(url_for("signin.signin"), 303)
    if not request.script_root:  # else it is also that of others on this host
        answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


def _why_not(given: Given, error: IcaError) -> str:
    if not isinstance(error, Unauthorized):
        return f"ICA at {context().settings.ica_url} could not be asked: {errors.sentence(error)}"
    if given.tenant:
        return f"ICA does not take this key for the tenant {given.tenant}. Check both."
    return (
        "ICA does not take this key. Copy it again from ICA (it may have expired). "
        "If you belong to several tenants, name the tenant too."
    )


def _signout_message(unsettled: int, *, forgotten: bool) -> str:
    if forgotten:
        erased = "You are signed out and your key is erased."
        waiting = plural(unsettled, "submission waits", "submissions wait")
        return f"{erased} {waiting} until you sign in again." if unsettled else erased
    if unsettled:
        running = plural(unsettled, "submission is", "submissions are")
        return (
            f"You are signed out. {running} still running, so your key is kept, encrypted, until "
            "all has ended; then it is erased."
        )
    return "You are signed out. Your key is erased within seconds."


def _open_session(claims: Claims, given: Given) -> None:
    """Open a session under a new token; what the browser had before is no longer valid."""
    now = context().clock()
    who = Identity(
        ica_url=context().settings.ica_url,
        tenant=claims.tenant[:255],
        subject=claims.subject[:255],
        name=claims.name or claims.email or claims.subject,
        asked_tenant=given.tenant,
        sealed_key=context().vault.seal(given.key),
    )
    place = Place(device(request.user_agent.string), remote_address())
    with context().store.write() as connection:
        account_id = accounts.sign_in(connection, who, now)
        sessions.close(connection, session.get("token", ""))
        session.clear()
        session["token"] = sessions.open_session(
            connection, account_id, now, session_limits(), place
        )
        by = Actor(account_id, who.name, place.address)
        audit_store.record(connection, AuditAction.SIGN_IN, by, now, device=place.device)
    with context().store.write() as connection:  # of its own: batches are locked before accounts
        batches.unblock(connection, account_id, now, Blocked.SIGN_IN)
        chores.unblock(connection, account_id, now)


def _failed_signins() -> FailedSignIns:
    found: FailedSignIns = current_app.extensions.setdefault(
        FAILED_SIGNINS, FailedSignIns(context().clock.steady)
    )
    return found


def _come_again(given: Given, seconds: int, *, by_others: bool) -> ResponseReturnValue:
    """The form, with when it can be sent again; ICA is not asked."""
    log.warning(
        "A sign-in was refused: too many have failed from %s.",
        "elsewhere" if by_others else network(remote_address()),
    )
    failed = "Too many sign-ins have failed here" + ("" if by_others else " from your address")
    text = f"{failed}, so ICA was not asked. Try again in {plural(seconds, 'second')}."
    page, _ = _form(given, text)
    return page, 429, {"Retry-After": str(seconds)}


def _form(given: Given, wrong_key: str = "", details: str = "") -> tuple[str, int]:
    wrong = Errors(api_key=wrong_key) if wrong_key else Errors()
    return answer(SigninPage(wrong, given, details, context().settings.demo_key))


def _safe(target: str) -> str:
    """Where to go on: a path of our own, else the board. Browsers read `\\` as `/`."""
    if OWN_PATH.fullmatch(target):
        return request.script_root + target
    return url_for("board.board")
