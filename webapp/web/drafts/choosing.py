"""Choosing what the names and paths of a draft mean; and what each of them became, afterwards."""

from dataclasses import replace
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection, choices, chores, drafts, lookups, submissions
from webapp.store.choices import Group, Settled, Settling, Tally
from webapp.store.chores import ChooseSpec
from webapp.store.enums import AuditAction, ChoreKind, LookupState, Rule, State
from webapp.store.lookups import Candidate
from webapp.store.paging import Cursor
from webapp.store.submissions import Submission
from webapp.web.core import audit, params
from webapp.web.core.access import UNLISTED, own_submission
from webapp.web.core.context import context
from webapp.web.core.formatting import plural
from webapp.web.core.forms import Errors, FormPage, answer
from webapp.web.core.links import Chip, ListUrl, Pager
from webapp.web.core.page import Page, render
from webapp.web.drafts.lookups import (
    CHIPS,
    MAX_FOLDERS,
    NAMES,
    RULED,
    TAKEN_BACK,
    LookupRow,
    groups,
    is_tickable,
    row,
    rows,
    title,
)
from webapp.web.notify import recipients
from webapp.web.submissions import resolving as looking
from webapp.work import choosing, chore_runner, gathering

PAGE_ROWS = 50
AT_ONCE_LOOKUPS = 5_000  # as many are settled within the request, by a rule of one datum each
AT_ONCE_SEVERAL = 200  # and as many that may become, or were, several
ASKED_ITEMS = 50  # a rule that adds more says so, and is applied once that is confirmed
MAX_PATH = 4_000  # characters of a folder's path
CHOICE = "choice."  # begins the name of each field that says what a lookup is to mean
ALL = "all"  # what such a field says for all candidates of its lookup
RULE_TITLES = {
    Rule.ONLY: "The one that there is",
    Rule.NEWEST: "The newest",
    Rule.AVAILABLE: "The one that is AVAILABLE in ICA",
    Rule.FOLDER: "The one under {title}",
    Rule.PROJECT: "The one in {title}",
    Rule.ALL: "All of them, which makes {items}",
}
NOT_NOW = {
    State.READING: "The list is being read again, so nothing was changed. Look it over afterwards.",
    State.RESOLVING: (
        "ICA is being asked for the data that this list names, so nothing was changed. Choose when "
        "that is done, or stop looking first."
    ),
    State.DRAFT: (
        "The list is being worked on, so nothing was changed. Choose when that is done; the "
        "list's page shows how far it is."
    ),
    State.DISCARDED: "This list was discarded, so nothing was changed. Upload it again.",
}
SUBMITTED = (
    "This list was submitted meanwhile. What its names and paths mean stands fast, so nothing was "
    "changed."
)
CHANGED = (
    "What ICA has for this list, or the list itself, was changed since this page was opened. "
    "Nothing was chosen. Go back to the review, look again, and choose there."
)

FOREIGN = "This form is not one of ours, so nothing was chosen. Go back to the review."

blueprint = Blueprint("choosing", __name__)


class RuleOffer(NamedTuple):
    """A rule that may be applied. value: what its button sends."""

    value: str
    title: str
    settled: Settled


class Ticked(NamedTuple):
    """What a form says that lookups are to mean, by their positions: one candidate, by ordinal and
    data id; all of them; nothing any more.
    """

    single: dict[int, tuple[int, str]]
    whole: list[int]
    forgotten: list[int]

    @property
    def any(self) -> bool:
        """Whether it says anything."""
        return bool(self.single or self.whole or self.forgotten)


class LookupsPage(Page):
    """The lookups of a group. choosable: these can be chosen now. rules: those that settle any.

    asked: how far ICA was asked, while it is. led: how many of the group can be taken back at once.
    after: where its forms lead back to.
    """

    template = "drafts/lookups.html"
    submission: Submission
    group: Group
    title: str
    text: str
    chips: list[Chip]
    rows: list[LookupRow]
    tickable: bool
    pager: Pager
    choosable: bool
    busy: bool
    asked: str
    settling: Settling
    rules: list[RuleOffer]
    by_folder: bool
    led: int
    after: int


class LookupPage(Page):
    """One lookup, and a page of all its candidates. ruled: a rule may settle it, too."""

    template = "drafts/lookup.html"
    submission: Submission
    group: Group
    row: LookupRow
    ruled: bool
    pager: Pager
    choosable: bool


class RulePage(FormPage):
    """What a rule would do, before it is applied. settled: None where it can't be applied."""

    template = "drafts/rule.html"
    submission: Submission
    group: Group
    rule: str
    title: str
    folder: str
    settled: Settled | None
    settling: Settling


@blueprint.get("/submissions/<int:submission_id>/lookups")
def listed(submission_id: int) -> str:
    """The names and paths of the list by what became of them, for its submitter alone."""
    submission = _own(submission_id)
    group = _group(request.args.get("group", Group.EVERY))
    cursor = params.cursor()
    with context().store.read() as connection:
        tally = choices.tally(connection, submission)
        found = choices.page(connection, submission_id, tally, group, cursor, PAGE_ROWS)
        shown = rows(connection, submission_id, found.rows)
        busy = bool(chores.unfinished(connection, submission_id))
        choosable = submission.state == State.DRAFT and not busy
        asked = choosable and group in RULED and cursor == Cursor()
        settling = _settling(connection, submission_id, tally, group) if asked else choices.NO_RULES
        resolving = submission.state == State.RESOLVING
        how_far = looking.how_far(connection, submission_id) if resolving else ""
    here = url_for("choosing.listed", submission_id=submission_id)
    place = ListUrl(here, {"group": group.value})
    return render(
        LookupsPage(
            submission=submission,
            group=group,
            title=title(group, tally.count(group))[0],
            text=title(group, tally.count(group))[1],
            chips=_chips(here, tally, group),
            rows=shown,
            tickable=is_tickable(shown),
            pager=place.around(found, tally.count(group)),
            choosable=choosable,
            busy=busy and submission.state == State.DRAFT,
            asked=how_far,
            settling=settling,
            rules=_offers(settling),
            by_folder=bool(settling.open - settling.incomplete) and group in RULED,
            led=_led(tally, group) if choosable else 0,
            after=cursor.after or 0,
        )
    )


@blueprint.get("/submissions/<int:submission_id>/lookups/<int:position>")
def one(submission_id: int, position: int) -> str:
    """A name or path, with all candidates that are kept of it."""
    submission = _own(submission_id)
    cursor = params.cursor()
    with context().store.read() as connection:
        lookup = lookups.get(connection, submission_id, position)
        if lookup is None:
            abort(404, "There is no such name or path in this list. Go back to its review.")
        found = choices.candidates_page(connection, submission_id, position, cursor, PAGE_ROWS)
        kept = choices.kept(connection, submission_id, [position])
        led = choices.became(connection, submission_id, [lookup]).get(position)
        busy = bool(chores.unfinished(connection, submission_id))
    some = [choices.candidate_of(each) for each in found.rows]
    first = found.rows[0].ordinal if found.rows else 1
    address = url_for("choosing.one", submission_id=submission_id, position=position)
    shown, group = row(lookup, some, kept, led, first), Group(lookup.state.value)
    total = len(shown.options) + shown.more
    return render(
        LookupPage(
            submission=submission,
            group=group,
            row=shown,
            ruled=group in RULED and led is None,
            pager=ListUrl(address, {}).around(found, total, first - 1),
            choosable=submission.state == State.DRAFT and not busy,
        )
    )


@blueprint.post("/submissions/<int:submission_id>/choose")
def choose(submission_id: int) -> ResponseReturnValue:
    """What was ticked becomes items; what is taken back leads to nothing again."""
    _say(*_take_all(own_submission(submission_id, "choose for")))
    return _back(submission_id)


def _take_all(submission: Submission) -> tuple[int, int]:
    """As take_ticked(); who is to be told at the end comes by the same form, and is kept."""
    if wrong := recipients.keep(submission):
        flash(wrong, "warning")
    return take_ticked(submission)


def take_ticked(submission: Submission) -> tuple[int, int]:
    """What the form says of lookups, if anything, becomes true of them: for how many was chosen,
    and how many were taken back. A 409 where that can't be.
    """
    ticked, here = _ticked(), context()
    if not ticked.any:
        return 0, 0
    picks, _ = here.read(_picks, submission.id, ticked)
    if not choosing.has_room(here, submission, picks):
        abort(409, choosing.NO_ROOM)
    flags = choosing.flags_of(here, submission, picks)
    counts = {"chosen": len(picks), "taken_back": len(ticked.forgotten)}
    with here.store.write() as connection:
        _demand_free(connection, submission.id)
        again, led = _picks(connection, submission.id, ticked)
        if again != picks:
            abort(409, CHANGED)
        choosing.forget(connection, submission.id, [*{*led, *ticked.forgotten}])
        choosing.choose(connection, submission.id, picks, flags)
        submissions.touch(connection, submission.id, here.clock())
        audit.note(connection, AuditAction.CHOOSE, submission, **counts)
    return counts["chosen"], counts["taken_back"]


@blueprint.post("/submissions/<int:submission_id>/choose-by-rule")
def by_rule(submission_id: int) -> ResponseReturnValue:
    """Settle many names and paths by a rule; what is ticked is taken first. By a folder, or where
    it adds many items, without confirmation only say what it would do.
    """
    submission = own_submission(submission_id, "choose for")
    state, rule, value, errors = _rule()
    if errors:
        return _preview(submission, state, rule, value, choices.NO_RULES, errors)
    chosen, _ = _take_all(submission)
    if rule != Rule.NONE and "confirmed" not in request.form:
        settling = context().read(_counted, submission, state, rule, value)
        if rule == Rule.FOLDER or _adds_many(settling):
            if chosen:
                _say(chosen, 0)
            return _preview(submission, state, rule, value, settling, errors)
    now = context().clock()
    with context().store.write() as connection:
        before = _demand_free(connection, submission_id)
        tally = choices.tally(connection, before)
        spec = ChooseSpec(state, rule, value)
        account_id, total = submission.account_id, before.item_count
        chore_id = chores.add(
            connection, submission_id, account_id, ChoreKind.CHOOSE, spec, total, now
        )
        audit.note(connection, AuditAction.CHOOSE, submission, rule=rule.value)
        few = _concerned(tally, state, rule) <= _at_once(rule)
        mine = chores.claim_one(connection, chore_id, "web", now) if few else None
    if mine:
        chore_runner.perform(context(), mine)
        after = context().read(choices.tally, submission)
        settled = tally.open.get(state, 0) - after.open.get(state, 0)
        _say(chosen + max(settled, 0), max(-settled, 0), after.open.get(state, 0))
    return _back(submission_id)


@blueprint.post("/submissions/<int:submission_id>/as-files")
def as_files(submission_id: int) -> ResponseReturnValue:
    """Have the files of a folder, or of all folders, read from ICA, in place of the folder. What is
    ticked elsewhere on the page is taken, too.
    """
    submission = own_submission(submission_id, "choose for")
    _take_all(submission)
    given, now = request.form.get("folder", ""), context().clock()
    with context().store.write() as connection:
        submission = _demand_free(connection, submission_id)
        if given == ALL:
            positions = [at for at, _ in choices.folders(connection, submission_id, MAX_FOLDERS)]
        else:
            positions = [params.number(given, FOREIGN, 1)]
        begun = gathering.take_files(connection, submission, positions, now)
        if begun:
            audit.note(connection, AuditAction.GATHER, submission, lookups=len(positions))
    if not begun:
        abort(409, CHANGED)
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


def _own(submission_id: int) -> Submission:
    """The submission, if it is the visitor's and its list was read."""
    submission = own_submission(submission_id, "see what became of each line of")
    if submission.state in UNLISTED and submission.state != State.RESOLVING:
        abort(404, UNLISTED[submission.state])
    return submission


def _group(word: str) -> Group:
    if word not in [*Group]:
        abort(400, "There is no such group of names and paths. Go back to the review of the list.")
    return Group(word)


def _chips(here: str, tally: Tally, chosen: Group) -> list[Chip]:
    return [
        Chip(
            label=CHIPS[group],
            href=None if group == chosen else ListUrl(here, {"group": group.value}).changed(),
            count=tally.count(group),
            chosen=group == chosen,
        )
        for group in groups(tally, chosen)
    ]


def _settling(connection: Connection, submission_id: int, tally: Tally, group: Group) -> Settling:
    state = choices.STATES[group]
    return choices.settling(connection, submission_id, state, tally.open.get(state, 0))


def _offers(settling: Settling) -> list[RuleOffer]:
    """The rules that settle any."""
    return [
        RuleOffer(f"{one.rule}:{one.value}", _rule_title(one, one.title), one)
        for one in settling.rules
        if one.settles
    ]


def _rule_title(settled: Settled, title: str) -> str:
    return RULE_TITLES[settled.rule].format(title=title, items=plural(settled.items, "item"))


def _led(tally: Tally, group: Group) -> int:
    """How many of a group lead to something, where all of these can be taken back at once."""
    if group not in TAKEN_BACK:
        return 0
    return tally.count(group) - tally.open.get(choices.STATES[group], 0)


def _concerned(tally: Tally, state: LookupState, rule: Rule) -> int:
    open_count = tally.open.get(state, 0)
    return tally.by_state.get(state, 0) - open_count if rule == Rule.NONE else open_count


def _at_once(rule: Rule) -> int:
    return AT_ONCE_SEVERAL if rule in {Rule.ALL, Rule.NONE} else AT_ONCE_LOOKUPS


def _ticked() -> Ticked:
    """What the form says; any other is a 400."""
    ticked = Ticked(
        {}, [], [params.number(at, FOREIGN, 1) for at in request.form.getlist("forget")]
    )
    for name, text in request.form.items():
        if name.startswith(CHOICE) and text:
            position = params.number(name.removeprefix(CHOICE), FOREIGN, 1)
            if text == ALL:
                ticked.whole.append(position)
            else:
                ordinal, _, data_id = text.partition(".")
                ticked.single[position] = params.number(ordinal, FOREIGN, 1), data_id
    return ticked


def _picks(
    connection: Connection, submission_id: int, ticked: Ticked
) -> tuple[dict[int, list[Candidate]], list[int]]:
    """What was ticked, by position, as the store has it; and which of these lead to something now.
    A 409 where that is not what the page has told of.
    """
    numbers = {position: ordinal for position, (ordinal, _) in ticked.single.items()}
    named = choices.named(connection, submission_id, numbers)
    told = {position: data_id for position, (_, data_id) in ticked.single.items()}
    if {position: one.data_id for position, one in named.items()} != told:
        abort(409, CHANGED)
    picks = {position: [candidate] for position, candidate in named.items()}
    led = []
    for position in (*told, *ticked.whole):
        lookup = lookups.get(connection, submission_id, position)
        if lookup is None:
            abort(409, CHANGED)
        if position not in told:
            picks[position] = choices.all_of(connection, lookup) or abort(409, CHANGED)
        if lookup.first_item is not None:
            led.append(position)
    return picks, led


def _rule() -> tuple[LookupState, Rule, str, Errors]:
    """The rule that the form asks for, and what is wrong with its folder."""
    message = "There is no such rule. Go back to the review of the list."
    group = request.values.get("group", "")
    word, _, value = request.form.get("rule", "").partition(":")
    if word not in [*Rule] or group not in TAKEN_BACK:
        abort(400, message)
    rule, value, errors = Rule(word), params.line(value), Errors()
    if rule == Rule.FOLDER:
        value = params.line(request.form.get("folder", ""))
        if not value.startswith("/") or value == "/":
            errors["folder"] = (
                "A folder is named by its whole path from its project's root, such as /run1/a/."
            )
        elif len(value) > MAX_PATH:
            errors["folder"] = f"A path may have {MAX_PATH:,} characters here."
        elif not value.endswith("/"):
            value += "/"
    return LookupState(group), rule, value, errors


def _counted(
    connection: Connection, submission: Submission, state: LookupState, rule: Rule, value: str
) -> Settling:
    """What this rule alone would do; with the name of its project, if it has one."""
    open_count = choices.tally(connection, submission).open.get(state, 0)
    asked = (rule, value) if rule == Rule.FOLDER else None
    found = choices.settling(connection, submission.id, state, open_count, asked)
    return replace(
        found, rules=[one for one in found.rules if (one.rule, one.value) == (rule, value)]
    )


def _adds_many(settling: Settling) -> bool:
    """Whether a rule adds so many items that it is to be confirmed."""
    if settling.counted < settling.open:
        return bool(settling.rules)
    return any(one.items > ASKED_ITEMS for one in settling.rules)


def _preview(
    submission: Submission,
    state: LookupState,
    rule: Rule,
    value: str,
    settling: Settling,
    errors: Errors,
) -> ResponseReturnValue:
    return answer(
        RulePage(
            errors=errors,
            submission=submission,
            group=Group(state.value),
            rule=f"{rule}:{value}" if rule != Rule.FOLDER else rule.value,
            title=_rule_title(settling.rules[0], settling.rules[0].title or value)
            if settling.rules
            else "",
            folder=value if rule == Rule.FOLDER else "",
            settled=settling.rules[0] if settling.rules else None,
            settling=settling,
        )
    )


def _demand_free(connection: Connection, submission_id: int) -> Submission:
    """The draft, locked; nobody else works on it. Anything else is a 409 that says so."""
    chores.lock(connection, submission_id)
    submission = drafts.lock(connection, submission_id)
    if submission.begun:
        abort(409, SUBMITTED)
    if submission.state != State.DRAFT or chores.unfinished(connection, submission_id):
        abort(409, NOT_NOW.get(submission.state, NOT_NOW[State.READING]))
    return submission


def _say(chosen: int, taken_back: int, left_open: int = 0) -> None:
    told: list[str] = []
    if chosen:
        told.append(f"{plural(chosen, *NAMES)} settled")
    if taken_back:
        told.append(f"{plural(taken_back, *NAMES)} taken back")
    if not told:
        nothing = "Nothing was changed: nothing was ticked, or nothing is left to settle."
        flash(nothing, "info-within")
        return
    rest = f"; {left_open:,} of these stay open" if left_open and not taken_back else ""
    flash(f"{', '.join(told)}{rest}.", "success-within")


def _back(submission_id: int) -> ResponseReturnValue:
    """To the panel where the form stood."""
    group = request.form.get("back", "")
    if group not in [*Group]:
        review = url_for("submissions.page", submission_id=submission_id, _anchor="lookups")
        return redirect(review, 303)
    after = request.form.get("after", "0")
    chosen: dict[str, Any] = {"group": group}
    if params.DIGITS.fullmatch(after) and int(after):
        chosen["after"] = int(after)
    place = ListUrl(url_for("choosing.listed", submission_id=submission_id), chosen, "#list")
    return redirect(place.changed(), 303)
