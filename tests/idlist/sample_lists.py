"""Ids to write lists with, and short ways to read one."""

from webapp.idlist import Kind, Reading, Unreadable

HEADERS = ("status", "reason", "attempt", "linked_path")

A, B, C = (f"fil.{digit * 32}" for digit in "abc")
FOLDER = "fol." + "f" * 32
PROJECT = "01234567-89ab-cdef-0123-456789abcdef"
URN = f"urn:ilmn:ica:region:{PROJECT}:data:"
LINK = f"https://ica.illumina.com/ica/link/project/{PROJECT}/data/"


def opened(text, **options):
    """A reading of a text or of bytes."""
    return Reading([text.encode() if isinstance(text, str) else text], **options)


def entries(text, **options):
    return list(opened(text, **options))


def good(text, **options):
    """The ids that would be sent."""
    return [entry.data_id for entry in entries(text, **options) if entry.kind is Kind.GOOD]


def finished(text, **options):
    """A reading after its end, for its counts."""
    reading = opened(text, **options)
    for _ in reading:
        pass
    return reading


def read_all(pieces):
    """The entries and the reading, or the sentence instead."""
    try:
        reading = Reading(pieces)
        return list(reading), reading
    except Unreadable as error:
        return [], str(error)
