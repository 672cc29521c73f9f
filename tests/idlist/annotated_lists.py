"""Lists that are given back with the outcomes of their entries."""

from hashlib import md5

from tests.idlist.sample_lists import HEADERS, B, opened, read_all
from webapp.idlist import Kind, annotate
from webapp.idlist.ids import is_data_id

FAILED = ("FAILED", "=cmd|'/c calc'!A1, twice", "1", "")
LINKED = ("LINKED", "", "1", "/run 1/a.bam")
LOOKUP_HEADERS = ("data_id", "resolved_path", "status", "reason")
_PATHS: dict[str, str] = {}


def outcomes(several):
    """B failed, what was rejected was not sent, all else is linked."""
    told = {B: FAILED, "": ("NOT_SENT", "no id", "", "")}
    return [told.get(entry.data_id, LINKED) for entry in several]


def annotated(data, **options):
    return b"".join(annotate(opened(data, **options), outcomes, HEADERS))


def sent(data):
    """The ids of a list, repeated ones too."""
    return [entry.data_id for entry in read_all([data])[0] if entry.kind is not Kind.REJECTED]


def led_to(text):
    """What an id, a name or a path has led to: ids and paths; not if it is missing, and to two if
    there are several.
    """
    if is_data_id(text):
        return text, f"/p/{text}"
    if "missing" in text:
        return "", ""
    ids = [f"fil.{md5(f'{text}{i}'.encode()).hexdigest()}" for i in range(1 + ("several" in text))]
    _PATHS.update(dict.fromkeys(ids, text))
    return "; ".join(ids), "; ".join([text] * len(ids))


def led_to_of(entry):
    """As led_to; an id is never missing, whatever its shape."""
    return led_to(entry.lookup.text) if entry.lookup else (entry.data_id, f"/p/{entry.data_id}")


def looked_up(several):
    """Cells for the entries of a list with names and paths."""
    for entry in several:
        if entry.kind is Kind.REJECTED:
            yield "", "", "REJECTED", "no id"
            continue
        data_id, path = led_to_of(entry)
        path = _PATHS.get(data_id, path)
        several = "; " in data_id
        linked = ("LINKED; LINKED", "none; none") if several else ("LINKED", "")
        yield (data_id, path, *linked) if data_id else ("", "", "NOT FOUND", "none")


def returned(data, **options):
    """A list with names and paths as it is handed back."""
    return b"".join(annotate(opened(data, **options), looked_up, LOOKUP_HEADERS))
