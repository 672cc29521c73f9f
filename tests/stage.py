"""The whole dashboard in this process: app, worker and store, against the simulator, one clock."""

import io
import re
from contextlib import contextmanager
from pathlib import Path

from jinja2 import BytecodeCache

from tests.migrated import bring_up_to_date
from tests.simulated import FIRST_PROJECT, Clock, simulator
from webapp.settings import Settings
from webapp.store import Store
from webapp.vault import Vault
from webapp.web import create_app
from webapp.work.context import Context
from webapp.work.loop import Worker

SECRET_KEY = "a secret key for tests, long enough"
HEADERS = {"Sec-Fetch-Site": "same-origin"}


def data_ids(count, *, ending="20", kind="fil", start=0):
    """Data ids whose outcome is that of their ending: 20 links, 00 fails, 03 is linked already."""
    return [f"{kind}.{number:030x}{ending}" for number in range(start, start + count)]


class Compiled(BytecodeCache):
    """Compiled templates, kept for all apps of this process: each app would compile its own."""

    def __init__(self):
        self._kept = {}

    def load_bytecode(self, bucket):
        if kept := self._kept.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket):
        self._kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


COMPILED = Compiled()


class Visitor:
    """A browser of one person, without scripts."""

    def __init__(self, app):
        self.client = app.test_client()

    def get(self, path, **headers):
        return self.client.get(path, headers=headers)

    def part(self, path, **headers):
        """What htmx gets for a part."""
        named = {"HX-Request": "true", "HX-Request-Type": "partial"}
        return self.client.get(path, headers={**named, **headers})

    def post(self, path, data=None, **options):
        return self.client.post(path, data=data or {}, headers=HEADERS, **options)

    def sign_in(self, key="demo-key", tenant=""):
        return self.post("/signin", {"api_key": key, "tenant": tenant})

    def upload(self, ids="", *, file=None, name="", project=FIRST_PROJECT):
        """Send the form for a new submission; `file` is (bytes, file name)."""
        data = {"project_id": project, "name": name}
        data["ids"] = ids if isinstance(ids, str) else "\n".join(ids)
        if file:
            data["file"] = (io.BytesIO(file[0]), file[1])
        return self.post("/submissions", data)

    def draft(self, ids, **options):
        """Upload a list and return its submission's address."""
        answer = self.upload(ids, **options)
        assert answer.status_code == 303, text(answer)
        return answer.location

    def submit(self, ids, **options):
        """Upload a list and submit it; returns its submission's address."""
        place = self.draft(ids, **options)
        assert self.post(f"{place}/submit").status_code == 303
        return place


class Stage:
    """One dashboard. Its worker works only when it is told to."""

    def __init__(self, sim, database_url, folder: Path, clock: Clock, **settings):
        self.sim = sim
        self.clock = clock
        self.settings = Settings(
            ica_url=sim.url,
            data_dir=folder,
            database_url=database_url,
            secret_key=SECRET_KEY,
            **{"calls_per_second": 1e6, **settings},
        )
        self.store = Store(database_url)
        bring_up_to_date(self.store, database_url)
        self.app = create_app(self.settings, self.store, clock=clock)
        self.app.jinja_env.bytecode_cache = COMPILED
        self.context = Context.build(self.settings, self.store, Vault(SECRET_KEY), clock=clock)
        self.worker = Worker(self.context)

    def visitor(self, key="demo-key"):
        """Somebody who is signed in; without a key, somebody who is not."""
        person = Visitor(self.app)
        if key:
            assert person.sign_in(key).status_code == 303
        return person

    def work(self, seconds=0.0, step=1.0):
        """Let time go by, the worker doing whatever falls due."""
        done = self.worker.work_through()
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.advance(min(step, end - self.clock.now))
            done += self.worker.work_through()
        return done


@contextmanager
def stage(database_url, folder, *, rate=1000.0, faults=None, **settings):
    """Set the stage; `settings` are fields of Settings."""
    clock = Clock()
    with simulator(rate=rate, faults=faults or {}, clock=clock) as sim:
        set_up = Stage(sim, database_url, Path(folder), clock, **settings)
        yield set_up
        set_up.store.close()


def text(answer):
    """The visible words of a page, white space folded."""
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", answer.get_data(as_text=True), flags=re.S)
    import html

    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
