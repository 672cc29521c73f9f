"""The demo's examples: submissions in every state, made through the pages as a user makes them."""

import json
import logging
import time
from collections.abc import Callable
from urllib.request import ProxyHandler, Request, build_opener

from webapp import samples
from webapp.demo.visitor import Page, Visitor
from webapp.samples import PROJECT, files, folders, mixed, shuffled

READ_ONLY = PROJECT[:-1] + "2"
RETINA = PROJECT[:-2] + "59"
BIG = 40_000  # ids of the one that moves while the user looks: two batches
READ_WITHIN = 120.0  # seconds
LOOK_EVERY = 0.3

log = logging.getLogger(__name__)


def make(dashboard: str, simulator: str) -> None:
    """Make them all, once both addresses (without a path) answer; takes some seconds."""
    try:
        _until(lambda: _answers(simulator))
        demo, colleague = Visitor(dashboard), Visitor(dashboard)
        demo.sign_in("demo-key")
        colleague.sign_in("colleague-key")
        _make(demo, colleague, simulator)
    except OSError as error:
        log.warning("Not all of the demo's examples could be made: %s", error)


def _make(demo: Visitor, colleague: Visitor, simulator: str) -> None:
    _upload(demo, "Minutes of the lab meeting", ["nothing to link in here"] * 60_000)
    _submit(demo, "Trio 0417, hand-off", files(36, 10))
    _submit(colleague, "Panel v3, plates 1 to 4", [*files(80, 11), *files(16, 11, samples.HELD)])
    _submit(colleague, "Exomes of March", mixed(240, 12), project=RETINA)
    _submit(demo, "Run 260403 with folders", [*files(40, 13), *folders(12, 13, samples.IN_PART)])
    _submit(demo, "Archive recall, first try", [*files(20, 14), *files(30, 14, samples.ARCHIVING)])
    _adopt(colleague, simulator)
    _submit(colleague, "Reference panel, new samples", files(64, 15), project=READ_ONLY)
    stopped = _submit(demo, "Sent to the wrong project", files(48, 16), project=READ_ONLY)
    demo.post(f"{stopped.path}/stop")
    _refuse_the_next_batch(simulator)
    _submit(colleague, "Twins, from two regions", files(56, 20))
    _upload(demo, "Run 260412, to look over", [*files(150, 17), *files(5, 17), "see mail"])
    cohort = [*files(BIG - 900, 18), *files(600, 18, samples.MISSING)]
    cohort += files(300, 18, samples.HELD)
    page = _upload(demo, "Cohort release 12", shuffled(cohort, 18))
    _until(lambda: demo.get(page.path).has_form("submit"))
    demo.post(f"{page.path}/submit")


def _upload(who: Visitor, name: str, data_ids: list[str], project: str = PROJECT) -> Page:
    fields = {"project_id": project, "name": name, "ids": "\n".join(data_ids)}
    return who.post("/submissions", fields)


def _submit(who: Visitor, name: str, data_ids: list[str], project: str = PROJECT) -> Page:
    return who.post(f"{_upload(who, name, data_ids, project).path}/submit")


def _adopt(who: Visitor, simulator: str) -> None:
    """Watch a batch that a script made, not the dashboard."""
    v4 = "application/vnd.illumina.v4+json"
    data_ids = files(70, 19) + files(4, 19, samples.MISSING)
    body = json.dumps({"items": [{"dataId": data_id} for data_id in data_ids]}).encode()
    headers = {"X-API-Key": "colleague-key", "Accept": v4, "Content-Type": v4}
    address = f"{simulator}/ica/rest/api/projects/{PROJECT}/dataLinkingBatch"
    with _direct(Request(address, body, headers), timeout=30) as answer:
        batch_id = json.load(answer)["id"]
    fields = {"project_id": PROJECT, "batch_id": batch_id, "name": "Made by the nightly script"}
    who.post("/submissions/adopt", fields)


def _refuse_the_next_batch(simulator: str) -> None:
    """No id makes ICA refuse a whole batch; its simulation does when it is told to."""
    body = json.dumps({"create:refused-batch": "1x"}).encode()
    with _direct(Request(f"{simulator}/_simulator/faults", body), timeout=30):
        pass


def _answers(simulator: str) -> bool:
    try:
        with _direct(f"{simulator}/_simulator/calls", timeout=5):
            return True
    except OSError:
        return False


_direct = build_opener(ProxyHandler({})).open


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READ_WITHIN
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"It took more than {READ_WITHIN:g} s.")
        time.sleep(LOOK_EVERY)
