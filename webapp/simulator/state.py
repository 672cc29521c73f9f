"""The simulator's state, all in memory: batches, linked data, faults and calls."""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from webapp.simulator import outcomes
from webapp.simulator.batches import Batch
from webapp.simulator.catalogue import LINKED_AT_FIRST, UNAVAILABLE, Catalogue
from webapp.simulator.collection import Collection
from webapp.simulator.datum import Datum, made_up, parent_of
from webapp.simulator.faults import FaultInjector
from webapp.simulator.operations import V3, Kind
from webapp.simulator.options import Options
from webapp.simulator.outcomes import ProjectData
from webapp.simulator.problems import not_found
from webapp.simulator.projects import PROJECTS, Project, uuid_text
from webapp.simulator.state_file import BatchRequest, StateFile
from webapp.simulator.users import User

_ITEMS_PER_UNKNOWN_STATUS = 7
_KEPT_LISTS = 8  # of data


class Asked(NamedTuple):
    """One call: the id of its operation, the most values that a parameter of it has, and the length
    of its request line in bytes.
    """

    operation_id: str
    values: int
    line_bytes: int


class State:
    """The state of one simulator; `clock` returns seconds since 1970."""

    def __init__(self, options: Options, clock: Callable[[], float]) -> None:
        self.options = options
        self.clock = clock
        self.faults = FaultInjector(options.faults, options.seed)
        self.calls: list[Asked] = []  # append() is safe between threads
        self.catalogue = Catalogue(options.catalogue_files)
        self._project_data: defaultdict[str, ProjectData] = defaultdict(ProjectData)
        for project_id, data_ids in LINKED_AT_FIRST.items():
            self._project_data[project_id].linked.update(data_ids)
        self._linked: dict[str, tuple[int, Collection]] = {}  # by project, and as of which revision
        self._listed: dict[Hashable, list[Datum]] = {}  # the last few lists that were asked for
        self._batches: dict[str, Batch] = {}
        self._by_job: dict[str, Batch] = {}
        self._creation_lock = threading.Lock()
        self._file = StateFile(options.state_file)
        for request in self._file.read():
            self._add(request)

    def create_batch(self, request: BatchRequest) -> Batch:
        """Create a batch, and keep its request in the state file."""
        with self._creation_lock:
            self._file.append(request)
            return self._add(request)

    def batch(self, kind: Kind, project: Project, batch_id: str) -> Batch:
        """A batch of this kind and project. Raises Problem 400 or 404."""
        batch = self._batches.get(uuid_text(batch_id))
        if batch is None or (batch.request.kind, batch.request.project_id) != (kind, project.id):
            raise not_found(f"Data {kind} batch", batch_id)
        return batch

    def batch_of_job(self, job_id: str, user: User) -> Batch:
        """The batch of a job that the user may see. Raises Problem 400 or 404."""
        batch = self._by_job.get(uuid_text(job_id))
        if batch is None or not self._visible(batch, user):
            raise not_found("Job", job_id)
        return batch

    def batches_visible_to(self, user: User) -> list[Batch]:
        """All batches in projects that a user may read, oldest first."""
        batches = list(self._batches.values())  # one step: safe between threads
        return [b for b in batches if self._visible(b, user)]

    def _visible(self, batch: Batch, user: User) -> bool:
        return user.login in PROJECTS[batch.request.project_id].readers

    def holds(self, project: Project, data_id: str) -> bool:
        return self._project_data[project.id].holds(data_id)

    def datum(self, data_id: str) -> Datum:
        """The datum with an id: that of the catalogue, or one that is made up for it."""
        return self.catalogue.find(data_id) or made_up(data_id)

    def above(self, datum: Datum) -> Iterator[Datum]:
        """The folders of the catalogue in which a datum lies."""
        owned, path = self.catalogue.of(datum.home), datum.path
        while owned.data and (path := parent_of(path)) != "/":
            yield from (folder for folder in owned.at(path) if folder.path == path)

    def contents(self, folder: Datum) -> Sequence[Datum]:
        """What lies directly in a folder."""
        if not folder.is_folder:
            return ()
        if self.catalogue.find(folder.id):
            return self.catalogue.of(folder.home).inside(folder.path)
        return list(map(made_up, outcomes.contents_of(folder.id)))

    def listed(self, key: Hashable, find: Callable[[], list[Datum]]) -> list[Datum]:
        """The rows of a list of data. They are found once for its pages, which have the same `key`,
        unless something is linked meanwhile.
        """
        key = key, len(self._batches)
        rows = self._listed.pop(key, None) or find()
        self._listed[key] = rows
        for oldest in list(self._listed)[:-_KEPT_LISTS]:
            self._listed.pop(oldest, None)
        return rows

    def linked(self, project: Project) -> Collection:
        """What was linked into a project one by one; what all hold from the start is not listed."""
        with self._creation_lock:
            data = self._project_data[project.id]
            revision, listed = self._linked.get(project.id, (-1, None))
            if listed is None or revision != data.revision:
                listed = Collection(map(self.datum, data.linked))
                self._linked[project.id] = data.revision, listed
            return listed

    def _add(self, request: BatchRequest) -> Batch:
        """Link or unlink the data of a request; the same requests always have the same outcomes."""
        data_ids = request.data_ids
        if request.kind is Kind.LINKING and request.version == V3:
            files = (outcomes.contents_of(i) if outcomes.is_folder(i) else [i] for i in data_ids)
            data_ids = list(chain.from_iterable(files))
        project_data = self._project_data[request.project_id]
        refused = _unlinkable(request)
        change = project_data.link if request.kind is Kind.LINKING else project_data.unlink
        statuses = [outcomes.FAILED if i in refused else change(i) for i in data_ids]
        project_data.revision += 1
        if request.unknown_status:
            for n in range(0, len(statuses), _ITEMS_PER_UNKNOWN_STATUS):
                if statuses[n] == outcomes.LINKED:
                    statuses[n] = outcomes.QUARANTINED
        batch = Batch(request, data_ids, statuses)
        self._batches[batch.id] = batch
        self._by_job[batch.job_id] = batch
        return batch


def _unlinkable(request: BatchRequest) -> set[str]:
    """The planted data that a batch can't link because of their status."""
    if request.kind is not Kind.LINKING:
        return set()
    refusing = UNAVAILABLE.values() if request.only_available else ("DELETING",)
    return {data_id for data_id, status in UNAVAILABLE.items() if status in refusing}
