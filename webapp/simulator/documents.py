"""The JSON documents of ICA's schemas that the simulator answers with."""

import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from webapp.simulator import outcomes
from webapp.simulator.batches import Batch, Progress, status_in_version
from webapp.simulator.projects import PROJECTS, Project
from webapp.simulator.users import TENANT, TENANT_ID, USERS, User

Document = dict[str, Any]

_NAMESPACE = uuid.UUID("d0c50000-0000-4000-8000-000000000000")
_STATUSES_WITH_DATA = {outcomes.LINKED, outcomes.ALREADY_LINKED, outcomes.PARTIALLY_LINKED}
_TENANT_CREATED_AT, _START_OF_2025 = 1_577_836_800.0, 1_735_689_600.0  # seconds since 1970
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # of flow cells
_RUN_FOLDERS = [
    f"25{1 + n // 2:02d}{3 + n % 2 * 14:02d}_A01052_{201 + n:04d}_BH"
    f"{_LETTERS[n]}{_LETTERS[n * 5 % 23]}{_LETTERS[n * 7 % 23]}DSX7"
    for n in range(24)
]
_TAG_KINDS = ("technical", "user", "connector", "runIn", "runOut", "reference")
_NO_TAGS: Document = {f"{kind}Tags": [] for kind in _TAG_KINDS}
_READS = ("{sample}_S{number}_L00{lane}_R{read}_001.fastq.gz", "FASTQ", 4_000_000_000)
_FILES = (  # name, format, size in bytes at most
    *(_READS, _READS, _READS),
    ("{sample}_tumor.bam", "BAM", 90_000_000_000),
    ("{sample}.cram", "CRAM", 18_000_000_000),
    ("{sample}.hard-filtered.vcf.gz", "VCF", 300_000_000),
    ("{sample}.hard-filtered.gvcf.gz", "GVCF", 3_000_000_000),
)


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


def item_document(batch: Batch, position: int, progress: Progress, version: str) -> Document:
    """One item of a linking or unlinking batch, in an API `version`."""
    status = batch.status(position, progress)
    data_id = batch.data_ids[position]
    item: Document = {
        "id": batch.item_id(position),
        "request": {"dataId": data_id},
        "processing": {
            "status": status_in_version(status, version),
            "additionalStatusInformation": outcomes.reason_of(status, data_id),
        },
    }
    if status in _STATUSES_WITH_DATA:
        item["createdProjectData"] = project_data_document(data_id, batch.request.project_id)
    return item


def project_data_document(data_id: str, project_id: str) -> Document:
    return {"projectId": project_id, "data": data_document(data_id)}


def data_document(data_id: str) -> Document:
    """A file or folder, with made-up details that follow from its id; names are as sequencers make
    them. Linked data have the id that they have in the owning project.
    """
    raw = outcomes.digest(data_id)
    code_of = raw.hex()
    sample = f"{'NA' if raw[0] % 2 else 'HG'}{int.from_bytes(raw[1:3]) % 100_000:05d}"
    is_folder = outcomes.is_folder(data_id)
    pattern, code, largest = _FILES[raw[3] % len(_FILES)]
    file_name = pattern.format(
        sample=sample, number=1 + raw[4] % 96, lane=1 + raw[5] % 4, read=1 + raw[5] // 4 % 2
    )
    name = sample if is_folder else file_name
    size = largest // 4 + int.from_bytes(raw[9:14]) % (largest // 2)
    created = timestamp(_START_OF_2025 + int.from_bytes(raw[6:9]))
    owner = outcomes.uuid_of(raw)
    path = f"/runs/{_RUN_FOLDERS[raw[14] % 24]}/Analysis/{name}{'/' if is_folder else ''}"
    details: Document = {
        "dataType": "FOLDER" if is_folder else "FILE",
        "name": name,
        "path": path,
        "fileSizeInBytes": None if is_folder else size,
        "format": None if is_folder else _FORMATS[code],
        "objectETag": None if is_folder else code_of,
        "timeCreated": created,
        "timeModified": created,
        "creatorId": _id("instrument"),
        "tenantId": TENANT_ID,
        "tenantName": TENANT,
        "owningProjectId": owner,
        "owningProjectName": f"Run archive {owner[:4]}",
        "status": "AVAILABLE",
        "tags": _NO_TAGS,
        "storedForTheFirstTimeAt": created,
        "region": _REGION,
    }
    urn = f"urn:ilmn:ica:region:{_REGION['id']}:data:{data_id}#{path}"
    return {"id": data_id, "urn": urn, "details": details}


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
    for _, code, _ in _FILES
}
