"""What is vendored is what its makers published."""

import hashlib

import pytest

from webapp.paths import STATIC

PINNED = {
    "htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-ptag.min.js": "1993b23e86553100e4f45eed1b756eb8cf53c5b2244caf98e58662dfde9ca069",
}


@pytest.mark.parametrize("name", PINNED)
def test_is_unchanged(name):
    assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == PINNED[name]


def test_every_script_is_pinned():
    assert {path.name for path in (STATIC / "vendor").glob("*.js")} == set(PINNED)
