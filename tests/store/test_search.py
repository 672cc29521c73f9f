"""What became of an id that several submissions hold: which of them counts."""

import pytest

from webapp.store.find.search import Holder, Sighting, decisive_sighting

OTHER = "another project"
CASES = [  # from the newest to the oldest; the one with a star counts
    ["FAILED*"],
    ["FAILED*", "FAILED"],
    ["RUNNING*", "FAILED"],
    ["FAILED", "LINKED*"],
    ["RUNNING", "LINKED*"],
    ["UNREAD", "FAILED", "LINKED*", "FAILED"],
    ["QUARANTINED", "LINKED*"],
    ["ALREADY_LINKED", "LINKED*"],
    ["FAILED", "ALREADY_LINKED", "ALREADY_LINKED", "LINKED*"],
    ["ALREADY_LINKED*", "FAILED"],
    ["ALREADY_LINKED*", "UNLINKED", "LINKED"],
    ["LINKED*", "LINKED"],
    ["UNLINKED*", "LINKED"],
    ["ALREADY_UNLINKED", "UNLINKED*", "LINKED"],
    ["ALREADY_UNLINKED*", "LINKED"],
    ["FAILED*", "UNLINKED", "LINKED"],
    ["RUNNING*", "UNLINKED", "LINKED"],
    ["PARTIALLY_LINKED*", "LINKED"],
    ["RUNNING*", "PARTIALLY_LINKED"],
    ["LINKED*", "PARTIALLY_LINKED"],
    ["PARTIALLY_UNLINKED*", "LINKED"],
    ["DRAFT", "NOT_SENT", "LINKED*"],
    ["DRAFT", "FAILED*"],
    ["LEFT_OUT", "UNLINKED*", "LINKED"],
    ["DRAFT*", "NOT_SENT"],
    ["NOT_SENT*", "LEFT_OUT"],
    ["FAILED*", "LINKED elsewhere"],
    ["NOT_SENT", "LINKED* elsewhere", "LINKED"],
    ["RUNNING", "FAILED elsewhere", "LINKED*"],
]


@pytest.mark.parametrize("told", CASES, ids=", ".join)
def test_which_submission_counts(told):
    sightings = []
    for number, words in enumerate(told):
        status, _, elsewhere = words.replace("*", "").partition(" ")
        holder = Holder(number, OTHER if elsewhere else "a project", "settled", 0.0, 1, 1, {1: 0.0})
        sightings.append(Sighting(holder, 1, status, 1, 0.0))
    expected = next(number for number, words in enumerate(told) if "*" in words)
    assert decisive_sighting(sightings) is sightings[expected]
