"""`entrepot project …`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar

from cyclopts import App, Parameter

from entrepot.commands.house import Projects, open_house, shell_grant
from entrepot.commands.place import HERE, Place, existing_settings
from entrepot.commands.printing import UsageWrong, day_of, print_json, print_table, say
from entrepot.model.grant import SystemGrant
from entrepot.model.project import Role
from entrepot.model.reference import parse_project_name

RoleName = Literal["project-admin", "maintainer", "developer", "guest", "limited-guest"]
_ROLES: dict[RoleName, Role] = {
    "project-admin": Role.PROJECT_ADMIN,
    "maintainer": Role.MAINTAINER,
    "developer": Role.DEVELOPER,
    "guest": Role.GUEST,
    "limited-guest": Role.LIMITED_GUEST,
}
_ROLE_NAMES = {role: name for name, role in _ROLES.items()}
_SPARSE = {"yes": True, "no": False, "default": None}
_SPARSE_NAMES = {value: name for name, value in _SPARSE.items()}

project = App(name="project", help="Create, change, list and delete projects, and say who may do what in them.")
member = App(name="member", help="Say who has which role in a project.")
project.command(member)


T = TypeVar("T")


def _ask(place: Place, operation: Callable[[Projects, SystemGrant], Awaitable[T]]) -> T:
    async def ask() -> T:
        async with open_house(existing_settings(place)) as house:
            return await operation(house.projects, shell_grant())

    return asyncio.run(ask())


@project.command(
    help_epilogue="Examples:\n\n  entrepot project create library --public\n\n  entrepot project create my-team"
)
def create(name: str, /, *, public: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """Create a project, in which repositories can be pushed to.

    Parameters
    ----------
    name
        Lower-case letters and digits, with single . _ - inside.
    public
        Let anybody pull, without signing in.
    """
    parse_project_name(name)
    _ask(place, lambda projects, grant: projects.create(grant, name, public))
    say(f"The project {name} is there{', and anybody may pull from it' if public else ''}.")
    return 0


@project.command(name="list", help_epilogue="Example:\n\n  entrepot project list --json")
def list_projects(*, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """List all projects.

    Parameters
    ----------
    json
        Print JSON.
    """
    found = _ask(place, lambda projects, grant: projects.list(grant))
    if json:
        keys = ("name", "public", "sparse_indexes", "created_at")
        print_json([{key: getattr(each, key) for key in keys} for each in found])
        return 0
    print_table(
        ("Name", "Who may pull", "Sparse indexes", "Created (UTC)"),
        (
            (
                each.name,
                "anybody" if each.public else "members",
                _SPARSE_NAMES[each.sparse_indexes],
                day_of(each.created_at),
            )
            for each in found
        ),
        nothing="There is no project yet: `entrepot project create NAME` makes one.",
    )
    return 0


@project.command(help_epilogue="Example:\n\n  entrepot project delete my-team")
def delete(name: str, /, *, place: Place = HERE) -> int:
    """Delete a project that holds no artifact any more.

    Parameters
    ----------
    name
        The project.
    """
    _ask(place, lambda projects, grant: projects.delete(grant, name))
    say(f"The project {name} is gone.")
    return 0


@project.command(
    name="set",
    help_epilogue="Examples:\n\n  entrepot project set library --private\n\n"
    "  entrepot project set library --sparse-indexes yes",
)
def change(
    name: str,
    /,
    *,
    public: Annotated[bool | None, Parameter(negative="--private")] = None,
    sparse_indexes: Literal["yes", "no", "default"] | None = None,
    place: Place = HERE,
) -> int:
    """Change a project.

    Parameters
    ----------
    name
        The project.
    public
        Whether anybody may pull, or only members.
    sparse_indexes
        Whether an index may name manifests that are not here; `default` leaves it to the setting.
    """
    changes: dict[str, bool | None] = {}
    if public is not None:
        changes["public"] = public
    if sparse_indexes is not None:
        changes["sparse_indexes"] = _SPARSE[sparse_indexes]
    if not changes:
        raise UsageWrong("nothing to change: give --public, --private or --sparse-indexes yes, no or default")
    _ask(place, lambda projects, grant: projects.change(grant, name, **changes))
    say(f"The project {name} is changed.")
    return 0


@member.command(
    help_epilogue="Examples:\n\n  entrepot project member add my-team alice developer\n\n"
    "  entrepot project member add my-team bob limited-guest"
)
def add(
    project_name: Annotated[str, Parameter(name="PROJECT")], user: str, role: RoleName, /, *, place: Place = HERE
) -> int:
    """Give a user a role in a project, or another one than before.

    Parameters
    ----------
    project_name
        The project.
    user
        The user.
    role
        project-admin, maintainer and developer may push and pull; guest and limited-guest may pull.
    """
    _ask(place, lambda projects, grant: projects.add_member(grant, project_name, user, _ROLES[role]))
    say(f"{user} is {role} in {project_name}.")
    return 0


@member.command(help_epilogue="Example:\n\n  entrepot project member remove my-team alice")
def remove(project_name: Annotated[str, Parameter(name="PROJECT")], user: str, /, *, place: Place = HERE) -> int:
    """Take a user's role in a project away.

    Parameters
    ----------
    project_name
        The project.
    user
        The user.
    """
    _ask(place, lambda projects, grant: projects.remove_member(grant, project_name, user))
    say(f"{user} has no role in {project_name} any more.")
    return 0


@member.command(name="list", help_epilogue="Example:\n\n  entrepot project member list my-team")
def list_members(
    project_name: Annotated[str, Parameter(name="PROJECT")],
    /,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> int:
    """List who has which role in a project.

    Parameters
    ----------
    project_name
        The project.
    json
        Print JSON.
    """
    found = _ask(place, lambda projects, grant: projects.list_members(grant, project_name))
    named = [(each.user, _ROLE_NAMES[each.role]) for each in found]
    if json:
        print_json([{"user": user, "role": role} for user, role in named])
        return 0
    print_table(("User", "Role"), named, nothing=f"Nobody has a role in {project_name} yet.")
    return 0
