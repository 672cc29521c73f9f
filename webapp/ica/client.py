"""The operations of ICA that Linkboard uses, one method each, typed on both sides."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import msgspec

from webapp import logs
from webapp.ica import errors, operations
from webapp.ica.auth import Claims, Credential, SecretHeader, Token, bearer, read_claims
from webapp.ica.data_filter import DataFilter, Scope
from webapp.ica.limits import Limits
from webapp.ica.models import Batch, Data, Item, Job, MintedToken, Page, Project, ProjectData
from webapp.ica.operations import Kind, Operation, batch_operations
from webapp.ica.transport import Call, Params, Transport, path_to
from webapp.network import deadlines

T = TypeVar("T")

MAX_PAGE_ROWS = 1000
"""Rows of a page: the most that public clients of ICA are known to ask for."""
PAGE_REFUSALS = frozenset({400, 413, 414, 431})
"""What ICA, or a proxy before it, may answer where a page has too many rows."""

EVERYTHING = DataFilter()
"""Of a scope: all data."""

READ_SECONDS = 20.0
"""For a call as a whole: 1,000 items, a megabyte unpacked, come at 400 kbit/s in that time."""

CREATE_SECONDS = 40.0
"""For one that makes a batch: 25,000 ids, 1.3 MB, go at 260 kbit/s. It ends before its lease."""


@dataclass(eq=False, repr=False)
class IcaClient(Transport):
    """The API of one ICA for one user, for one thread; threads may share the credential.

    Every method raises IcaError (see errors.py) and nothing else. None waits. A call is
    repeated, once, only where ICA did nothing: after a refused connection, and with a new token
    where ICA refused the old one. Where a method takes a `kind` of batch, "unlink" means
    the same operation of …/dataUnlinkingBatch.

    version: v4, or v3 to speak the older linking operations.
    seconds: for a call as a whole, for one that makes a batch; with the token, where it needs one.
    on_key: told after a call whether ICA takes the key, where its answer says so.
    place: makes what is entered around an operation; raises Busy where there is no place for it.
    limits: what this ICA was found to take, shared by all its clients.
    """

    credential: Credential
    _: KW_ONLY
    version: str = "v4"
    seconds: tuple[float, float] = (READ_SECONDS, CREATE_SECONDS)
    on_key: Callable[[bool], None] = lambda _takes_key: None
    place: Callable[[], AbstractContextManager[None]] = nullcontext
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self._batches = batch_operations(self.version)

    def claims(self) -> Claims:
        """Who the user is, after ICA has accepted their key or token.

        A key is proved by making a token (POST /api/tokens), a given token by listing one project
        (GET /api/projects): without that, anybody could write a token that says anything.
        """
        with self.place(), deadlines.one_call(self.seconds[0]):
            token = self._token()
        if not self.credential.mints:
            self.search_projects(page_size=1)
            logs.hide(token)
        claims = read_claims(token)
        if not claims.subject:
            raise errors.MalformedResponse("ICA's token doesn't say whose it is.")
        return replace(claims, tenant=claims.tenant or self.credential.tenant)

    def search_projects(
        self, text: str = "", *, page_token: str | None = None, page_size: int = 20
    ) -> Page[Project]:
        """A page of the projects that match a text, all of them for "". GET /api/projects"""
        params = {"pageToken": page_token or None, "search": text or None}
        return self._page(operations.GET_PROJECTS, Page[Project], params, page_size)

    def project(self, project_id: str) -> Project:
        """One project. GET /api/projects/{p}"""
        return self._ask(operations.GET_PROJECT, Project, project=project_id)

    def find_data(
        self,
        scope: Scope,
        wanted: DataFilter = EVERYTHING,
        *,
        page_token: str | None = None,
        page_offset: int | None = None,
        page_size: int = MAX_PAGE_ROWS,
    ) -> Page[Data]:
        """A page of the data of a scope that meet the filter, in ICA's own order.

        Of several values the answer does not say which one a row belongs to. The next page is asked
        for with the same filter and the page's next_token, or by a page_offset: the rows to skip,
        for the total; these end after 200,000 rows, and rows may repeat or be missing.
        ICA may refuse a filter of many values (Refused by 400, 413, 414 or 431; or Unreachable).
        GET /api/projects/{p}/data, …/data/eligibleForLinking, …/data/{d}/children
        """
        params = wanted.params | {
            "pageToken": (page_token or None) if page_offset is None else None,
            "pageOffset": page_offset,
        }
        operation, short = scope.operation, wanted.is_short
        if scope.eligible:
            answer = Page[Data]
            return self._page(operation, answer, params, page_size, short, **scope.ids)
        page = self._page(operation, Page[ProjectData], params, page_size, short, **scope.ids)
        data = [row.data for row in page.items]
        return Page(items=data, next_page_token=page.next_page_token, total=page.total)

    def count_data(self, scope: Scope, wanted: DataFilter = EVERYTHING) -> int | None:
        """How many data of a scope meet the filter; None where ICA gives no total. One small call,
        whatever the number: find_data() of one row.
        """
        first_row = partial(self.find_data, scope, wanted, page_size=1)
        return self._total(scope.operation.id, first_row)

    def all_data(self, scope: Scope, wanted: DataFilter = EVERYTHING) -> Iterator[list[Data]]:
        """The data of a scope that meet the filter, page by page, by cursor. Raises PagingLoop
        where a cursor comes again.
        """
        seen: set[str | None] = set()
        token: str | None = None
        while token not in seen:
            seen.add(token)
            page = self.find_data(scope, wanted, page_token=token)
            yield page.items
            token = page.next_token
            if token is None:
                return
        raise errors.PagingLoop("ICA's pages go round in a circle: a cursor came a second time.")

    def eligible(self, project_id: str, data_ids: Sequence[str]) -> list[Data]:
        """The data of those ids that could be linked into the project.

        The ids stand in the URL, so one call takes some hundred; the caller splits a longer
        list. GET /api/projects/{p}/data/eligibleForLinking
        """
        if not data_ids:
            return []
        pages = self.all_data(Scope(project_id, eligible=True), DataFilter(ids=data_ids))
        return [data for page in pages for data in page]

    def data(self, project_id: str, data_id: str) -> ProjectData:
        """A file or folder as it stands in a project. GET /api/projects/{p}/data/{d}"""
        return self._ask(operations.GET_DATA, ProjectData, project=project_id, data=data_id)

    def jobs(self, *, offset: int = 0, page_size: int = 100) -> Page[Job]:
        """A page of the user's jobs, newest first. GET /api/jobs"""
        params: Params = {"pageOffset": offset, "sort": "timeCreated desc"}
        return self._page(operations.GET_JOBS, Page[Job], params, page_size)

    def pages_of_jobs(self, page_size: int = 100) -> Iterator[tuple[list[Job], bool]]:
        """The user's jobs page by page, and whether the newest come first: where ICA neither sorts
        nor takes an offset, they come in any order, in larger pages. GET /api/jobs
        """
        operation = operations.GET_JOBS
        offset = refusals = 0
        while refusals < 2 and self.limits.takes_offsets(operation.id, self.clock()):
            try:
                jobs = self.jobs(offset=offset, page_size=page_size).items
            except errors.Refused:
                if offset:
                    raise
                refusals += 1
                continue
            yield jobs, True
            offset += len(jobs)
            if not jobs:
                return
        token: str | None = None
        while True:
            page = self._page(operation, Page[Job], {"pageToken": token}, MAX_PAGE_ROWS)
            if refusals and token is None:  # it is not the jobs as such that are refused
                self.limits.note_no_offsets(operation.id, self.clock())
            yield page.items, False
            token = page.next_token
            if token is None:
                return

    def job(self, job_id: str) -> Job:
        """One job. GET /api/jobs/{j}"""
        return self._ask(operations.GET_JOB, Job, job=job_id)

    def statuses(self, kind: Kind = "link") -> tuple[str, ...]:
        """The item statuses that are known, in this version, for this kind of batch."""
        return self._batches[kind].statuses

    def create_batch(
        self, project_id: str, data_ids: Sequence[str], *, kind: Kind = "link"
    ) -> Batch:
        """Link data into a project, or unlink them. POST /api/projects/{p}/dataLinkingBatch

        After an error with `maybe_done` set, the batch may have been made.
        """
        operation = self._batches[kind].create
        body = msgspec.json.encode({"items": [{"dataId": data_id} for data_id in data_ids]})
        return self._ask(operation, Batch, body=body, project=project_id)

    def batch(self, project_id: str, batch_id: str, *, kind: Kind = "link") -> Batch:
        """A batch with its job. GET …/dataLinkingBatch/{b}"""
        return self._ask(self._batches[kind].get, Batch, project=project_id, batch=batch_id)

    def items(
        self,
        project_id: str,
        batch_id: str,
        *,
        statuses: Iterable[str] = (),
        page_token: str | None = None,
        page_offset: int | None = None,
        page_size: int = MAX_PAGE_ROWS,
        kind: Kind = "link",
    ) -> Page[Item]:
        """A page of a batch's items. GET …/dataLinkingBatch/{b}/items

        statuses: only items with one of them; empty for all items.
        page_token: a page's next_token, to go on after it.
        page_offset: rows to skip, for offset paging instead: it gives the total, ends after
        200,000 rows, and may give a row twice.
        """
        params = {
            "status": list(statuses),
            "pageToken": (page_token or None) if page_offset is None else None,
            "pageOffset": page_offset,
        }
        operation, place = self._batches[kind].items, {"project": project_id, "batch": batch_id}
        return self._page(operation, Page[Item], params, page_size, **place)

    def count_items(
        self, project_id: str, batch_id: str, *, status: str | None = None, kind: Kind = "link"
    ) -> int | None:
        """How many items a batch has, with one status or in all; None where ICA gives no total.

        One small call, whatever the size. GET …/dataLinkingBatch/{b}/items
        """
        statuses = () if status is None else (status,)
        first_row = partial(
            self.items, project_id, batch_id, statuses=statuses, page_size=1, kind=kind
        )
        return self._total(self._batches[kind].items.id, first_row)

    def _total(self, operation: str, first_row: Callable[..., Page[Any]]) -> int | None:
        """The total that comes with a list's first row; None where ICA gives none, or takes no
        offset.
        """
        if not self.limits.takes_offsets(operation, self.clock()):
            return None
        with suppress(errors.Refused):
            return first_row(page_offset=0).total
        first_row()  # refused as well, where it is not for the offset
        with suppress(errors.Refused):  # once more: it may have passed by
            return first_row(page_offset=0).total
        self.limits.note_no_offsets(operation, self.clock())
        return None

    def item(self, project_id: str, batch_id: str, item_id: str, *, kind: Kind = "link") -> Item:
        """One item of a batch. GET …/dataLinkingBatch/{b}/items/{i}"""
        operation = self._batches[kind].item
        return self._ask(operation, Item, project=project_id, batch=batch_id, item=item_id)

    def _page(
        self,
        operation: Operation,
        answer: type[Page[T]],
        params: Params,
        rows: int,
        short: bool = True,
        /,
        **ids: str,
    ) -> Page[T]:
        """A page of at most so many rows. Where a first page is refused twice, a smaller one is
        asked for; with a token, a status or many values, it may be those that are refused.
        """
        rows = self.limits.rows(operation.id, rows, self.clock())
        path = f"{path_to(operation, **ids)} {params.get('pageOffset') is not None}"
        is_plain_first = short and not (params.get("pageToken") or params.get("status"))
        is_repeated = is_smaller = False
        while True:
            try:
                asked = {**params, "pageSize": rows}
                page = self._ask(operation, answer, asked, body=None, **ids)
            except errors.Refused as error:
                may_be_size = is_plain_first and error.status in PAGE_REFUSALS
                smaller = self.limits.smaller(rows, path) if may_be_size else None
                if smaller is None:
                    if is_smaller:
                        self.limits.note_vain(path)
                    raise
                if is_repeated:
                    rows, is_smaller = smaller, True
                is_repeated = True
            else:
                if is_smaller:
                    self.limits.note_rows(operation.id, rows, self.clock())
                return page

    def _ask(
        self,
        operation: Operation,
        answer: type[T],
        params: Params | None = None,
        *,
        body: bytes | None = None,
        **ids: str,
    ) -> T:
        call = Call(operation, path_to(operation, **ids), params, body)
        seconds = self.seconds[1] if operation.creates else self.seconds[0]
        try:
            # also around the token, which threads of one account wait for
            with self.place(), deadlines.one_call(seconds):
                found = self._with_token(call, answer)
        except errors.IcaProblem as error:
            if not isinstance(error, (errors.RateLimited, errors.ServerError)):
                self.on_key(not isinstance(error, errors.Unauthorized))
            raise
        if not operation.creates:  # nothing may come between what was made and its record
            self.on_key(True)
        return found

    def _with_token(self, call: Call, answer: type[T]) -> T:
        token = self._token()
        try:
            return self.send(call, answer, bearer(token))
        except errors.Unauthorized:
            if not self.credential.forget(token):
                raise
        return self.send(call, answer, bearer(self._token()))

    def _token(self) -> str:
        return self.credential.token(self._mint, self.clock())

    def _mint(self, key: str, tenant: str) -> Token:
        """A new token for a key. POST /api/tokens"""
        params = {"tenant": tenant or None}
        call = Call(operations.CREATE_TOKEN, operations.CREATE_TOKEN.path, params)
        token = self.send(call, MintedToken, SecretHeader("X-API-Key", key)).token
        logs.hide(key, token)
        now = self.clock()
        return Token.minted(token, now=now, ica_now=now + (self.clock_offset or 0.0))
