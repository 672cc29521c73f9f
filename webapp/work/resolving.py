"""Resolving: ICA is asked for the data that the names and paths of a list mean.

Up to four calls are under way at once, in threads of their own, while what came is written. What
was not written is asked for again: nothing else has to be kept of how far it is.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from webapp.ica.client import MAX_PAGE_ROWS, IcaClient
from webapp.ica.data_filter import DataFilter, Scope
from webapp.ica.errors import Forbidden, IcaError, NotFound, RateLimited, Refused
from webapp.ica.limits import Limits
from webapp.ica.models import Data, Page, whole_path
from webapp.store import Connection, accounts, answers, batches, chores, lookups, submissions, usage
from webapp.store.answers import Answer, Sought
from webapp.store.chores import Chore, ResolveSpec, WalkSpec
from webapp.store.documents import KeptError
from webapp.store.enums import ErrorCode, LookupKind, State
from webapp.store.lookups import Candidate
from webapp.work import flagging, ica_failures, named_project
from webapp.work.context import Context
from webapp.work.data_search import (
    DataSearch,
    Refusals,
    Result,
    Where,
    below,
    packed,
)
from webapp.work.matching import Matcher, candidate, ordered, parent_of
from webapp.work.path_plan import WALK_SHARE, Group, PathPlan, Stretch
from webapp.work.walk import Trail

CALLS_AT_ONCE = 4
UNIT_SECONDS = 8.0  # after which a unit gives its lease back
WRITTEN_AT_ONCE = 500  # answers, while more are on their way
CANDIDATES_AT_ONCE = 5_000  # of these
READ_AT_ONCE = 2_000  # lookups
CLOSER = 200  # lookups that were not found, which are looked for closer without being asked
COUNTED_FOLDERS = 200  # of which it is counted what is below them
MAX_OFFSET_ROWS = 200_000  # that ICA gives by offset
URGENT_SECONDS = 1.0  # between two looks whether something more urgent waits
PROBED = 20  # data that are linked, by which is found out whether ICA hides such
MAX_PLANS = 8
TAKEN_AT_ONCE = 16  # results of tasks
NO_ROOM = (
    "With all that ICA has for these names and paths, what you keep here would take more than "
    "{most}, the most for one account. What was found until then is kept. Delete lists that you "
    "need no more, and let Linkboard look on."
)

CLOSED = (
    "ICA does not let you search {project} any more. What was found until then is kept, and the "
    "other lines were not looked for. Once you may read it again, let Linkboard look on."
)

Task = Callable[[IcaClient], Any]


@dataclass(frozen=True, slots=True)
class Look:
    """The task to look for some lookups, in the way of a method of DataSearch."""

    where: Where
    refusals: Refusals
    way: Callable[..., Result]
    lookups: Sequence[Sought]
    more: tuple[Any, ...] = ()

    def __call__(self, client: IcaClient) -> Result:
        search = DataSearch(client, self.where, self.refusals)
        return self.way(search, self.lookups, *self.more)


class _Full(Exception):
    """The account may keep no more here."""


# By chore: to sort many paths takes a second. Its id alone may be that of one that was removed.
_plans: "OrderedDict[tuple[int, float], PathPlan]" = OrderedDict()
_planning = threading.Lock()


def step(context: Context, chore: Chore) -> Chore:
    """Ask for as many lookups as a unit may, and keep what became of them."""
    return _Unit(context, chore).run()


class _Unit:
    """A unit of resolving."""

    def __init__(self, context: Context, chore: Chore) -> None:
        self.context = context
        self.chore = chore
        self.spec = chore.spec_as(ResolveSpec)
        self.started = context.clock.steady()
        with context.store.read() as connection:
            self.submission = submissions.get(connection, chore.submission_id)
            self.account = accounts.get(connection, chore.account_id)
            kept = usage.beside(connection, self.account.id, self.submission.id)
        self.most_bytes = context.settings.account_bytes - kept
        self.refusals = Refusals()
        self.taken = 0  # places of the account's units, beside its own
        self.gives_way = False  # something more urgent waits: one call after the other
        self.looked_at = self.started
        self.names = {one.id: one.name for one in self.submission.lookup_projects}
        self.names[self.submission.project_id] = self.submission.project_name

    def run(self) -> Chore:
        """Phase after phase, until all is done or the turn is over."""
        if self.submission.state not in {State.RESOLVING, State.DRAFT}:
            return self._end()
        self.context.clients.of(self.account)  # without a key, nothing is begun
        self.taken = self.context.budget.take(self.account.id, CALLS_AT_ONCE - 1)
        try:
            threads = 1 + self.taken
            with ThreadPoolExecutor(threads, thread_name_prefix="resolve") as self.pool:
                is_done = all(phase() for phase in self._phases())
        except _Full:
            return self._end(self._no_room())
        except (Forbidden, NotFound) as error:
            return self._end(self._closed(error))
        finally:
            self._give_places_back()
        return self._end() if is_done else self.chore

    def _phases(self) -> list[Callable[[], bool]]:
        """Each returns whether it is done; the next one begins when it is."""
        if self.spec.closer:
            return [self._find_what_hides, self._look_closer]
        return [
            self._find_projects,
            self._find_what_hides,
            self._go_on_walking,
            self._ask_for_names,
            self._ask_for_paths,
            self._look_closer,
            self._count_folders,
        ]

    # the phases

    def _find_projects(self) -> bool:
        """The projects that lookups name."""
        named = self.context.read(answers.named_projects, self.submission.id)
        new = [name for name in named if name not in self.spec.projects]
        return self._run([partial(_find_project, name) for name in new], self._note_projects)

    def _note_projects(self, found: Sequence[tuple[str, str]]) -> None:
        self._keep(projects=self.spec.projects | dict(found))

    def _find_what_hides(self) -> bool:
        """Whether what is linked already is to be looked for in the target itself."""
        if self.submission.lookup_projects or self.spec.hides is not None:
            return True
        find = partial(_hides_linked, self.submission.project_id)
        return self._run([find], lambda found: self._keep(hides=found[0]))

    def _ask_for_names(self) -> bool:
        """Until none waits: a task leaves some where they have very many data."""
        waiting = partial(answers.waiting, kinds=[LookupKind.NAME], after=0, limit=1)
        while self.context.read(waiting, self.submission.id):
            if not self._run(self._names(), self._record):
                return False
        return True

    def _names(self) -> Iterator[Task]:
        for chunk in self._chunks(partial(answers.waiting, kinds=[LookupKind.NAME])):
            yield from self._groups(chunk, DataSearch.names)

    def _ask_for_paths(self) -> bool:
        """By groups or, where that takes fewer calls, by a walk; until none waits."""
        while (plan := self._plan()).groups:
            if not plan.is_surveyed:
                self._find_walk(plan)
                plan.is_surveyed = True
            if self.spec.walk:
                if not self._go_on_walking():
                    return False
            elif not self._run(self._path_groups(plan), partial(self._record_paths, plan)):
                return False
            if not plan.left:
                _forget_plan(self.chore)
        _forget_plan(self.chore)
        return True

    def _plan(self) -> PathPlan:
        """The plan of the paths that wait: that of the unit before, as far as it goes."""
        with _planning:
            plan = _plans.get(_key(self.chore))
        if plan is None or plan.is_done:
            most = self._most(self._where("").scopes[0])
            with self.context.store.read() as connection:
                plan = PathPlan.of(answers.waiting_paths(connection, self.submission.id), most)
            with _planning:
                _plans[_key(self.chore)] = plan
                while len(_plans) > MAX_PLANS:
                    _plans.popitem(last=False)
        return plan

    def _path_groups(self, plan: PathPlan) -> Iterator[Task]:
        while not plan.is_done:
            if plan.left:
                at = plan.left.pop()
                found = self.context.read(answers.waiting_at, self.submission.id, at)
                yield from self._groups(found, DataSearch.paths)
                continue
            group = plan.groups[plan.next]
            plan.next += 1
            at = plan.positions_of(group)
            found = self.context.read(answers.waiting_at, self.submission.id, at)
            where = self._where(group.project)
            if found and where.scopes and group.by_folder and not self._is_walked(group):
                by_folder = DataSearch.paths_by_folder
                yield Look(where, self.refusals, by_folder, found, (group.by_path,))
            else:
                yield from self._groups(found, DataSearch.paths)

    def _is_walked(self, group: Group) -> bool:
        return any(group.low.startswith(folder) for folder in self.spec.walked)

    def _look_closer(self) -> bool:
        """What was not found is looked for in other capitals, and near by."""
        if self.spec.closer:
            return self._run(self._closer_groups(None), self._record)
        room = CLOSER - self.context.read(answers.looked_closer, self.submission.id)
        try:
            return self._run(self._closer_groups(room), partial(self._record, counts=False))
        except Refused:  # ICA takes no parts of names: all were asked for all the same
            return True

    def _closer_groups(self, room: int | None) -> Iterator[Task]:
        """`room`: of so many lookups at most."""
        for chunk in self._chunks(answers.missing):
            these = chunk if room is None else chunk[: max(0, room)]
            room = None if room is None else room - len(these)
            names = [one for one in these if one.kind == LookupKind.NAME]
            yield from self._groups(names, DataSearch.names_closer)
            folders: dict[tuple[str, LookupKind, str], list[Sought]] = {}
            for one in these:
                if one.kind != LookupKind.NAME:
                    its = one.project, one.kind, parent_of(one.text)
                    folders.setdefault(its, []).append(one)
            for (project, *_), found in folders.items():
                where = self._where(project)
                yield Look(where, self.refusals, DataSearch.paths_closer, found)
            if room is not None and room <= 0:
                return

    def _count_folders(self) -> bool:
        """How many files are below the folders that were found."""
        after, most = self.spec.counted, COUNTED_FOLDERS
        found = self.context.read(answers.uncounted_folders, self.submission.id, after, most)
        return self._run([partial(_count_files, *one) for one in found], self._note_files)

    def _note_files(self, counted: Sequence[tuple[int, int | None]]) -> None:
        files = {position: count for position, count in counted if count is not None}
        note = partial(answers.note_files, submission_id=self.submission.id, files=files)
        self._keep(note, counted=max(position for position, _ in counted))

    # walks

    def _find_walk(self, plan: PathPlan) -> None:
        """Begin a walk where that takes fewer calls than what is planned."""
        asked, most = 0, max(1, sum(group.calls for group in plan.groups) // 50)
        for stretch in plan.stretches():
            first = stretch.groups[0]
            scopes = self._where(first.project).scopes
            if asked >= most or not scopes or not self._is_walkable(stretch):
                continue
            totals = self._totals(stretch, scopes)
            asked += len(totals)
            pages = sum(-(-total // MAX_PAGE_ROWS) for total in totals if total is not None)
            # what a walk finds is not told apart by its scopes
            is_held = bool(self.spec.hides and not first.project and totals[-1])
            if None not in totals and not is_held and pages < WALK_SHARE * stretch.calls:
                let_go = partial(answers.let_go, submission_id=self.submission.id, kind=first.kind)
                walk = WalkSpec(first.project, first.kind, stretch.folder, total=totals[0])
                self._keep(let_go, walk=walk)
                return

    def _is_walkable(self, stretch: Stretch) -> bool:
        """ICA may cut a folder with a comma in two."""
        is_one_value = stretch.folder != "/" and "," not in stretch.folder
        return is_one_value and not self._is_walked(stretch.groups[0])

    def _totals(self, stretch: Stretch, scopes: Sequence[Scope]) -> list[int | None]:
        """How many data are below the stretch's folder in each scope; None where that can't be
        told.
        """
        first, client = stretch.groups[0], self.context.clients.of(self.account)
        wanted = below([stretch.folder], first.kind)
        try:
            return [client.count_data(scope, wanted) for scope in scopes]
        except Refused:
            return [None]
        except (Forbidden, NotFound):
            if not first.project:
                raise
            return [None]

    def _go_on_walking(self) -> bool:
        """Read all that is below a folder, page by page; at its end, decide what it was for."""
        while (walk := self.spec.walk) is not None:
            scopes = self._where(walk.project).scopes
            if walk.scope >= len(scopes):
                if not self._decide_walk(walk):
                    return False
                continue
            scope, wanted = scopes[walk.scope], below([walk.folder], walk.kind)
            try:
                if not self._walk(walk, scope, wanted):
                    return False
            except (Forbidden, NotFound, Refused) as error:
                if not walk.project and not isinstance(error, Refused):
                    raise
                self._keep(walk=None, walked=[*self.spec.walked, walk.folder])
        return True

    def _walk(self, walk: WalkSpec, scope: Scope, wanted: DataFilter) -> bool:
        """Read all of a scope; False: the turn is over before."""
        if walk.total is None:
            client = self.context.clients.of(self.account)
            walk = replace(walk, total=client.count_data(scope, wanted))
        by_offset = walk.total is not None and walk.total <= MAX_OFFSET_ROWS
        read = self._walk_by_offset if by_offset and not walk.cursor else self._walk_by_cursor
        return read(walk, scope, wanted)

    def _walk_by_offset(self, walk: WalkSpec, scope: Scope, wanted: DataFilter) -> bool:
        """Several pages at once. What is missed, since rows may move, is asked for by its path."""
        offsets = range(walk.read, walk.total or 0, MAX_PAGE_ROWS)
        tasks = (partial(_page_at, scope, wanted, offset) for offset in offsets)
        is_done = self._run(tasks, self._note_pages)
        if is_done and self.spec.walk:
            self._keep(walk=_in_next_scope(self.spec.walk))
        return is_done

    def _note_pages(self, pages: Sequence[Page[Data]]) -> None:
        if walk := self.spec.walk:
            data = [one for page in pages for one in page.items]
            read = walk.read + MAX_PAGE_ROWS * len(pages)
            self._hold(walk, data, walk=replace(walk, read=read))

    def _walk_by_cursor(self, walk: WalkSpec, scope: Scope, wanted: DataFilter) -> bool:
        client, trail = self.context.clients.of(self.account), Trail(walk.pages, walk.mark)
        while not self._is_over():
            page = client.find_data(scope, wanted, page_token=walk.cursor)
            trail, circles = trail.follow(page.next_token)
            read = walk.read + len(page.items)
            most = 2 * (walk.total or read) + MAX_PAGE_ROWS
            if page.next_token is None or circles or read > most:
                self._hold(walk, page.items, walk=_in_next_scope(walk))
                return True
            walk = replace(
                walk, read=read, cursor=page.next_token, pages=trail.pages, mark=trail.mark
            )
            self._hold(walk, page.items, walk=walk)
        return False

    def _hold(self, its: WalkSpec, data: Sequence[Data], **spec: Any) -> None:
        """Keep those data that lookups may mean, until the walk is over."""
        paths = {lookups.key_of(path.rstrip("/")) for path in map(whole_path, data) if path}
        submission_id = self.submission.id
        found = self.context.read(
            answers.waiting_by_key, submission_id, [*paths], its.kind, its.project
        )
        matcher = Matcher(found)
        held = [
            (match.sought.position, candidate(one, match.likeness, self.names))
            for one in data
            for match in matcher.matches(one)
        ]
        self._keep(partial(answers.hold, submission_id=submission_id, found=held), **spec)

    def _decide_walk(self, walk: WalkSpec) -> bool:
        """What was found is recorded; what was not is asked for by its path."""
        while True:
            found = self.context.read(answers.held, self.submission.id, walk.kind, WRITTEN_AT_ONCE)
            if not found:
                self._keep(walk=None, walked=[*self.spec.walked, walk.folder])
                return True
            done = [Answer(position, ordered(its), len(its)) for position, its in found.items()]
            self._write(done, set())
            if self._is_over():
                return False

    # asking

    def _run(self, tasks: Iterable[Task], take: Callable[[list[Any]], None]) -> bool:
        """Do tasks, several at once, and take what they bring in their order, while the next ones
        are under way. False: the turn is over, and some are left. Raises an IcaError, after what
        was brought before was taken.
        """
        waiting, running = iter(tasks), deque[Future[Any]]()
        brought: list[Any] = []
        left, error = True, None
        while True:
            while left and error is None and len(running) < self._depth() and not self._is_over():
                task = next(waiting, None)
                if task is None:
                    left = False
                else:
                    running.append(self._submit(task))
            if not running:
                break
            try:
                result = running.popleft().result()
            except IcaError as failed:
                error = failed if error is None or isinstance(failed, RateLimited) else error
                running = deque(one for one in running if not one.cancel())
                continue
            finally:
                if self.gives_way:
                    self._give_places_back(len(running))
            if error is None:
                brought.append(result)
                at_once = len(brought) >= TAKEN_AT_ONCE
                if running and (at_once or (len(brought) > 1 and not running[0].done())):
                    take(brought)
                    brought = []
        if brought:
            take(brought)
        if error is not None:
            raise error
        return not left

    def _submit(self, task: Task) -> Future[Any]:
        """Begin a task in a thread, within what all calls of the unit may take."""
        clients, account = self.context.clients, self.account
        return self.pool.submit(copy_context().run, lambda: task(clients.of(account)))

    def _depth(self) -> int:
        """How many tasks may be under way or wait for their thread."""
        if self.taken and self._looks_due():
            waits = self.context.read(batches.waits, self.account.id, self.context.clock())
            self.gives_way = self.gives_way or waits
        return 1 if self.gives_way else 1 + 2 * self.taken

    def _looks_due(self) -> bool:
        """Whether it is time to look again if something more urgent waits."""
        now = self.context.clock.steady()
        due = now - self.looked_at > URGENT_SECONDS
        self.looked_at = now if due else self.looked_at
        return due

    def _give_places_back(self, running: int = 0) -> None:
        """Leave the account's other places to its other units, but those of tasks that run."""
        while self.taken > max(0, running - 1):
            self.context.budget.end(self.account.id)
            self.taken -= 1

    def _is_over(self) -> bool:
        return self.context.is_turn_over(self.started, UNIT_SECONDS, self.account.id)

    def _groups(self, found: Sequence[Sought], look: Callable[..., Result]) -> Iterator[Task]:
        """Tasks for lookups of a kind, whatever project they name."""
        by_project: dict[str, list[Sought]] = {}
        for one in found:
            by_project.setdefault(one.project, []).append(one)
        for project, its in by_project.items():
            where = self._where(project)
            if not where.scopes:
                yield partial(_impossible, its, self.spec.projects.get(project, "").strip())
                continue
            operation, limits = where.scopes[0].operation.id, self._limits()
            commas = limits.keeps_commas(operation)
            for group in packed(its, self._most(where.scopes[0]), keeps_commas=commas):
                yield Look(where, self.refusals, look, group)

    def _chunks(self, read: Callable[..., list[Sought]]) -> Iterator[list[Sought]]:
        after = 0
        while True:
            found = self.context.read(read, self.submission.id, after=after, limit=READ_AT_ONCE)
            if not found:
                return
            after = found[-1].position
            yield found

    def _where(self, project: str) -> Where:
        """Where lookups are looked up that name a project, or none. Without scopes, nowhere."""
        if project:
            its_id = self.spec.projects.get(project, " ")
            scopes = [] if its_id.startswith(" ") else [Scope(its_id)]
            return Where(scopes, None, self.names, project)
        if chosen := self.submission.lookup_projects:
            return Where([Scope(one.id) for one in chosen], None, self.names)
        target = self.submission.project_id
        own = Scope(target)
        scopes = [Scope(target, eligible=True), *([own] if self.spec.hides else [])]
        return Where(scopes, own, self.names)

    def _limits(self) -> Limits:
        return self.context.clients.of(self.account).limits

    def _most(self, scope: Scope) -> tuple[int, int]:
        """How many values, and characters of them, one call may ask for."""
        return self._limits().values(scope.operation.id, self.context.clock())

    # keeping

    def _record(self, results: Sequence[Result], *, counts: bool = True) -> None:
        """Keep what became of lookups."""
        found = [answer for one in results for answer in one.answers]
        linked = {data_id for one in results for data_id in one.linked}
        self._write(found, linked, counts=counts)

    def _record_paths(self, plan: PathPlan, results: Sequence[Result]) -> None:
        """As _record(); those that are left are asked for by their paths next, by this unit or the
        one after it: a unit that may make few calls would else ask for their folders for ever.
        """
        plan.left += [[one.position for one in result.left] for result in results if result.left]
        self._record(results)

    def _write(self, found: Sequence[Answer], linked: set[str], *, counts: bool = True) -> None:
        first = [one.candidates[0] for one in found if one.candidates]
        flags = flagging.flags_of(self.context, self.submission, first, linked)
        for chunk in _in_chunks(found):
            done = self.chore.done + len(chunk) * counts
            self._keep(partial(self._change, chunk, flags), done=min(self.chore.total, done))

    def _change(
        self, found: Sequence[Answer], flags: Mapping[str, int], connection: Connection
    ) -> None:
        if not answers.record(connection, self.submission.id, found, flags, self.most_bytes):
            raise _Full

    def _keep(
        self,
        change: Callable[[Connection], Any] | None = None,
        done: int | None = None,
        **spec: Any,
    ) -> None:
        """Make a change and keep how far it is, in one transaction."""
        now, context = self.context.clock(), self.context
        self.spec = replace(self.spec, **spec)
        values: dict[str, Any] = {"spec": msgspec.to_builtins(self.spec)} if spec else {}
        values |= {} if done is None else {"done": done}
        with context.store.write() as connection:
            kept = chores.keep(connection, self.chore, now, **values)
            if change:
                change(connection)
        self.chore = kept
        context.store.let_others_write()

    def _end(self, problem: KeptError | None = None) -> Chore:
        """All were asked for, or nothing more can be: the list is a draft."""
        now, context = self.context.clock(), self.context
        _forget_plan(self.chore)
        with context.store.write() as connection:
            kept = chores.end(connection, self.chore, now, problem=problem)
            submissions.end_resolving(connection, self.submission.id, now)
        return kept

    def _closed(self, error: Forbidden | NotFound) -> KeptError:
        """A project that is searched can't be read any more."""
        names = " or ".join(
            f"“{self.names.get(one.project, one.project)}”" for one in self._where("").scopes
        )
        problem = ica_failures.kept_error(error, self.context.clock())
        return msgspec.structs.replace(problem, message=CLOSED.format(project=names))

    def _no_room(self) -> KeptError:
        most = f"{self.context.settings.account_bytes / 1e9:,.3g} GB"
        return KeptError(ErrorCode.NO_ROOM, self.context.clock(), NO_ROOM.format(most=most))


def _in_chunks(found: Sequence[Answer]) -> Iterator[list[Answer]]:
    """Answers, as many as are written in one transaction."""
    chunk: list[Answer] = []
    candidates = 0
    for answer in found:
        candidates += len(answer.candidates)
        if chunk and (len(chunk) >= WRITTEN_AT_ONCE or candidates > CANDIDATES_AT_ONCE):
            yield chunk
            chunk, candidates = [], len(answer.candidates)
        chunk.append(answer)
    if chunk:
        yield chunk


def _key(chore: Chore) -> tuple[int, float]:
    return chore.id, chore.created_at


def _forget_plan(chore: Chore) -> None:
    with _planning:
        _plans.pop(_key(chore), None)


def _find_project(name: str, client: IcaClient) -> tuple[str, str]:
    """The name, and the project's id or, after a blank, why there is none."""
    try:
        return name, named_project.find(client, name)
    except named_project.NoSuchProject as why:
        return name, f" {why}"


def _hides_linked(target: str, client: IcaClient) -> bool:
    """Whether ICA leaves out of what may be linked into a project what is linked into it already;
    also true where that can't be told: none of the project's first data is linked, or ICA refuses.
    """
    eligible = Scope(target, eligible=True)
    try:
        page = client.find_data(Scope(target))
        linked = [one.id for one in page.items if _owner(one) not in {"", target}][:PROBED]
        if not linked:
            return page.next_token is not None
        return not client.find_data(eligible, DataFilter(ids=linked), page_size=PROBED).items
    except Refused:
        return True


def _owner(data: Data) -> str:
    return (data.details.owning_project_id if data.details else None) or ""


def _impossible(lookups: Sequence[Sought], note: str, _client: IcaClient) -> Result:
    found = [Answer(one.position, [], note=note, impossible=True) for one in lookups]
    return Result(found, set(), [])


def _page_at(scope: Scope, wanted: DataFilter, offset: int, client: IcaClient) -> Page[Data]:
    return client.find_data(scope, wanted, page_offset=offset)


def _count_files(position: int, folder: Candidate, client: IcaClient) -> tuple[int, int | None]:
    """How many files are below a folder; None where ICA does not say."""
    try:
        files = below([folder.path], LookupKind.PATH)
        return position, client.count_data(Scope(folder.project_id), files)
    except (Forbidden, NotFound, Refused):
        return position, None


def _in_next_scope(walk: WalkSpec) -> WalkSpec:
    return WalkSpec(walk.project, walk.kind, walk.folder, walk.scope + 1)
