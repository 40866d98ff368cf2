"""Users and groups, for administrators."""

from entrepot.model.errors import Conflict, Invalid
from entrepot.model.query import Condition, Contains, Exactly
from entrepot.registry import groups
from entrepot.registry.accounts import CREATE, DELETE, FIRST_USER, LIST, UPDATE, Profile
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.errors import N_
from entrepot.web.pages.account import require_kept_here
from entrepot.web.pages.admin_frame import admin_page, admin_view
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place

KINDS = {groups.LDAP: N_("LDAP"), groups.HTTP: N_("HTTP proxy"), groups.OIDC: N_("OpenID Connect")}


async def show_users(ask: Ask) -> Answer:
    """The users by name, without the first administrator."""
    return await _users(ask)


async def create_user(ask: Ask) -> Answer:
    """Makes a user; what does not fit shows the form again. Raises as `Accounts.create` otherwise."""
    await require_kept_here(ask)
    grant = await ask.system(CREATE)
    name = ask.form.text("name")
    profile = Profile(email=ask.form.text("email"), realname=ask.form.text("realname"), comment="")
    try:
        user = await ask.parts.accounts.create(grant, name, ask.form.secret("password"), profile)
    except (Invalid, Conflict) as error:
        return await _users(ask, wrong=str(error), status=400 if isinstance(error, Invalid) else 409)
    if ask.form.ticked("admin"):
        await ask.parts.accounts.set_admin(await ask.system(UPDATE), user.id, True)
    return Go(admin_page("users"), Said(ask.say("User %(name)s is there.", name=name)))


async def set_admin(ask: Ask) -> Answer:
    """Makes a user an administrator, or no longer one. Raises as `Accounts.set_admin`."""
    grant = await ask.system(UPDATE)
    admin = ask.form.ticked("admin")
    await ask.parts.accounts.set_admin(grant, ask.number(), admin)
    told = ask.say("They administer the registry now.") if admin else ask.say("They are no administrator any more.")
    return Go(admin_page("users"), Said(told))


async def set_password(ask: Ask) -> Answer:
    """Gives a user another password, which ends all their sessions. Raises as `Accounts.set_password`."""
    await require_kept_here(ask)
    await ask.system(UPDATE)
    grant = await ask.parts.management.account(ask.asker, ask.number(), UPDATE)
    await ask.parts.accounts.set_password(grant, "", ask.form.secret("password"))
    await ask.parts.sessions.end_all(grant)
    return Go(admin_page("users"), Said(ask.say("The password is set; they are signed out everywhere.")))


async def delete_user(ask: Ask) -> Answer:
    """Removes a user. Raises as `Accounts.delete`."""
    await ask.parts.accounts.delete(await ask.system(DELETE), ask.number())
    return Go(admin_page("users"), Said(ask.say("The user is gone.")))


async def show_groups(ask: Ask) -> Answer:
    """The groups that other systems know."""
    grant = await ask.system(groups.LIST)
    part, query = ask.query.text("q"), ask.listed()
    found, total = await ask.parts.groups.page(grant, part, "", query.offset, query.limit)
    return admin_view("groups", {"groups": found, "total": total, "listed": query, "part": part, "kinds": KINDS})


async def create_group(ask: Ask) -> Answer:
    """Makes a group known. Raises as `Groups.create`."""
    grant = await ask.system(groups.CREATE)
    name = ask.form.text("name")
    await ask.parts.groups.create(grant, name, ask.form.whole("kind"), ask.form.text("dn"))
    return Go(admin_page("groups"), Said(ask.say("Group %(name)s is there.", name=name)))


async def rename_group(ask: Ask) -> Answer:
    """Gives a group another name. Raises as `Groups.rename`."""
    await ask.parts.groups.rename(await ask.system(groups.UPDATE), ask.number(), ask.form.text("name"))
    return Go(admin_page("groups"), Said(ask.say("The group has its new name.")))


async def delete_group(ask: Ask) -> Answer:
    """Removes a group, and the roles that people have through it. Raises RecordUnknown."""
    await ask.parts.groups.delete(await ask.system(groups.DELETE), ask.number())
    return Go(admin_page("groups"), Said(ask.say("The group is gone.")))


async def _users(ask: Ask, *, wrong: str = "", status: int = 200) -> View:
    grant = await ask.system(LIST)
    part, which = ask.query.text("q"), ask.query.text("show")
    conditions: dict[str, Condition] = {"name": Contains(part)} if part else {}
    if which == "admins":
        conditions["sysadmin_flag"] = Exactly("true")
    query = ask.listed(conditions)
    found, total = await ask.parts.accounts.list_users(grant, query)
    shown = {
        "users": found,
        "total": total,
        "listed": query,
        "part": part,
        "which": which,
        "wrong": wrong,
        "filled": {name: ask.form.text(name) for name in ("name", "email", "realname")},
        "first": FIRST_USER,
    }
    return admin_view("users", shown, status=status)


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "admin", show_users),
    reading(Place.HOUSE, "admin/users", show_users),
    changing(Place.HOUSE, "admin/users", create_user),
    changing(Place.HOUSE, "admin/users/{id}/admin", set_admin),
    changing(Place.HOUSE, "admin/users/{id}/password", set_password),
    changing(Place.HOUSE, "admin/users/{id}/delete", delete_user),
    reading(Place.HOUSE, "admin/groups", show_groups),
    changing(Place.HOUSE, "admin/groups", create_group),
    changing(Place.HOUSE, "admin/groups/{id}/rename", rename_group),
    changing(Place.HOUSE, "admin/groups/{id}/delete", delete_group),
)
