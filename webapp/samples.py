"""Made-up data ids and three lists of them, for trying things out against the simulated ICA."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

PROJECT = "00000000-0000-4000-8000-000000000001"  # the simulator's first: everybody's to try
LINKS, MISSING, NOT_SHARED, ARCHIVING, HELD, IN_PART = "20", "00", "01", "02", "03", "10"
SEED = 20_260


@dataclass(frozen=True, slots=True)
class Sample:
    """A list to download or to use at once: its file's name, what it shows, and its maker."""

    file_name: str
    title: str
    text: str
    content: Callable[[], str]


def files(count: int, seed: int, ending: str = LINKS) -> list[str]:
    """Ids of files, always the same ones for a seed; the ending tells the simulator's outcome."""
    dice = random.Random(f"{seed}/{ending}")
    return [f"fil.{dice.getrandbits(120):030x}{ending}" for _ in range(count)]


def folders(count: int, seed: int, ending: str = LINKS) -> list[str]:
    """As files(), but folders."""
    return [f"fol.{data_id[4:]}" for data_id in files(count, seed, ending)]


def shuffled(data_ids: Iterable[str], seed: int) -> list[str]:
    """The ids in an order that looks like chance and is always the same."""
    mixed = list(data_ids)
    random.Random(seed).shuffle(mixed)
    return mixed


def _lines(rows: Iterable[str]) -> str:
    return "\n".join(rows) + "\n"


def _messy() -> str:
    """A manifest as people have it: a header, comments, repeats, gaps, and words that are no id."""
    good = shuffled(files(180, SEED + 1) + files(12, SEED + 1, MISSING), SEED)
    cells = [
        *good,
        *good[:9],
        good[20].upper().replace("FIL", "fil"),
        "see mail of 3 May",
        "TBD",
        "",
    ]
    rows = [f"S{n:03d},S{n:03d}_R1.fastq.gz,{cell}" for n, cell in enumerate(cells, 1)]
    rows[60:60] = ["# second flow cell", ""]
    return _lines(["# run 260412, as sent by the lab", "sample_id,file_name,data_id", *rows])


def mixed(count: int, seed: int) -> list[str]:
    """Ids of every outcome, about a fifth of them failing, folders among them."""
    tenth = count // 10
    failing = [*files(tenth, seed, MISSING), *files(tenth // 2, seed, NOT_SHARED)]
    failing += files(tenth // 2, seed, ARCHIVING)
    other = [*files(tenth, seed, HELD), *folders(tenth, seed, IN_PART), *folders(tenth, seed)]
    rest = files(count - len(failing) - len(other), seed)
    return shuffled([*failing, *other, *rest], seed)


SAMPLES = (
    Sample(
        "clean.txt",
        "A clean list",
        "500 files, one id a line. All of them link.",
        lambda: _lines(files(500, SEED)),
    ),
    Sample(
        "messy.csv",
        "A messy table",
        "A manifest with a header, comments, repeated ids and cells that hold none.",
        _messy,
    ),
    Sample(
        "failing.txt",
        "A list that fails in part",
        "400 files and folders: some are missing, not shared or in the archive, some are linked "
        "already or in part.",
        lambda: _lines(mixed(400, SEED + 2)),
    ),
)
