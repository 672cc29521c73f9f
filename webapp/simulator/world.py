"""Everything that the simulator holds in memory: people, projects, batches, links."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator

from webapp.simulator import outcomes
from webapp.simulator.batches import Batch
from webapp.simulator.faults import Dice
from webapp.simulator.journal import Journal, Request
from webapp.simulator.operations import V3, Kind
from webapp.simulator.options import Options
from webapp.simulator.outcomes import Holdings
from webapp.simulator.people import People, User
from webapp.simulator.problems import not_found
from webapp.simulator.projects import Project, Projects, uuid_text

_EVERY_ODD_ITEM = 7


class World:
    """The state of one simulator; `clock` tells seconds since 1970."""

    def __init__(self, options: Options, clock: Callable[[], float]) -> None:
        self.options = options
        self.clock = clock
        self.people = People(options.token_seconds)
        self.projects = Projects()
        self.dice = Dice(options.faults, options.seed)
        self.calls: list[str] = []  # ids of operations; threads may append at once
        self._holdings: defaultdict[str, Holdings] = defaultdict(Holdings)
        self._batches: dict[str, Batch] = {}
        self._by_job: dict[str, Batch] = {}
        self._admission = threading.Lock()
        self._journal = Journal(options.state)
        for request in self._journal.read():
            self._admit(request)

    def open_batch(self, request: Request) -> Batch:
        """Create a batch that begins now."""
        with self._admission:
            self._journal.append(request)
            return self._admit(request)

    def batch(self, kind: Kind, project: Project, batch_id: str) -> Batch:
        """A batch of this kind and project. Raises Problem 400 or 404."""
        batch = self._batches.get(uuid_text(batch_id))
        if batch is None or (batch.asked.kind, batch.asked.project_id) != (kind, project.id):
            raise not_found(f"Data {kind} batch", batch_id)
        return batch

    def batch_of_job(self, job_id: str, user: User) -> Batch:
        """The batch that a job carries, for one who may see it. Raises Problem 400 or 404."""
        batch = self._by_job.get(uuid_text(job_id))
        if batch is None or not self._shows(batch, user):
            raise not_found("Job", job_id)
        return batch

    def batches_seen_by(self, user: User) -> list[Batch]:
        """All batches in projects that a user may read, oldest first."""
        batches = list(self._batches.values())  # one step: nobody adds a batch meanwhile
        return [b for b in batches if self._shows(b, user)]

    def _shows(self, batch: Batch, user: User) -> bool:
        return user.login in self.projects[batch.asked.project_id].readers

    def holds(self, project: Project, data_id: str) -> bool:
        return self._holdings[project.id].holds(data_id)

    def _admit(self, request: Request) -> Batch:
        """Link or unlink what a request asks for; the same requests always end the same."""
        data_ids = request.data_ids
        if request.kind is Kind.LINKING and request.version == V3:
            data_ids = list(_exploded(data_ids))
        ends = _ends(self._holdings[request.project_id], request, data_ids)
        batch = Batch(request, data_ids, ends)
        self._batches[batch.id] = batch
        self._by_job[batch.job_id] = batch
        return batch


def _exploded(data_ids: list[str]) -> Iterator[str]:
    for data_id in data_ids:
        if outcomes.is_folder(data_id):
            yield from outcomes.contents_of(data_id)
        else:
            yield data_id


def _ends(holdings: Holdings, request: Request, data_ids: list[str]) -> Iterator[str]:
    decide = holdings.link if request.kind is Kind.LINKING else holdings.unlink
    for position, data_id in enumerate(data_ids):
        status = decide(data_id)
        is_odd = request.odd and status == outcomes.LINKED and position % _EVERY_ODD_ITEM == 0
        yield outcomes.QUARANTINED if is_odd else status
