"""The Flask application: its settings, its blueprints, and what every template can use."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

from flask import Blueprint, Flask, request
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import find_modules, import_string

from webapp import paths
from webapp.network import deadlines
from webapp.settings import Settings
from webapp.store import DatabaseAway, Store
from webapp.vault import cookie_key, secret_key_for, vault_for
from webapp.web.core import (
    access,
    assets,
    compression,
    downloads,
    errors,
    formatting,
    forms,
    htmx,
    params,
    request_log,
    security,
)
from webapp.web.core.assets import asset, icon
from webapp.web.core.context import KEY, context
from webapp.web.core.page import STARTED_AT
from webapp.web.signin import cookies
from webapp.web.submissions import status_display
from webapp.work.clients import Places
from webapp.work.context import Context

ICA_SECONDS = 20.0  # for all calls of ICA that a request makes


class _App(Flask):
    """Without coroutines: Flask looks for one at each call of ours, a dozen times a request."""

    request_class = forms.WholeRequest

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Whatever ICA does: nobody looks at an empty page for longer than that."""
        with deadlines.all_calls(ICA_SECONDS):
            return super().wsgi_app(environ, start_response)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(
    settings: Settings, store: Store, *, clock: Callable[[], float] | None = None
) -> Flask:
    """The application; without a `clock`, its time is the database's. Nothing is opened before its
    first request, so it may be made anywhere.
    """
    app = _App(
        "webapp.web",
        template_folder=str(paths.TEMPLATES),
        static_folder=str(paths.STATIC),
        static_url_path="/static",
    )
    _configure(app, settings)
    here = app.extensions[KEY] = Context.build(
        settings,
        store,
        vault_for(settings),
        clock=clock,
        place=Places(settings.most_long_requests).place,
    )
    app.config[STARTED_AT] = here.clock()
    app.session_interface = cookies.Cookies()
    app.url_map.converters["int"] = params.Key
    app.before_request(_synchronize_clock)
    request_log.register(app)
    security.protect(app)
    access.register(app)
    assets.register(app)
    compression.register(app)
    app.extensions[htmx.SHOWN] = htmx.ShownParts(here.clock.steady)
    errors.register(app)
    formatting.register(app)
    status_display.register(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)
    downloads.limit(app)
    _set_up_templates(app)
    return app


@cache
def _blueprints() -> list[Blueprint]:
    """A module that has one is a part of the application."""
    modules = map(import_string, find_modules("webapp.web", recursive=True))
    return [module.blueprint for module in modules if hasattr(module, "blueprint")]


def _configure(app: Flask, settings: Settings) -> None:
    former = settings.former_secret_key
    app.config.update(
        SECRET_KEY=cookie_key(secret_key_for(settings)),
        SECRET_KEY_FALLBACKS=[cookie_key(former)] if former else [],
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,  # each address carries its version
        MAX_CONTENT_LENGTH=forms.MAX_FORM_BYTES,
        MAX_FORM_PARTS=forms.MAX_FIELDS,
    )
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies, x_prefix=proxies
        )


def _synchronize_clock() -> None:
    """Before anything is done at a moment; without a database the request fails by itself."""
    if request.endpoint not in security.WITHOUT_VIEWER:
        with suppress(DatabaseAway):
            context().clock.synchronize()


def _set_up_templates(app: Flask) -> None:
    # An application built on this one (the demo's) may add panels above the form for a submission.
    app.jinja_env.globals.update(
        asset=asset,
        icon=icon,
        search_length=params.MAX_TEXT_BYTES,
        new_submission_panels=(),
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
