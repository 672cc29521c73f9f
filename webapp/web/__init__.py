"""Flask, and only Flask: pages, parts and acts over the store."""

from webapp.web.app import create_app

__all__ = ["create_app"]
