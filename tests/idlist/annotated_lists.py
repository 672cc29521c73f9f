"""Lists that are given back with the outcomes of their entries."""

from tests.idlist.sample_lists import HEADERS, B, opened, read_all
from webapp.idlist import Kind, annotate

FAILED = ("FAILED", "=cmd|'/c calc'!A1, twice", "1", "")
LINKED = ("LINKED", "", "1", "/run 1/a.bam")


def outcomes(several):
    """B failed, what was rejected was not sent, all else is linked."""
    told = {B: FAILED, "": ("NOT_SENT", "no id", "", "")}
    return [told.get(entry.data_id, LINKED) for entry in several]


def annotated(data, **options):
    return b"".join(annotate(opened(data, **options), outcomes, HEADERS))


def sent(data):
    """The ids of a list, repeated ones too."""
    return [entry.data_id for entry in read_all([data])[0] if entry.kind is not Kind.REJECTED]
