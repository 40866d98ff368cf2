"""Rules by which tags are immutable: `/projects/{project}/immutabletagrules`."""

from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from entrepot.api.harbor import rule_shape
from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import (
    CHANGED,
    CREATED,
    LIST,
    IsName,
    Page,
    PageSize,
    Search,
    Sort,
    operation,
    path_id,
)
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.project_path import project_grant
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.rule import ImmutableRule
from entrepot.model.errors import Invalid
from entrepot.registry import immutable_rules as rules

_PATH = "/projects/{project_name_or_id:str}/immutabletagrules"
_ONE = _PATH + "/{immutable_rule_id:str}"
RuleId = Annotated[int, path_id()]
ERRORS = (400, 401, 403, 404, 500)


@get(_PATH, **operation("ListImmuRules", "immutable", errors=(400, 401, 403, 404, 500), headers=LIST))
async def list_rules(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    is_name: IsName = False,
    page: Page = 1,
    page_size: PageSize = 10,
    q: Search = None,
    sort: Sort = None,
) -> Response[list[ImmutableRule]]:
    """A page of the project's rules, the oldest first."""
    query = list_query(q, sort, page, page_size)
    grant = await project_grant(request, project_name_or_id, is_name, rules.LIST)
    found, total = await request.parts.immutable_rules.page(grant, query)
    return listed(request, [rule_shape.immutable_rule(rule) for rule in found], total, query)


@post(_PATH, **operation("CreateImmuRule", "immutable", status=201, errors=(*ERRORS, 409), headers=CREATED))
async def create_rule(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    data: JSONBody[ImmutableRule],
    is_name: IsName = False,
) -> Done:
    """Makes a rule, which counts from now on."""
    grant = await project_grant(request, project_name_or_id, is_name, rules.CREATE)
    rule_id = await request.parts.immutable_rules.create(grant, rule_shape.immutable_rule_of(data))
    return Done(201, location=f"{BASE}{request.scope['path']}/{rule_id}")


@put(_ONE, **operation("UpdateImmuRule", "immutable", errors=(*ERRORS, 409), headers=CHANGED))
async def update_rule(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    immutable_rule_id: RuleId,
    data: JSONBody[ImmutableRule],
    is_name: IsName = False,
) -> Done:
    """Changes a rule, or disables it."""
    grant = await project_grant(request, project_name_or_id, is_name, rules.UPDATE)
    if data.id != immutable_rule_id:
        raise Invalid("the id in the body is to be the one in the path")
    await request.parts.immutable_rules.update(grant, rule_shape.immutable_rule_of(data))
    return Done()


@delete(_ONE, **operation("DeleteImmuRule", "immutable", errors=ERRORS, headers=CHANGED))
async def delete_rule(
    request: HarborRequest, project_name_or_id: FromPath[str], immutable_rule_id: RuleId, is_name: IsName = False
) -> Done:
    """Removes a rule."""
    grant = await project_grant(request, project_name_or_id, is_name, rules.DELETE)
    await request.parts.immutable_rules.delete(grant, immutable_rule_id)
    return Done()


HANDLERS = [list_rules, create_rule, update_rule, delete_rule]
