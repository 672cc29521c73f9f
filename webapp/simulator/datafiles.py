"""The files and folders behind data ids: names as sequencers make them, always the same per id."""

from dataclasses import dataclass

from webapp.simulator.outcomes import digest, is_folder

_CELLS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_READS = ("{sample}_S{number}_L00{lane}_R{read}_001.fastq.gz", "FASTQ", 4_000_000_000)
_FILES = (  # name, format, size in bytes at most
    *(_READS, _READS, _READS),
    ("{sample}_tumor.bam", "BAM", 90_000_000_000),
    ("{sample}.cram", "CRAM", 18_000_000_000),
    ("{sample}.hard-filtered.vcf.gz", "VCF", 300_000_000),
    ("{sample}.hard-filtered.gvcf.gz", "GVCF", 3_000_000_000),
)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file or folder; a folder has neither size nor format, and its path ends in a slash."""

    name: str
    path: str
    size: int | None
    format: str | None
    created: float
    digest: bytes


def describe(data_id: str) -> DataFile:
    """The file or folder with this id."""
    raw = digest(data_id)
    sample = f"{'NA' if raw[0] % 2 else 'HG'}{int.from_bytes(raw[1:3]) % 100_000:05d}"
    run = _run_folder(raw)
    created = 1_735_689_600.0 + int.from_bytes(raw[6:9])
    if is_folder(data_id):
        return DataFile(sample, f"/runs/{run}/Analysis/{sample}/", None, None, created, raw)
    pattern, code, largest = _FILES[raw[3] % len(_FILES)]
    name = pattern.format(
        sample=sample, number=1 + raw[4] % 96, lane=1 + raw[5] % 4, read=1 + raw[5] // 4 % 2
    )
    size = largest // 4 + int.from_bytes(raw[9:14]) % (largest // 2)
    return DataFile(name, f"/runs/{run}/Analysis/{name}", size, code, created, raw)


def _run_folder(raw: bytes) -> str:
    """One of 24 sequencing runs, such as `250114_A01052_0226_BHKJDSX7`."""
    run = raw[14] % 24
    letters = _CELLS[run] + _CELLS[run * 5 % 23] + _CELLS[run * 7 % 23]
    return f"25{1 + run // 2:02d}{3 + run % 2 * 14:02d}_A01052_{201 + run:04d}_BH{letters}DSX7"
