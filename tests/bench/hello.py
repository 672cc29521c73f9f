"""The yardstick of a poll: a view that reads one row by its key, on the same gunicorn.

Run as: python -m tests.bench.hello PORT DATABASE_URL
"""

import socket
import sys

from flask import Flask
from sqlalchemy import text

from webapp.settings import Settings
from webapp.webserver import WebServer


def create_hello(settings, store):
    app = Flask(__name__)

    @app.get("/")
    def hello():
        with store.read() as connection:
            row = connection.execute(
                text("SELECT id, revision FROM submissions WHERE id = :id"), {"id": 1}
            ).one()
        return f"hello {row.revision}"

    return app


if __name__ == "__main__":
    port, url = int(sys.argv[1]), sys.argv[2]
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listener:
        listener.set_inheritable(True)
        WebServer(Settings(database_url=url), listener.fileno(), create_hello).run()
