"""Made-up data ids, and sample lists of ids and of names, to try the dashboard with."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from webapp.simulator.catalogue import sample_name

PROJECT_ID = "00000000-0000-4000-8000-000000000001"  # the simulator's first project
# The last two hex digits of an id; webapp/simulator/outcomes.py says what each leads to.
LINKS, MISSING, NOT_SHARED, ARCHIVING, HELD, IN_PART = "20", "00", "01", "02", "03", "10"
SEED = 20_260


@dataclass(frozen=True, slots=True)
class Sample:
    """A list to download or to use at once: its file's name and content, and what it shows."""

    file_name: str
    title: str
    text: str
    content: str


def files(count: int, seed: int, ending: str = LINKS) -> list[str]:
    """Ids of files, the same ones for the same seed; the simulator's outcome follows `ending`."""
    chance = random.Random(f"{seed}/{ending}")
    return [f"fil.{chance.getrandbits(120):030x}{ending}" for _ in range(count)]


def folders(count: int, seed: int, ending: str = LINKS) -> list[str]:
    """Ids of folders, made as files() makes them."""
    return [f"fol.{data_id[4:]}" for data_id in files(count, seed, ending)]


def shuffled(data_ids: Iterable[str], seed: int) -> list[str]:
    """The ids in a random order, the same one for the same seed."""
    mixed = list(data_ids)
    random.Random(seed).shuffle(mixed)
    return mixed


def mixed(count: int, seed: int) -> list[str]:
    """Ids of files and folders that come to every outcome; about a fifth of them fail."""
    tenth = count // 10
    failing = [*files(tenth, seed, MISSING), *files(tenth // 2, seed, NOT_SHARED)]
    failing += files(tenth // 2, seed, ARCHIVING)
    other = [*files(tenth, seed, HELD), *folders(tenth, seed, IN_PART), *folders(tenth, seed)]
    rest = files(count - len(failing) - len(other), seed)
    return shuffled([*failing, *other, *rest], seed)


def _messy() -> list[str]:
    """The lines of a manifest with a header, comments, repeated ids, gaps, and cells without id."""
    good = shuffled(files(180, SEED + 1) + files(12, SEED + 1, MISSING), SEED)
    repeated = [*good[:9], good[20].upper().replace("FIL", "fil")]
    cells = [*good, *repeated, "see mail of 3 May", "TBD", ""]
    rows = [f"S{n:03d},S{n:03d}_R1.fastq.gz,{cell}" for n, cell in enumerate(cells, 1)]
    rows[60:60] = ["# second flow cell", ""]
    return ["# run 260412, as sent by the lab", "sample_id,file_name,data_id", *rows]


def _sheet() -> list[str]:
    """A sample sheet, two files of reads a sample, as the simulated ICA has them. Three names stand
    there twice, since two samples were sequenced again; one sample it does not have.
    """
    samples = [sample_name("HG", count) for count in range(12)]
    rows = [_reads(sample, place) for place, sample in enumerate(samples, start=1)]
    return ["sample,fastq_1,fastq_2", *rows[:7], _reads("HG99999", 8), *rows[7:]]


def _reads(sample: str, place: int) -> str:
    names = (f"{sample}_S{place}_L001_R{read}_001.fastq.gz" for read in (1, 2))
    return ",".join([sample, *names])


def _sample(file_name: str, title: str, text: str, lines: Iterable[str]) -> Sample:
    return Sample(file_name, title, text, "\n".join(lines) + "\n")


SAMPLES = (
    _sample(
        "clean.txt",
        "A clean list",
        "500 files, one id a line. All of them link.",
        files(500, SEED),
    ),
    _sample(
        "messy.csv",
        "A messy table",
        "A manifest with a header, comments, repeated ids and cells that hold none.",
        _messy(),
    ),
    _sample(
        "failing.txt",
        "A list that fails in part",
        "400 files and folders: some are missing, not shared or in the archive, some are linked "
        "already or in part.",
        mixed(400, SEED + 2),
    ),
    _sample(
        "sample-sheet.csv",
        "A sample sheet of file names",
        "13 samples with two FASTQ files each, and no ids: three names stand in ICA twice, two not "
        "at all.",
        _sheet(),
    ),
)
