"""One table says how every word that a page shows is ordered, called and looks."""

import math
import re
from itertools import combinations

import pytest

from webapp.ica.models import FINAL_JOB
from webapp.paths import STATIC
from webapp.store.enums import BatchState, Phase, State
from webapp.store.statuses import MEANINGS
from webapp.web.submissions.status_display import LOOKS, STATUSES, look, ordered, status_label


def test_every_status_that_has_a_meaning_has_a_look():
    assert MEANINGS.keys() == set(filter(None, STATUSES))


def test_every_state_has_one():
    words = {*State, *Phase, *BatchState} - {State.ACTIVE}  # a phase says more
    assert words <= LOOKS.keys()
    assert LOOKS.keys() >= FINAL_JOB


def test_tones_and_icons_are_there():
    css = (STATIC / "app.css").read_text()
    tones = set(re.findall(r"\.tone-([a-z-]+) \{ --tone", css))
    icons = set(re.findall(r'id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    assert {one.tone for one in LOOKS.values()} == tones
    assert {one.icon for one in LOOKS.values()} <= icons


def test_a_new_status_is_neutral_and_stands_before_our_own():
    assert look("BRAND_NEW") == look("ANOTHER")
    counts = dict.fromkeys(["UNREAD", "BRAND_NEW", "RUNNING", "LINKED"], 1)
    assert ordered(counts) == ["LINKED", "RUNNING", "BRAND_NEW", "UNREAD"]


def test_every_word_is_shown_in_sentence_case():
    shown = {
        "ALREADY_LINKED": "Already linked",
        "WAITING_RESOURCES": "Waiting resources",
        "PARTIALLY_SUCCEEDED": "Partially succeeded",
        "UNREAD": "Not read yet",
        "HELD_BY_OWNER_2": "Held by owner 2",
        "onHold": "OnHold",
        "_": "_",
        "": "",
    }
    assert {word: status_label(word) for word in shown} == shown
    assert status_label("NOT_SENT", {"NOT_SENT": "Not sent yet"}) == "Not sent yet"


# What an eye sees that lacks the green, or the red, receptors (Machado, Oliveira, Fernandes 2009).
EYES = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}
XYZ = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8728))  # by white
CLEARLY_DIFFERENT = 16  # in L*a*b*; 2.3 is a just noticeable difference


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def lab(colour, eye):
    """What an eye makes of #rrggbb, as L*, a*, b*."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    seen = [min(max(c, 0), 1) for c in times(EYES[eye], linear)]
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in times(XYZ, seen))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_outcomes_are_told_apart_by_any_eye(theme, eye):
    css = (STATIC / "app.css").read_text()
    words = ("linked", "already", "partial", "failed", "running", "unlinked", "waiting")
    found = dict(re.findall(r"--(\w+): light-dark\((#\w{6}, #\w{6})\)", css))
    colours = {word: lab(found[word].split(", ")[theme == "dark"], eye) for word in words}
    for one, other in combinations(words, 2):
        assert math.dist(colours[one], colours[other]) >= CLEARLY_DIFFERENT, (one, other)
