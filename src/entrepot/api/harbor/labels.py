"""Labels: `/labels`."""

from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.label_shape import shown
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, LIST, Page, PageSize, Search, Sort, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.label import Label
from entrepot.api.harbor.values import LEAST, MOST
from entrepot.db.listing import merged
from entrepot.model.errors import Denied, Invalid, RecordUnknown
from entrepot.model.permission import Permission
from entrepot.model.query import Contains
from entrepot.registry.labels import CREATE, DELETE, READ, UPDATE, LabelGrant
from entrepot.registry.labels import LIST as LIST_LABELS

LabelId = Annotated[int, path_id()]
ProjectId = Annotated[int | None, QueryParameter(ge=LEAST, le=MOST, schema_extra={"format": "int64"})]
EVERYWHERE, IN_PROJECT = "g", "p"


@get("/labels", **operation("ListLabels", "label", errors=(400, 401, 500), headers=LIST))
async def list_labels(
    request: HarborRequest,
    q: Search = None,
    sort: Sort = None,
    page: Page = 1,
    page_size: PageSize = 10,
    name: FromQuery[str | None] = None,
    place: Annotated[str | None, QueryParameter(name="scope")] = None,
    project_id: ProjectId = None,
) -> Response[list[Label]]:
    """A page of the labels of all projects (`scope=g`), or of one (`scope=p`)."""
    query = list_query(q, sort, page, page_size)
    query = merged(query, name=Contains(name) if name else query.conditions.get("name"))
    grant = None
    if place == IN_PROJECT:
        if not project_id:
            raise Invalid("say with project_id of which project")
        grant = await request.parts.management.project(request.arrival.asker, project_id, LIST_LABELS)
    elif place != EVERYWHERE:
        raise Invalid("scope is g (labels of all projects) or p (of one)")
    found, total = await request.parts.labels.list_labels(grant, query)
    return listed(request, [shown(label) for label in found], total, query)


@post(
    "/labels", **operation("CreateLabel", "label", status=201, errors=(400, 401, 409, 415, 500), headers=("Location",))
)
async def create_label(request: HarborRequest, data: JSONBody[Label]) -> Done:
    """Makes a label."""
    if data.scope == IN_PROJECT:
        if not data.project_id:
            raise Invalid("say with project_id of which project")
        grant: LabelGrant = await request.parts.management.project(request.arrival.asker, data.project_id, CREATE)
    elif data.scope == EVERYWHERE:
        grant = await request.parts.management.system(request.arrival.asker, CREATE)
    else:
        raise Invalid("scope is g (a label of all projects) or p (of one)")
    label = await request.parts.labels.create(grant, data.name, data.description, data.color)
    return Done(201, location=f"{BASE}/labels/{label.id}")


@get("/labels/{label_id:str}", **operation("GetLabelByID", "label", errors=(401, 404, 500)))
async def get_label(request: HarborRequest, label_id: LabelId) -> Label:
    """A label."""
    grant = await _grant(request, label_id, READ)
    return shown(await request.parts.labels.get(grant, label_id))


@put(
    "/labels/{label_id:str}",
    **operation("UpdateLabel", "label", errors=(400, 401, 404, 409, 500), headers=CHANGED),
)
async def update_label(request: HarborRequest, label_id: LabelId, data: JSONBody[Label]) -> Done:
    """Gives the label another name, description and color."""
    grant = await _grant(request, label_id, UPDATE)
    await request.parts.labels.update(grant, label_id, data.name, data.description, data.color)
    return Done()


@delete("/labels/{label_id:str}", **operation("DeleteLabel", "label", errors=(400, 401, 404, 500), headers=CHANGED))
async def delete_label(request: HarborRequest, label_id: LabelId) -> Done:
    """Removes the label, also from what bears it."""
    grant = await _grant(request, label_id, DELETE)
    await request.parts.labels.delete(grant, label_id)
    return Done()


async def _grant(request: HarborRequest, label_id: int, needed: Permission) -> LabelGrant:
    """A grant for the label of that id, of all projects or of one.

    One that may not be known is answered as one that is not there, and both like one of all projects: as what the
    asker may not do. Raises Unauthenticated, Denied, RecordUnknown.
    """
    parts, asker = request.parts, request.arrival.asker
    try:
        project_id = await parts.labels.project_of(label_id)
    except RecordUnknown as unknown:
        missing: RecordUnknown | None = unknown
        project_id = None
    else:
        missing = None
    try:
        if project_id is None:
            grant: LabelGrant = await parts.management.system(asker, needed)
        else:
            grant = await parts.management.project(asker, project_id, needed)
    except Denied:
        raise Denied(f"there is no label with the id {label_id}, or you may not {needed.action} it") from None
    if missing is not None:
        raise missing
    return grant


HANDLERS = [list_labels, create_label, get_label, update_label, delete_label]
