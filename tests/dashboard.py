"""The whole dashboard in this process: app, worker and store, against the simulator, one clock."""

import html
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Select, Table, case, select, union_all
from werkzeug import Response
from werkzeug.test import TestResponse

from tests import compile_caches
from tests.databases import bring_up_to_date
from tests.simulated_ica import FIRST_PROJECT, Clock, Simulated, simulator
from webapp.settings import Settings
from webapp.store import Store, tables
from webapp.store.engine import PATIENCE_SECONDS
from webapp.vault import vault_for
from webapp.web import create_app
from webapp.work.context import Context
from webapp.work.worker import Worker

SECRET_KEY = "a secret key for tests, long enough"
HEADERS = {"Sec-Fetch-Site": "same-origin"}
AT_LEAST_EVERY = 5.0  # seconds: the worker beats, and keeps house


def data_ids(count: int, *, ending: str = "20", kind: str = "fil", start: int = 0) -> list[str]:
    """Data ids whose outcome is that of their ending: 20 links, 00 fails, 03 is linked already."""
    return [f"{kind}.{number:030x}{ending}" for number in range(start, start + count)]


def _next_due(queue: Table) -> Select[Any]:
    """SELECT when its next row is due and free, if any is."""
    later = case((queue.c.due_at > queue.c.lease_until, queue.c.due_at), else_=queue.c.lease_until)
    first = select(later.label("due")).where(queue.c.due_at.is_not(None))
    return first.order_by(later).limit(1).subquery().select()


NEXT_DUE = union_all(
    *(
        _next_due(table)
        for table in tables.metadata.tables.values()
        if {"due_at", "lease_until"} <= {*table.c.keys()}
    )
)


class Visitor:
    """A browser of one person, without scripts."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def part(self, path: str, **headers: str) -> TestResponse:
        """What htmx gets for a part."""
        named = {"HX-Request": "true", "HX-Request-Type": "partial"}
        return self.client.get(path, headers={**named, **headers})

    def part_of(self, path: str, data: Any) -> TestResponse:
        """What htmx gets for a part that it asks for by POST."""
        named = {"HX-Request": "true", "HX-Request-Type": "partial"}
        return self.client.post(path, data=data, headers={**HEADERS, **named})

    def post(self, path: str, data: Any = None, **options: Any) -> TestResponse:
        return self.client.post(path, data=data or {}, headers=HEADERS, **options)

    def searched(self, path: str, typed: str) -> str:
        """Where a search of the board, or of a list's items, with these filters leads to."""
        place, _, filters = path.partition("?")
        taker = "/submissions/search" if place == "/submissions" else place
        answer = self.post(f"{taker}?{filters}", {"text": typed})
        assert answer.status_code == 303, text(answer)
        return answer.location

    def sign_in(self, key: str = "demo-key", tenant: str = "") -> TestResponse:
        return self.post("/signin", {"api_key": key, "tenant": tenant})

    def upload(
        self,
        ids: str | Iterable[str] = "",
        *,
        file: tuple[bytes, str] | None = None,
        name: str = "",
        project: str = FIRST_PROJECT,
    ) -> TestResponse:
        """Send the form for a new submission; `file` is (bytes, file name)."""
        data: dict[str, Any] = {"project_id": project, "name": name}
        data["ids"] = ids if isinstance(ids, str) else "\n".join(ids)
        if file:
            data["file"] = (io.BytesIO(file[0]), file[1])
        return self.post("/submissions", data)

    def draft(self, ids: str | Iterable[str], **options: Any) -> str:
        """Upload a list and return its submission's address."""
        answer = self.upload(ids, **options)
        assert answer.status_code == 303, text(answer)
        return answer.location

    def submit(self, ids: str | Iterable[str], **options: Any) -> str:
        """Upload a list and submit it; returns its submission's address."""
        place = self.draft(ids, **options)
        assert self.post(f"{place}/submit").status_code == 303
        return place


class Dashboard:
    """One dashboard. Its worker works only when it is told to."""

    def __init__(
        self,
        sim: Simulated,
        database_url: str,
        folder: Path,
        clock: Clock,
        patience: float = PATIENCE_SECONDS,
        **settings: Any,
    ) -> None:
        self.sim = sim
        self.clock = clock
        self.settings = Settings(
            ica_url=sim.url,
            data_dir=folder,
            database_url=database_url,
            **{"calls_per_second": 1e6, "secret_key": SECRET_KEY, **settings},
        )
        self.store = Store(database_url, patience=patience)
        bring_up_to_date(self.store, database_url)
        self.app = create_app(self.settings, self.store, clock=clock)
        self.app.jinja_env.bytecode_cache = compile_caches.TEMPLATES
        self.context = Context.build(
            self.settings, self.store, vault_for(self.settings), clock=clock
        )
        self.worker = Worker(self.context)

    def visitor(self, key: str | None = "demo-key") -> Visitor:
        """Somebody who is signed in; without a key, somebody who is not."""
        person = Visitor(self.app)
        if key:
            assert person.sign_in(key).status_code == 303
        return person

    def work(self, seconds: float = 0.0, step: float = 1.0) -> int:
        """Let time go by, `step` by step, the worker doing whatever falls due.

        Steps after which nothing is due are passed over.
        """
        done = self.worker.work_through()
        end = self.clock.now + seconds
        while self.clock.now < end:
            steps = max(1, math.ceil(self._idle_for() / step))
            self.clock.advance(min(steps * step, end - self.clock.now))
            done += self.worker.work_through()
        return done

    def next_due(self) -> float | None:
        """When something falls due, None when nothing is left to do."""
        with self.store.read() as connection:
            return min(connection.execute(NEXT_DUE).scalars(), default=None)

    def _idle_for(self) -> float:
        """Seconds until the worker has something to do."""
        due = self.next_due()
        return AT_LEAST_EVERY if due is None else min(due - self.clock.now, AT_LEAST_EVERY)


@contextmanager
def open_dashboard(
    database_url: str,
    folder: str | Path,
    *,
    rate: float = 1000.0,
    faults: Mapping[str, float | str] | None = None,
    ica: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Dashboard]:
    """A dashboard for the length of a `with`; `settings` are fields of Settings, and `patience` of
    the store; `ica` are options of the simulator.
    """
    clock = Clock()
    with simulator(rate=rate, faults=faults or {}, clock=clock, **(ica or {})) as sim:
        dashboard = Dashboard(sim, database_url, Path(folder), clock, **settings)
        yield dashboard
        dashboard.store.close()


def text(answer: Response) -> str:
    """The visible words of a page, white space folded."""
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", answer.get_data(as_text=True), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
