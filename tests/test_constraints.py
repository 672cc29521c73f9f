"""Every version that a fresh installation brings is pinned."""

from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONSTRAINTS = Path(__file__).parents[1] / ".ci" / "constraints.txt"


def installed_with(name, extras, seen):
    """The names of all that comes along with a package, itself left out."""
    for text in requires(name) or []:
        needed = Requirement(text)
        wanted = [needed.marker.evaluate({"extra": e}) for e in extras] if needed.marker else [True]
        key = (canonicalize_name(needed.name), *sorted(needed.extras))
        if any(wanted) and key not in seen:
            seen.add(key)
            installed_with(needed.name, {"", *needed.extras}, seen)
    return {name for name, *_ in seen}


def test_nothing_is_left_to_chance():
    lines = CONSTRAINTS.read_text().splitlines()
    pinned = {Requirement(line) for line in lines if line and not line.startswith("#")}
    assert all(str(one.specifier).startswith("==") and not one.url for one in pinned)
    needed = installed_with("linkboard", {"", "test", "postgres"}, set())
    assert len(needed) > 20
    assert needed - {"linkboard"} <= {canonicalize_name(one.name) for one in pinned}
