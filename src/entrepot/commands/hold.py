"""`entrepot hold …`: what nobody may delete."""

from typing import Annotated

from cyclopts import App, Parameter

from entrepot.access.local import shell_project_grant
from entrepot.app import House
from entrepot.commands.house import ask
from entrepot.commands.named import thing_named
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import day_of, print_json, print_table, say
from entrepot.db.holds import Hold
from entrepot.model.grant import SystemGrant
from entrepot.model.query import ListQuery
from entrepot.registry.holds import Holds

hold = App(name="hold", help="Have something not be deleted, whoever asks, until the hold is lifted.")


@hold.command(
    help_epilogue='Examples:\n\n  entrepot hold add shop/api:1.0 --reason "case 12"\n\n  entrepot hold add shop/api\n\n'
    "  entrepot hold add shop"
)
def add(what: str, /, *, reason: str = "", place: Place = HERE) -> int:
    """Place a hold on an artifact, a repository or a project.

    Parameters
    ----------
    what
        shop/api@sha256:… for an artifact, shop/api:1.0 for one and for the tag to stay with it, shop/api, or shop.
    reason
        Why; it is told to who is refused.
    """
    project, repository, reference = thing_named(what)

    async def place_it(house: House, _: SystemGrant) -> Hold:
        grant = await shell_project_grant(house.db, project)
        return await Holds(house.db).place(grant, repository, reference, reason)

    placed = ask(place, place_it)
    say(f"{placed.resource or project} is held by hold {placed.id}: nobody deletes it until that is lifted.")
    return 0


@hold.command(name="list", help_epilogue="Example:\n\n  entrepot hold list shop --json")
def list_holds(project: str, /, *, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """List the holds in a project, the newest first.

    Parameters
    ----------
    project
        The project.
    json
        Print JSON.
    """

    async def page(house: House, _: SystemGrant) -> list[Hold]:
        grant = await shell_project_grant(house.db, project)
        return (await Holds(house.db).page(grant, ListQuery(page_size=0)))[0]

    found = ask(place, page)
    if json:
        keys = ("id", "repository", "tag", "reason", "placed_at", "placed_by")
        print_json(
            [
                {**{key: getattr(one, key) for key in keys}, "digest": None if one.digest is None else str(one.digest)}
                for one in found
            ]
        )
        return 0
    print_table(
        ("Id", "What", "Since (UTC)", "By", "Reason"),
        ((str(one.id), one.resource or project, day_of(one.placed_at), one.placed_by, one.reason) for one in found),
        nothing=f"Nothing in {project} is held.",
    )
    return 0


@hold.command(help_epilogue="Example:\n\n  entrepot hold lift shop 3")
def lift(project: str, number: Annotated[int, Parameter(name="ID")], /, *, place: Place = HERE) -> int:
    """Lift a hold.

    Parameters
    ----------
    project
        The project that it is in.
    number
        The id that `entrepot hold list` gives.
    """

    async def lift_it(house: House, _: SystemGrant) -> Hold:
        return await Holds(house.db).lift(await shell_project_grant(house.db, project), number)

    lifted = ask(place, lift_it)
    say(f"{lifted.resource or project} is not held by hold {lifted.id} any more.")
    return 0
