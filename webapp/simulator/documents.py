"""What the simulator answers, as JSON documents of ICA's schemas."""

import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from webapp.simulator.batches import Batch, as_worded
from webapp.simulator.datafiles import DataFile, describe
from webapp.simulator.outcomes import (
    ALREADY_LINKED,
    LINKED,
    PARTIALLY_LINKED,
    is_folder,
    reason_of,
)
from webapp.simulator.people import TENANT, TENANT_ID, User
from webapp.simulator.progress import Progress
from webapp.simulator.projects import Project

Document = dict[str, Any]

_NAMESPACE = uuid.UUID("d0c50000-0000-4000-8000-000000000000")
_WITH_DATA = {LINKED, ALREADY_LINKED, PARTIALLY_LINKED}
_FOUNDED = 1_577_836_800.0


def timestamp(seconds: float) -> str:
    """A moment as ICA writes it: UTC, with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_document(user: User) -> Document:
    return {
        **_entity(user.id, _FOUNDED),
        "username": user.email,
        "email": user.email,
        "firstname": user.first_name,
        "lastname": user.last_name,
        "active": True,
        "tenantAdministrator": False,
        "emailVerified": True,
        "twoFactorAuthentication": False,
    }


def project_document(project: Project) -> Document:
    return {
        **_entity(project.id, project.created),
        "urn": f"urn:ilmn:ica:project:{project.id}#{project.name}",
        "name": project.name,
        "active": True,
        "baseEnabled": False,
        "shortDescription": project.description,
        "information": None,
        "region": _region(),
        "billingMode": "PROJECT",
        "dataSharingEnabled": True,
        "tags": {"technicalTags": [], "userTags": []},
        "analysisPriority": "MEDIUM",
    }


def job_document(batch: Batch, owner: User, project: Project, now: float) -> Document:
    state = batch.job_state(now)
    return {
        "id": batch.job_id,
        "status": state.status,
        "additionalStatusInformation": None,
        "subjectType": batch.subject_type,
        "subjectId": batch.id,
        "timeCreated": timestamp(batch.created),
        "timeStarted": None if state.started is None else timestamp(state.started),
        "timeFinished": None if state.finished is None else timestamp(state.finished),
        "owner": user_document(owner),
        "project": project_document(project),
    }


def item_document(batch: Batch, position: int, progress: Progress, version: str) -> Document:
    """One item of a linking or unlinking batch, as `version` words it."""
    status = batch.status(position, progress)
    data_id = batch.data_ids[position]
    item: Document = {
        "id": batch.item_id(position),
        "request": {"dataId": data_id},
        "processing": {
            "status": as_worded(status, version),
            "additionalStatusInformation": reason_of(status, data_id),
        },
    }
    if status in _WITH_DATA:
        item["createdProjectData"] = project_data_document(data_id, batch.project_id)
    return item


def project_data_document(data_id: str, project_id: str) -> Document:
    return {"projectId": project_id, "data": data_document(data_id)}


def data_document(data_id: str) -> Document:
    """A file or folder; a linked one keeps the id that it has in its own project."""
    file = describe(data_id)
    return {
        "id": data_id,
        "urn": f"urn:ilmn:ica:region:{_region()['id']}:data:{data_id}#{file.path}",
        "details": _details(file, "FOLDER" if is_folder(data_id) else "FILE"),
    }


def _details(file: DataFile, data_type: str) -> Document:
    created = timestamp(file.created)
    owner = str(uuid.UUID(bytes=file.digest, version=4))
    return {
        "timeCreated": created,
        "timeModified": created,
        "creatorId": _id("instrument"),
        "tenantId": TENANT_ID,
        "tenantName": TENANT,
        "owningProjectId": owner,
        "owningProjectName": f"Run archive {owner[:4]}",
        "name": file.name,
        "path": file.path,
        "fileSizeInBytes": file.size,
        "status": "AVAILABLE",
        "tags": _data_tags(),
        "format": _format(file.format) if file.format else None,
        "dataType": data_type,
        "objectETag": file.digest.hex() if file.size else None,
        "storedForTheFirstTimeAt": created,
        "region": _region(),
    }


def _data_tags() -> Document:
    names = ("technical", "user", "connector", "runIn", "runOut", "reference")
    return {f"{name}Tags": [] for name in names}


@cache
def _format(code: str) -> Document:
    return {
        **_entity(_id(f"format {code}"), _FOUNDED),
        "code": code,
        "description": f"{code} file",
        "mimeType": "application/octet-stream",
    }


@cache
def _region() -> Document:
    country = {
        **_entity(_id("country"), _FOUNDED),
        "code": "US",
        "name": "United States",
        "region": "North America",
    }
    return {
        **_entity(_id("region"), _FOUNDED),
        "code": "US",
        "country": country,
        "cityName": "Ashburn",
    }


def _entity(entity_id: str, created: float) -> Document:
    """The fields that every one of ICA's entities has."""
    return {
        "id": entity_id,
        "timeCreated": timestamp(created),
        "timeModified": timestamp(created),
        "ownerId": _id("administrator"),
        "tenantId": TENANT_ID,
        "tenantName": TENANT,
    }


@cache
def _id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))
