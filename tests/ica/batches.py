"""Clients of the simulator, and batches that they make there."""

from typing import Literal

from tests.simulated_ica import DEMO_KEY, FIRST_PROJECT
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.models import Item

NOWHERE = "00000000-0000-4000-8000-00000000dead"


def ids(count: int, kind: str = "fil") -> list[str]:
    """Data ids whose last two digits, which decide the outcome, run through all there are."""
    return [f"{kind}.{number:032x}" for number in range(count)]


def client(sim, key: str = DEMO_KEY, **options) -> IcaClient:
    return IcaClient(sim.url, Credential(key), clock=sim.clock, **options)


def every_item(ica: IcaClient, batch_id: str, **wanted) -> list[Item]:
    """All items of a batch that are wanted, page after page by cursor."""
    page = ica.items(FIRST_PROJECT, batch_id, **wanted)
    found = list(page.items)
    while page.next_token:
        page = ica.items(FIRST_PROJECT, batch_id, page_token=page.next_token, **wanted)
        found += page.items
    return found


def finished(
    sim, ica: IcaClient, data_ids: list[str], kind: Literal["link", "unlink"] = "link"
) -> str:
    """The id of a batch that has come to its end."""
    batch = ica.create_batch(FIRST_PROJECT, data_ids, kind=kind)
    sim.clock.advance(len(data_ids) / 1000 + 1)
    return batch.id
