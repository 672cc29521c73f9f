"""Resolving where ICA, or the time that there is, makes it hard: no line is told wrongly, none is
left, and none of them keeps the others from being looked for.
"""

import itertools
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.dashboard import SECRET_KEY, data_ids, open_dashboard
from tests.databases import make_sqlite
from tests.lookups import chore, lines, named, put_in, resolved, states, submission
from tests.work.test_crashes import Died, dies
from webapp.simulator import documents, planted, search
from webapp.simulator.catalogue import data_id
from webapp.simulator.planted import DELIVERIES, ODD_PATHS, REFERENCE_PANEL
from webapp.simulator.projects import PROJECTS, project_id
from webapp.store import chores, submissions, tables
from webapp.store.enums import WATCHED_PRIORITY, ErrorCode, LookupState, State
from webapp.store.leases import LEASE_SECONDS
from webapp.vault import Vault
from webapp.work import chore_runner, data_search, path_plan, resolving
from webapp.work.clients import Clients

pytestmark = pytest.mark.long

FOUND, SEVERAL, MISSING, IMPOSSIBLE = (
    LookupState.FOUND,
    LookupState.SEVERAL,
    LookupState.MISSING,
    LookupState.IMPOSSIBLE,
)
SOURCE = named(DELIVERIES)
PANEL = PROJECTS[project_id(REFERENCE_PANEL)]
COMMA = ODD_PATHS["comma"].rpartition("/")[2]
TARGETS = planted.PATH_IN_TWO_PROJECTS
FOLDERS = [f"/z{d}/" + "".join(f"f{n}/" for n in range(d)) for d in range(1, 14)]  # ever deeper
OFTEN = [f"metric-{n:02d}.csv" for n in range(20)]  # names that stand 200 times each
MORE = {  # data beside those of the simulator, by project
    REFERENCE_PANEL: (f"/panel/{COMMA}", f"{FOLDERS[-1]}x.bam"),
    DELIVERIES: (
        *(f"/plates, 2025/{'x' * 150}-{n:02d}.bam" for n in range(90)),
        f"{FOLDERS[-1]}x.bam",
        *(f"/often/s{n:03d}/{name}" for n in range(200) for name in OFTEN),
    ),
}


@pytest.fixture
def more(monkeypatch):
    """The simulator has more data; it keeps what it has by the number of its files."""
    known = planted.planted

    def planted_(number):
        yield from known(number)
        yield from ((path, {}) for path in MORE.get(number, ()))

    monkeypatch.setattr(planted, "planted", planted_)
    return {"catalogue_files": 201}


@pytest.fixture
def board(more, tmp_path):
    with open_dashboard(make_sqlite(tmp_path / "l.db"), tmp_path, ica=more) as dashboard:
        dashboard.visitor()
        yield dashboard


def dying(board, *, at_call):
    """A worker begins the chore that waits, and dies."""
    with board.store.write() as connection:
        its = chores.claim(connection, "a worker that dies", board.clock())
    with pytest.raises(Died):
        chore_runner.perform(dies(board, at_call=at_call), its)


def test_a_comma_is_looked_for_in_each_project(board):
    board.sim.set_faults({"comma-cuts-values": 1.0})
    found = resolved(board, [COMMA], projects=named(DELIVERIES, REFERENCE_PANEL))
    assert (found[COMMA].state, len(found[COMMA].candidates)) == (SEVERAL, 2)


def test_a_folder_with_a_comma_can_be_looked_through(board, monkeypatch):
    monkeypatch.setattr(path_plan, "WALK_CALLS", 2)
    board.sim.set_faults({"comma-cuts-values": 1.0})
    paths = [path for path in MORE[DELIVERIES] if "," in path]
    assert states(resolved(board, paths, projects=SOURCE).values()) == {FOUND: len(paths)}


def test_a_named_project_that_is_closed_half_way_ends_its_own_lines_alone(board, monkeypatch):
    others = [f"icav2://{PANEL.name}/x/{'d' * 190}{n}/f.bam" for n in range(400)]
    submission_id = put_in(board.store, board.clock(), [*others, TARGETS], projects=SOURCE)
    dying(board, at_call=3)
    monkeypatch.setitem(PROJECTS, PANEL.id, replace(PANEL, readers=frozenset()))
    board.clock.advance(LEASE_SECONDS + 1)
    board.work(60)
    assert states(lines(board, submission_id)) == {IMPOSSIBLE: 400, SEVERAL: 1}


def test_a_token_that_is_refused_ends_a_walk_and_no_more(board, monkeypatch):
    monkeypatch.setattr(resolving, "MAX_OFFSET_ROWS", 10)
    board.sim.set_faults({"data-list:refused-token": 1.0})
    paths = [f"/qc/plate-{n:04d}/metrics.json" for n in range(1500)]
    assert states(resolved(board, paths, projects=SOURCE).values()) == {FOUND: 1500}


def test_where_ica_takes_no_part_of_a_name_the_names_are_missing_all_the_same(board, monkeypatch):
    monkeypatch.setattr(search, "_TEXT_MODES", (search.EXACT, search.EXCLUDE))
    texts = [*(f"none-{n}.bam" for n in range(20)), "none,1.bam", "/run1/"]
    found = resolved(board, texts, projects=SOURCE)
    assert states(found.values()) == {MISSING: 21, FOUND: 1}
    assert found["/run1/"].lookup.files == 1
    assert not any(line.lookup.note for line in found.values())


def test_what_is_like_a_name_does_not_count_as_it(tmp_path):
    with open_dashboard(make_sqlite(tmp_path / "l.db"), tmp_path) as board:
        board.visitor()
        found = resolved(board, [".gz"], projects=SOURCE)[".gz"]
        assert (found.state, found.lookup.count, len(found.candidates)) == (MISSING, 0, 5)


def test_pages_by_offset_that_repeat_rows_are_not_all(board, monkeypatch):
    """Each call has the rows the other way round, so the second page has those of the first."""
    rows, calls = search.Query.rows, itertools.count()

    def turned(query, *place):
        found = rows(query, *place)
        return found[::-1] if next(calls) % 2 else found

    monkeypatch.setattr(search.Query, "rows", turned)
    board.sim.set_faults({"refused-token": 1.0})
    name = planted.NAME_1500_TIMES
    found = resolved(board, [name], projects=SOURCE)[name]
    assert (found.state, found.lookup.count) == (SEVERAL, 1500)
    assert len(found.candidates) < 1500  # so no rule takes them for all


def test_what_was_found_of_names_with_many_data_is_kept_as_it_comes(board, monkeypatch):
    """All calls for a hundred such names would take longer than a unit of work may."""
    monkeypatch.setattr(data_search, "MAX_PAGES", 1)
    monkeypatch.setattr(data_search, "TASK_PAGES", 2, raising=False)
    submission_id = put_in(board.store, board.clock(), OFTEN, projects=SOURCE)
    dying(board, at_call=6)
    assert states(lines(board, submission_id)) == {SEVERAL: 5, LookupState.WAITING: 15}
    board.clock.advance(LEASE_SECONDS + 1)
    board.work(60)
    found = lines(board, submission_id)
    assert states(found) == {SEVERAL: 20}
    assert {line.lookup.count for line in found} == {200}


def test_after_too_many_calls_none_is_begun(board, monkeypatch):
    """But for those that threads have begun already."""
    texts = [f"none-{n}.bam" for n in range(1500)]
    put_in(board.store, board.clock(), texts, projects=SOURCE)
    board.sim.set_faults({"data-list:429": "1x"})
    numbers, cancel, is_cancelled = itertools.count(1), Future.cancel, threading.Event()

    def cancelled(future):
        done = cancel(future)
        if done:
            is_cancelled.set()
        return done

    @contextmanager
    def place():
        if next(numbers) > 2:  # the first is for a token, the second is refused
            is_cancelled.wait(2.0)
        yield

    monkeypatch.setattr(Future, "cancel", cancelled)
    begun(board, place)
    assert next(numbers) - 1 <= 1 + 1 + resolving.CALLS_AT_ONCE  # of 1 + 7


def begun(board, place):
    """A unit of the chore that waits, each call of which is made within a place()."""
    budget, vault = board.context.budget, Vault(SECRET_KEY)
    clients = Clients(board.settings, vault, clock=board.clock, on_call=budget.spend, place=place)
    with board.store.write() as connection:
        its = chores.claim(connection, "a worker", board.clock())
    budget.begin(1)
    chore_runner.perform(replace(board.context, clients=clients), its)


def test_names_of_many_data_are_written_a_few_at_once(more, tmp_path):
    """So what there is room for is kept of many names, and a transaction is short."""
    url = make_sqlite(tmp_path / "l.db")
    with open_dashboard(url, tmp_path, ica=more, account_gb=0.002) as board:
        board.visitor()
        texts = [planted.NAME_1500_TIMES] * 12
        submission_id = put_in(board.store, board.clock(), texts, projects=SOURCE)
        board.work(60)
        assert chore(board, submission_id).problem.code == ErrorCode.NO_ROOM
        found = states(lines(board, submission_id))
        assert found[SEVERAL] >= 2
        assert found == {SEVERAL: found[SEVERAL], LookupState.WAITING: 12 - found[SEVERAL]}


def test_few_calls_at_a_time_come_to_an_end(tmp_path):
    """Of a folder with too many data to read, in turns of two calls."""
    url = make_sqlite(tmp_path / "l.db")
    with open_dashboard(url, tmp_path, calls_per_second=0.5) as board:
        board.visitor()
        texts = [f"/runs/{n:03d}{'x' * 150}.bam" for n in range(60)]
        submission_id = put_in(board.store, board.clock(), texts, projects=SOURCE)
        board.work(400)
        assert submission(board, submission_id).state == State.DRAFT
        assert states(lines(board, submission_id)) == {MISSING: 60}


def test_the_plan_of_a_chore_that_was_removed_is_no_others(board):
    """SQLite gives the number of the last row again when that was removed."""
    texts = [f"{folder}{n:03d}.bam" for folder in FOLDERS for n in range(105)]
    texts.append(f"{FOLDERS[-1]}x.bam")
    first = put_in(board.store, board.clock(), texts, projects=SOURCE)
    dying(board, at_call=4)
    with board.store.write() as connection:
        chores.remove(connection, first)
        submissions.discard(connection, first, board.clock())
    board.clock.advance(1)
    found = resolved(board, [f"icav2://{PANEL.name}{text}" for text in texts], projects=SOURCE)
    assert states(found.values()) == {MISSING: len(texts) - 1, FOUND: 1}
    assert [*found.values()][-1].data_id == data_id(REFERENCE_PANEL, texts[-1])


def test_what_is_more_urgent_gets_places_once_their_calls_have_ended(board, monkeypatch):
    """Else an account would have more than four calls under way."""
    monkeypatch.setattr(resolving, "URGENT_SECONDS", -1.0)
    board.visitor().submit(data_ids(1))
    set_batch_due(board, board.clock() + 3600)
    put_in(board.store, board.clock(), [f"none-{n}.bam" for n in range(1500)], projects=SOURCE)
    budget, lock = board.context.budget, threading.Lock()
    numbers, under_way, beyond = itertools.count(1), set(), []
    is_due, never = threading.Event(), threading.Event()

    @contextmanager
    def place():
        with lock:
            under_way.add(number := next(numbers))
            if number == 10:  # while two others wait below
                set_batch_due(board, 0.0)
                is_due.set()
        if 7 <= number <= 10:
            (is_due if number == 7 else never).wait(0.2)
        with lock:
            beyond.append(len(under_way) - budget._running[1])
        yield
        with lock:
            under_way.remove(number)

    begun(board, place)
    assert is_due.is_set()
    assert budget._running[1] == 1
    assert max(beyond) == 0


def set_batch_due(board, due_at):
    """Of the only batch, which somebody watches."""
    with board.store.write() as connection:
        values = {"due_at": due_at, "lease_until": 0.0, "priority": WATCHED_PRIORITY}
        connection.execute(tables.batches.update().values(values))


def test_a_project_with_a_long_name_is_kept_by_its_beginning(database_url, tmp_path, monkeypatch):
    """PostgreSQL takes no more of it than its column has."""
    long, document = "Deliveries, " * 30, documents.data_document

    def renamed(*datum, **how):
        data = document(*datum, **how)
        return data | {"details": data["details"] and data["details"] | {"owningProjectName": long}}

    monkeypatch.setattr(documents, "data_document", renamed)
    with open_dashboard(database_url, tmp_path, ica={"catalogue_files": 200}) as board:
        board.visitor()
        found = resolved(board, [planted.NAME_ONCE], projects=SOURCE)[planted.NAME_ONCE]
        assert found.candidates[0].project_name == long[:255]
