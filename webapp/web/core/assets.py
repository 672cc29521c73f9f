"""Versions of this build's static files and templates."""

import hashlib
from functools import cache
from pathlib import Path

from webapp import __version__, paths


@cache
def static_version() -> str:
    """Changes with the static files, so that browsers may keep them for ever."""
    return _digest(paths.STATIC)


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
