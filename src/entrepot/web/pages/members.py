"""Who has which role in a project: the list, adding somebody who was looked for, another role, none any more."""

from entrepot.model.errors import AlreadyExists, Invalid
from entrepot.model.grant import ProjectGrant
from entrepot.model.project import Role
from entrepot.model.query import Contains, ListQuery
from entrepot.registry.memberships import CREATE, DELETE, LIST, UPDATE, Entity
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.errors import N_
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.role import ROLE_NAMES
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

PAGE = "members"
MOST_FOUND = 10
"""Users, and groups, that one search offers."""
MOST_COMPARED = 100
GROUP_KINDS = {1: "LDAP", 2: "HTTP", 3: "OIDC"}
MEANINGS = {
    Role.PROJECT_ADMIN: N_("Everything in the project: members, robots, settings, deleting it."),
    Role.MAINTAINER: N_("Pull, push and delete; rules, labels and the trash."),
    Role.DEVELOPER: N_("Pull and push; rules of retention."),
    Role.GUEST: N_("Pull, and see who else is here."),
    Role.LIMITED_GUEST: N_("Pull, and nothing else."),
}
"""What each role is for, as sentences to be translated."""


async def show(ask: Ask) -> Answer:
    """The members by name; for who may add some, a search for users and groups."""
    grant = await ask.project(LIST)
    part, wanted = ask.query.text("q"), ask.query.text("find")
    query = ask.listed()
    members, total = await ask.parts.memberships.search(grant, part, query.offset, query.limit)
    may_add = CREATE in grant.permissions
    shown = {
        **await frame_of(ask, grant, PAGE),
        "members": members,
        "total": total,
        "listed": query,
        "part": part,
        "roles": ROLE_NAMES,
        "meanings": MEANINGS,
        "first_role": Role.GUEST,
        "wanted": wanted,
        "may_add": may_add,
        "may_change": UPDATE in grant.permissions,
        "may_remove": DELETE in grant.permissions,
        "group_kinds": GROUP_KINDS,
        **await _found(ask, grant, wanted if may_add else ""),
    }
    return View("members", shown, topics=(f"project:{grant.project.name}",))


async def add(ask: Ask) -> Answer:
    """Gives a user or a group a role. Raises as `Memberships.add`."""
    grant = await ask.project(CREATE)
    role = _role(ask)
    entity = Entity(
        user_name=ask.form.text("user"),
        group_id=ask.form.whole("group", 0),
        group_name=ask.form.text("group_name"),
        group_kind=ask.form.whole("group_kind", 0),
        ldap_dn=ask.form.text("ldap_dn"),
    )
    name = entity.user_name or entity.group_name or entity.ldap_dn or ask.say("The group")
    try:
        await ask.parts.memberships.add(grant, entity, role)
    except AlreadyExists:
        sentence = ask.say("%(name)s is a member already: change the role in the list.", name=name)
        return Go(address(grant.project.name, PAGE), Said(sentence, bad=True))
    return Go(
        address(grant.project.name, PAGE),
        Said(ask.say("%(name)s is here now: %(role)s.", name=name, role=ask.say(ROLE_NAMES[role]))),
    )


async def change(ask: Ask) -> Answer:
    """Gives a member another role. Raises as `Memberships.change`."""
    grant = await ask.project(UPDATE)
    role = _role(ask)
    await ask.parts.memberships.change(grant, ask.number(), role)
    return Go(
        address(grant.project.name, PAGE), Said(ask.say("The role is %(role)s now.", role=ask.say(ROLE_NAMES[role])))
    )


async def remove(ask: Ask) -> Answer:
    """Takes a member's role away. Raises as `Memberships.remove`."""
    grant = await ask.project(DELETE)
    await ask.parts.memberships.remove(grant, ask.number())
    return Go(address(grant.project.name, PAGE), Said(ask.say("The member is removed.")))


async def _found(ask: Ask, grant: ProjectGrant, wanted: str) -> dict[str, object]:
    """Users and groups whose names hold what is looked for, and which of them are members already."""
    if not wanted:
        return {"users": [], "groups": [], "known": frozenset()}
    catalog = await ask.parts.management.signed_in(ask.asker)
    query = ListQuery(conditions={"username": Contains(wanted)}, page_size=MOST_FOUND)
    users, _ = await ask.parts.accounts.search(catalog, query)
    groups, _ = await ask.parts.groups.search(catalog, wanted, 0, MOST_FOUND)
    there, _ = await ask.parts.memberships.search(grant, wanted, 0, MOST_COMPARED)
    return {"users": users, "groups": groups, "known": frozenset((one.entity_type, one.entity_id) for one in there)}


def _role(ask: Ask) -> Role:
    try:
        return Role(ask.form.whole("role"))
    except ValueError as error:
        raise Invalid("a role is one of the five of the list") from error


ROUTES: tuple[Route, ...] = (
    reading(Place.PROJECT, "members", show),
    changing(Place.PROJECT, "members", add),
    changing(Place.PROJECT, "members/{id}", change),
    changing(Place.PROJECT, "members/{id}/remove", remove),
)
