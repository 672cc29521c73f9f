"""Versions of this build's static files and templates."""

import hashlib
from functools import cache, lru_cache
from pathlib import Path

from flask import request, url_for

from webapp import __version__, paths


@cache
def static_version() -> str:
    """Changes with the static files, so that browsers may keep them for ever."""
    return _digest(paths.STATIC)


def asset(filename: str) -> str:
    """The address of a static file. A page of items has a hundred of them."""
    return _address(request.script_root, filename)


@lru_cache(64)
def _address(_root: str, filename: str) -> str:
    """It depends on the version and on the root that a proxy names, and on nothing else."""
    return url_for("static", filename=filename, v=static_version())


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
