"""Retention: `/retentions`."""

from typing import Annotated

from litestar import MediaType, Response, delete, get, patch, post, put
from litestar.params import JSONBody, QueryParameter

from entrepot.api.harbor import rule_shape, run_shape
from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CREATED, LIST, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.rule import (
    RetentionExecution,
    RetentionExecutionTask,
    RetentionMetadata,
    RetentionPolicy,
    RetentionPolicyScope,
    RunOrder,
    RunRequest,
)
from entrepot.api.harbor.values import LEAST, MOST
from entrepot.model import retention as model
from entrepot.model.errors import Denied, Invalid, RecordUnknown
from entrepot.model.grant import ProjectGrant
from entrepot.model.permission import Permission
from entrepot.registry import retention as policies

PolicyId = Annotated[int, path_id()]
RunId = Annotated[int, path_id()]
TaskId = Annotated[int, path_id()]
AnyPage = Annotated[int | None, QueryParameter(ge=LEAST, le=MOST, schema_extra={"format": "int64"})]
"""A page, or its size, for which the contract has neither a default nor a bound."""
_PATH = "/retentions"
_ONE = _PATH + "/{id:str}"
_RUNS = _ONE + "/executions"
_RUN = _RUNS + "/{eid:str}"
ERRORS = (401, 403, 404, 500)


@get(_PATH + "/metadatas", **operation("getRentenitionMetadata", "Retention", errors=(401, 500)))
async def get_metadata(request: HarborRequest) -> RetentionMetadata:
    """What rules can be made of."""
    await request.parts.management.signed_in(request.arrival.asker)
    return rule_shape.METADATA


@post(_PATH, **operation("createRetention", "Retention", status=201, errors=(400, 401, 403, 500), headers=CREATED))
async def create_policy(request: HarborRequest, data: JSONBody[RetentionPolicy]) -> Done:
    """Makes the rules of a project."""
    await request.parts.management.signed_in(request.arrival.asker)
    scope = _scope(data)
    if scope is None:
        raise Invalid('say of which project with "scope": {"level": "project", "ref": its id}')
    grant = await request.parts.management.project(request.arrival.asker, scope, policies.CREATE)
    policy_id = await request.parts.retention.create(grant, rule_shape.policy_of(data))
    return Done(201, location=f"{BASE}{_PATH}/{policy_id}")


@get(_ONE, **operation("getRetention", "Retention", errors=ERRORS))
async def get_policy(request: HarborRequest, id: PolicyId) -> RetentionPolicy:  # noqa: A002 - the contract's name
    """A project's rules."""
    grant = await _grant(request, id, policies.READ)
    return rule_shape.policy(await request.parts.retention.get(grant, id))


@put(_ONE, **operation("updateRetention", "Retention", errors=ERRORS))
async def update_policy(request: HarborRequest, id: PolicyId, data: JSONBody[RetentionPolicy]) -> Done:  # noqa: A002
    """Gives a project these rules in place of those it has."""
    grant = await _grant(request, id, policies.UPDATE)
    if _scope(data) not in (None, grant.project.id):
        raise RecordUnknown(f"the retention policy {id} is not that of the project in its scope")
    await request.parts.retention.update(grant, id, rule_shape.policy_of(data))
    return Done()


@delete(_ONE, **operation("deleteRetention", "Retention", errors=ERRORS))
async def delete_policy(request: HarborRequest, id: PolicyId) -> Done:  # noqa: A002
    """Removes the rules of a project. A run that is going on ends."""
    grant = await _grant(request, id, policies.DELETE)
    await request.parts.retention.delete(grant, id)
    return Done()


@post(
    _RUNS,
    **operation("triggerRetentionExecution", "Retention", status=201, errors=ERRORS, headers=CREATED, also=(200,)),
)
async def request_run(request: HarborRequest, id: PolicyId, data: JSONBody[RunRequest]) -> Done:  # noqa: A002
    """Carries the rules out, or tells what they would do."""
    grant = await _grant(request, id, policies.UPDATE)
    run_id = await request.parts.retention_runs.request(grant, id, dry_run=data.dry_run)
    return Done(201, location=f"{BASE}{_PATH}/{id}/executions/{run_id}")


@get(_RUNS, **operation("listRetentionExecutions", "Retention", errors=ERRORS, headers=LIST))
async def list_runs(
    request: HarborRequest,
    id: PolicyId,  # noqa: A002
    page: AnyPage = None,
    page_size: AnyPage = None,
) -> Response[list[RetentionExecution]]:
    """A page of the runs, the newest first."""
    query = list_query(None, None, page or 1, 10 if page_size is None else page_size)
    grant = await _grant(request, id, policies.LIST)
    found, total = await request.parts.retention_runs.page(grant, id, query)
    return listed(request, [run_shape.run(job) for job in found], total, query)


@patch(_RUN, **operation("operateRetentionExecution", "Retention", errors=ERRORS))
async def order_run(request: HarborRequest, id: PolicyId, eid: RunId, data: JSONBody[RunOrder]) -> Done:  # noqa: A002
    """Stops a run."""
    grant = await _grant(request, id, policies.UPDATE)
    await request.parts.retention_runs.order(grant, id, eid, data.action)
    return Done()


@get(_RUN + "/tasks", **operation("listRetentionTasks", "Retention", errors=ERRORS, headers=LIST))
async def list_tasks(
    request: HarborRequest,
    id: PolicyId,  # noqa: A002
    eid: RunId,
    page: AnyPage = None,
    page_size: AnyPage = None,
) -> Response[list[RetentionExecutionTask]]:
    """A page of the repositories that a run sees to."""
    query = list_query(None, None, page or 1, 10 if page_size is None else page_size)
    grant = await _grant(request, id, policies.LIST)
    job, found, total = await request.parts.retention_runs.tasks(grant, id, eid, query)
    return listed(request, [run_shape.task(job, one) for one in found], total, query)


@get(
    _RUN + "/tasks/{tid:str}", media_type=MediaType.TEXT, **operation("getRetentionTaskLog", "Retention", errors=ERRORS)
)
async def get_log(request: HarborRequest, id: PolicyId, eid: RunId, tid: TaskId) -> Response[str]:  # noqa: A002
    """What became of a repository's artifacts and tags, and why: a line for each."""
    grant = await _grant(request, id, policies.READ)
    lines = [line async for line in request.parts.retention_runs.log(grant, id, eid, tid)]
    return Response("".join(lines), media_type=MediaType.TEXT)


def _scope(sent: RetentionPolicy) -> int | None:
    """The id of the project that is meant; None if it is not told. Raises Invalid."""
    scope = sent.scope
    if not isinstance(scope, RetentionPolicyScope) or (not scope.level and not scope.ref):
        return None
    if scope.level != model.SCOPE:
        raise Invalid(f"the level of a policy's scope is {model.SCOPE}, not {scope.level[:64]!r}")
    if scope.ref <= 0:
        raise Invalid(f"{scope.ref} is no project's id")
    return scope.ref


async def _grant(request: HarborRequest, policy_id: int, needed: Permission) -> ProjectGrant:
    """A grant for the project of the policy of that id.

    One that may not be known is answered as one that is not there. Raises Unauthenticated, Denied, RecordUnknown.
    """
    parts, asker = request.parts, request.arrival.asker
    seen = await parts.management.signed_in(asker)
    refusal = Denied(f"there is no retention policy with the id {policy_id}, or you may not {needed.action} it")
    try:
        project_id = await parts.retention.project_of(policy_id)
    except RecordUnknown:
        if seen.principal.admin:
            raise
        raise refusal from None
    try:
        return await parts.management.project(asker, project_id, needed)
    except Denied:
        raise refusal from None


HANDLERS = [
    get_metadata,
    create_policy,
    get_policy,
    update_policy,
    delete_policy,
    request_run,
    list_runs,
    order_run,
    list_tasks,
    get_log,
]
