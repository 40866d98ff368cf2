"""Quotas: `/quotas`."""

from typing import Annotated

from litestar import Response, get, put
from litestar.params import FromQuery, JSONBody

from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, LIST, Page, PageSize, Sort, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.quota import Quota, QuotaUpdateReq
from entrepot.api.harbor.values import MOST, date_time
from entrepot.db.quotas import QuotaView
from entrepot.model.errors import Invalid
from entrepot.registry.limits import LIST as LIST_QUOTAS
from entrepot.registry.limits import READ, UPDATE

QuotaId = Annotated[int, path_id(None)]
STORAGE = "storage"
TRASH = "trash"
"""Of the bytes used, those that only what is in the trash holds. Not Harbor's."""


@get("/quotas", **operation("listQuotas", "quota", errors=(400, 401, 403, 500), headers=LIST))
async def list_quotas(
    request: HarborRequest,
    page: Page = 1,
    page_size: PageSize = 10,
    reference: FromQuery[str | None] = None,
    reference_id: FromQuery[str | None] = None,
    sort: Sort = None,
) -> Response[list[Quota]]:
    """A page of the quotas of projects, or the one of the project that `reference_id` names by its id."""
    query = list_query(None, sort, page, page_size)
    grant = await request.parts.management.system(request.arrival.asker, LIST_QUOTAS)
    if reference not in (None, "", "project"):
        raise Invalid("only projects have quotas: reference=project")
    found, total = await request.parts.limits.page(grant, query, _project_id(reference_id))
    return listed(request, [_shown(view) for view in found], total, query)


@get("/quotas/{id:str}", **operation("getQuota", "quota", errors=(401, 403, 404, 500)))
async def get_quota(request: HarborRequest, id: QuotaId) -> Quota:  # noqa: A002 - the contract's name
    """A quota."""
    grant = await request.parts.management.system(request.arrival.asker, READ)
    return _shown(await request.parts.limits.get(grant, id))


@put("/quotas/{id:str}", **operation("updateQuota", "quota", errors=(400, 401, 403, 404, 500), headers=CHANGED))
async def update_quota(request: HarborRequest, id: QuotaId, data: JSONBody[QuotaUpdateReq]) -> Done:  # noqa: A002
    """Sets the limit, in bytes, or -1 for none."""
    grant = await request.parts.management.system(request.arrival.asker, UPDATE)
    if list(data.hard) != [STORAGE]:
        raise Invalid('send the limit as {"hard": {"storage": bytes}}')
    await request.parts.limits.set_limit(grant, id, data.hard[STORAGE])
    return Done()


def _project_id(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(MOST)) or int(text) > MOST:
        raise Invalid("reference_id is the id of a project")
    return int(text)


def _shown(view: QuotaView) -> Quota:
    quota = view.quota
    return Quota(
        id=quota.id,
        ref={"id": quota.project_id, "name": view.project_name, "owner_name": view.owner_name},
        hard={STORAGE: quota.hard},
        used={STORAGE: quota.used, TRASH: view.in_trash},
        creation_time=date_time(quota.created_at),
        update_time=date_time(quota.updated_at),
    )


HANDLERS = [list_quotas, get_quota, update_quota]
