"""What the headers of columns, and the keys of JSON, say of what stands under them."""

import re
from collections.abc import Sequence
from functools import lru_cache

from webapp.idlist.ids import without_invisible

# From the surest name down. Written as they are compared: small letters and digits only.
_ID_HEADERS = (
    ("dataid", "icadataid", "icaid", "projectdataid", "dataids"),
    ("fileid", "folderid", "icafileid", "icafolderid", "fileids", "folderids", "dataurn"),
    ("urn", "icaurn", "fileurn", "id", "ids", "data", "identifier"),
)
TOP_RANK = len(_ID_HEADERS)
_RANKS = {name: TOP_RANK - i for i, names in enumerate(_ID_HEADERS) for name in names}
# Over names and paths, written in the same way. Of each, R1 and R2 may stand in two columns.
_READ_HEADERS = (
    *("fastq", "fastq1", "fastq2", "fastqr1", "fastqr2", "fastqfile", "fastqfiles", "fq"),
    *("fq1", "fq2", "r1", "r2", "r1fastq", "r2fastq", "read1", "read2", "reads1", "reads2"),
)
_PATH_HEADERS = frozenset(
    {
        *("path", "paths", "filepath", "filepaths", "fullpath", "icapath", "icav2path", "datapath"),
        *("projectpath", "uri", "uris", "url", "urls", "icav2uri", "icauri", "fileuri", "fileurl"),
        *("file", "files", "bam", "bamfile", "cram", "cramfile", "vcf", "vcffile", "gvcf"),
        "nameorpath",
        *_READ_HEADERS,
    }
)
_NAME_HEADERS = frozenset({"filename", "filenames"})  # all under them is a name
_FOLDER_HEADERS = frozenset({"folder", "folders", "folderpath", "directory", "location"})
_MAYBE_HEADERS = ("name", "names", "sample", "samplename")  # of data, or of anything else
_NO_LOOKUP_HEADERS = frozenset({"sampleid", "linkedpath", "resolvedpath"})
# Over the user's own words for the data: of samples first, then of what these are of.
_SAMPLE_HEADERS = frozenset(
    {
        *("label", "labels", "sample", "samples", "sampleid", "sampleids", "samplename"),
        *("samplenumber", "sampleno", "samplecode", "samplealias", "biosample", "biosampleid"),
    }
)
_SUBJECT_HEADERS = frozenset(
    {
        *("specimen", "specimenid", "subject", "subjectid", "patient", "patientid", "patientcode"),
        *("donor", "donorid", "individual", "individualid", "participant", "participantid"),
        *("case", "caseid", "library", "libraryid", "libraryname", "alias"),
    }
)
# Over words that are the same for many data, or are no words for them: a program wrote them.
_NO_LABEL_HEADERS = frozenset(
    {
        *("status", "reason", "attempt", "by", "unlinkedsinceby", "linkedsinceby", "outcome"),
        *("linkedpath", "resolvedpath", "linkedid", "submission", "submitter", "asked"),
        *("type", "datatype", "filetype", "format", "dataformat", "region", "tenant", "tenantname"),
        *("owner", "ownerid", "ownername", "creator", "creatorid", "createdby", "user", "username"),
        *("owningproject", "owningprojectid", "owningprojectname", "projectname", "projects"),
        *("md5", "md5sum", "sha1", "sha256", "checksum", "etag", "hash", "tags"),
    }
)
_PROJECT_HEADERS = frozenset({"projectid", "icaprojectid", "targetprojectid", "project"})
# Of a list that was handed back: its ids, and of names and paths what they had led to.
DATA_ID_HEADER = "data_id"
ENTRY_HEADER, NAME_HEADER = "name_or_path", "file_name"  # over what had no header
RETURNED_HEADERS = (DATA_ID_HEADER, "resolved_path")
_NO_LETTERS = re.compile(r"[\W_]+")
_MAX_HEADER_CHARS = 100  # a list may be one line of megabytes


def header_rank(header: str) -> int:
    """How surely a header names data ids: 3, 2, 1, or 0 for not at all."""
    return _RANKS.get(_normalised(header), 0)


def assumes_names(header: str) -> bool:
    """Whether all that stands under a header, and may be a name, is one."""
    return _normalised(header) in _NAME_HEADERS


def names_lookups(header: str) -> bool:
    """Whether a header says that paths or names of data stand under it."""
    return _normalised(header) in _NAME_HEADERS | _PATH_HEADERS


def is_folder_header(header: str) -> bool:
    """Whether folders stand under a header; they may only tell where a file is."""
    return _normalised(header) in _FOLDER_HEADERS


def is_maybe_header(header: str) -> bool:
    """Whether a header leaves open if names of data stand under it."""
    return _normalised(header) in _MAYBE_HEADERS


def maybe_column(headers: Sequence[str]) -> int | None:
    """Of the columns whose headers leave that open, the likeliest, from 0."""
    known = [_normalised(header) for header in headers]
    return next((known.index(name) for name in _MAYBE_HEADERS if name in known), None)


def is_never_lookup(header: str) -> bool:
    """Whether what stands under a header is no name or path, whatever it looks like."""
    return _normalised(header) in _NO_LOOKUP_HEADERS


def label_rank(header: str) -> int:
    """How surely a header names labels: 2, 1, 0 where it leaves that open, -1 where it does not."""
    known = _normalised(header)
    if known in _SAMPLE_HEADERS:
        return 2
    if known in _SUBJECT_HEADERS:
        return 1
    names_data = _RANKS.get(known, 0) > 1 or names_lookups(header) or is_folder_header(header)
    return -1 if names_data or known in _NO_LABEL_HEADERS | _PROJECT_HEADERS else 0


def names_entries(header: str) -> bool:
    """Whether a text is no entry but the header of a list of ids, paths or names."""
    known = (header_rank, names_lookups, is_folder_header, is_maybe_header)
    return any(knows(header) for knows in known)


def names_project(header: str) -> bool:
    """Whether a header names the project that is linked to."""
    return _normalised(header) in _PROJECT_HEADERS


def _normalised(header: str) -> str:
    """The header as the tables above write names; "" if it is too long for any."""
    return _small_letters(header) if len(header) <= _MAX_HEADER_CHARS else ""


@lru_cache(1024)
def _small_letters(header: str) -> str:
    return _NO_LETTERS.sub("", without_invisible(header)).lower()
