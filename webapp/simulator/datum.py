"""A file or folder of a project, and what follows from its id and its name alone."""

from typing import NamedTuple

import msgspec

from webapp.simulator import outcomes
from webapp.simulator.projects import HOMES, Project

AVAILABLE = "AVAILABLE"
PARTIAL = "PARTIAL"
STATUSES = (PARTIAL, AVAILABLE, "ARCHIVING", "ARCHIVED", "UNARCHIVING", "DELETING")

_START_OF_2025 = 1_735_689_600.0  # seconds since 1970
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # of flow cells
_MADE_UP_RUNS = 24
_READS = "{sample}_S{number}_L00{lane}_R{read}_001.fastq.gz"
_MADE_UP_NAMES = (
    *(_READS, _READS, _READS),
    "{sample}_tumor.bam",
    "{sample}.cram",
    "{sample}.hard-filtered.vcf.gz",
    "{sample}.hard-filtered.gvcf.gz",
)
_KINDS = (  # the end of a name, the code of its format, size in bytes at most
    (".fastq.gz", "FASTQ", 4_000_000_000),
    (".bam", "BAM", 90_000_000_000),
    (".cram", "CRAM", 18_000_000_000),
    (".gvcf.gz", "GVCF", 3_000_000_000),
    (".vcf.gz", "VCF", 300_000_000),
    (".bai", "BAI", 9_000_000),
    (".fa", "FASTA", 3_200_000_000),
    (".json", "JSON", 40_000),
    (".csv", "CSV", 9_000),
    (".bed", "BED", 900_000),
    (".txt", "TXT", 90_000),
    (".xml", "XML", 60_000),
)
_UNKNOWN = ("UNKNOWN", 700_000)
FORMAT_CODES = (*(code for _, code, _ in _KINDS), _UNKNOWN[0])


class Datum(msgspec.Struct, frozen=True, gc=False):
    """A file or folder. `home` is the project that owns it; `path` is the whole one with the name,
    and a folder's ends in `/`.

    `run` is the instrument's name of its sequencing run, `lacks` the field that answers leave null:
    `details`, `path` or `urn`.
    """

    id: str
    home: Project
    path: str
    run: str = ""
    tags: tuple[str, ...] = ()  # the users'
    status: str = AVAILABLE
    lacks: str = ""
    non_indexed: bool = False

    @property
    def is_folder(self) -> bool:
        return outcomes.is_folder(self.id)

    @property
    def name(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The path of the folder in which it lies, which ends in `/`."""
        return parent_of(self.path)

    @property
    def created(self) -> float:
        """Seconds since 1970."""
        return self.drawn().created

    @property
    def size(self) -> int | None:
        """Bytes; a folder has none."""
        return self.drawn().size

    @property
    def format_code(self) -> str | None:
        """None: it is a folder."""
        return self.drawn().format_code

    def drawn(self) -> "Drawn":
        """What follows from its id and its format: it was created in the first half of 2025, and
        its size suits the format. Of a file that was never uploaded nothing is there.
        """
        raw = outcomes.digest(self.id)
        created = _START_OF_2025 + int.from_bytes(raw[6:9])
        if self.is_folder:
            return Drawn(created, None, None, None)
        code, most = _kind_of(self.path)
        size = most // 4 + int.from_bytes(raw[9:14]) % (most // 2)
        return Drawn(created, 0 if self.status == PARTIAL else size, code, raw.hex())


class Drawn(NamedTuple):
    """Seconds since 1970, bytes, a code, and the content's ETag; of a folder only the first."""

    created: float
    size: int | None
    format_code: str | None
    etag: str | None


def _kind_of(path: str) -> tuple[str, int]:
    """The code of a file's format, and how large such files are at most."""
    for end, code, most in _KINDS:
        if path.endswith(end):
            return code, most
    return _UNKNOWN


def parent_of(path: str) -> str:
    """The folder of a file or folder; that of `/` is `/`."""
    return path.rstrip("/").rpartition("/")[0] + "/"


def run_name(number: int, instrument: str = "A01052") -> str:
    """The name of a sequencing run, which is that of its folder, too: two a month from 2025 on."""
    month, letter = number // 2 % 12, number % _MADE_UP_RUNS
    flow_cell = _LETTERS[letter] + _LETTERS[letter * 5 % 23] + _LETTERS[letter * 7 % 23]
    date = f"{25 + number // 24}{1 + month:02d}{3 + number % 2 * 14:02d}"
    return f"{date}_{instrument}_{201 + number:04d}_BH{flow_cell}DSX7"


def made_up(data_id: str) -> Datum:
    """The datum with an id that no catalogue has: its name, path and home follow from the id. Names
    are as sequencers make them.
    """
    raw = outcomes.digest(data_id)
    sample = f"{'NA' if raw[0] % 2 else 'HG'}{int.from_bytes(raw[1:3]) % 100_000:05d}"
    file_name = _MADE_UP_NAMES[raw[3] % len(_MADE_UP_NAMES)].format(
        sample=sample, number=1 + raw[4] % 96, lane=1 + raw[5] % 4, read=1 + raw[5] // 4 % 2
    )
    name = f"{sample}/" if outcomes.is_folder(data_id) else file_name
    home = HOMES[int.from_bytes(raw[:2]) % len(HOMES)]
    return Datum(data_id, home, f"/runs/{_RUN_NAMES[raw[14] % _MADE_UP_RUNS]}/Analysis/{name}")


_RUN_NAMES = tuple(map(run_name, range(_MADE_UP_RUNS)))
