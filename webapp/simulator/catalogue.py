"""The data that projects own: the same ones in every simulator, and enumerable.

A project has sequencing runs, /runs/RUN/Analysis/SAMPLE/FILE with 69 samples a run, and what
planted.py says. An id follows from project and path. All data can be linked, but for those of the
last run of a project, which end as their ids say (outcomes.py), and for some statuses.
"""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from webapp.simulator import planted
from webapp.simulator.collection import Collection
from webapp.simulator.datum import AVAILABLE, Datum, parent_of, run_name
from webapp.simulator.outcomes import digest
from webapp.simulator.projects import PROJECTS, Project, project_id

RUNS = 24  # at least
SAMPLES_PER_RUN = 69
_RUN_FILES = tuple(
    f"{name}.{end}"
    for name, end in (
        *(("RunInfo", "xml"), ("RunParameters", "xml"), ("RTAComplete", "txt")),
        *(("SampleSheet", "csv"), ("SequenceComplete", "txt"), ("CopyComplete", "txt")),
    )
)
_SAMPLE_FILES = (
    *(f"_S{{0}}_L00{lane}_R{read}_001.fastq.gz" for lane in range(1, 5) for read in (1, 2)),
    *(".bam", ".bam.bai", ".hard-filtered.vcf.gz", ".mapping_metrics.csv"),
)
FILES_PER_RUN = SAMPLES_PER_RUN * len(_SAMPLE_FILES) + len(_RUN_FILES)
DEFAULT_FILES = 20_000  # of each project
_STRANGERS_FILES = 300
_TAGS = {0: ("control",), 1: ("trio", "proband")}  # of every tenth sample
_FIRST_SAMPLE, _NEXT_SAMPLE, _SAMPLE_NUMBERS = 12_878, 7_919, 100_000


@dataclass(frozen=True, slots=True)
class Source:
    """A project that owns data. Its samples are called by `prefix` and a number."""

    project: Project
    prefix: str
    instrument: str

    @property
    def mark(self) -> str:
        """Eight digits that all ids of its data have, so that others are known at once."""
        return digest(f"source {self.project.number}").hex()[:8]

    def id_of(self, path: str, *, uneven: bool = False) -> str:
        """The id of a datum. It ends in 20 to ef, or, where it is `uneven`, anyhow but in what all
        projects hold (03 to 0f).
        """
        code = digest(f"{self.project.id}{path}").hex()
        last = int(code[30:], 16)
        if not uneven:
            last = 0x20 + last % 0xD0
        elif 0x03 <= last < 0x10:
            last += 0x40
        kind = "fol" if path.endswith("/") else "fil"
        return f"{kind}.{code[:20]}{self.mark}{code[28:30]}{last:02x}"


def data_id(project: int, path: str) -> str:
    """The id of what is planted in a project, by the project's number."""
    return SOURCES[project_id(project)].id_of(path)


class Catalogue:
    """The data of all sources, which are made when they are asked for; `files` of each project."""

    def __init__(self, files: int = DEFAULT_FILES) -> None:
        self._files = files

    def of(self, project: Project) -> Collection:
        """What a project owns."""
        if project.id not in SOURCES:
            return _NOTHING
        with _making:  # of a second one who asks meanwhile nothing is made twice
            return _collection(project.id, self._files)

    def find(self, data_id: str) -> Datum | None:
        """The datum with this id, in any capitals; None: it is none of the catalogue's."""
        source = _BY_MARK.get(data_id[24:32].lower())
        return self.of(source.project).with_id(data_id.lower()) if source else None

    def readable_by(self, login: str) -> list[Collection]:
        """The data of each source that a user may read."""
        projects = [source.project for source in SOURCES.values()]
        return [self.of(project) for project in projects if login in project.readers]


_making = threading.Lock()


@cache
def _collection(project_id: str, files: int) -> Collection:
    source = SOURCES[project_id]
    return Collection(_data(source, files))


def _data(source: Source, files: int) -> Iterator[Datum]:
    """All data of a source: `files` of sequencing runs, what is planted, and their folders."""
    home = source.project
    if home.number == planted.STRANGERS:
        files = min(files, _STRANGERS_FILES)
    runs = [run_name(n, source.instrument) for n in range(max(RUNS, -(-files // FILES_PER_RUN)))]
    last = f"/runs/{runs[-1]}/"
    folders: set[str] = set()
    for path, run, tags in itertools.islice(_files(source.prefix, runs), files):
        folders.add(parent_of(path))
        yield Datum(source.id_of(path, uneven=path.startswith(last)), home, path, run, tags)
    special = dict(planted.planted(home.number))
    folders.update(map(parent_of, special))
    for path, more in special.items():
        yield Datum(source.id_of(path), home, path, **more)
    for path in _with_all_above(folders) - special.keys():
        yield Datum(source.id_of(path, uneven=path.startswith(last)), home, path)


def _files(prefix: str, runs: list[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The path, run and users' tags of each file of the runs."""
    for number, run in enumerate(runs):
        for name in _RUN_FILES:
            yield f"/runs/{run}/{name}", run, ()
        for place in range(SAMPLES_PER_RUN):
            count = number * SAMPLES_PER_RUN + place
            sample = sample_name(prefix, count)
            folder, tags = f"/runs/{run}/Analysis/{sample}/", _TAGS.get(count % 10, ())
            for end in _SAMPLE_FILES:
                yield f"{folder}{sample}{end.format(place + 1)}", run, tags


def sample_name(prefix: str, count: int) -> str:
    """The name of a project's sample, counted from 0; no two have the same."""
    return f"{prefix}{(_FIRST_SAMPLE + count * _NEXT_SAMPLE) % _SAMPLE_NUMBERS:05d}"


def _with_all_above(folders: set[str]) -> set[str]:
    """The folders, and those that they lie in, but the topmost."""
    found: set[str] = set()
    while folders:
        found |= folders
        folders = {parent_of(folder) for folder in folders} - found
    return found - {"/"}


def _source(number: int, prefix: str, instrument: str) -> Source:
    return Source(PROJECTS[project_id(number)], prefix, instrument)


_ALL = (
    _source(planted.REFERENCE_PANEL, "NA", "A01052"),
    _source(planted.STRANGERS, "CR", "A00733"),
    _source(planted.DELIVERIES, "HG", "A00871"),
)
SOURCES = {source.project.id: source for source in _ALL}
_BY_MARK = {source.mark: source for source in _ALL}
_NOTHING = Collection(())
UNAVAILABLE = {  # the planted data that are not AVAILABLE: their statuses by their ids
    source.id_of(path): more["status"]
    for source in _ALL
    for path, more in planted.planted(source.project.number)
    if "status" in more and more["status"] != AVAILABLE
}
LINKED_AT_FIRST = {  # ids of data that are linked into a project from the start
    project_id(planted.DELIVERIES): (
        data_id(planted.REFERENCE_PANEL, planted.PATH_IN_TWO_PROJECTS),
    )
}
