"""Visiting every page, and every polled part, of a dashboard with lists in every state."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from werkzeug.test import TestResponse

from tests.dashboard import Dashboard, data_ids
from tests.lookup_drafts import Asked, candidate, draft
from tests.simulated_ica import FIRST_PROJECT, READ_ONLY_PROJECT
from tests.web.confirmation import ask, confirm, fields
from tests.web.lookup_lists import resolving
from tests.web.markup import link
from webapp.simulator.catalogue import data_id
from webapp.store.enums import Likeness, LookupState
from webapp.web.submissions.tabs import Tab

LINKED = data_ids(9)
FAILED = [*data_ids(2, ending="00"), *data_ids(3, ending="02")]  # the latter link when tried again
SOURCE = "00000000-0000-4000-8000-000000000015"  # of the data that the simulator has
MADE_UP = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
POINTS = b"""dataId,projectId,note
fil.0123456789ABCDEF0123456789abcd20,%s,fil.0123456789abcdef0123456789abcd30
sample-7,,
Fil.0123456789abcdef0123456789abcd20,,
%s,,
not/an id,,
""" % (MADE_UP.encode(), LINKED[0].encode())

TELLING_SECRETS = (
    "marked-address-of-a-chat",
    "marked-secret-that-signs-messages-to-programs",
    "marked-password-of-the-mail-server",
)
TELLING: dict[str, Any] = {  # by which people may be told; nobody answers there
    "webhooks": (f"lab=slack:http://127.0.0.1:9/{TELLING_SECRETS[0]}",),
    "webhook_secret": TELLING_SECRETS[1],
    "mail_to": ("@b.example",),
    "mail_from": "a@b.example",
    "smtp_host": "127.0.0.1",
    "smtp_port": 9,
    "smtp_security": "none",
    "smtp_user": "u",
    "smtp_password": TELLING_SECRETS[2],
}

Visits = Iterator[tuple[str, TestResponse]]


def visit_all(dashboard: Dashboard, monkeypatch: Any) -> Visits:
    """Each page under a name of its own, whatever its status."""
    visitor = dashboard.visitor()
    yield from _signing_in(dashboard)
    yield from _first_pages(dashboard, visitor)
    yield from _list_being_read(dashboard, visitor, monkeypatch)
    yield from _drafts(dashboard, visitor, monkeypatch)
    yield from _resolving(dashboard, visitor)
    yield from _chosen(dashboard, visitor)
    yield from _folders(dashboard, visitor)
    yield from _troubled(dashboard, visitor)
    yield from _over_time(dashboard, visitor)
    place = visitor.submit([*LINKED[:6], *FAILED, "nonsense"], name="Run 7")
    yield from _submission(dashboard, visitor, place)
    yield from _reasons(visitor, place)
    dashboard.work(60)
    yield from _attempts(dashboard, visitor, place)
    yield from _finding(visitor)
    yield from _end(visitor, place)


def _signing_in(dashboard: Dashboard) -> Visits:
    nobody = dashboard.visitor(key=None)
    yield "signin", nobody.get("/signin?next=/find")
    yield "signin refused", nobody.sign_in("no-such-key")
    yield "signin without a key", nobody.post("/signin")


def _first_pages(dashboard: Dashboard, visitor: Any) -> Visits:
    yield "board unused", visitor.get("/submissions")
    yield "account idle", visitor.get("/account")
    yield "new", visitor.get("/submissions/new")
    yield "new with another project", visitor.get(f"/submissions/new?project_id={MADE_UP}")
    yield "new refused", visitor.upload("", name="x" * 300, project="")
    yield "new searched", visitor.post("/submissions/new", {"project_q": "no such project"})
    yield "projects", visitor.post("/projects", {"project_q": "e"})
    sources = {"source_q": "e", "source_id": READ_ONLY_PROJECT}
    yield "sources", visitor.post("/projects/sources", sources)
    kept = {"project_id": FIRST_PROJECT, "name": "n" * 201, "file": (BytesIO(b"1"), "a.txt")}
    yield "new with a file that is kept", visitor.post("/submissions", kept)
    yield "adopt", visitor.get("/submissions/adopt")
    elsewhere = dashboard.context.clients.for_key("demo-key", "")
    elsewhere.create_batch(FIRST_PROJECT, data_ids(3, start=7_000))
    jobs = {"project_id": FIRST_PROJECT}
    yield "adopt with batches to watch", visitor.post("/submissions/adopt/recent", jobs)
    yield "adopt refused", visitor.post("/submissions/adopt", {"project_id": "1"})
    unknown = {"project_id": FIRST_PROJECT, "batch_id": MADE_UP}
    yield "adopt unknown", visitor.post("/submissions/adopt", unknown)
    yield "error", visitor.get("/no/such/page")


def _list_being_read(dashboard: Dashboard, visitor: Any, monkeypatch: Any) -> Visits:
    with monkeypatch.context() as patch:
        patch.setattr("webapp.web.submissions.upload.READ_AT_ONCE_BYTES", 0)
        place = visitor.draft(["nothing to link in here"] * 3, name="Minutes")
        yield "reading", visitor.get(place)
        yield "reading polled", visitor.part(f"{place}/progress?shows=reading")
        dashboard.work()
        yield "unreadable", visitor.get(place)
        visitor.post(f"{place}/discard")
        yield "discarded", visitor.get(place)


def _drafts(dashboard: Dashboard, visitor: Any, monkeypatch: Any) -> Visits:
    visitor.submit([LINKED[0], *data_ids(1, ending="02", start=70)], name="Earlier one")
    dashboard.work(30)
    place = visitor.draft("", file=(POINTS, "points.csv"))
    yield "draft", visitor.get(place)
    yield "items of a draft", visitor.get(f"{place}/items")
    yield "draft entries", visitor.get(f"{place}/entries?kind=rejected")
    yield "draft flagged", visitor.get(f"{place}/entries?kind=unusual")
    yield "draft nothing repeated", visitor.get(f"{place}/entries?kind=repeated")
    with monkeypatch.context() as patch:
        patch.setattr("webapp.web.drafts.routes.AT_ONCE_IDS", 0)
        visitor.post(f"{place}/leave-out", {"which": "unusual"})
        yield "draft busy", visitor.get(place)
        yield "draft polled", visitor.part(f"{place}/progress?shows=draft")
        dashboard.work()
    yield "draft with ids left out", visitor.get(place)
    visitor.post(f"{place}/check")
    yield "draft being checked", visitor.get(place)
    yield "draft polled while it is checked", visitor.part(f"{place}/progress?shows=draft")
    visitor.post(f"{place}/stop-checking")
    yield "draft no longer checked", visitor.get(place)
    visitor.post(f"{place}/check")
    dashboard.work(5)
    yield "draft checked", visitor.get(place)
    yield "draft not submitted", visitor.post(f"{place}/submit", {"confirmed": "99"})


def _resolving(dashboard: Dashboard, visitor: Any) -> Visits:
    place, _ = resolving(dashboard, visitor, names=3, paths=2)
    yield "resolving", visitor.get(place)
    yield "resolving polled", visitor.part(f"{place}/progress?shows=resolving")
    visitor.post(f"{place}/stop-looking")
    yield "draft that was not resolved whole", visitor.get(place)
    visitor.post(f"{place}/discard")


def _chosen(dashboard: Dashboard, visitor: Any) -> Visits:
    two = [candidate(one, f"/run{n}/two.bam") for n, one in enumerate(data_ids(2, start=800))]
    near = [candidate(data_ids(1, start=802)[0], "/run1/near.bam", likeness=Likeness.NEAR)]
    folder = [candidate("fol." + "ab" * 16, "/run1/", "ARCHIVED", size=None)]
    names = [
        Asked("two.bam", LookupState.SEVERAL, two),
        Asked("nearly.bam", LookupState.MISSING, near),
        Asked("very-many.bam", LookupState.SEVERAL, two, count=1500),
        Asked("/run1/", LookupState.FOUND, folder, files=7),
        Asked("icav2://x/y.bam", LookupState.IMPOSSIBLE, note="No project has this name."),
    ]
    place = draft(dashboard, visitor, names)
    yield "draft of names", visitor.get(place)
    yield "names found more than once", visitor.get(f"{place}/lookups?group=several")
    yield "candidates of a name", visitor.get(f"{place}/lookups/1")
    rule = {"group": "several", "rule": "folder"}
    yield "rule", visitor.post(f"{place}/choose-by-rule", {**rule, "folder": "/run1/"})
    yield "rule refused", visitor.post(f"{place}/choose-by-rule", {**rule, "folder": "run1"})
    yield "choice refused", visitor.post(f"{place}/choose", {"choice.1": "1.another"})
    visitor.post(f"{place}/submit")
    dashboard.work(30)
    yield "what each line became", visitor.get(f"{place}/lookups")


def _folders(dashboard: Dashboard, visitor: Any) -> Visits:
    odd = f"/folders/{SOURCE}/{data_id(15, '/deliveries/odd/')}"
    yield "folders chosen", visitor.get("/folders")
    yield "folders not chosen", visitor.post("/folders/open")
    yield "folder root", visitor.get(f"/folders/{SOURCE}/root?into={FIRST_PROJECT}")
    yield "folder", visitor.get(odd)
    yield "folder not there", visitor.get(f"/folders/{SOURCE}/fol.{'0' * 32}")
    yield "folder refused", visitor.post(f"{odd}/search", {"name": "a/b"})
    yield "folder without a match", visitor.get(f"{odd}/found?type=FOLDER&format=BAM")
    found = visitor.post(f"{odd}/search", {"name": "*.bam"}).location
    yield "folder found", visitor.get(found)
    make = found.replace("/found?", "/list?count=99&")
    yield "list of a folder", visitor.get(make)
    yield "list of a folder refused", visitor.post(make, {"make": "1"})
    place = visitor.post(make, {"make": "1", "project_id": FIRST_PROJECT}).location
    yield "folder being read", visitor.get(place)
    yield "folder polled", visitor.part(f"{place}/progress?shows=resolving")
    visitor.post(f"{place}/stop-looking")
    yield "folder stopped", visitor.get(place)
    visitor.post(f"{place}/read-on")
    dashboard.work()
    yield "folder read", visitor.get(place)
    visitor.post(f"{place}/submit")
    again = visitor.post(f"{place}/again").location
    dashboard.work(30)
    yield "folder submitted", visitor.get(place)
    yield "folder again", visitor.get(again)


def _troubled(dashboard: Dashboard, visitor: Any) -> Visits:
    place = visitor.submit(LINKED[:2], name="To the wrong project", project=READ_ONLY_PROJECT)
    dashboard.work()
    yield "submission blocked", visitor.get(place)
    visitor.post(f"{place}/stop")
    dashboard.work(30)
    yield "submission stopped", visitor.get(place)


def _submission(dashboard: Dashboard, visitor: Any, place: str) -> Visits:
    yield "submission just sent", visitor.get(place)
    for tab in Tab:
        asked = f"{place}/progress?shows=active&tab={tab}"
        yield f"submission polled for its {tab}", visitor.part(asked)
    yield "submission polled for no such tab", visitor.part(f"{place}/progress?tab=x")
    yield "batches", visitor.get(f"{place}/batches")
    yield "delete refused", visitor.get(f"{place}/delete")
    told = {"telling": "1", "recipient": "lab"}
    yield (
        "recipients refused",
        visitor.post(f"{place}/recipients", told | {"recipients_typed": "x"}),
    )
    yield "recipients chosen", visitor.post(f"{place}/recipients", told)
    yield "recipients", visitor.get(f"{place}/recipients")
    yield "items unread", visitor.get(f"{place}/items")
    yield "account busy", visitor.get("/account")
    yield "own acts", visitor.get("/account/audit")
    dashboard.clock.advance(100)
    yield "submission with a silent worker", visitor.get(place)
    yield "polled with a silent worker", visitor.part(f"{place}/progress?shows=active")
    dashboard.work(60)
    yield "submission ended", visitor.get(place)
    yield "polled when it has ended", visitor.part(f"{place}/progress?shows=active")
    yield "submission of a colleague", dashboard.visitor("colleague-key").get(place)
    yield "board", visitor.get("/submissions")
    yield "board rows", visitor.part("/submissions/rows")
    yield "board filtered", visitor.get("/submissions?state=with_failures&mine=1")
    searched = visitor.post("/submissions/search", {"text": "nonesuch"})
    yield "board searched", searched
    yield "board without a match", visitor.get(searched.location)
    yield "board with an old search", visitor.get(f"/submissions?search={'x' * 22}")
    key = searched.location.partition("?")[2]
    for query in ("status=FAILED", key, "search=old", "after=900", "status=LINKED&size=100"):
        yield f"items {query}", visitor.get(f"{place}/items?{query}")
        yield f"items part {query}", visitor.part(f"{place}/items?{query}")
    yield "item", visitor.get(f"{place}/items/2?status=LINKED")
    yield "item that failed", visitor.get(f"{place}/items/8")


def _over_time(dashboard: Dashboard, visitor: Any) -> Visits:
    place = visitor.submit(data_ids(5500, start=2000), name="Long enough for a chart")
    dashboard.work(48, step=12)
    charted = visitor.get(place)
    assert "data-chart=" in charted.get_data(as_text=True)
    yield "submission with a chart", charted
    yield "board with a chart", visitor.get("/submissions")
    yield "chart as a table", visitor.get(f"{place}/attempts/1/over-time")
    dashboard.work(30, step=15)
    visitor.post(f"{place}/archive")


def _attempts(dashboard: Dashboard, visitor: Any, place: str) -> Visits:
    yield "retry", visitor.get(f"{place}/retry?status=FAILED")
    yield "retry picked", ask(visitor, f"{place}/retry", [1, 8])
    confirm(visitor, f"{place}/retry?status=FAILED")
    yield "submission with attempts", visitor.get(place)
    yield "attempts", visitor.get(f"{place}/attempts")
    dashboard.work(60)
    confirm(visitor, f"{place}/undo")
    dashboard.work(60)
    yield "submission undone", visitor.get(place)
    yield "attempt", visitor.get(f"{place}/attempts/1")
    yield "attempt over time", visitor.get(f"{place}/attempts/1/over-time")
    yield "attempt filtered", visitor.get(f"{place}/attempts/2?status=LINKED")
    yield "undo", visitor.get(f"{place}/undo")


def _finding(visitor: Any) -> Visits:
    yield "find", visitor.get("/find")
    yield "find refused", visitor.post("/find", {"ids": ""})
    ids = "\n".join([*LINKED, *FAILED, "nonsense"])
    found = visitor.post("/find", {"ids": ids, "name": "Lost"}).location
    yield "found", visitor.get(found)
    yield "found part", visitor.part(f"{found}?outcome=FAILED")
    yield "found nothing", visitor.get(f"{found}?outcome=REFUSED")
    visitor.post(f"{found}/share")
    yield "found and shared", visitor.get(found)
    yield "find again", visitor.get("/find")


def _reasons(visitor: Any, place: str) -> Visits:
    yield "reasons", visitor.get(f"{place}/reasons")
    yield "reasons part", visitor.part(f"{place}/reasons")
    yield "items with a reason", visitor.get(link(visitor.get(place), "Show"))
    across = visitor.get("/reasons")
    yield "reasons across", across
    yield "no reasons across", visitor.get("/reasons?project=none")
    confirmation = visitor.get(link(across, "Try all again"))
    yield "retry of a reason", confirmation
    yield (
        "receipt of a reason",
        visitor.get(visitor.post("/reasons/retry", fields(confirmation)).location),
    )


def _end(visitor: Any, place: str) -> Visits:
    yield "who did what", visitor.get(f"{place}/audit")
    yield "edit", visitor.get(f"{place}/edit")
    yield "edit refused", visitor.post(f"{place}/edit", {"name": "", "note": "x" * 3000})
    visitor.post(f"{place}/edit", {"name": "Renamed", "note": "A note."})
    yield "delete", visitor.get(f"{place}/delete")
    visitor.post(f"{place}/stop")
    visitor.post(f"{place}/archive")
    yield "submission archived", visitor.get(place)
    yield "board archived", visitor.get("/submissions?state=archived")
    yield "board with the archive", visitor.get(visitor.searched("/submissions", "renamed"))
