"""The board: all submissions that the visitor may see."""

import hashlib
from collections import Counter
from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection, access, attempts, listing
from webapp.store.enums import BoardWord, State
from webapp.store.listing import Filter
from webapp.store.paging import Cursor, Page
from webapp.store.submissions import Submission
from webapp.web.core import links, params
from webapp.web.core.access import ask_about_new_projects
from webapp.web.core.assets import build
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import polled
from webapp.web.core.links import Chip, ListUrl
from webapp.web.submissions import status_text

ROWS = 25
POLL = "every 5s"
ARCHIVED = "archived"  # a state to the reader, a mark beside it to the store
WORDS = {word: word.replace("_", " ").capitalize() for word in (*BoardWord, ARCHIVED)}
WORDS[BoardWord.DRAFT] = "Drafts"
MOVING = {State.READING, State.ACTIVE}

blueprint = Blueprint("board", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("board.board"), 303)


@blueprint.get("/submissions")
def board() -> ResponseReturnValue:
    ask_about_new_projects()
    wanted, now = _wanted(), context().clock()
    with context().store.read() as connection:
        shown = _shown(connection, wanted)
        found = bool(shown["rows"])
        shown |= {
            "projects": access.projects(connection, viewer().id, now),
            "state_chips": _chips(connection, wanted),
            "used": found or listing.any_visible(connection, viewer(), now),
            "archive_url": None if found else _archive_url(connection, wanted),
        }
    return render_template("submissions/board.html", **shown)


@blueprint.get("/submissions/rows")
def rows() -> ResponseReturnValue:
    """The rows alone, polled while any of them moves."""
    shown, now = context().read(_shown, _wanted()), context().clock()
    return polled(
        shown["tag"], now, lambda: render_template("submissions/_board_rows.html", **shown)
    )


def _archive_url(connection: Connection, wanted: Filter) -> str | None:
    """Where the archive has what was searched for in vain."""
    there = replace(wanted, words=(), archived=True)
    if wanted.archived or (wanted.words and not (wanted.text or wanted.project_id)):
        return None
    found = listing.page(connection, viewer(), there, Cursor(), 1, context().clock())
    return _place(there).changed() if found.rows else None


def _chips(connection: Connection, wanted: Filter) -> list[Chip]:
    """The states as filters, one at a time, each with how many there are; then mine."""
    now, base = context().clock(), replace(wanted, words=(), archived=False)
    counts: Counter[str] = listing.counts(connection, viewer(), base, now)
    archived = replace(base, archived=True)
    counts[ARCHIVED] = listing.counts(connection, viewer(), archived, now).total()
    mine = replace(wanted, account_id=viewer().id)
    mine_count = listing.counts(connection, viewer(), mine, now).total()
    place, is_mine = _place(wanted), bool(wanted.account_id)
    chips = []
    for word, label in WORDS.items():
        chosen = place.chosen["state"] == [word]
        href = place.changed(state="" if chosen else word)
        chips.append(Chip(label, href, counts[word], chosen))
    href = place.changed(mine="" if is_mine else "1")
    return [*chips, Chip("Mine", href, mine_count, is_mine)]


def _wanted() -> Filter:
    states = params.words("state")
    return Filter(
        project_id=params.text("project"),
        words=[state for state in states if state != ARCHIVED],
        text=params.text("q"),
        account_id=viewer().id if request.args.get("mine") else None,
        archived=ARCHIVED in states,
    )


def _place(wanted: Filter) -> ListUrl:
    """The board, filtered like this."""
    chosen = {
        "project": wanted.project_id,
        "state": [*wanted.words, ARCHIVED] if wanted.archived else wanted.words,
        "q": wanted.text,
        "mine": "1" if wanted.account_id else "",
    }
    return ListUrl(url_for("board.board"), chosen)


def _shown(connection: Connection, wanted: Filter) -> dict[str, Any]:
    """A page of the board: its rows, and what they are polled with."""
    place, cursor = _place(wanted), params.cursor()
    page = listing.page(connection, viewer(), wanted, cursor, ROWS, context().clock())
    attempt_rows = attempts.of_submissions(connection, [row.id for row in page.rows])
    here = {**place.chosen, "after": cursor.after, "before": cursor.before}
    return {
        "rows": [(submission, attempt_rows[submission.id]) for submission in page.rows],
        "status_text": status_text,
        "wanted": wanted,
        "chosen": place.chosen,
        "filtered": any(place.chosen.values()),
        "moving": any(submission.state in MOVING for submission in page.rows),
        "tag": _tag(page),
        "poll": POLL,
        "rows_url": url_for("board.rows") + links.query(here),
        "pager": place.around(page),
    }


def _tag(page: Page[Submission]) -> str:
    """Changes when any row does; which rows there are, too."""
    shown = [(row.id, row.revision) for row in page.rows]
    return hashlib.sha256(repr((build(), shown, page.next)).encode()).hexdigest()[:16]
