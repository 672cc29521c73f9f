"""While ICA is asked for the names and paths of a list, when that stops, and when it goes on."""

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT, READ_ONLY_PROJECT
from tests.web.lookup_lists import SECRET, resolving
from tests.web.markup import element, elements, link
from tests.web.test_progress import statements
from webapp.store import accounts, audit, chores, submissions, tables
from webapp.store.chores import ResolveSpec
from webapp.store.documents import KeptError, NamedProject
from webapp.store.enums import ChoreKind, ErrorCode, LookupState, State
from webapp.store.paging import Cursor

SOURCES = [NamedProject(READ_ONLY_PROJECT, "Reference panel"), NamedProject(FIRST_PROJECT, "Rare")]


def tell(dashboard, submission_id, state, first, last, **more):
    """ICA has answered so for the lookups at these positions."""
    its = tables.lookups.c
    these = (its.submission_id == submission_id) & its.position.between(first, last)
    with dashboard.store.write() as connection:
        connection.execute(tables.lookups.update().where(these).values(state=state, **more))
        submissions.touch(connection, submission_id, dashboard.clock())


def fail(dashboard, submission_id, problem, *, ended=False):
    """What the worker records of a failed call; the list becomes a draft where that was the end."""
    now = dashboard.clock()
    with dashboard.store.write() as connection:
        chore = chores.latest(connection, submission_id, ChoreKind.RESOLVE)
        mine = chores.claim_one(connection, chore.id, "a worker", now)
        if ended:
            chores.end(connection, mine, now, problem=problem)
            submissions.end_resolving(connection, submission_id, now)
        else:
            chores.give_back(connection, mine, now, due_at=now + 600, problem=problem)


def state_of(dashboard, submission_id):
    return dashboard.context.read(submissions.get, submission_id).state


def last_chore(dashboard, submission_id):
    return dashboard.context.read(chores.latest, submission_id, ChoreKind.RESOLVE)


def acts(dashboard, submission_id):
    found = dashboard.context.read(audit.of_submission, submission_id, Cursor(), 50)
    return [row.action.value for row in found.rows]


def poll(visitor, place, tag="old"):
    return visitor.part(f"{place}/progress?shows=resolving", **{"HX-PTag": tag})


def test_how_far_it_is_is_told_by_kind(stored):
    visitor = stored.visitor()
    place, number = resolving(stored, visitor, names=5000, paths=40, sources=SOURCES)
    page = visitor.get(place)
    said = text(page)
    assert "0 of 5,000 names asked; 0 not found so far" in said
    assert "0 of 40 paths asked" in said
    assert "Looked in Reference panel, Rare" in said
    assert "You can close this page" in said
    assert "Look again" in [found.text for found in elements(page, "a", href="")]
    waiting = text(visitor.get(f"{place}/lookups?group=waiting"))
    assert "0 of 5,000 names asked; 0 not found so far. 0 of 40 paths asked" in waiting
    assert "ICA was not asked for it yet." in waiting
    tag = element(page, id="progress")["hx-ptag"]
    with statements() as executed:
        assert poll(visitor, place, tag).status_code == 304
    assert len(executed) == 1

    tell(stored, number, LookupState.FOUND, 2, 3189)
    tell(stored, number, LookupState.MISSING, 3190, 3201)
    tell(stored, number, LookupState.SEVERAL, 5002, 5002)
    part = poll(visitor, place, tag)
    assert "3,200 of 5,000 names asked; 12 not found so far" in text(part)
    assert "1 of 40 paths asked; 0 not found so far" in text(part)
    assert [bar["value"] for bar in elements(part, "progress")] == ["3200", "1"]
    assert "hx-trigger" in element(part, id="progress")
    with statements() as executed:
        poll(visitor, place)
    assert len(executed) == 1  # rendered once for all who watch

    board = visitor.get("/submissions")
    assert "Resolving" in text(board)
    assert "hx-trigger" in element(board, id="rows")  # it is in motion


def test_how_long_it_will_take(database_url, tmp_path):
    """By what may be asked at most; then by the speed so far."""
    with open_dashboard(database_url, tmp_path, calls_per_second=0.5) as dashboard:
        visitor = dashboard.visitor()
        place, number = resolving(dashboard, visitor, names=5000, paths=260)
        assert "About 2 minutes to go" in text(visitor.get(place))  # 60 calls
        dashboard.clock.advance(600)
        tell(dashboard, number, LookupState.FOUND, 2, 2631)
        assert "About 10 minutes to go" in text(poll(visitor, place))
        tell(dashboard, number, LookupState.FOUND, 2, 5240)
        assert "Under a minute to go" in text(poll(visitor, place))
        tell(dashboard, number, LookupState.MISSING, 5241, 5261)
        assert "All were asked for" in text(poll(visitor, place))
        twice, _ = resolving(dashboard, visitor, names=5000, sources=SOURCES)
        assert "About 3 minutes to go" in text(visitor.get(twice))


def test_what_holds_it_up_is_told(stored):
    visitor = stored.visitor()
    place, number = resolving(stored, visitor, names=5)
    now = stored.clock()
    tag = element(visitor.get(place), id="progress")["hx-ptag"]
    stored.context.write(accounts.slow_down, 1, now + 300, now)
    part = poll(visitor, place, tag)
    assert "Waiting for ICA until" in text(part)
    assert "to go." not in text(part)
    stored.clock.advance(301)
    for code, words in {
        ErrorCode.UNREACHABLE: "ICA does not answer right now",
        ErrorCode.NO_KEY: "sign in again",
    }.items():
        fail(stored, number, KeptError(code, now))
        assert words in text(poll(visitor, place))
        stored.clock.advance(601)


def test_stopping_keeps_what_was_found_and_going_on_asks_for_the_rest(stored, caplog):
    visitor = stored.visitor()
    place, number = resolving(stored, visitor, names=10)
    tell(stored, number, LookupState.MISSING, 2, 4)
    assert visitor.post(f"{place}/submit").status_code == 409
    answer = visitor.post(element(visitor.get(place), "form", class_="actions")["action"])
    assert (answer.status_code, answer.location) == (303, place)
    assert state_of(stored, number) == State.DRAFT
    assert last_chore(stored, number).ended_at
    said = text(visitor.get(place))
    assert "You stopped looking" in said
    assert "Of 10 names and paths, 7 were not asked for and will not be sent" in said
    assert "Submit 1 id" in said
    assert "Nothing was stopped" in text(
        visitor.get(visitor.post(f"{place}/stop-looking").location)
    )

    assert visitor.post(f"{place}/look-on").location == place
    assert state_of(stored, number) == State.RESOLVING
    chore = last_chore(stored, number)
    assert (chore.total, chore.spec_as(ResolveSpec), chore.ended_at) == (7, ResolveSpec(), None)
    assert "3 of 10 names asked; 3 not found so far" in text(visitor.get(place))
    assert "Nothing was begun" in text(visitor.get(visitor.post(f"{place}/look-on").location))
    assert acts(stored, number) == ["resolve", "stop", "upload"]
    assert SECRET not in caplog.text
    assert "Had ICA asked for names and paths" in text(visitor.get(f"{place}/audit"))


def test_the_page_leads_to_the_review_by_itself(dashboard, demo):
    place, number = resolving(dashboard, demo, names=3)
    assert poll(demo, place).headers.get("HX-Refresh") is None
    tell(dashboard, number, LookupState.MISSING, 2, 4)
    with dashboard.store.write() as connection:
        submissions.end_resolving(connection, number, dashboard.clock())
    assert poll(demo, place).headers["HX-Refresh"] == "true"


def test_why_it_ended_early_is_told_in_icas_words(stored):
    visitor = stored.visitor()
    place, number = resolving(stored, visitor, names=3)
    tell(stored, number, LookupState.MISSING, 2, 2)
    said = {"title": "No access", "detail": "You were removed from it"}
    fail(stored, number, KeptError(ErrorCode.FORBIDDEN, 0.0, "", said), ended=True)
    page = visitor.get(place)
    assert "ICA does not let you look in a project any more" in text(page)
    assert "Of 3 names and paths, 2 were not asked for" in text(page)
    assert element(page, "pre").text == "No access: You were removed from it"
    assert elements(page, "form", action=f"{place}/look-on")

    visitor.post(f"{place}/look-on")
    failed = KeptError(ErrorCode.UNEXPECTED, 0.0, "Linkboard failed several times.")
    fail(stored, number, failed, ended=True)
    assert "ICA could not be asked for all" in text(visitor.get(place))


def test_looking_closer_is_done_beside_the_review(stored):
    visitor = stored.visitor()
    place, number = resolving(stored, visitor, names=4)
    tell(stored, number, LookupState.MISSING, 2, 5)
    visitor.post(f"{place}/stop-looking")
    assert "stopped looking" not in text(visitor.get(place)).replace("ICA is not being asked", "")
    assert visitor.post(f"{place}/look-closer").location == place
    assert state_of(stored, number) == State.DRAFT
    chore = last_chore(stored, number)
    assert (chore.total, chore.spec_as(ResolveSpec)) == (4, ResolveSpec(closer=True))
    page = visitor.get(place)
    assert "0 of 4 names and paths" in text(page)
    assert visitor.post(element(page, "form", action=f"{place}/stop-looking")["action"])
    assert last_chore(stored, number).ended_at

    visitor.post(f"{place}/look-closer")
    fail(stored, number, None, ended=True)
    tell(stored, number, LookupState.MISSING, 2, 3, closer=True)
    said = text(visitor.get(place))
    assert "ICA was asked more closely for 4 names and paths" in said
    assert said.count("Looked at closer: nothing of nearly that name.") == 2

    visitor.post(f"{place}/look-closer")
    fail(stored, number, KeptError(ErrorCode.UNREACHABLE, 0.0, "no answer"), ended=True)
    assert "could not be asked more closely" in text(visitor.get(place))
    assert visitor.post(f"{place}/submit").status_code == 303
    assert visitor.post(f"{place}/look-closer").status_code == 409
    assert "Looked in all data that may be linked into Rare disease" in text(visitor.get(place))
    colleague = text(stored.visitor("colleague-key").get(place))
    assert "By names" in colleague
    assert "Looked in" not in colleague  # they may not know of the projects


def test_a_list_is_discarded_while_ica_is_asked(dashboard, demo):
    place, number = resolving(dashboard, demo, names=3)
    button = element(demo.get(place), "button", formaction=None)
    assert demo.post(button["formaction"]).location == "/submissions"
    assert state_of(dashboard, number) == State.DISCARDED
    assert dashboard.context.read(chores.unfinished, number) == []
    assert link(demo.get("/submissions"), "By names") is None


@pytest.mark.parametrize("action", ["stop-looking", "look-on", "look-closer"])
def test_a_list_of_ids_has_nothing_to_be_asked_for(dashboard, demo, action):
    place = demo.draft(data_ids(1))
    assert "Nothing was" in text(demo.get(demo.post(f"{place}/{action}").location))
    assert "Looked in" not in text(demo.get(place))
