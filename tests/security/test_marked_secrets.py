"""Secrets that are marked, searched after a whole journey in all that leaves the program.

That is every answer, every line of the log at its most talkative, every byte of the database, and
what other users of the machine see of the processes. Not searched: a process's environment and
memory, which its own user alone may read (SECURITY.md).
"""

import base64
import io
import json
import logging
import re
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import make_url
from sqlalchemy import text as sql

from tests.dashboard import SECRET_KEY, data_ids, open_dashboard
from tests.processes import linkboard, output_of
from tests.simulated_ica import simulator
from tests.web.page_visits import TELLING, TELLING_SECRETS, visit_all
from webapp.logs import LineFormatter
from webapp.simulator.users import USERS, token_for
from webapp.store import tables

KEYS = ("demo-key", "colleague-key", "no-such-key", "another-wrong-key")
JWT = token_for(next(iter(USERS.values())), time.time(), 3600)
JWT_BEGINNING = JWT.partition(".")[0]  # of all that the simulated ICA makes
PASSWORD = "marked-password-of-the-database"
TYPED = "marked-name-of-a-patient"
SEARCHES = ("/submissions/search", "text"), ("/projects", "project_q")


def ways(secret):
    """How a secret may be written: as it is, in hexadecimal, in base64."""
    raw = secret.encode()
    return (
        secret,
        raw.hex(),
        *({base64.b64encode(raw).decode().rstrip("=")} if len(raw) > 8 else ()),
    )


def found_in(said, secrets):
    return [secret for secret in secrets if any(way in said for way in ways(secret))]


@contextmanager
def whole_log():
    root, stream = logging.getLogger(), io.StringIO()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(LineFormatter("test", [SECRET_KEY]))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def kept_bytes(dashboard, folder):
    """All that the database holds: SQLite's files, or each row of each table of PostgreSQL."""
    if dashboard.store.engine.dialect.name == "sqlite":
        files = [path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        return b"".join(files).decode("latin-1")
    with dashboard.store.read() as connection:
        rows = [
            row
            for table in tables.metadata.sorted_tables
            for row in connection.execute(sql(f'SELECT t::text FROM "{table.name}" t')).scalars()
        ]
    return "\n".join(rows)


def troubles(dashboard):
    """Requests that end in an error, of each kind."""
    demo, nobody = dashboard.visitor(), dashboard.visitor(key=None)
    yield nobody.sign_in("another-wrong-key", tenant="another-tenant")
    yield nobody.sign_in(JWT)
    yield nobody.client.get("/submissions", headers={"Host": "evil.example"})
    yield nobody.client.post("/signin", data={"api_key": "another-wrong-key"})
    yield demo.client.post("/signin?next=/x", data=b"api_key=another-wrong-key&" * 9_000)
    yield demo.get("/submissions/999999")
    yield demo.get("/submissions?after=x")
    for fault in ("500", "503", "cut", "dropped-before"):
        dashboard.sim.set_faults({fault: 1.0})
        yield dashboard.visitor(key=None).sign_in("colleague-key")
        yield demo.upload(data_ids(2, start=7000))
    dashboard.sim.set_faults({})
    with dashboard.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE reasons RENAME TO elsewhere")
    yield demo.get("/reasons")
    yield dashboard.visitor(key=None).sign_in("colleague-key")
    with dashboard.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO reasons")


def session_token(answer):
    """What the cookie of an answer holds, and the database only as a hash; "" without one."""
    found = re.search(r"linkboard=\.?([\w-]+)\.", answer.headers.get("Set-Cookie", ""))
    try:
        return (
            json.loads(base64.urlsafe_b64decode(found[1] + "==")).get("token", "") if found else ""
        )
    except ValueError:
        return ""


@pytest.mark.slow
def test_no_secret_is_in_an_answer_a_line_of_the_log_or_the_database(
    database_url, tmp_path, monkeypatch, record_property
):
    secrets = (*KEYS, JWT_BEGINNING, SECRET_KEY, *TELLING_SECRETS)
    tokens, count = set(), 0
    with (
        whole_log() as log,
        open_dashboard(database_url, tmp_path, rate=100.0, **TELLING) as dashboard,
    ):
        visits = (answer for _, answer in visit_all(dashboard, monkeypatch))
        for answer in (*visits, *troubles(dashboard)):
            tokens.add(session_token(answer))
            headers = [f"{name}: {value}" for name, value in answer.headers if name != "Set-Cookie"]
            said = "\n".join([*headers, answer.get_data(as_text=True)])
            assert not found_in(said, [*secrets, *(tokens - {""})]), answer.request.path
            count += 1
        tokens.discard("")
        assert tokens
        kept = kept_bytes(dashboard, tmp_path)
    assert data_ids(1)[0] in kept
    assert not found_in(kept, [*secrets, *tokens])
    assert "DEBUG" in log.getvalue()
    assert not found_in(log.getvalue(), [*secrets, *tokens])
    told = f"secrets: {count} answers, {len(log.getvalue().splitlines())} lines, {len(kept)} bytes"
    record_property("told", told)


def shown_of(pid):
    """What other users see of a process and of its children."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "status").read_text()
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has ended
            if int(entry.name) == pid or f"\nPPid:\t{pid}\n" in status:
                yield command
                if int(entry.name) != pid:
                    yield from shown_of(int(entry.name))


@pytest.mark.slow
def test_no_secret_is_in_what_the_processes_show_or_write(tmp_path, free_port, postgres):
    """Of a real server, on a database whose address has a password."""
    secret = "marked-" + "secret-key-" * 4
    with postgres.database() as url, simulator() as sim:
        database = make_url(url)
        password = database.password or PASSWORD
        settings = {
            "data_dir": tmp_path / "data",
            "port": free_port,
            "ica_url": sim.url,
            "database_url": database.set(password=password).render_as_string(hide_password=False),
            "secret_key": secret,
            "log_level": "DEBUG",
            "web_processes": 1,
        }
        with linkboard("serve", **settings) as program:
            at = program.wait_for(r"^Linkboard is at (http://127.0.0.1:\d+)$")[1]
            for key in ("another-wrong-key", JWT, "demo-key"):
                with requests.Session() as browser:
                    given = {"api_key": key}
                    answer = browser.post(f"{at}/signin", given, headers={"Origin": at})
                    assert answer.status_code in {200, 422}
                    assert browser.get(f"{at}/submissions/1?after=x").status_code < 500
                    for path, name in SEARCHES:
                        answer = browser.post(f"{at}{path}", {name: TYPED}, headers={"Origin": at})
                        assert answer.status_code == 200
                        assert TYPED not in answer.url
            shown = "\n".join(shown_of(program.pid))
        _, checked = output_of("check", settings)
    assert shown.count("webapp") > 1
    secrets = (*KEYS, JWT_BEGINNING, secret, password, TYPED)
    assert not found_in(shown, secrets)
    assert "DEBUG" in program.output
    assert not found_in(program.output, secrets)
    assert checked
    assert not found_in(checked, secrets)
