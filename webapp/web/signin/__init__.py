"""Signing in and out, and the session's cookie."""
