"""Resolving names and paths: calls, time beside a client that only asks, and memory."""

import gzip
import http.client
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from urllib.parse import urlencode

import msgspec

from tests.lookups import named, put_in
from webapp.ica.limits import MAX_VALUE_CHARS, MAX_VALUES
from webapp.simulator.catalogue import Catalogue
from webapp.simulator.planted import DELIVERIES
from webapp.simulator.projects import PROJECTS, project_id
from webapp.store import Store, chores, lookups
from webapp.store.answers import Sought
from webapp.store.enums import ChoreKind, LookupKind, LookupState
from webapp.work.data_search import below, by_name, by_path, packed
from webapp.work.matching import parent_of
from webapp.work.path_plan import PathPlan

LATENCY = 0.05  # seconds of each answer of ICA's
AT_ONCE = 4  # calls of an account
MOST = (MAX_VALUES, MAX_VALUE_CHARS)
FEW = 5_000
PLACE = f"/ica/rest/api/projects/{project_id(DELIVERIES)}/data"


def measure(bench, table):
    """Names that are all found, and paths of all runs, while ICA takes its time."""
    size = 300_000 if bench.size > 100_000 else 20_000
    data = Catalogue(size).of(PROJECTS[project_id(DELIVERIES)]).data
    paths = sorted(one.path for one in data if one.path.startswith("/runs/") and one.size)
    names = [*dict.fromkeys(path.rpartition("/")[2] for path in paths)]
    for texts, few in ((names, 60), (paths, 30)):
        with bench.dashboard(
            latency=LATENCY * 1000, calls_per_second=10_000, catalogue_files=size
        ) as board:
            board.sign_in()
            what = "names" if texts is names else "paths"
            with closing(Store(board.database_url)) as store:
                _ask(board.ica_port, [_query(texts[0])])  # which makes the catalogue
                before = sum(board.ica_calls().values())
                _seconds(store, texts[:FEW])
                calls = sum(board.ica_calls().values()) - before
                table.add(f"calls for {FEW:,} {what}", calls, few, "", "<= 1")
                seconds = _seconds(store, texts)
                memory = board.peak_memory()
            alone = _bare_answers(board.ica_port, texts)
        name = f"{len(texts):,} {what} resolved, ICA at 50 ms"
        yardstick = f"{AT_ONCE} answers at once"
        table.add(name, seconds, alone, "s", "<= 1.3", yardstick_is=yardstick)
        table.add(f"peak of a process, {len(texts):,} {what}", memory, 256, "MB", "<= 1")


def _seconds(store, texts):
    """Seconds from the list's being there to its draft."""
    submission_id = put_in(store, time.time(), texts, projects=named(DELIVERIES))
    started = time.perf_counter()
    while True:
        with store.read() as connection:
            chore = chores.latest(connection, submission_id, ChoreKind.RESOLVE)
        if chore and chore.ended_at is not None:
            break
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    assert chore.problem is None, chore.problem
    with store.read() as connection:
        found = lookups.counts(connection, submission_id)
    assert set(found) <= {LookupState.FOUND, LookupState.SEVERAL}, found
    return seconds


def _query(text):
    return urlencode(_params(by_name([Sought(1, LookupKind.NAME, text, "")])), doseq=True)


def _params(wanted):
    return {name: value for name, value in wanted.params.items() if value is not None}


def _bare_answers(port, texts):
    """Seconds in which a client that does nothing else gets the same answers, several at once."""
    if texts[0].startswith("/"):
        texts = sorted(texts, key=lambda text: (text.count("/"), text))
        rows = (("", LookupKind.PATH, text, at) for at, text in enumerate(texts))
        plan = PathPlan.of(rows, MOST)
        filters = list(chain.from_iterable(_filters(texts, group) for group in plan.groups))
    else:
        sought = [Sought(at, LookupKind.NAME, text, "") for at, text in enumerate(texts)]
        filters = [by_name(group) for group in packed(sought, MOST)]
    queries = [urlencode(_params(wanted), doseq=True) for wanted in filters]
    parts = [queries[n::AT_ONCE] for n in range(AT_ONCE)]
    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        deque(pool.map(lambda part: _ask(port, part), parts))
    return time.perf_counter() - started


def _filters(texts, group):
    its = texts[group.first : group.end]
    if group.by_folder:
        return [below([*dict.fromkeys(map(parent_of, its))], LookupKind.PATH)]
    sought = [Sought(at, LookupKind.PATH, text, "") for at, text in enumerate(its)]
    return [by_path(some) for some in packed(sought, MOST)]


class _Next(msgspec.Struct, rename="camel"):
    next_page_token: str | None = None


def _ask(port, queries):
    media = {"Accept": "application/vnd.illumina.v3+json", "Accept-Encoding": "gzip"}
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as line:
        for query in queries:
            token: str | None = ""
            while token is not None:
                more = f"&pageToken={token}" if token else ""
                line.request(
                    "GET",
                    f"{PLACE}?{query}&pageSize=1000{more}",
                    headers={"X-API-Key": "demo-key", **media},
                )
                answer = line.getresponse()
                body = answer.read()
                assert answer.status == 200, body
                page = gzip.decompress(body) if answer.headers["Content-Encoding"] else body
                token = msgspec.json.decode(page, type=_Next).next_page_token
