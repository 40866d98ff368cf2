"""`entrepot project …`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from entrepot.access.local import shell_project_grant
from entrepot.app import House
from entrepot.commands.forecast import confirmed, in_words, told_forecast
from entrepot.commands.house import PAGE, ask
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import UsageWrong, day_of, print_json, print_table, say
from entrepot.commands.usage import usage
from entrepot.db.members import Member
from entrepot.model.errors import AlreadyExists
from entrepot.model.grant import SystemGrant
from entrepot.model.project import Project, Role
from entrepot.registry.forecast import Forecast, Forecasts
from entrepot.registry.projects import Keep
from entrepot.registry.trash import Trash
from entrepot.settings_values import DURATION

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
project.command(
    usage, help_epilogue="Examples:\n\n  entrepot project usage library\n\n  entrepot project usage library --json"
)


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
    ask(place, lambda house, grant: house.projects.create(grant, name, public=public))
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
    found = ask(place, _all_projects)
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


@project.command(
    help_epilogue="Examples:\n\n  entrepot project delete my-team\n\n  entrepot project delete my-team --dry-run\n\n"
    "  entrepot project delete my-team --force"
)
def delete(
    name: str,
    /,
    *,
    force: Annotated[bool, Parameter(negative="")] = False,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> int:
    """Delete a project. If it holds artifacts, asks back; it can be restored for as long as its trash is kept.

    Parameters
    ----------
    name
        The project.
    force
        Do not ask back.
    dry_run
        Say, as JSON, what would go, and delete nothing.
    """
    found = ask(place, lambda house, _: _forecast(house, name))
    if dry_run:
        print_json(told_forecast(found))
        return 0
    if found.counts["artifacts"] and not force and not confirmed(f"{name} holds {in_words(found)}. Delete it?"):
        raise UsageWrong(f"{name} holds {in_words(found)}; nothing was deleted: say --force to delete it")
    ask(place, lambda house, grant: house.projects.delete(grant, name, force=True))
    say(f"The project {name} is gone.{' `entrepot trash list` shows it.' if found.window else ''}")
    return 0


@project.command(
    name="set",
    help_epilogue="Examples:\n\n  entrepot project set library --private\n\n"
    "  entrepot project set library --sparse-indexes yes\n\n  entrepot project set library --trash 30d",
)
def change(
    name: str,
    /,
    *,
    public: Annotated[bool | None, Parameter(negative="--private")] = None,
    sparse_indexes: Literal["yes", "no", "default"] | None = None,
    trash: str = "",
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
        Whether manifests may lack layers or children that are not here; `default` leaves it to the setting.
    trash
        How long deletions in it can be undone, as `30d`; `0s`: not at all; `default` leaves it to the setting.
    """
    if public is None and sparse_indexes is None and not trash:
        raise UsageWrong("nothing to change: give --public, --private, --sparse-indexes or --trash")
    window = None if trash in ("", "default") else DURATION.parse(trash, Path())

    async def do(house: House, grant: SystemGrant) -> None:
        if public is not None or sparse_indexes is not None:
            await house.projects.change(
                grant,
                name,
                public=Keep.KEEP if public is None else public,
                sparse_indexes=Keep.KEEP if sparse_indexes is None else _SPARSE[sparse_indexes],
            )
        if trash:
            seconds = None if window is None else int(window.total_seconds())
            await Trash(house.db, house.rules).set_window(await shell_project_grant(house.db, name), seconds)

    ask(place, do)
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

    async def give(house: House, grant: SystemGrant) -> None:
        try:
            await house.projects.add_member(grant, project_name, user, _ROLES[role])
        except AlreadyExists:
            await house.projects.change_member(grant, project_name, user, _ROLES[role])

    ask(place, give)
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
    ask(place, lambda house, grant: house.projects.remove_member(grant, project_name, user))
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

    async def every(house: House, grant: SystemGrant) -> list[Member]:
        page = await house.projects.list_members(grant, project_name, count=PAGE)
        found = page.members
        while page.more:
            page = await house.projects.list_members(grant, project_name, found[-1].user, PAGE)
            found += page.members
        return found

    named = [(each.user, _ROLE_NAMES[each.role]) for each in ask(place, every)]
    if json:
        print_json([{"user": user, "role": role} for user, role in named])
        return 0
    print_table(("User", "Role"), named, nothing=f"Nobody has a role in {project_name} yet.")
    return 0


async def _forecast(house: House, name: str) -> Forecast:
    return await Forecasts(house.db, house.rules).project(await shell_project_grant(house.db, name), force=True)


async def _all_projects(house: House, grant: SystemGrant) -> list[Project]:
    page = await house.projects.list_projects(grant, count=PAGE)
    found = page.projects
    while page.more:
        page = await house.projects.list_projects(grant, found[-1].name, PAGE)
        found += page.projects
    return found
