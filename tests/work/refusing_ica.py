"""A stage whose ICA refuses an operation that a test chooses, with a text of its choice."""

import json
from contextlib import contextmanager
from typing import cast

from flask import Flask
from werkzeug import Response
from werkzeug.test import run_wsgi_app

from tests.dashboard import Dashboard
from tests.simulated_ica import Clock, Simulated
from webapp.simulator.app import create_app
from webapp.simulator.options import Options
from webapp.simulator.server import Server


class Refusing:
    """The simulator, and before it `says`: (method, end of the path, which may have the whole query
    behind it, or a part of the query) to (status, detail, or the whole answer).

    carries_out: whether ICA does first what it is asked for, and then says so. headers: of what it
    says. asked: (method, path) of every call.
    """

    def __init__(self, app):
        self.says, self.asked = {}, []
        self.carries_out, self.headers = False, {}
        self._app = app

    def __call__(self, environ, start_response):
        asked = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append(asked)
        query = environ["QUERY_STRING"]
        whole, parts = f"{asked[1]}?{query}", query.split("&")
        for (method, ending), (status, detail) in self.says.items():
            is_it = asked[1].endswith(ending) or whole.endswith(ending) or ending in parts
            if asked[0] == method and is_it:
                if self.carries_out:
                    run_wsgi_app(self._app, environ)
                body, kind = detail, "application/json"
                if isinstance(detail, str):
                    body = {"title": "ICA_TEST", "status": status, "detail": detail}
                    kind = "application/problem+json"
                answer = Response(json.dumps(body), status, self.headers, mimetype=kind)
                return answer(environ, start_response)
        return self._app(environ, start_response)


@contextmanager
def refusing_dashboard(database_url, folder, *, rate=1000.0, **settings):
    """A dashboard, and its ICA: `with … as (dashboard, ica): ica.says[…] = …`."""
    clock = Clock()
    ica = Refusing(create_app(Options(rate=rate), clock))
    server = Server(cast(Flask, ica), "127.0.0.1", 0)  # it needs a WSGI app, no more
    server.start()
    dashboard = Dashboard(Simulated(server, clock), database_url, folder, clock, **settings)
    try:
        yield dashboard, ica
    finally:
        dashboard.store.close()
        server.stop()
