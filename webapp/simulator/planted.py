"""Data that the catalogue has on purpose: each is a case that whoever looks data up must get right.

Their paths and names never change, so tests may ask for them. All lie in DELIVERIES unless it is
said, and all can be linked unless their status forbids it.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any

from webapp.simulator.datum import PARTIAL, STATUSES

# The projects that have data of their own, by number.
REFERENCE_PANEL = 2  # may be read, not written
STRANGERS = 3  # of which the users demo and colleague know nothing
DELIVERIES = 15  # "Cardiomyopathy WGS 2025"

NAME_ONCE = "trio-0417.ped"
NAME_TWICE = "trio-0417.vcf.gz"
NAME_300_TIMES = "all_md5.txt"
NAME_1500_TIMES = "metrics.json"  # more than a page
NAME_IN_TWO_PROJECTS = "GRCh38.fa"
PATH_IN_TWO_PROJECTS = "/reference/targets.bed"  # that of REFERENCE_PANEL is linked into DELIVERIES
STRANGERS_NAME = "reef-042.fastq.gz"

SMALL_PATH, CAPITAL_PATH = "/deliveries/letters/abc.txt", "/deliveries/letters/ABC.txt"
CAPITALS_ONLY = "/deliveries/letters/Sample_07_R1.fastq.gz"  # none is written otherwise
BESIDES = tuple(f"/deliveries/bam/x.bam{end}" for end in ("", ".bai", ".md5"))
RUN_1, RUN_10 = "/run1/reads_1.fastq.gz", "/run10/reads_10.fastq.gz"
FILE_LIKE_FOLDER, FOLDER_LIKE_FILE = "/deliveries/results", "/deliveries/results/"
ODD_PATHS = {
    what: f"/deliveries/odd/{name}"
    for what, name in {
        "space": "father and son.bam",
        "plus": "tumor+normal.bam",
        "ampersand": "R&D.bam",
        "hash": "plate #3.bam",
        "percent": "20%25 spike-in.bam",
        "comma": "Müller, Anna.bam",
        "quote": "5' and \"3'\".bam",
        "angle": "<b>bold.bam",
        "nfc": unicodedata.normalize("NFC", "Zoë_S1.bam"),
        "nfd": unicodedata.normalize("NFD", "Chloé_S2.bam"),
        "both nfc": unicodedata.normalize("NFC", "Noël_S3.bam"),
        "both nfd": unicodedata.normalize("NFD", "Noël_S3.bam"),
        "255": "long_" * 50 + "n.bam",
    }.items()
}
PATH_OF_1000 = "/deliveries/" + "deep_folder/" * 81 + "n" * 12 + ".bam"
BY_STATUS = {status: f"/deliveries/status/{status.lower()}.bam" for status in STATUSES}
RESEQUENCED = (  # names that stand in a run, too: of the first two samples
    *("HG12878_S1_L001_R1_001.fastq.gz", "HG12878_S1_L001_R2_001.fastq.gz"),
    "HG20797_S2_L001_R1_001.fastq.gz",
)
TWIN, PARTIAL_TWIN = "/deliveries/again/twin.bam", "/deliveries/failed/twin.bam"
NO_DETAILS, NO_PATH, NO_URN = (
    f"/deliveries/null/no-{field}.bam" for field in ("details", "path", "urn")
)
EMPTY_FOLDER, NON_INDEXED_FOLDER = "/deliveries/empty/", "/deliveries/not-indexed/"
TAGGED, TAG = "/deliveries/tagged/control.bam", "control, second pass"

Planted = tuple[str, dict[str, Any]]  # a path, and what Datum has for it besides


def planted(project: int) -> Iterator[Planted]:
    """The planted data of a project; the folders that they lie in are not told."""
    for path in _PLAIN.get(project, ()):
        yield path, {}
    if project == DELIVERIES:
        yield from _special()


def _special() -> Iterator[Planted]:
    for status, path in BY_STATUS.items():
        yield path, {"status": status}
    yield PARTIAL_TWIN, {"status": PARTIAL}
    for path, field in ((NO_DETAILS, "details"), (NO_PATH, "path"), (NO_URN, "urn")):
        yield path, {"lacks": field}
    yield NON_INDEXED_FOLDER, {"non_indexed": True}
    yield TAGGED, {"tags": (TAG,)}


_PLAIN = {
    DELIVERIES: (
        f"/deliveries/trio-0417/{NAME_ONCE}",
        *(f"/deliveries/trio-0417/{call}/{NAME_TWICE}" for call in ("first", "second")),
        *(f"/qc/plate-{n:04d}/{NAME_300_TIMES}" for n in range(300)),
        *(f"/qc/plate-{n:04d}/{NAME_1500_TIMES}" for n in range(1_500)),
        f"/reference/{NAME_IN_TWO_PROJECTS}",
        PATH_IN_TWO_PROJECTS,
        *(SMALL_PATH, CAPITAL_PATH, CAPITALS_ONLY, *BESIDES, RUN_1, RUN_10),
        *(FILE_LIKE_FOLDER, FOLDER_LIKE_FILE, *ODD_PATHS.values(), PATH_OF_1000),
        *(TWIN, EMPTY_FOLDER),
        *(f"/deliveries/resequenced/{name}" for name in RESEQUENCED),
    ),
    REFERENCE_PANEL: (f"/reference/genome/{NAME_IN_TWO_PROJECTS}", PATH_IN_TWO_PROJECTS),
    STRANGERS: (f"/reef/{STRANGERS_NAME}",),
}
