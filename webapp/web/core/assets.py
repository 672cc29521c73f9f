"""This build's static files: their addresses and versions, and all scripts as one."""

import hashlib
from collections.abc import Callable
from functools import cache, lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_file, url_for
from markupsafe import Markup

from webapp import __version__, paths

# Sent as one, scripts.js: each request more would delay what a first visit shows. In the order in
# which they use each other.
_SCRIPTS = (
    *("vendor/htmx.min.js", "vendor/hx-ptag.min.js", "parts.js", "app.js", "uploads.js"),
    *("typed.js", "chart.js", "polling.js", "notifications.js", "updates.js", "looks.js"),
    *("failures.js", "selection.js", "scrolling.js", "searches.js", "keyboard.js"),
)


def register(app: Flask) -> None:
    """Serve all scripts as one beside the files."""
    app.view_functions["static"] = partial(_send, app.view_functions["static"])


def _send(send: Callable[..., Any], filename: str) -> Response:
    if filename == "scripts.js":
        return send_file(BytesIO(joined_scripts()), "text/javascript", etag=static_version())
    sent: Response = send(filename=filename)
    return sent


@cache
def joined_scripts() -> bytes:
    """All scripts, one after the other."""
    return b"\n;\n".join((paths.STATIC / name).read_bytes() for name in _SCRIPTS)


@cache
def static_version() -> str:
    """Changes with the static files, so that browsers may keep them for ever."""
    return _digest(paths.STATIC)


def asset(filename: str) -> str:
    """The address of a static file."""
    return _address(request.script_root, filename)


def icon(name: str) -> Markup:
    """An icon of icons.svg, beside words that say the same. A page of items has a hundred."""
    return _icon(request.script_root, name)


@lru_cache(64)
def _address(_root: str, filename: str) -> str:
    """It depends on the version and on the root that a proxy names, and on nothing else."""
    return url_for("static", filename=filename, v=static_version())


@lru_cache(256)
def _icon(root: str, name: str) -> Markup:
    address = f"{_address(root, 'icons.svg')}#{name}"
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>').format(address)


@cache
def build() -> str:
    """Changes with the version and the templates, so that no part of an older build is kept."""
    return f"{__version__}-{_digest(paths.TEMPLATES)}"


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
