"""The errors that calls raise, for tests to look at."""

import pytest

from tests.ica.fake_server import jwt
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.errors import IcaError

TOKEN = jwt(sub="u")
IDS = [f"fil.{number:032x}" for number in range(32, 36)]


def client(url: str, **options) -> IcaClient:
    return IcaClient(url, Credential(TOKEN), **options)


def failure(call) -> IcaError:
    with pytest.raises(IcaError) as raised:
        call()
    return raised.value


def both_errors(url: str, **options) -> tuple[IcaError, IcaError]:
    """The errors of a reading and of a creating call."""
    ica = client(url, **options)
    return failure(lambda: ica.job("j")), failure(lambda: ica.create_batch("p", IDS))
