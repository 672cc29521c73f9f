"""The board: all submissions that the visitor may see."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from webapp.store import Connection, access
from webapp.store import board as board_store
from webapp.store import searches as searches_store
from webapp.store.access import Access
from webapp.store.board import Filter
from webapp.store.enums import AuditAction, BoardWord, State
from webapp.store.find import queries
from webapp.store.find.queries import Find
from webapp.store.paging import Cursor, Page
from webapp.store.submissions import Submission
from webapp.web.core import audit, links, page, params, searches
from webapp.web.core.access import ask_about_new_projects
from webapp.web.core.assets import build
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import Poll, is_known, polled
from webapp.web.core.links import Chip, ListUrl, Pager
from webapp.web.core.searches import Search
from webapp.web.find import search as everywhere
from webapp.web.find.result import FIND_ID_PATTERN
from webapp.web.submissions import board_rows, visits

PAGE_ROWS = 25
POLL_TRIGGER = "every 5s"
ARCHIVED = "archived"  # shown as a state; the store keeps it apart from the state
STATE_LABELS = {word: word.replace("_", " ").capitalize() for word in (*BoardWord, ARCHIVED)}
STATE_LABELS[BoardWord.DRAFT] = "Drafts"
MOVING_STATES = {State.READING, State.RESOLVING, State.ACTIVE}

NOT_YOUR_SEARCH = (
    "This search is not yours, or is not kept any more: only who typed it can share it, or end "
    "that. Nothing was changed. Type again what you look for, and share that."
)
SHARED = (
    "This search is shared: who has the link of this page and signs in to the same ICA sees it, "
    "with the submissions that they may see themselves."
)
UNSHARED = "This search is not shared any more: its link works for you alone."

blueprint = Blueprint("board", __name__)


class BoardRows(page.Part):
    """A page of the rows, polled while any of them moves. shown: their submissions. searched:
    something was typed to search, and no item is called so; too_short: items were not looked for
    by a part of their names; narrowed: there are other filters.
    """

    template = "submissions/_board_rows.html"
    shown: list[Submission]
    rows: list[Markup]
    pager: Pager
    poll: Poll
    archive_url: str | None
    searched: bool
    too_short: bool
    narrowed: bool


class StateChips(page.Part):
    """The states as filters, each with how many there are; oob: brought along by a poll."""

    template = "submissions/_board_chips.html"
    state_chips: list[Chip]
    oob: bool


class BoardPage(page.Page):
    """The board. used: there are submissions, here or beyond the filters. search_url: takes what
    is typed to search, and keeps the filters. unsearched_url: the board with these and without a
    search. items_found: the query that leads to the items that are called so.
    share_url: shares the search, or ends that; None where it is not the visitor's own.
    """

    template = "submissions/board.html"
    wanted: Filter
    filtered: bool
    search: Search
    search_url: str
    unsearched_url: str
    items_found: Find | None
    share_url: str | None
    projects: list[Access]
    used: bool


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("board.board"), 303)


@blueprint.get("/submissions")
def board() -> ResponseReturnValue:
    ask_about_new_projects()
    wanted, now = _wanted(), context().clock()
    with context().store.read() as connection:
        shown, chosen = _rows(connection, wanted), _place(wanted).chosen
        board_page = BoardPage(
            wanted=wanted,
            filtered=any(chosen.values()),
            search=searches.of_request(),
            search_url=_search_url(chosen),
            unsearched_url=_place(wanted).changed(search="", items=""),
            items_found=_items_found(connection),
            share_url=_share_url(_place(wanted)),
            projects=access.projects(connection, viewer().id, now),
            used=bool(shown.shown) or board_store.any_visible(connection, viewer(), now),
        )
        shown = _with_rows(connection, shown)
        chips = StateChips(_chips(connection, wanted), oob=False)
    since = visits.since_last_look(shown.shown, named=True)
    return page.render(board_page, shown, chips, since)


@blueprint.post("/submissions/search")
def search() -> ResponseReturnValue:
    """Where the board shows what was typed, among the same filters; an id leads to what has it, and
    what items alone are called to these.
    """
    return redirect(everywhere.leads_to(params.text("text"), _place(_wanted())), 303)


@blueprint.post("/submissions/search/<any(share,unshare):act>")
def share(act: str) -> ResponseReturnValue:
    """Whether the address of the visitor's search is good for others of the same ICA, too; with it,
    of the items that are called so. What these find is by their own access.
    """
    asked, find_id = searches.of_request(), _items()
    shared_at = context().clock() if act == "share" else None
    with context().store.write() as connection:
        if not searches_store.share(connection, asked.key, viewer().id, shared_at):
            flash(NOT_YOUR_SEARCH, "error")
            return redirect(_place(_wanted()).changed(), 303)
        found = queries.get(connection, find_id, viewer()) if find_id else None
        if found and found.account_id == viewer().id:
            queries.share(connection, found.id, shared_at)
        audit.note(connection, AuditAction.SHARE if shared_at else AuditAction.UNSHARE)
    flash(SHARED if shared_at else UNSHARED, "success")
    return redirect(_place(_wanted()).changed(), 303)


@blueprint.get("/submissions/rows")
def rows() -> ResponseReturnValue:
    """The rows, polled while any of them moves; with them, when they have changed, the filters as
    of the same moment.
    """
    wanted = _wanted()
    chips: list[Chip] = []
    with context().store.read() as connection:
        shown = _rows(connection, wanted)
        if not is_known(shown.poll.tag):
            shown, chips = _with_rows(connection, shown), _chips(connection, wanted)

    def answer() -> str:
        return page.render(shown) + page.render(StateChips(chips, oob=True))

    return polled(shown.poll.tag, context().clock(), answer)


def _archive_url(connection: Connection, wanted: Filter) -> str | None:
    """Where the archive has what the board has not."""
    there = replace(wanted, words=(), archived=True)
    if wanted.archived or (wanted.words and not (wanted.text or wanted.project_id)):
        return None
    found = board_store.page(connection, viewer(), there, Cursor(), 1, context().clock())
    return _place(there).changed() if found.rows else None


def _chips(connection: Connection, wanted: Filter) -> list[Chip]:
    """The states as filters, one at a time, each with how many there are; then mine."""
    counts: Counter[str] = Counter()
    place, is_mine, mine_count = _place(wanted), bool(wanted.account_id), 0
    for word, archived, mine, total in board_store.groups(
        connection, viewer(), wanted, context().clock()
    ):
        if mine or not is_mine:
            counts[ARCHIVED if archived else word] += total
        if mine and archived == wanted.archived and (not wanted.words or word in wanted.words):
            mine_count += total
    chips = []
    for word, label in STATE_LABELS.items():
        chosen = place.chosen["state"] == [word]
        href = place.changed(state="" if chosen else word)
        chips.append(Chip(label, href, counts[word], chosen))
    chips.append(Chip("Mine", place.changed(mine="" if is_mine else "1"), mine_count, is_mine))
    return [chip for chip in chips if chip.count or chip.chosen]


def _wanted() -> Filter:
    states = params.words("state")
    return Filter(
        project_id=params.project(),
        words=[state for state in states if state != ARCHIVED],
        text=searches.of_request().text,
        account_id=viewer().id if request.args.get("mine") else None,
        archived=ARCHIVED in states,
    )


def _place(wanted: Filter) -> ListUrl:
    """The board, filtered like this."""
    chosen = {
        "project": wanted.project_id,
        "state": [*wanted.words, ARCHIVED] if wanted.archived else wanted.words,
        "search": searches.of_request().key,
        "items": _items(),
        "mine": "1" if wanted.account_id else "",
    }
    return ListUrl(url_for("board.board"), chosen)


def _items() -> str:
    """The query that leads to the items that are called as was typed, as the address has it."""
    found = request.args.get("items", "")
    return found if FIND_ID_PATTERN.fullmatch(found) else ""


def _items_found(connection: Connection) -> Find | None:
    """This query, as long as it is kept."""
    return queries.get(connection, _items(), viewer()) if _items() else None


def _share_url(place: ListUrl) -> str | None:
    asked = searches.of_request()
    act = "unshare" if asked.shared else "share"
    return place._replace(address=url_for("board.share", act=act)).changed() if asked.mine else None


def _search_url(chosen: Mapping[str, Any]) -> str:
    """Without the project, which the form has beside the text."""
    kept = {"state": chosen["state"], "mine": chosen["mine"]}
    return ListUrl(url_for("board.search"), kept).changed()


def _rows(connection: Connection, wanted: Filter) -> BoardRows:
    """A page of the board: its rows, and what they are polled with."""
    place, cursor = _place(wanted), params.cursor()
    found = board_store.page(connection, viewer(), wanted, cursor, PAGE_ROWS, context().clock())
    here = {**place.chosen, "after": cursor.after, "before": cursor.before}
    here["past"] = params.whole("past")
    address = url_for("board.rows") + links.query(here)
    moving = any(submission.state in MOVING_STATES for submission in found.rows)
    return BoardRows(
        shown=[*found.rows],
        rows=[],
        pager=place.around(found),
        poll=Poll(address, POLL_TRIGGER if moving else None, _tag(found)),
        archive_url=None if found.rows else _archive_url(connection, wanted),
        searched=bool(wanted.text and not _items()),
        too_short=len(wanted.text) < everywhere.LEAST_PART,
        narrowed=any((wanted.project_id, wanted.words, wanted.account_id, wanted.archived)),
    )


def _with_rows(connection: Connection, shown: BoardRows) -> BoardRows:
    """For those who do not have them yet."""
    return replace(shown, rows=board_rows.of(connection, shown.shown, context().clock()))


def _tag(found: Page[Submission]) -> str:
    """Changes when any row does; which rows there are, too."""
    shown = [(row.id, row.revision) for row in found.rows]
    return hashlib.sha256(repr((build(), shown, found.next)).encode()).hexdigest()[:16]
