"""The JSON documents of ICA's schemas that the simulator answers with."""

import re
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from webapp.simulator import outcomes
from webapp.simulator.batches import Batch, Progress, status_in_version
from webapp.simulator.projects import Project
from webapp.simulator.users import TENANT, TENANT_ID, User

Document = dict[str, Any]

_NAMESPACE = uuid.UUID("d0c50000-0000-4000-8000-000000000000")
_STATUSES_WITH_DATA = {outcomes.LINKED, outcomes.ALREADY_LINKED, outcomes.PARTIALLY_LINKED}
_TENANT_CREATED_AT, _START_OF_2025 = 1_577_836_800.0, 1_735_689_600.0  # seconds since 1970
_FLOW_CELL_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_TAG_KINDS = ("technical", "user", "connector", "runIn", "runOut", "reference")
_NO_TAGS: Document = {f"{kind}Tags": [] for kind in _TAG_KINDS}
_is_data_id = re.compile(r"f(il|ol)\.[0-9a-f]{32}").fullmatch
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
        "region": _region(),
        "billingMode": "PROJECT",
        "dataSharingEnabled": True,
        "tags": {"technicalTags": [], "userTags": []},
        "analysisPriority": "MEDIUM",
    }


def job_document(batch: Batch, owner: User, project: Project, now: float) -> Document:
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
        "owner": user_document(owner),
        "project": project_document(project),
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
    path = f"/runs/{_run_folder(raw)}/Analysis/{name}{'/' if is_folder else ''}"
    details: Document = {
        "dataType": "FOLDER" if is_folder else "FILE",
        "name": name,
        "path": path,
        "fileSizeInBytes": None if is_folder else size,
        "format": None if is_folder else _format(code),
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
        "region": _region(),
    }
    urn = f"urn:ilmn:ica:region:{_region()['id']}:data:{data_id}#{path}"
    return {"id": data_id, "urn": urn, "details": details}


def in_capitals(value: Any) -> Any:
    """A document with the data ids in it written in capitals."""
    if isinstance(value, dict):
        return {name: in_capitals(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [in_capitals(inner) for inner in value]
    return value.upper() if isinstance(value, str) and _is_data_id(value) else value


def _run_folder(raw: bytes) -> str:
    """One of 24 sequencing runs, such as `250114_A01052_0226_BHKJDSX7`."""
    run = raw[14] % 24
    letters = (
        _FLOW_CELL_LETTERS[run]
        + _FLOW_CELL_LETTERS[run * 5 % 23]
        + _FLOW_CELL_LETTERS[run * 7 % 23]
    )
    return f"25{1 + run // 2:02d}{3 + run % 2 * 14:02d}_A01052_{201 + run:04d}_BH{letters}DSX7"


@cache
def _format(code: str) -> Document:
    return {
        **_entity(_id(f"format {code}")),
        "code": code,
        "description": f"{code} file",
        "mimeType": "application/octet-stream",
    }


@cache
def _region() -> Document:
    country = {"code": "US", "name": "United States", "region": "North America"}
    return {
        **_entity(_id("region")),
        "code": "US",
        "country": _entity(_id("country")) | country,
        "cityName": "Ashburn",
    }


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
