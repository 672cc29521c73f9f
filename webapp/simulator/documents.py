"""The JSON documents of ICA's schemas that the simulator answers with."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from webapp.simulator import outcomes
from webapp.simulator.batches import Batch, Progress, status_in_version
from webapp.simulator.catalogue import UNAVAILABLE
from webapp.simulator.datum import FORMAT_CODES, Datum
from webapp.simulator.projects import PROJECTS, Project
from webapp.simulator.users import TENANT, TENANT_ID, USERS, User

Document = dict[str, Any]

_NAMESPACE = uuid.UUID("d0c50000-0000-4000-8000-000000000000")
_STATUSES_WITH_DATA = {outcomes.LINKED, outcomes.ALREADY_LINKED, outcomes.PARTIALLY_LINKED}
_TENANT_CREATED_AT = 1_577_836_800.0  # seconds since 1970
_TAG_KINDS = ("technical", "user", "connector", "runIn", "runOut", "reference")
_NO_TAGS: Document = {f"{kind}Tags": [] for kind in _TAG_KINDS}


def timestamp(seconds: float) -> str:
    """A time as ICA writes it: UTC, with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_document(user: User) -> Document:
    return {
        **_entity(user.id),
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
        "region": _REGION,
        "billingMode": "PROJECT",
        "dataSharingEnabled": True,
        "tags": {"technicalTags": [], "userTags": []},
        "analysisPriority": "MEDIUM",
    }


def job_document(batch: Batch, now: float) -> Document:
    job = batch.job_at(now)
    return {
        "id": batch.job_id,
        "status": job.status,
        "additionalStatusInformation": None,
        "subjectType": f"ProjectData{batch.request.kind.capitalize()}Batch",
        "subjectId": batch.id,
        "timeCreated": timestamp(batch.request.created),
        "timeStarted": None if job.started is None else timestamp(job.started),
        "timeFinished": None if job.finished is None else timestamp(job.finished),
        "owner": user_document(USERS[batch.request.user_id]),
        "project": project_document(PROJECTS[batch.request.project_id]),
    }


def item_document(
    batch: Batch, position: int, progress: Progress, version: str, data: Callable[[str], Document]
) -> Document:
    """One item of a linking or unlinking batch, in an API `version`; `data` makes the document of
    the datum with an id.
    """
    status = batch.status(position, progress)
    data_id = batch.data_ids[position]
    item: Document = {
        "id": batch.item_id(position),
        "request": {"dataId": data_id},
        "processing": {
            "status": status_in_version(status, version),
            "additionalStatusInformation": _reason_of(status, data_id),
        },
    }
    if status in _STATUSES_WITH_DATA:
        item["createdProjectData"] = project_data_document(data(data_id), batch.request.project_id)
    return item


def _reason_of(status: str, data_id: str) -> str | None:
    """Why an item ended as it did: by its id, or by the status of its datum."""
    if status == outcomes.FAILED and data_id in UNAVAILABLE:
        return f"Data of status {UNAVAILABLE[data_id]} can't be linked."
    return outcomes.reason_of(status, data_id)


def project_data_document(data: Document, project_id: str) -> Document:
    return {"projectId": project_id, "data": data}


def data_document(datum: Datum, *, path_is_parent: bool = False) -> Document:
    """A file or folder. Linked data have the id and the path that they have in their own project.

    path_is_parent: `path` is that of the folder in which it lies, as ICA's document has it.
    """
    is_folder, drawn = datum.is_folder, datum.drawn()
    created = timestamp(drawn.created)
    path = datum.parent if path_is_parent else datum.path
    details: Document = {
        "dataType": "FOLDER" if is_folder else "FILE",
        "name": datum.name,
        "path": None if datum.lacks == "path" else path,
        "fileSizeInBytes": drawn.size,
        "format": _FORMATS[drawn.format_code] if drawn.format_code else None,
        "objectETag": drawn.etag,
        "timeCreated": created,
        "timeModified": created,
        "creatorId": _id("instrument"),
        "tenantId": TENANT_ID,
        "tenantName": TENANT,
        "owningProjectId": datum.home.id,
        "owningProjectName": datum.home.name,
        "status": datum.status,
        "tags": _NO_TAGS | {"userTags": datum.tags} if datum.tags else _NO_TAGS,
        "storedForTheFirstTimeAt": created,
        "region": _REGION,
    }
    if datum.run:
        run_id = outcomes.uuid_of(outcomes.digest(datum.run))
        names = {"instrumentRunId": datum.run, "name": datum.run}
        details["sequencingRun"] = {"id": run_id, **names}
    urn = f"urn:ilmn:ica:region:{_REGION['id']}:data:{datum.id}#{datum.path}"
    document: Document = {
        "id": datum.id,
        "urn": None if datum.lacks == "urn" else urn,
        "details": None if datum.lacks == "details" else details,
    }
    if is_folder:
        document["folderDetails"] = {"nonIndexed": datum.non_indexed}
    return document


def _entity(entity_id: str, created: float = _TENANT_CREATED_AT) -> Document:
    """The fields that all entities of ICA have."""
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


_COUNTRY = {"code": "US", "name": "United States", "region": "North America"}
_REGION = {
    **_entity(_id("region")),
    "code": "US",
    "country": _entity(_id("country")) | _COUNTRY,
    "cityName": "Ashburn",
}
_FORMATS = {
    code: {
        **_entity(_id(f"format {code}")),
        "code": code,
        "description": f"{code} file",
        "mimeType": "application/octet-stream",
    }
    for code in FORMAT_CODES
}
