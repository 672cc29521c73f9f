"""Versions of this build's static files and templates."""

import hashlib
from functools import cache, lru_cache
from pathlib import Path

from flask import request, url_for
from markupsafe import Markup

from webapp import __version__, paths


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
