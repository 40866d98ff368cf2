"""Accounts: `/users`."""

from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.listed import listed
from entrepot.api.harbor.operation import CHANGED, CREATED, LIST, Page, PageSize, Search, Sort, operation, path_id
from entrepot.api.harbor.paging import list_query
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.people import (
    OIDCCliSecretReq,
    PasswordReq,
    Permission,
    UserCreationReq,
    UserProfile,
    UserResp,
    UserSearchRespItem,
    UserSysAdminFlag,
)
from entrepot.api.harbor.values import date_time
from entrepot.db.listing import merged
from entrepot.db.users import User
from entrepot.model.errors import Denied, InUse, Unauthenticated
from entrepot.model.grant import Principal
from entrepot.model.query import Contains
from entrepot.registry.accounts import CREATE, DELETE, READ, UPDATE, Profile
from entrepot.registry.accounts import LIST as LIST_USERS

UserId = Annotated[int, path_id("int")]
DB_AUTH = "db_auth"


@get("/users", **operation("listUsers", "user", errors=(400, 401, 403, 500), headers=LIST))
async def list_users(
    request: HarborRequest, q: Search = None, sort: Sort = None, page: Page = 1, page_size: PageSize = 10
) -> Response[list[UserResp]]:
    """A page of the accounts, without the first administrator's."""
    query = list_query(q, sort, page, page_size)
    grant = await request.parts.management.system(request.arrival.asker, LIST_USERS)
    users, total = await request.parts.accounts.list_users(grant, query)
    return listed(request, [_user(user) for user in users], total, query)


@post("/users", **operation("createUser", "user", status=201, errors=(400, 401, 403, 409, 500), headers=CREATED))
async def create_user(request: HarborRequest, data: JSONBody[UserCreationReq]) -> Done:
    """Makes an account: for somebody as an administrator, or for oneself on the pages where that is allowed."""
    parts = request.parts
    await _require_db_auth(request)
    asker = request.arrival.asker
    if request.arrival.from_page and asker.identity.principal.anonymous and await _may_register(request):
        grant = parts.management.registering(asker)
    else:
        grant = await parts.management.system(asker, CREATE)
    profile = Profile(email=data.email, realname=data.realname, comment=data.comment)
    user = await parts.accounts.create(grant, data.username, data.password, profile)
    return Done(201, location=f"{BASE}/users/{user.id}")


@get("/users/current", **operation("getCurrentUserInfo", "user", errors=(401, 412, 500)))
async def get_current_user(request: HarborRequest) -> UserResp:
    """The account of who asks."""
    principal = (await request.parts.management.signed_in(request.arrival.asker)).principal
    if principal.user_id is None:
        raise InUse("a robot has no account of its own")
    grant = await request.parts.management.account(request.arrival.asker, principal.user_id, READ)
    return _user(await request.parts.accounts.get(grant))


@get("/users/search", **operation("searchUsers", "user", errors=(401, 500), headers=LIST))
async def search_users(
    request: HarborRequest, username: Annotated[str, QueryParameter()], page: Page = 1, page_size: PageSize = 10
) -> Response[list[UserSearchRespItem]]:
    """Accounts whose names hold the text, for whoever is signed in."""
    query = merged(list_query(None, None, page, page_size), username=Contains(username) if username else None)
    grant = await request.parts.management.signed_in(request.arrival.asker)
    users, total = await request.parts.accounts.search(grant, query)
    return listed(request, [UserSearchRespItem(user_id=user.id, username=user.name) for user in users], total, query)


@get("/users/current/permissions", **operation("getCurrentUserPermissions", "user", errors=(401, 500)))
async def get_permissions(
    request: HarborRequest,
    place: Annotated[str | None, QueryParameter(name="scope")] = None,
    relative: FromQuery[bool | None] = None,
) -> list[Permission]:
    """What the asker may do in the system (`/system`) or in a project (`/project/1`)."""
    found = await request.parts.management.permissions(request.arrival.asker, place or "", relative=bool(relative))
    return [Permission(resource=resource, action=action) for resource, action in found]


@get("/users/{user_id:str}", **operation("getUser", "user", errors=(401, 403, 404, 500)))
async def get_user(request: HarborRequest, user_id: UserId) -> UserResp:
    """An account: one's own, or any as an administrator."""
    grant = await request.parts.management.account(request.arrival.asker, user_id, READ)
    return _user(await request.parts.accounts.get(grant))


@put(
    "/users/{user_id:str}",
    **operation("updateUserProfile", "user", errors=(400, 401, 403, 404, 500), headers=CHANGED),
)
async def update_profile(request: HarborRequest, user_id: UserId, data: JSONBody[UserProfile]) -> Done:
    """Changes what the account says of its owner."""
    await _require_db_auth(request)
    grant = await request.parts.management.account(request.arrival.asker, user_id, UPDATE)
    profile = Profile(email=data.email, realname=data.realname, comment=data.comment)
    await request.parts.accounts.set_profile(grant, profile)
    return Done()


@delete(
    "/users/{user_id:str}",
    **operation("deleteUser", "user", errors=(401, 403, 404, 500), headers=CHANGED),
)
async def delete_user(request: HarborRequest, user_id: UserId) -> Done:
    """Removes the account."""
    grant = await request.parts.management.system(request.arrival.asker, DELETE)
    await request.parts.accounts.delete(grant, user_id)
    return Done()


@put(
    "/users/{user_id:str}/sysadmin",
    **operation("setUserSysAdmin", "user", errors=(401, 403, 404, 412, 500), headers=CHANGED),
)
async def set_sysadmin(request: HarborRequest, user_id: UserId, data: JSONBody[UserSysAdminFlag]) -> Done:
    """Makes somebody an administrator, or no longer one."""
    grant = await request.parts.management.system(request.arrival.asker, UPDATE)
    await request.parts.accounts.set_admin(grant, user_id, data.sysadmin_flag)
    return Done()


@put(
    "/users/{user_id:str}/password",
    **operation("updateUserPassword", "user", errors=(400, 401, 403, 404, 429, 500), headers=CHANGED),
)
async def update_password(request: HarborRequest, user_id: UserId, data: JSONBody[PasswordReq]) -> Done:
    """Gives the account another password."""
    await _require_db_auth(request)
    grant = await request.parts.management.account(request.arrival.asker, user_id, UPDATE)
    if grant.principal.user_id == user_id:
        await _prove_again(request, grant.principal, data.old_password)
    await request.parts.accounts.set_password(grant, data.old_password, data.new_password)
    return Done()


@put("/users/{user_id:str}/cli_secret", **operation("setCliSecret", "user", errors=(400, 401, 403, 404, 412, 500)))
async def set_cli_secret(
    request: HarborRequest,
    user_id: UserId,
    data: JSONBody[OIDCCliSecretReq],
) -> Done:
    """Gives the account a secret for clients, beside the password (Harbor: only where people come from elsewhere).

    One's own by the password alone, so that who finds a session open, or the secret, cannot keep a way in.
    """
    grant = await request.parts.management.account(request.arrival.asker, user_id, UPDATE)
    if grant.principal.user_id == user_id:
        principal, asker = grant.principal, request.arrival.asker
        try:
            told = request.headers.get("authorization")
            await request.parts.gate.sign_in_again(told, principal.name, asker.origin.address)
        except Unauthenticated as error:
            raise Denied("set your secret with your user name and password (Basic), not with a session") from error
    await request.parts.accounts.set_cli_secret(grant, data.secret)
    return Done()


async def _require_db_auth(request: HarborRequest) -> None:
    """Returns if accounts are kept here. Raises Denied."""
    mode = await request.parts.configuration.get("auth_mode")
    if mode != DB_AUTH:
        raise Denied(f"accounts come from elsewhere (auth_mode is {mode}) and are changed there")


async def _prove_again(request: HarborRequest, principal: Principal, password: str) -> None:
    """Returns if the password is the asker's: counted as a sign-in, so that who found a session open cannot guess it.

    Raises Denied, TooManyAttempts.
    """
    try:
        await request.parts.gate.sign_in(principal.name, password, request.arrival.asker.origin.address)
    except Unauthenticated as error:
        raise Denied("the old password is wrong") from error


async def _may_register(request: HarborRequest) -> bool:
    return await request.parts.configuration.is_on("self_registration")


def _user(user: User) -> UserResp:
    return UserResp(
        user_id=user.id,
        username=user.name,
        email=user.email,
        realname=user.realname,
        comment=user.comment,
        sysadmin_flag=user.admin,
        admin_role_in_auth=False,
        creation_time=date_time(user.created_at),
        update_time=date_time(user.updated_at),
    )


HANDLERS = [
    list_users,
    create_user,
    get_current_user,
    search_users,
    get_permissions,
    get_user,
    update_profile,
    delete_user,
    set_sysadmin,
    update_password,
    set_cli_secret,
]
