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
    behind it) to (status, detail).

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
        whole = f"{asked[1]}?{environ['QUERY_STRING']}"
        for (method, ending), (status, detail) in self.says.items():
            if asked[0] == method and (asked[1].endswith(ending) or whole.endswith(ending)):
                if self.carries_out:
                    run_wsgi_app(self._app, environ)
                problem = {"title": "ICA_TEST", "status": status, "detail": detail}
                answer = Response(
                    json.dumps(problem), status, self.headers, mimetype="application/problem+json"
                )
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
