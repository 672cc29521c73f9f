"""The yardstick of a poll: a view that reads one row by its key, on the same gunicorn.

Run as: python -m tests.bench.hello PORT DATABASE_URL
"""

import socket
import sys

from flask import Flask
from sqlalchemy import text

from webapp.settings import Settings
from webapp.store import Store
from webapp.webserver import WebServer


def create_hello(url):
    app = Flask(__name__)
    store = Store(url)

    @app.get("/")
    def hello():
        with store.read() as connection:
            row = connection.execute(
                text("SELECT id, revision FROM submissions WHERE id = :id"), {"id": 1}
            ).one()
        return f"hello {row.revision}"

    return app


class HelloServer(WebServer):
    """The dashboard's web server, serving the hello-world."""

    def load(self):
        return create_hello(sys.argv[2])


if __name__ == "__main__":
    port = int(sys.argv[1])
    sys.argv = sys.argv[:1] + sys.argv[1:]
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listener:
        listener.set_inheritable(True)
        HelloServer(Settings(), listener.fileno()).run()
