"""A client that nobody here wrote: libica drives the simulator as it would drive ICA."""

import pytest
from libica.openapi.v3 import ApiClient, Configuration
from libica.openapi.v3.api.job_api import JobApi
from libica.openapi.v3.api.project_api import ProjectApi
from libica.openapi.v3.api.project_data_api import ProjectDataApi
from libica.openapi.v3.api.project_data_linking_batch_api import ProjectDataLinkingBatchApi
from libica.openapi.v3.api.project_data_unlinking_batch_api import ProjectDataUnlinkingBatchApi
from libica.openapi.v3.api.token_api import TokenApi
from libica.openapi.v3.exceptions import ApiException, NotFoundException, UnauthorizedException
from libica.openapi.v3.models import (
    CreateProjectDataLinkingBatch,
    CreateProjectDataLinkingBatchItem,
    CreateProjectDataUnlinkingBatch,
    CreateProjectDataUnlinkingBatchItem,
)

from tests.simulated_ica import DEMO_KEY, FIRST_PROJECT, READ_ONLY_PROJECT
from tests.simulator.conftest import LINK_STATUSES, data_id, media_type
from tests.simulator.finding import DELIVERIES
from webapp.simulator import planted

pytestmark = pytest.mark.long

IDS = [
    data_id(1, "00"),
    data_id(2, "01"),
    data_id(3, "02"),
    data_id(4, "05"),
    data_id(5, "15", "fol"),
    data_id(6, "15"),
    data_id(7, "a0", "fol"),
    *(data_id(number, "77") for number in range(40)),
]


@pytest.fixture
def client(sim):
    """Makes an ApiClient that accepts one version, with a token minted by libica itself."""
    opened = []

    def make(version, **credentials):
        configuration = Configuration(host=sim.url, **credentials)
        one = ApiClient(configuration)
        one.set_default_header("Accept", media_type(version))
        one.set_default_header("Content-Type", media_type(version))
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.rest_client.pool_manager.clear()


@pytest.fixture
def token(client):
    return TokenApi(client("v3", api_key={"ApiKeyAuth": DEMO_KEY})).create_jwt_token().token


@pytest.fixture
def v3(client, token):
    return client("v3", access_token=token)


@pytest.fixture
def v4(client, token):
    return client("v4", access_token=token)


@pytest.fixture
def linking(v4):
    return ProjectDataLinkingBatchApi(v4)


def new_batch(ids):
    items = [CreateProjectDataLinkingBatchItem(dataId=one) for one in ids]
    return CreateProjectDataLinkingBatch(items=items)


def test_a_batch_is_made_and_watched_to_its_end(sim, linking, v3):
    batch = linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(IDS))
    assert batch.job.status == "INITIALIZED"
    assert batch.job.subject_id == batch.id
    sim.clock.advance(4)
    read = ProjectDataLinkingBatchApi(v3).get_project_data_linking_batch(FIRST_PROJECT, batch.id)
    assert (read.id, read.job.status) == (batch.id, "RUNNING")
    sim.clock.advance(60)
    read = ProjectDataLinkingBatchApi(v3).get_project_data_linking_batch(FIRST_PROJECT, batch.id)
    assert read.job.status == "PARTIALLY_SUCCEEDED"
    assert read.job.time_finished is not None


def test_items_come_by_cursor_complete_and_unique(sim, linking):
    batch = linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(IDS))
    sim.clock.advance(5)
    items, page_token = [], None
    while page_token != "":
        page = linking.get_project_data_linking_batch_items(
            FIRST_PROJECT, batch.id, page_token=page_token, page_size="9"
        )
        items += page.items
        page_token = page.next_page_token or ""
    assert [item.request.data_id for item in items] == IDS
    assert len({item.id for item in items}) == len(IDS)


def test_items_come_by_offset_with_a_total(linking):
    batch = linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(IDS))
    ids = []
    for offset in range(0, len(IDS), 10):
        page = linking.get_project_data_linking_batch_items(
            FIRST_PROJECT, batch.id, page_offset=str(offset), page_size="10"
        )
        assert page.total_item_count == len(IDS)
        ids += [item.request.data_id for item in page.items]
    assert ids == IDS


@pytest.mark.parametrize("status", LINK_STATUSES)
@pytest.mark.parametrize("seconds", [0, 2, 4, 60])
def test_items_are_filtered_by_every_status(sim, linking, status, seconds):
    batch = linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(IDS))
    sim.clock.advance(seconds)
    everything = linking.get_project_data_linking_batch_items(FIRST_PROJECT, batch.id).items
    wanted = [item for item in everything if item.processing.status == status]
    filtered = linking.get_project_data_linking_batch_items(
        FIRST_PROJECT, batch.id, status=[status]
    )
    assert filtered.items == wanted
    counted = linking.get_project_data_linking_batch_items(
        FIRST_PROJECT, batch.id, status=[status], page_offset="0", page_size="1"
    )
    assert counted.total_item_count == len(wanted)


def test_an_item_tells_what_was_linked(sim, linking):
    batch = linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(IDS))
    sim.clock.advance(60)
    page = linking.get_project_data_linking_batch_items(
        FIRST_PROJECT, batch.id, status=["PARTIALLY_LINKED"]
    )
    (folder,) = page.items
    item = linking.get_project_data_linking_batch_item(FIRST_PROJECT, batch.id, folder.id)
    assert item == folder
    data = item.created_project_data.data
    assert data.id == item.request.data_id == IDS[4]
    assert (data.details.data_type, data.details.path[-1]) == ("FOLDER", "/")
    assert data.urn.endswith(f"{data.id}#{data.details.path}")


def test_v3_says_failed_where_v4_says_partially_linked(sim, linking, v3):
    batch = linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(IDS))
    sim.clock.advance(60)
    page = ProjectDataLinkingBatchApi(v3).get_project_data_linking_batch_items(
        FIRST_PROJECT, batch.id, status=["FAILED"]
    )
    assert [item.request.data_id for item in page.items] == IDS[:3] + IDS[4:5]


def test_projects_are_searched_and_paged(v3):
    api = ProjectApi(v3)
    (found,) = api.get_projects(search="rare disease").items
    assert (str(found.id), found.name) == (FIRST_PROJECT, "Rare disease WGS 2026")
    assert api.get_project(FIRST_PROJECT) == found
    every = api.get_projects(page_offset="0", page_size="5", sort="name")
    assert every.total_item_count > 300
    assert [project.name for project in every.items] == sorted(p.name for p in every.items)


def test_jobs_are_listed_newest_first(sim, linking, v3):
    batches = []
    for number in range(3):
        ids = [data_id(number, "55")]
        batches.append(linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(ids)))
        sim.clock.advance(30)
    jobs = JobApi(v3)
    page = jobs.get_jobs(page_offset="0", page_size="2", sort="timeCreated desc")
    assert page.total_item_count == 3
    assert [job.subject_id for job in page.items] == [batches[2].id, batches[1].id]
    assert jobs.get_jobs(status=["RUNNING"]).items == []
    assert len(jobs.get_jobs(status=["SUCCEEDED"]).items) == 3
    assert jobs.get_job(batches[0].job.id).status == "SUCCEEDED"


def test_data_eligible_for_linking(sim, linking, v3):
    api = ProjectDataApi(v3)
    page = api.get_data_eligible_for_linking(FIRST_PROJECT, id=IDS)
    assert [data.id for data in page.items] == sorted(IDS[2:])
    linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(IDS))
    assert api.get_project_data(FIRST_PROJECT, IDS[-1]).data.id == IDS[-1]
    with pytest.raises(NotFoundException):
        api.get_project_data(FIRST_PROJECT, IDS[0])


def test_data_are_found_by_name_path_and_folder(v3, v4):
    api = ProjectDataApi(v3)
    names = [planted.NAME_TWICE, planted.NAME_ONCE]
    page = api.get_project_data_list(DELIVERIES, filename=names, filename_match_mode="EXACT")
    assert sorted(item.data.details.name for item in page.items) == sorted([names[0], *names])
    page = api.get_project_data_list(
        DELIVERIES, file_path=["/run1"], type="FOLDER", page_offset="0", page_size="1"
    )
    assert page.total_item_count == 2
    [found] = api.get_data_eligible_for_linking(
        FIRST_PROJECT,
        file_path=[planted.ODD_PATHS["comma"]],
        file_path_match_mode="FULL_CASE_INSENSITIVE",
    ).items
    assert found.details.path == planted.ODD_PATHS["comma"]
    [folder] = api.get_project_data_list(DELIVERIES, file_path=["/run10/"], type="FOLDER").items
    inside = ProjectDataApi(v4).get_project_data_children(DELIVERIES, folder.data.id)
    assert [item.data.details.path for item in inside.items] == [planted.RUN_10]
    assert inside.items[0] == api.get_project_data(DELIVERIES, inside.items[0].data.id)


def test_what_was_linked_is_unlinked(sim, linking, v3):
    linking.create_project_data_linking_batch(FIRST_PROJECT, new_batch(IDS))
    api = ProjectDataUnlinkingBatchApi(v3)
    items = [CreateProjectDataUnlinkingBatchItem(dataId=one) for one in IDS]
    body = CreateProjectDataUnlinkingBatch(items=items)
    batch = api.create_project_data_unlinking_batch(FIRST_PROJECT, body)
    sim.clock.advance(60)
    read = api.get_project_data_unlinking_batch(FIRST_PROJECT, batch.id)
    assert read.job.subject_type == "ProjectDataUnlinkingBatch"
    page = api.get_project_data_unlinking_batch_items(FIRST_PROJECT, batch.id)
    statuses = [item.processing.status for item in page.items]
    assert statuses[:4] == ["FAILED", "ALREADY_UNLINKED", "ALREADY_UNLINKED", "UNLINKED"]
    assert set(statuses[4:]) == {"UNLINKED"}
    item = api.get_project_data_unlinking_batch_item(FIRST_PROJECT, batch.id, page.items[0].id)
    assert item == page.items[0]


def test_refusals_are_exceptions(client, linking):
    with pytest.raises(UnauthorizedException):
        TokenApi(client("v3", api_key={"ApiKeyAuth": "no-such-key"})).create_jwt_token()
    with pytest.raises(ApiException, match="ICA_SEC_003") as refused:
        linking.create_project_data_linking_batch(READ_ONLY_PROJECT, new_batch(IDS))
    assert refused.value.status == 403
    with pytest.raises(ApiException, match="Invalid Accept Header"):
        linking.get_project_data_linking_batch(FIRST_PROJECT, FIRST_PROJECT)
