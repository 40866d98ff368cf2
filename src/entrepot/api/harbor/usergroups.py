"""Groups of users: `/usergroups`."""

from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, LIST, Page, PageSize, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema import people
from entrepot.db.user_groups import UserGroup
from entrepot.registry.groups import CREATE, DELETE, READ, UPDATE
from entrepot.registry.groups import LIST as LIST_GROUPS

GroupId = Annotated[int, path_id()]


@get("/usergroups", **operation("listUserGroups", "usergroup", errors=(401, 403, 500), headers=LIST))
async def list_groups(
    request: HarborRequest,
    page: Page = 1,
    page_size: PageSize = 10,
    ldap_group_dn: FromQuery[str | None] = None,
    group_name: FromQuery[str | None] = None,
) -> Response[list[people.UserGroup]]:
    """A page of the groups, by name."""
    query = list_query(None, None, page, page_size)
    grant = await request.parts.management.system(request.arrival.asker, LIST_GROUPS)
    found, total = await request.parts.groups.page(
        grant, group_name or "", ldap_group_dn or "", query.offset, query.limit
    )
    return listed(request, [_shown(group) for group in found], total, query)


@post(
    "/usergroups",
    **operation("createUserGroup", "usergroup", status=201, errors=(400, 401, 403, 409, 500), headers=("Location",)),
)
async def create_group(request: HarborRequest, data: JSONBody[people.UserGroup | None] = None) -> Done:
    """Makes a group known."""
    grant = await request.parts.management.system(request.arrival.asker, CREATE)
    wanted = data or people.UserGroup()
    group_id = await request.parts.groups.create(grant, wanted.group_name, wanted.group_type, wanted.ldap_group_dn)
    return Done(201, location=f"{BASE}/usergroups/{group_id}")


@get("/usergroups/search", **operation("searchUserGroups", "usergroup", errors=(401, 409, 500), headers=LIST))
async def search_groups(
    request: HarborRequest, groupname: Annotated[str, QueryParameter()], page: Page = 1, page_size: PageSize = 10
) -> Response[list[people.UserGroupSearchItem]]:
    """Groups whose names hold the text, for whoever is signed in."""
    query = list_query(None, None, page, page_size)
    grant = await request.parts.management.signed_in(request.arrival.asker)
    found, total = await request.parts.groups.search(grant, groupname, query.offset, query.limit)
    told = [people.UserGroupSearchItem(id=one.id, group_name=one.name, group_type=one.kind) for one in found]
    return listed(request, told, total, query)


@get("/usergroups/{group_id:str}", **operation("getUserGroup", "usergroup", errors=(400, 401, 403, 404, 500)))
async def get_group(request: HarborRequest, group_id: GroupId) -> people.UserGroup:
    """A group."""
    grant = await request.parts.management.system(request.arrival.asker, READ)
    return _shown(await request.parts.groups.get(grant, group_id))


@put(
    "/usergroups/{group_id:str}",
    **operation("updateUserGroup", "usergroup", errors=(400, 401, 403, 404, 500), headers=CHANGED),
)
async def update_group(
    request: HarborRequest, group_id: GroupId, data: JSONBody[people.UserGroup | None] = None
) -> Done:
    """Gives the group another name; nothing else of it can change."""
    grant = await request.parts.management.system(request.arrival.asker, UPDATE)
    await request.parts.groups.rename(grant, group_id, (data or people.UserGroup()).group_name)
    return Done()


@delete(
    "/usergroups/{group_id:str}",
    **operation("deleteUserGroup", "usergroup", errors=(400, 401, 403, 404, 500), headers=CHANGED),
)
async def delete_group(request: HarborRequest, group_id: Annotated[int, path_id(None)]) -> Done:
    """Removes the group, and with it the roles that people have through it."""
    grant = await request.parts.management.system(request.arrival.asker, DELETE)
    await request.parts.groups.delete(grant, group_id)
    return Done()


def _shown(group: UserGroup) -> people.UserGroup:
    return people.UserGroup(id=group.id, group_name=group.name, group_type=group.kind, ldap_group_dn=group.ldap_dn)


HANDLERS = [list_groups, create_group, search_groups, get_group, update_group, delete_group]
