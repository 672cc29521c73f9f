"""What people call a submission and note on it: one line of a name, and how long each may be."""

from collections.abc import Mapping

from webapp.web import params

LONGEST = {"name": 200, "note": 2000}


def clean(name: str) -> str:
    """A name as it is kept: one line, words with one space between them."""
    return " ".join(params.line(name).split())


def too_long(given: Mapping[str, str]) -> dict[str, str]:
    """What is said of a name and a note that are too long: field -> sentence."""
    return {
        field: f"A {field} may have {most:,} characters; this one has {len(given[field]):,}."
        for field, most in LONGEST.items()
        if len(given.get(field, "")) > most
    }
