"""Who has which role in a project: `/projects/{project}/members`."""

from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UnsetType

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, LIST, IsName, Page, PageSize, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.project_path import project_grant
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.project import ProjectMember, ProjectMemberEntity, RoleRequest
from entrepot.db.memberships import Membership
from entrepot.model.errors import Invalid
from entrepot.model.project import Role
from entrepot.registry.memberships import CREATE, DELETE, READ, UPDATE, Entity
from entrepot.registry.memberships import LIST as LIST_MEMBERS

MemberId = Annotated[int, path_id()]
ROLE_NAMES = {
    Role.PROJECT_ADMIN: "projectAdmin",
    Role.MAINTAINER: "maintainer",
    Role.DEVELOPER: "developer",
    Role.GUEST: "guest",
    Role.LIMITED_GUEST: "limitedGuest",
}
ERRORS = (400, 401, 403, 404, 500)
_PATH = "/projects/{project_name_or_id:str}/members"
_ONE = _PATH + "/{mid:str}"


@get(_PATH, **operation("listProjectMembers", "member", errors=ERRORS, headers=LIST))
async def list_members(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    is_name: IsName = False,
    page: Page = 1,
    page_size: PageSize = 10,
    entityname: FromQuery[str | None] = None,
) -> Response[list[ProjectMemberEntity]]:
    """A page of the members, by name; the number of all is told whatever the name."""
    query = list_query(None, None, page, page_size)
    grant = await project_grant(request, project_name_or_id, is_name, LIST_MEMBERS)
    found, total = await request.parts.memberships.list_members(grant, entityname or "", query.offset, query.limit)
    return listed(request, [_member(member) for member in found], total, query)


@post(
    _PATH,
    **operation(
        "createProjectMember", "member", status=201, errors=(400, 401, 403, 404, 409, 500), headers=("Location",)
    ),
)
async def add_member(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    data: JSONBody[ProjectMember | None] = None,
    is_name: IsName = False,
) -> Done:
    """Gives a user or a group a role."""
    grant = await project_grant(request, project_name_or_id, is_name, CREATE)
    wanted = data or ProjectMember()
    member_id = await request.parts.memberships.add(grant, _entity(wanted), _role(wanted.role_id))
    return Done(201, location=f"{BASE}/projects/{project_name_or_id}/members/{member_id}")


@get(_ONE, **operation("getProjectMember", "member", errors=ERRORS))
async def get_member(
    request: HarborRequest, project_name_or_id: FromPath[str], mid: MemberId, is_name: IsName = False
) -> ProjectMemberEntity:
    """A member."""
    grant = await project_grant(request, project_name_or_id, is_name, READ)
    return _member(await request.parts.memberships.get(grant, mid))


@put(_ONE, **operation("updateProjectMember", "member", errors=ERRORS, headers=CHANGED))
async def update_member(
    request: HarborRequest,
    project_name_or_id: FromPath[str],
    mid: MemberId,
    data: JSONBody[RoleRequest | None] = None,
    is_name: IsName = False,
) -> Done:
    """Gives a member another role."""
    grant = await project_grant(request, project_name_or_id, is_name, UPDATE)
    await request.parts.memberships.change(grant, mid, _role((data or RoleRequest()).role_id))
    return Done()


@delete(_ONE, **operation("deleteProjectMember", "member", errors=ERRORS, headers=CHANGED))
async def delete_member(
    request: HarborRequest, project_name_or_id: FromPath[str], mid: MemberId, is_name: IsName = False
) -> Done:
    """Takes a member's role away."""
    grant = await project_grant(request, project_name_or_id, is_name, DELETE)
    await request.parts.memberships.remove(grant, mid)
    return Done()


def _role(number: int) -> Role:
    try:
        return Role(number)
    except ValueError as error:
        told = ", ".join(f"{role.value} ({name})" for role, name in sorted(ROLE_NAMES.items()))
        raise Invalid(f"role_id is one of {told}") from error


def _entity(data: ProjectMember) -> Entity:
    """Whom the body names; a user if it names both."""
    user, group = data.member_user, data.member_group
    if not isinstance(user, UnsetType) and (user.user_id or user.username):
        return Entity(user_id=user.user_id, user_name=user.username)
    if isinstance(group, UnsetType):
        return Entity()
    return Entity(
        group_id=group.id, group_name=group.group_name, group_kind=group.group_type, ldap_dn=group.ldap_group_dn
    )


def _member(member: Membership) -> ProjectMemberEntity:
    return ProjectMemberEntity(
        id=member.id,
        project_id=member.project_id,
        entity_name=member.entity_name,
        role_name=ROLE_NAMES[member.role],
        role_id=int(member.role),
        entity_id=member.entity_id,
        entity_type=member.entity_type,
    )


HANDLERS = [list_members, add_member, get_member, update_member, delete_member]
