"""The audit: `/audit-logs`, `/auditlog-exts`, and those of one project."""

from typing import TypeVar

from litestar import Response, get
from litestar.params import FromPath

from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import LIST, Page, PageSize, Search, Sort, operation
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.path import name_of
from entrepot.api.harbor.request import HarborRequest
from entrepot.api.harbor.schema.system import AuditLog, AuditLogEventType, AuditLogExt
from entrepot.api.harbor.values import date_time
from entrepot.db.audit_lists import Entry
from entrepot.model.deed import DEEDS
from entrepot.model.errors import Denied
from entrepot.model.query import ListQuery
from entrepot.registry import audit

T = TypeVar("T")
_ERRORS = (400, 401, 500)


@get("/audit-logs", **operation("listAuditLogs", "auditlog", errors=_ERRORS, headers=LIST))
async def list_logs(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[AuditLog]]:
    """A page of all that happened, the newest first; to who administers projects, of what happened in those."""
    query = list_query(q, sort, page, page_size)
    found, total = await _everywhere(request, query)
    return listed(request, [_log(entry) for entry in found], total, query)


@get("/auditlog-exts", **operation("listAuditLogExts", "auditlog", errors=_ERRORS, headers=LIST))
async def list_extended_logs(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[AuditLogExt]]:
    """As `listAuditLogs`, with what was done in words, and whether it was done."""
    query = list_query(q, sort, page, page_size)
    found, total = await _everywhere(request, query)
    return listed(request, [_extended(entry) for entry in found], total, query)


@get("/auditlog-exts/events", **operation("listAuditLogEventTypes", "auditlog", errors=(401, 403, 500)))
async def list_event_types(request: HarborRequest) -> list[AuditLogEventType]:
    """The kinds of things that are told."""
    await request.parts.management.system(request.arrival.asker, audit.LIST)
    return [AuditLogEventType(event_type=name) for name in sorted({deed.event_type for deed in DEEDS.values()})]


@get("/projects/{project_name:str}/logs", **operation("getLogs", "project", errors=(*_ERRORS, 404), headers=LIST))
async def list_logs_of_project(
    request: HarborRequest,
    project_name: FromPath[str],
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
) -> Response[list[AuditLog]]:
    """A page of what happened in the project, the newest first."""
    query = list_query(q, sort, page, page_size)
    found, total = await _in_project(request, project_name, query)
    return listed(request, [_log(entry) for entry in found], total, query)


@get(
    "/projects/{project_name:str}/auditlog-exts",
    **operation("getLogExts", "project", errors=(*_ERRORS, 404), headers=LIST),
)
async def list_extended_logs_of_project(
    request: HarborRequest,
    project_name: FromPath[str],
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
) -> Response[list[AuditLogExt]]:
    """As `getLogs`, with what was done in words, and whether it was done."""
    query = list_query(q, sort, page, page_size)
    found, total = await _in_project(request, project_name, query)
    return listed(request, [_extended(entry) for entry in found], total, query)


async def _everywhere(request: HarborRequest, query: ListQuery) -> tuple[list[Entry], int]:
    asker, parts = request.arrival.asker, request.parts
    own = await parts.management.signed_in(asker)
    try:
        grant = await parts.management.system(asker, audit.LIST)
    except Denied:
        return await parts.audit.page_of_own(own, query)
    return await parts.audit.page(grant, query)


async def _in_project(request: HarborRequest, project: str, query: ListQuery) -> tuple[list[Entry], int]:
    parts = request.parts
    grant = await parts.management.project(request.arrival.asker, name_of(project), audit.LIST_OF_PROJECT)
    return await parts.audit.page_of_project(grant, query)


def _log(entry: Entry) -> AuditLog:
    return AuditLog(
        id=entry.id,
        username=entry.actor,
        resource=entry.resource,
        resource_type=entry.deed.resource_type,
        operation=entry.deed.operation,
        op_time=date_time(entry.at),
    )


def _extended(entry: Entry) -> AuditLogExt:
    return AuditLogExt(
        id=entry.id,
        username=entry.actor,
        resource=entry.resource,
        resource_type=entry.deed.resource_type,
        operation=entry.deed.operation,
        operation_description=f"{entry.deed.description}: {entry.resource}",
        operation_result=entry.succeeded,
        op_time=date_time(entry.at),
    )


HANDLERS = [
    list_logs,
    list_extended_logs,
    list_event_types,
    list_logs_of_project,
    list_extended_logs_of_project,
]
