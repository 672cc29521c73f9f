"""Masking: what differs from item to item is taken out of a reason, so that equal reasons group.

drain3, which learns such templates from log lines, was tried: it names a group by its first text,
ids included, and changes the name when the next text comes, so a group has no lasting key.
"""

import re
from functools import lru_cache

MAX_REASON_CHARS = 600  # characters of a reason that count
_UNIT = r"(?:[munp]?s|min|h|[kmgt]?i?b)"
_NO_CODE = r"(?<!\bHTTP )(?<!\bstatus )(?<!\bcode )(?<!\berror )"  # an error's code is kept
_MASKS = [  # at each place the first that fits is used: the more specific shapes come first
    (r"urn:\S+", "[id]"),
    (r"[a-z][a-z0-9+.-]{0,20}://\S+", "[path]"),
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[id]"),
    (r"\bf(?:il|ol)\.[0-9a-f]+", "[id]"),
    (r"\"[^\"]*\"|“[^“”]*”|«[^«»]*»|`[^`]*`|(?<!\w)'[^']*'(?!\w)", "[name]"),
    (r"(?<![\w\]])/[\w.~-][^\s,;:)]*", "[path]"),
    (r"(?<![\w.-])[\w.-]+(?:/[\w.-]+){2,}", "[path]"),
    (r"\b\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?)?\b", "[number]"),
    (r"(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.[a-z][a-z0-9]{1,5}\b", "[name]"),
    (r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b", "[id]"),
    # two digits and a letter, hyphens too: a sample's name, and neither a unit nor an error's code
    (rf"(?<![\w-])(?!\d+{_UNIT}\b|ICA_|SHA)(?=(?:[\w-]*\d){{2}})(?=[\w-]*[a-z])[\w-]+", "[name]"),
    (rf"(?<![\w.])(?<![a-z]-){_NO_CODE}[+-]?\d+(?:[.,]\d+)*(?={_UNIT}?(?!\w))", "[number]"),
]
_PATTERN = re.compile("|".join(f"({pattern})" for pattern, _ in _MASKS), re.IGNORECASE)
_SHOWN = re.compile(r"\[(?:id|path|name|number)\]")
_UUID = re.compile(
    r"(?<![\w.,+/-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])", re.IGNORECASE
)
_ANY_UUID = "00000000-0000-0000-0000-000000000000"


def masked(reason: str) -> str:
    """The reason with its ids, UUIDs, URNs, paths, names and numbers masked, on one line.

    "Owned by 3f0c5a52-… since 2026-11-23" -> "Owned by [id] since [number]".

    Which UUID stands alone makes no difference: so most reasons are ones that were masked before.
    """
    return _masked(_UUID.sub(_ANY_UUID, reason[: 2 * MAX_REASON_CHARS]))


def readable(group: str) -> str:
    """What a group of reasons is called where people read it; exports have its own text.

    "[number] of [number] files" -> "… of … files".
    """
    return _SHOWN.sub("…", group)


@lru_cache(256)
def _masked(reason: str) -> str:
    line = " ".join(reason.split())
    return _PATTERN.sub(_mask, line)[:MAX_REASON_CHARS].rstrip(".")


def _mask(found: re.Match[str]) -> str:
    return _MASKS[(found.lastindex or 1) - 1][1]
