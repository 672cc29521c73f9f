"""Clients and batches of the simulator, for tests to work with."""

from tests.simulated import DEMO_KEY, FIRST_PROJECT
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient

NOWHERE = "00000000-0000-4000-8000-00000000dead"


def ids(count: int, kind: str = "fil") -> list[str]:
    """Data ids whose last two digits, which decide the outcome, run through all there are."""
    return [f"{kind}.{number:032x}" for number in range(count)]


def client(sim, key: str = DEMO_KEY, **options) -> IcaClient:
    return IcaClient(sim.url, Credential(key), clock=sim.clock, **options)


def finished(sim, ica: IcaClient, data_ids: list[str], kind: str = "link") -> str:
    """The id of a batch that has come to its end."""
    batch = ica.create_batch(FIRST_PROJECT, data_ids, kind=kind)
    sim.clock.advance(len(data_ids) / 1000 + 1)
    return batch.id
