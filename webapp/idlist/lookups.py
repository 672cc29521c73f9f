"""Tells names and paths of data from other text: what a list may hold in place of data ids."""

import re
from urllib.parse import unquote

from webapp.idlist.entries import Lookup, LookupKind

MAX_NAME_CHARS = 255
MAX_PATH_CHARS = 1_024
_MAX_ADDRESS_CHARS = 20_000  # of one whose path may be encoded
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

IS_TEXT = "This is no data id, path or name that can be looked up."
MAY_BE_NAME = "This is text, not a data id. It may be the name of a file."
_TOO_LONG = "This is too long for a data id or a name, which have at most 255 characters."
_PATH_TOO_LONG = f"This is too long for a path, which has at most {MAX_PATH_CHARS:,} characters."
_NAME_TOO_LONG = "A name in this path is too long: a file or folder has at most 255 characters."
_WHOLE_PROJECT = (
    "This is the whole project: use From a folder, or name a folder or a file of it, such as "
    "/run1/a.bam."
)
_PATTERN = (
    "This is a pattern, and no file or folder of ICA is called so: use From a folder, which lists "
    "the files that a pattern fits."
)
IS_SECTION = "This is the title of a section, as in a sample sheet, and names no data."
_BESIDE_ID = "This path stands beside a data id, and only the id is used."
_OTHER_ADDRESS = (
    "This is an address outside of ICA. Write where the data is in its ICA project, such as "
    "/run1/a.bam, or its data id."
)
_BACKSLASH = (
    "This is a path with \\, as on a Windows computer. Write where the data is in its ICA "
    "project, with /, such as /run1/a.bam."
)
_ODD_PATH = (
    "This path has // or a folder called . or .. in it, as no path in ICA has. Write the path as "
    "ICA shows it, such as /run1/a.bam."
)
_NOT_FROM_ROOT = (
    "This is a part of a path. Write all of it, from the / at its beginning on, such as "
    "/run1/a.bam."
)
_NO_PROJECT = (
    "No project of ICA is called as this address says. Write the project's name or id as ICA shows "
    "it, such as icav2://my-project/run1/a.bam."
)
_CONTROLS = "This path has characters in it that can't be seen, such as a tab. Write it without."

_ENDINGS = """
    fastq fq ora bam bai cram crai sam vcf gvcf bcf tbi csi gzi fai dict fa fasta fna faa ffn bed
    bedgraph bedpe bw bigwig bb bigbed wig tdf gtf gff gff3 maf seg cns cnr cnn bim fam pgen pvar
    psam bgen bcl cbcl filter locs clocs idat gtc bpm egt pod5 fast5 sra fasta5 h5 hdf5 h5ad loom
    mtx rds rdata parquet feather csv tsv txt tab json jsonl xml yaml yml html htm pdf png jpg jpeg
    svg log md md5 md5sum sha1 sha256 xlsx xls doc docx pptx gz bgz bgzf bz2 xz zst zip tar tgz 7z
    sh py ipynb wdl cwl nf config stats stat hist metrics counts sf tre nwk npy npz pkl tif tiff
    idx index bin dat interop 2bit chain paf sa pac ann amb bwt loh ploidy
"""
_has_ending = re.compile(rf".*[^.\s]\.(?:{'|'.join(_ENDINGS.split())})", re.I | re.S).fullmatch
# Of these, what is read of samples and worked out from that, and no report or program.
_DATA_ENDINGS = """
    fastq fq ora bam bai cram crai sam vcf gvcf bcf tbi csi fasta fa fai bed bedgraph bw bigwig wig
    gtf gff gff3 maf bcl cbcl idat gtc pod5 fast5 sra h5 h5ad loom
"""
_has_data_ending = re.compile(
    rf".*[^.\s]\.(?:{'|'.join(_DATA_ENDINGS.split())})(?:\.(?:gz|bgz|bgzf|ora))?", re.I | re.S
).fullmatch
# Control characters, ends of lines, and bytes that are not UTF-8: what no name has.
_has_control = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]").search
_is_word = re.compile(r"[^\s,;|/\\<>\"'`]+").fullmatch
_between_words = re.compile(r"[\s,]+")
_may_separate = re.compile(r"[;|<>\"`]").search
_is_plain_name = re.compile(r"[^/\\\s](?:[^/\\]*[^/\\\s])?").fullmatch
_has_letter = re.compile(r"[^\W_]").search
_has_any_ending = re.compile(r"(?!f[io]l\.)[^@]*[^.@]\.[A-Za-z]\w{0,9}", re.I | re.A).fullmatch
_is_plain_pattern = re.compile(r"[\w.*?\-]+").fullmatch
_has_wildcard = re.compile(r"[*?]").search
is_section_title = re.compile(r"\[[^\W\d][\w ]*\][,;\s]*+").fullmatch

# How a path or an address begins, and a tag of markup does not.
REFERENCE_START = r"(?:(?<!<)/(?=\S)|[A-Za-z][A-Za-z0-9+.\-]{1,20}://|urn:ilmn:ica:|[A-Za-z]:\\)"
begins_reference = re.compile(REFERENCE_START, re.IGNORECASE).match
_icav2 = re.compile(r"icav2://(?P<project>[^/]*)(?P<path>/.*)?", re.I | re.S).fullmatch
# What is taken is not given back: else a long address would be looked at again from each character.
_urn = re.compile(
    rf"urn:ilmn:ica:(?:region:[^\s:\#]++|project:(?P<project>{_UUID}))[^\s\#/]*+\#(?P<path>/.*)",
    re.IGNORECASE | re.DOTALL,
).fullmatch
_link = re.compile(
    rf"(?>https?://[^/\s]+/\S*?/projects?/(?P<project>{_UUID})/data)/?"
    r"(?:(?>\?(?:[^#\s]*?&)?path=)(?P<query>[^&#]++)\S*+|\#?(?P<path>/.*))?",
    re.IGNORECASE | re.DOTALL,
).fullmatch
_is_dotted = re.compile(r"(?:.*/)?\.\.?(?:/.*)?", re.DOTALL).fullmatch


def is_sure_name(text: str) -> bool:
    """Whether a word is the name of a file: it has the ending of one, and no blanks."""
    is_short = "." in text and len(text) <= MAX_NAME_CHARS  # quickly told, of most words
    return bool(is_short and _is_word(text) and has_file_ending(text))


def is_file_name(text: str) -> bool:
    """Whether a word is called as files are: NAME.ENDING, with any ending; no address of mail."""
    if "." not in text or len(text) > MAX_NAME_CHARS or not _is_word(text):
        return False
    has_name = has_file_ending(text) or (_has_any_ending(text) and _has_letter(text))
    return bool(has_name) and not is_pattern(text)


def has_known_ending(text: str) -> bool:
    """Whether a text with a path or a name in it has more to say so than an unknown ending."""
    return "/" in text or has_file_ending(text.strip("\"' "))


def is_name_of_words(text: str) -> bool:
    """Whether a text with blanks or commas is the name of one file: only its end is that of a file
    of data. Of several, such as `a.bam and b.bam`, it can't be told where they begin.
    """
    if not is_data_file(text) or not may_be_name(text) or _may_separate(text):
        return False
    *others, _ = _between_words.split(text)
    return not any(is_file_name(other.strip("()[]{}'\".:")) for other in others)


def is_pattern(text: str) -> bool:
    """Whether a text stands for many names: no name of data has a * or a ? in it."""
    if len(text) > MAX_PATH_CHARS or not _has_wildcard(text):
        return False
    return bool(text[0] == "/" or has_file_ending(text) or _is_plain_pattern(text))


def has_file_ending(text: str) -> bool:
    """Whether a text ends as files of sequencing do, and has something before it."""
    return bool(len(text) <= MAX_PATH_CHARS and _has_ending(text) and not _has_control(text))


def is_data_file(text: str) -> bool:
    """Whether a text ends as files of data do, such as reads, alignments and variants."""
    return bool(has_file_ending(text) and _has_data_ending(text))


def may_be_name(text: str) -> bool:
    """Whether a file or a folder may be called so."""
    return bool(
        len(text) <= MAX_NAME_CHARS
        and _is_plain_name(text)
        and not _has_wildcard(text)
        and not is_section_title(text)
        and not _has_control(text)
        and _has_letter(text)
    )


def why_no_lookup(text: str) -> str:
    """Why a text that is no data id is no name and no path either, in a sentence."""
    if may_be_name(text):
        return MAY_BE_NAME
    if is_section_title(text):
        return IS_SECTION
    if text == "/":
        return _WHOLE_PROJECT
    if begins_reference(text):
        found = reference(text)
        return found if isinstance(found, str) else _BESIDE_ID
    if is_pattern(text):
        return _PATTERN
    if "\\" in text:
        return _BACKSLASH
    if "/" in text and " " not in text and _has_letter(text) and "<" not in text:
        return _NOT_FROM_ROOT
    return IS_TEXT if " " in text or len(text) <= MAX_NAME_CHARS else _TOO_LONG


def reference(text: str) -> Lookup | str:
    """The file or folder that a path or an address names, or a sentence that says why it names
    none. A path within an address is decoded where it was encoded; a plain path stays as it is.
    """
    if len(text) > _MAX_ADDRESS_CHARS:
        return _PATH_TOO_LONG
    if text.startswith("/"):
        return _path(text, "")
    if found := _icav2(text):
        return _path(_decoded(found["path"] or "/"), _decoded(found["project"]))
    if found := _urn(text):
        return _path(_decoded(found["path"]), (found["project"] or "").lower())
    if found := _link(text):
        path = found["query"] or found["path"] or "/"
        return _path(_decoded(path), found["project"].lower())
    return _OTHER_ADDRESS if "://" in text or text[:4].lower() == "urn:" else _BACKSLASH


def _path(path: str, project: str) -> Lookup | str:
    if problem := _path_problem(path):
        return problem
    if len(project) > MAX_NAME_CHARS or _has_control(project):
        return _NO_PROJECT
    kind = LookupKind.FOLDER if path.endswith("/") else LookupKind.PATH
    return Lookup(kind, path, project)


def _path_problem(path: str) -> str:
    """Why no data can have this path; "" if it can."""
    if path == "/":
        return _WHOLE_PROJECT
    if len(path) > MAX_PATH_CHARS:
        return _PATH_TOO_LONG
    if "\\" in path:
        return _BACKSLASH
    if _has_wildcard(path):
        return _PATTERN
    if "//" in path or _is_dotted(path):
        return _ODD_PATH
    if _has_control(path):
        return _CONTROLS
    if max(map(len, path.split("/"))) > MAX_NAME_CHARS:
        return _NAME_TOO_LONG
    return "" if _has_letter(path) else IS_TEXT


def _decoded(text: str) -> str:
    """The text with %20 and the like decoded, where all of it decodes to UTF-8."""
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
