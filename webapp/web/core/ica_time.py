"""How long a request waits for ICA, whatever ICA does: nobody looks at an empty page for longer."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from webapp.ica import deadlines

ICA_SECONDS = 20.0  # for all calls of a request


def limit(app: Flask) -> None:
    """Hold all calls of ICA that a request makes to that time."""
    answer = app.wsgi_app

    def answer_in_time(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with deadlines.all_calls(ICA_SECONDS):
            return answer(environ, start)

    app.wsgi_app = answer_in_time  # type: ignore[assignment, method-assign]
