"""One table says how every word that a page shows is ordered, called and looks."""

import re

from webapp.ica.models import FINAL_JOB
from webapp.paths import STATIC
from webapp.store.enums import BatchState, Phase, State
from webapp.store.statuses import MEANINGS
from webapp.web.submissions.status_display import LOOKS, STATUSES, look, ordered


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
