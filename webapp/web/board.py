"""The board: all submissions that the visitor may see."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection, access, listing
from webapp.store.listing import Filter
from webapp.store.pages import Cursor, Page
from webapp.store.submissions import Submission
from webapp.store.words import Phase, State
from webapp.web import params, standing
from webapp.web.build import build
from webapp.web.desk import ask_about_new_projects, desk, viewer
from webapp.web.htmx import polled
from webapp.web.standing import Segment

ROWS = 25
POLL = "every 5s"
ARCHIVED = "archived"  # a state to the reader, a mark beside it to the store
STATES: dict[str, str] = {
    State.DRAFT: "Drafts",
    State.ACTIVE: "Running",
    Phase.BLOCKED: "Blocked",
    State.SETTLED: "Done",
    ARCHIVED: "Archived",
}
MOVING = {State.READING, State.ACTIVE}

blueprint = Blueprint("board", __name__)


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A submission as the board shows it."""

    submission: Submission
    state: str
    label: str | None
    percent: int
    total: int
    segments: list[Segment]
    outcome: str
    mine: bool


@dataclass(frozen=True, slots=True)
class StateChip:
    """A state as a filter that can be set or taken away."""

    label: str
    href: str
    chosen: bool


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("board.board"), 303)


@blueprint.get("/submissions")
def board() -> ResponseReturnValue:
    ask_about_new_projects()
    wanted, cursor = _wanted(), params.cursor()
    with desk().store.read() as connection:
        page = listing.page(connection, viewer(), wanted, cursor, ROWS, desk().now())
        projects = access.projects(connection, viewer().id, desk().now())
        used = bool(page.rows) or listing.any_visible(connection, viewer(), desk().now())
        archive_url = None if page.rows else _archive_url(connection, wanted)
    return render_template(
        "board/board.html",
        projects=projects,
        state_chips=_state_chips(wanted),
        used=used,
        archive_url=archive_url,
        **_rows(page, wanted, cursor),
    )


@blueprint.get("/submissions/rows")
def rows() -> ResponseReturnValue:
    """The rows alone, polled while any of them moves."""
    wanted, cursor = _wanted(), params.cursor()
    with desk().store.read() as connection:
        page = listing.page(connection, viewer(), wanted, cursor, ROWS, desk().now())
    found = _rows(page, wanted, cursor)
    return polled(found["tag"], desk().now(), lambda: render_template("board/_rows.html", **found))


def _archive_url(connection: Connection, wanted: Filter) -> str | None:
    """Where the archive has what was searched for in vain."""
    there = replace(wanted, states=(), archived=True)
    if wanted.archived or (wanted.states and not (wanted.text or wanted.project_id)):
        return None
    found = listing.page(connection, viewer(), there, Cursor(), 1, desk().now())
    kept = {"project": wanted.project_id, "q": wanted.text, "state": ARCHIVED}
    return url_for("board.board") + params.query(kept) if found.rows else None


def _state_chips(wanted: Filter) -> list[StateChip]:
    """The states as filters, one at a time."""
    chips = []
    for state, label in STATES.items():
        chosen = _chosen_states(wanted) == [state]
        kept = {"project": wanted.project_id, "q": wanted.text, "state": "" if chosen else state}
        place = url_for("board.board")
        chips.append(StateChip(label, place + _query_if_any(kept), chosen))
    return chips


def _query_if_any(values: dict[str, str]) -> str:
    return params.query(values) if any(values.values()) else ""


def _wanted() -> Filter:
    project = params.text("project")
    states = params.words("state")
    others = [state for state in states if state != ARCHIVED]
    return Filter(project, others, params.text("q"), archived=ARCHIVED in states)


def _chosen_states(wanted: Filter) -> list[str]:
    return [*wanted.states, *([ARCHIVED] if wanted.archived else [])]


def _rows(page: Page[Submission], wanted: Filter, cursor: Cursor) -> dict[str, Any]:
    chosen = {"project": wanted.project_id, "state": _chosen_states(wanted), "q": wanted.text}
    here = {**chosen, "after": cursor.after, "before": cursor.before}
    return {
        "rows": [_row(submission) for submission in page.rows],
        "wanted": wanted,
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "moving": any(submission.state in MOVING for submission in page.rows),
        "tag": _tag(page),
        "poll": POLL,
        "rows_url": url_for("board.rows") + params.query(here),
        "previous_url": _url(chosen, "before", page.previous),
        "next_url": _url(chosen, "after", page.next),
    }


def _url(chosen: dict[str, Any], name: str, key: int | None) -> str | None:
    return url_for("board.board") + params.query({**chosen, name: key}) if key else None


def _row(submission: Submission) -> BoardRow:
    total = sum(submission.counts.values())
    return BoardRow(
        submission=submission,
        state=standing.shown_state(submission),
        label=standing.state_label(submission),
        percent=standing.percent_done(submission),
        total=total,
        segments=standing.segments(submission.counts, total, lambda word: None),
        outcome=standing.in_short(submission),
        mine=submission.account_id == viewer().id,
    )


def _tag(page: Page[Submission]) -> str:
    """Changes when any row does; which rows there are, too."""
    shown = [(row.id, row.revision) for row in page.rows]
    return hashlib.sha256(repr((build(), shown, page.next)).encode()).hexdigest()[:16]
