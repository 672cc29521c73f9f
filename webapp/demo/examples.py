"""The demo's examples: submissions in every state, made through the dashboard's pages."""

import json
import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from html import unescape
from urllib.request import ProxyHandler, Request, build_opener

from webapp.demo import samples
from webapp.demo.browser import Browser, Page
from webapp.demo.samples import PROJECT_ID, files, folders, mixed, shuffled

READ_ONLY_ID = PROJECT_ID[:-1] + "2"
RETINA_ID = PROJECT_ID[:-2] + "59"
SOURCE_ID = PROJECT_ID[:-2] + "15"  # has runs in folders
RUN = "250617_A00871_0212_BHMKJDSX7"  # one of these
SOURCE_FOLDER = f"/folders/{SOURCE_ID}/root"  # the address of the project's first folder
MOVING_LIST_IDS = 40_000  # two batches, which still run while the user looks
WAIT_SECONDS = 120.0
POLL_SECONDS = 0.3

_FOLDER_LIST = re.compile(r'href="(/folders/[^"]+/list[^"]+)"')

log = logging.getLogger(__name__)


def make_all(dashboard: str, simulator: str) -> None:
    """Make all examples as soon as the simulator answers. Both addresses have no path."""
    try:
        _wait_until(lambda: _answers(simulator))
        demo, colleague = Browser(dashboard), Browser(dashboard)
        demo.sign_in("demo-key")
        colleague.sign_in("colleague-key")
        _make(demo, colleague, simulator)
    except OSError as error:
        log.warning("Not all of the demo's examples could be made: %s", error)


def _make(demo: Browser, colleague: Browser, simulator: str) -> None:
    _upload(demo, "Minutes of the lab meeting", ["nothing to link in here"] * 60_000)
    _submit(demo, "Trio 0417, hand-off", files(36, 10))
    _submit(colleague, "Panel v3, plates 1 to 4", [*files(80, 11), *files(16, 11, samples.HELD)])
    _submit(colleague, "Exomes of March", mixed(240, 12), project=RETINA_ID)
    _submit(demo, "Run 260403 with folders", [*files(40, 13), *folders(12, 13, samples.IN_PART)])
    _submit(demo, "Archive recall, first try", [*files(20, 14), *files(30, 14, samples.ARCHIVING)])
    _adopt(colleague, simulator)
    _submit(colleague, "Reference panel, new samples", files(64, 15), project=READ_ONLY_ID)
    stopped = _submit(demo, "Sent to the wrong project", files(48, 16), project=READ_ONLY_ID)
    demo.post(f"{stopped.path}/stop")
    _refuse_batches(simulator, True)
    twins = _submit(colleague, "Twins, from two regions", files(56, 20))
    _wait_until(lambda: not colleague.get(twins.path).is_polled)
    _refuse_batches(simulator, False)
    _upload(demo, "Run 260412, to look over", [*files(150, 17), *files(5, 17), "see mail"])
    cohort = [*files(MOVING_LIST_IDS - 900, 18), *files(600, 18, samples.MISSING)]
    cohort += files(300, 18, samples.HELD)
    _from_folder(demo, f"Variants of run {RUN[:6]}", {"run": RUN, "format": "VCF"})
    page = _upload(demo, "Cohort release 12", shuffled(cohort, 18))
    _wait_until(lambda: demo.get(page.path).has_form("submit"))
    demo.post(f"{page.path}/submit")


def _upload(browser: Browser, name: str, data_ids: list[str], project: str = PROJECT_ID) -> Page:
    fields = {"project_id": project, "name": name, "ids": "\n".join(data_ids)}
    return browser.post("/submissions", fields)


def _submit(browser: Browser, name: str, data_ids: list[str], project: str = PROJECT_ID) -> Page:
    return browser.post(f"{_upload(browser, name, data_ids, project).path}/submit")


def _from_folder(browser: Browser, name: str, filters: dict[str, str]) -> None:
    """Submit what a project in ICA has."""
    found = browser.post(f"{SOURCE_FOLDER}/search", filters)
    [make] = _FOLDER_LIST.findall(found.html)
    fields = {"make": "1", "project_id": PROJECT_ID, "name": name}
    page = browser.post(unescape(make), fields)
    _wait_until(lambda: browser.get(page.path).has_form("submit"))
    browser.post(f"{page.path}/submit")


def _adopt(browser: Browser, simulator: str) -> None:
    """Add a batch to the dashboard that was made in ICA directly; another is left to be added."""
    _make_batch(simulator, "demo-key", files(55, 21) + files(2, 21, samples.MISSING))
    ours = files(70, 19) + files(4, 19, samples.MISSING)
    batch_id = _make_batch(simulator, "colleague-key", ours)
    fields = {"project_id": PROJECT_ID, "batch_id": batch_id, "name": "Made by the nightly script"}
    browser.post("/submissions/adopt", fields)


def _make_batch(simulator: str, key: str, data_ids: list[str]) -> str:
    """Make a batch in ICA directly, by this API key; returns its id."""
    v4 = "application/vnd.illumina.v4+json"
    body = json.dumps({"items": [{"dataId": data_id} for data_id in data_ids]}).encode()
    headers = {"X-API-Key": key, "Accept": v4, "Content-Type": v4}
    address = f"{simulator}/ica/rest/api/projects/{PROJECT_ID}/dataLinkingBatch"
    with _direct(Request(address, body, headers), timeout=30) as answer:
        batch_id: str = json.load(answer)["id"]
    return batch_id


def _refuse_batches(simulator: str, refuse: bool) -> None:
    """No data id makes the simulator refuse whatever is sent with it, so a fault is set."""
    body = json.dumps({"create:refused-batch": 1} if refuse else {}).encode()
    with _direct(Request(f"{simulator}/_simulator/faults", body), timeout=30):
        pass


def _answers(simulator: str) -> bool:
    with suppress(OSError), _direct(f"{simulator}/_simulator/calls", timeout=5):
        return True
    return False


_direct = build_opener(ProxyHandler({})).open


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"It took more than {WAIT_SECONDS:g} s.")
        time.sleep(POLL_SECONDS)
