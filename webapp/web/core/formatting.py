"""How values are written on a page.

Not humanize: 4.17 writes 1.0 kB for 1 kB, 999.6 kB for 1 MB, "5 Bytes", and "2 hours" for 9,000
seconds, and has no share that avoids 0 % and 100 %.
"""

from datetime import UTC, datetime

from flask import Flask

from webapp.store.reason_masking import readable

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def number(count: int | None) -> str:
    """12345 -> 12,345; nothing for None."""
    return "" if count is None else f"{count:,}"


def iso(moment: float) -> str:
    """Seconds since 1970 -> 2026-11-23T12:04:11Z."""
    return f"{datetime.fromtimestamp(moment, UTC).isoformat()[:19]}Z"


def clock(moment: float) -> str:
    """Seconds since 1970 -> 23 Nov 2026, 12:04:11 UTC."""
    found = datetime.fromtimestamp(moment, UTC)
    return f"{found.day} {found:%b %Y, %H:%M:%S} UTC"


def bytes_size(size: int | None) -> str:
    """1234567 -> 1.2 MB; nothing for None."""
    if size is None:
        return ""
    amount, unit = float(size), 0
    while amount >= 999.5 and unit < len(UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.1f}".removesuffix(".0") + f" {UNITS[unit]}"


def plural(count: int, one: str, many: str = "") -> str:
    """1, "id" -> 1 id; 2,000, "id" -> 2,000 ids."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """About how long, in one unit: 40 -> under a minute; 500 -> 8 minutes; 9000 -> 3 hours."""
    if seconds < 60:
        return "under a minute"
    if seconds < 90 * 60:
        return plural(round(seconds / 60), "minute")
    if seconds < 36 * 3600:
        return plural(round(seconds / 3600), "hour")
    return plural(round(seconds / 86_400), "day")


def elapsed(seconds: float | None) -> str:
    """How long something took, in two units at most: 48 s; 12 min 4 s; 3 h 20 min; 2 d 4 h."""
    if seconds is None:
        return ""
    left, words = round(seconds), []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        amount, left = divmod(left, size)
        words.append(f"{amount} {unit}" if amount else "")
    first = next((n for n, word in enumerate(words) if word), len(words) - 1)
    return " ".join(word for word in words[first : first + 2] if word) or "under a second"


def share(count: int, total: int) -> str:
    """A share in percent that says neither 0 % nor 100 % when that is only nearly so."""
    if total <= 0 or count <= 0:
        return "0 %"
    if count >= total:
        return "100 %"
    percent = 100 * count / total
    if percent < 0.1:
        return "< 0.1 %"
    if percent > 99.9:
        return "> 99.9 %"
    return f"{percent:.1f} %"


def register(app: Flask) -> None:
    """Make them filters of the templates."""
    for function in (number, iso, clock, bytes_size, plural, elapsed, share, readable):
        app.add_template_filter(function)
