"""Searches: names and paths may be typed, and stand in no address and in no log."""

import logging
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from tests.dashboard import data_ids, text
from tests.web.markup import element, elements, link, rows
from webapp.store import tables
from webapp.work import retention

NAME, PATH = "patient-Mustermann", "/RUNS/2"
FAILED = data_ids(3, ending="00")
LEAD = ("href", "action", "hx-get", "hx-post", "formaction")
WEEK = 7 * 86_400.0
FORGOTTEN = "This search is not kept any more, or is somebody else's."


@contextmanager
def told():
    """All that is logged, at its most talkative."""
    found, root = [], logging.getLogger()

    class Keeper(logging.Handler):
        def emit(self, record):
            found.append(repr(vars(record)))

    handler, level = Keeper(logging.DEBUG), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield found
    root.removeHandler(handler)
    root.setLevel(level)


def addresses(answer):
    """All that a page, or the head of an answer, leads to."""
    found = [answer.headers.get("Location", ""), answer.headers.get("HX-Push-Url", "")]
    for name in LEAD:
        found += [one[name] for one in elements(answer, **{name.replace("-", "_"): None})]
    return found


def test_what_was_typed_is_in_no_address_no_log_and_no_record(stored):
    visitor = stored.visitor()
    place = visitor.submit([*data_ids(60), *FAILED], name=f"run of {NAME}")
    stored.work(30)
    with told() as lines:
        board = visitor.get(visitor.searched("/submissions?state=with_failures", NAME))
        assert element(board, id="search-board")["value"] == NAME
        assert element(board, "a", class_="row-name").text == f"run of {NAME}"
        there = visitor.searched(f"{place}/items?status=LINKED&size=100&after=5", PATH)
        listed, part = visitor.get(there), visitor.part(there)
        assert parse_qs(urlsplit(there).query).keys() == {"status", "size", "search"}
        key = parse_qs(urlsplit(there).query)["search"][0]
        found = rows(listed)
        item = visitor.get(link(listed, found[1]))
        here = visitor.part(
            f"{place}/progress?tab=items", **{"HX-Current-URL": f"http://localhost{there}"}
        )
        assert f"search={key}" in element(here, id="chip-LINKED")["href"]
        asked = visitor.post("/projects", {"project_q": NAME})
        again = visitor.post("/submissions/new", {"project_q": NAME})
        pages = (board, listed, part, item, here, asked, again)
        for form in ("CSV", "Plain ids", "JSON lines"):
            with visitor.get(link(listed, form)) as file:
                assert file.status_code == 200
                assert found[0] in file.get_data(as_text=True)
        assert found[0] in rows(visitor.get(link(item, "Previous item")))
        assert NAME in text(asked)
        led = [
            visitor.searched("/submissions", NAME),
            *(a for one in pages for a in addresses(one)),
        ]
    assert f"search={key}" in " ".join(led)
    for typed in (NAME, PATH):
        assert not [address for address in led if typed in address]
        assert not [line for line in lines if typed in line and "'urllib3." not in line]  # logs.py
    with stored.store.read() as connection:
        acts = connection.execute(tables.audit.select()).all()
    assert not [act for act in acts if PATH in str(act)]


def test_a_search_that_found_something_can_be_cleared(stored):
    visitor = stored.visitor()
    place = visitor.submit([*data_ids(3), *FAILED], name=f"run of {NAME}")
    stored.work(30)
    filtered = f"{place}/items?status=FAILED&size=100"
    for here, typed in (
        (filtered, FAILED[0]),
        (filtered, "nothing like it"),
        ("/submissions?state=with_failures&mine=1", NAME),
        ("/submissions?state=with_failures", "nothing like it"),
    ):
        assert link(visitor.get(here), "Clear the search") is None
        assert link(visitor.get(visitor.searched(here, typed)), "Clear the search") == here
    assert link(visitor.get(f"{filtered}&search=x"), "Clear the search") is None


def test_rejected_lines_are_told_of_where_a_search_finds_nothing(stored):
    visitor, colleague = stored.visitor(), stored.visitor("colleague-key")
    told, see = "2 lines of the list were rejected, and are not searched.", "See the rejected lines"

    def searched(place, by=visitor):
        return by.get(by.searched(f"{place}/items", "NEWS 77"))

    lines = f"{FAILED[0]}\nNEWS 77 has none\nnor has this\n".encode()
    place = visitor.submit("", file=(lines, "lines.txt"))
    whole = visitor.submit(FAILED)
    stored.work(30)
    colleague.get("/submissions")
    for page in (searched(place), searched(place, colleague)):
        assert "Nothing matches" in text(page)
        assert told in text(page)
        assert "NEWS 77" in text(visitor.get(link(page, see)))
    assert "rejected" not in text(searched(whole))
    assert told not in text(visitor.get(f"{place}/items?status=LINKED"))


def test_an_id_is_its_own_key_so_that_its_link_is_for_everybody(dashboard, demo):
    place = demo.submit([*data_ids(3), *FAILED])
    dashboard.work(30)
    carol = dashboard.visitor("colleague-key")
    for typed in (FAILED[1], FAILED[1][:20], "fil."):
        there = demo.searched(f"{place}/items", typed)
        assert there == f"{place}/items?search={typed}"
        assert rows(carol.get(there)) == rows(demo.get(there)) != []
    assert demo.searched(f"{place}/items?status=FAILED", " ") == f"{place}/items?status=FAILED"
    for typed in ("fil.patient", "FIL.00", f"{FAILED[1]}0", f"x {FAILED[1]}"):
        assert typed not in demo.searched(f"{place}/items", typed)
    other = demo.submit(["fil.patient-7", FAILED[1]])
    third = demo.submit(["fil.patient-7", FAILED[1]], name="third")
    leads = [link(demo.get(f"{other}/items/{at}"), "third") for at in (1, 2)]
    assert leads == [f"{third}/items", f"{third}/items?search={FAILED[1]}"]


def test_a_search_in_a_list_is_for_all_who_may_see_the_list(dashboard, demo):
    place = demo.submit([*data_ids(3), *FAILED], name=NAME)
    other = demo.submit(data_ids(2), name="other")
    dashboard.work(30)
    there, board = demo.searched(f"{place}/items", "no such"), demo.searched("/submissions", NAME)
    key, board_key = (address.partition("search=")[2] for address in (there, board))
    colleague, stranger = dashboard.visitor("colleague-key"), dashboard.visitor("stranger-key")
    colleague.get("/submissions")
    page = colleague.get(there)
    assert not rows(page)
    assert element(page, id="search-items")["value"] == "no such"
    assert colleague.get(there.replace("/items?", "/export.txt?")).text == ""
    assert f"search={key}" in there
    for visitor in (demo, colleague):  # it is no search of another list, nor of the board
        for elsewhere in (f"{other}/items", "/submissions"):
            assert FORGOTTEN in text(visitor.get(f"{elsewhere}?search={key}"))
    assert FORGOTTEN in text(colleague.get(f"{place}/items?search={board_key}"))
    assert "works for you alone" in text(demo.get(board))
    assert "works for you alone" not in text(demo.get(there))
    assert stranger.get(there).status_code == 404
    draft = demo.draft(data_ids(2))
    of_draft = demo.searched(f"{draft}/items", "no such")
    assert not rows(demo.get(of_draft))
    assert colleague.get(of_draft).status_code == 404
    assert FORGOTTEN in text(colleague.get(of_draft.replace(draft, place)))


def test_a_search_of_the_board_is_shared_on_purpose(dashboard, demo):
    demo.submit(data_ids(1), name="alpha one")
    demo.submit(data_ids(1, start=5), name="beta")
    dashboard.work(30)
    there = demo.searched("/submissions?state=done", "ALPHA")
    colleague, stranger = dashboard.visitor("colleague-key"), dashboard.visitor("stranger-key")
    colleague.get("/submissions")

    def act(visitor):
        forms = elements(visitor.get(there), "form", action=None)
        return [one["action"] for one in forms if "/submissions/search/" in one["action"]]

    assert "works for you alone" in text(demo.get(there))
    assert "choose “Let colleagues use this link”" in text(colleague.get(there))
    assert "beta" in text(colleague.get(there))
    [share] = act(demo)
    assert "ALPHA" not in share
    assert not act(colleague)
    assert colleague.post(share).status_code == 303
    assert "only who typed it can share it" in text(colleague.get("/submissions"))
    assert FORGOTTEN in text(colleague.get(there))
    answer = demo.post(share)
    assert (answer.status_code, answer.location) == (303, there)
    assert "This search is shared" in text(demo.get(there))
    page = colleague.get(there)
    assert FORGOTTEN not in text(page)
    assert "alpha one" in text(page)
    assert "beta" not in text(page)
    assert "A colleague shared this search with you." in text(page)
    assert element(page, id="search-board")["value"] == "ALPHA"
    assert "alpha one" not in text(stranger.get(there))
    assert not act(colleague)
    [unshare] = act(demo)
    assert colleague.post(unshare).location == there
    assert "Nothing was changed." in text(colleague.get("/submissions"))
    assert "alpha one" in text(colleague.get(there))
    assert demo.post(unshare).location == there
    assert FORGOTTEN in text(colleague.get(there))
    for made_up in ("", "?search=x", f"?search={'x' * 22}", "?search=fil.00"):
        assert demo.post(f"/submissions/search/share{made_up}").status_code == 303
        assert "Nothing was changed." in text(demo.get("/submissions"))


def test_with_a_search_the_items_that_are_called_so_are_shared(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    file = (f"id,sample\n{data_ids(1)[0]},PT-0001\n".encode(), "one.csv")
    demo.submit("", file=file, name="all of PT-0001")
    stored.work(30)
    colleague.get("/submissions")
    there = demo.post("/search", {"text": "pt-0001"}).location
    see = link(demo.get(there), "See these items")
    assert colleague.get(see).status_code == 404
    assert (
        demo.post(there.replace("/submissions?", "/submissions/search/share?")).status_code == 303
    )
    assert link(colleague.get(there), "See these items") == see
    assert data_ids(1)[0] in text(colleague.get(see))


def test_a_search_is_kept_for_90_days_and_one_of_the_board_for_its_asker(dashboard, demo):
    place = demo.submit([*data_ids(3), *FAILED], name="alpha")
    dashboard.work(30)
    there, board = demo.searched(f"{place}/items", "no such"), demo.searched("/submissions", "zz")
    assert not rows(demo.get(there))
    assert "Nothing matches" in text(demo.get(board))
    assert "Nothing matches" in text(dashboard.visitor().get(board))  # by another browser
    carol = dashboard.visitor("colleague-key")
    carol.get("/submissions")
    made_up = [f"{place}/items?search={key}" for key in ("x" * 22, "x", "%00", "Müller")]

    def forgotten(visitor, address):
        page, part = visitor.get(address), visitor.part(address)
        assert page.status_code == part.status_code == 200
        assert FORGOTTEN in text(page)
        assert not [to for to in addresses(page) if "search=" in to]
        return page

    for address in made_up:
        assert len(rows(forgotten(carol, address))) == 6
        assert carol.get(address.replace("/items?", "/export.csv?")).status_code == 404
    assert element(forgotten(carol, board), "a", class_="row-name").text == "alpha"
    dashboard.clock.advance(12 * WEEK)
    retention.perform(dashboard.context)
    demo.sign_in()
    assert not rows(demo.get(there))
    dashboard.clock.advance(WEEK)
    retention.perform(dashboard.context)
    demo.sign_in()
    assert len(rows(forgotten(demo, there))) == 6
    assert demo.get(there.replace("/items?", "/export.txt?")).status_code == 404


def test_a_text_with_a_slash_is_looked_for_in_paths(stored):
    visitor = stored.visitor()
    place = visitor.submit([*data_ids(3), *FAILED])
    stored.work(30)
    first = element(visitor.get(f"{place}/items/1"), "h1").text.strip()
    with stored.store.read() as connection:
        path = (
            connection.execute(tables.items.select().where(tables.items.c.position == 1))
            .mappings()
            .one()["path"]
        )
    assert path.endswith(f"/{first}")
    for typed in (path, path[3:].upper(), f"/{first}", path[:250]):
        found = rows(visitor.get(visitor.searched(f"{place}/items", typed)))
        assert data_ids(1)[0] in found, typed
    assert rows(visitor.get(visitor.searched(f"{place}/items", path))) == data_ids(1)
    for typed in ("/%", "_/", "/nowhere"):
        assert not rows(visitor.get(visitor.searched(f"{place}/items", typed))), typed
    there = visitor.searched(f"{place}/items?status=LINKED", f"/{first}")
    assert visitor.get(link(visitor.get(there), "Plain ids")).text.split() == data_ids(1)
