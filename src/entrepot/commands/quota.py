"""`entrepot quota …`: how much projects may hold, and do hold."""

from typing import Annotated

from cyclopts import App, Parameter

from entrepot.access.local import shell_project_grant
from entrepot.app import House
from entrepot.commands.house import ask
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import print_json, print_table, say, size_of
from entrepot.commands.usage import explain
from entrepot.db.quotas import UNLIMITED, QuotaView
from entrepot.model.grant import SystemGrant
from entrepot.model.query import ListQuery
from entrepot.registry.limits import Limits
from entrepot.settings_values import parse_size

AT_ONCE = 100
NO_LIMIT = "none"

quota = App(name="quota", help="List, explain and set how much projects may hold.")


@quota.command(name="list", help_epilogue="Examples:\n\n  entrepot quota list\n\n  entrepot quota list --json")
def list_quotas(*, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """List how much each project may hold and holds, those that hold most first.

    Parameters
    ----------
    json
        Print JSON.
    """
    found = ask(place, _all)
    if json:
        print_json(
            [
                {"project": one.project_name, "hard": one.quota.hard, "used": one.quota.used, "trash": one.in_trash}
                for one in found
            ]
        )
        return 0
    print_table(
        ("Project", "Holds", "Limit", "Full", "Only in the trash"),
        (
            (
                one.project_name,
                size_of(one.quota.used),
                _limit(one.quota.hard),
                _full(one.quota.used, one.quota.hard),
                size_of(one.in_trash),
            )
            for one in found
        ),
        nothing="There is no project yet: `entrepot project create NAME` makes one.",
    )
    return 0


@quota.command(help_epilogue="Examples:\n\n  entrepot quota show library\n\n  entrepot quota show library --json")
def show(name: str, /, *, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """Explain how much a project may hold, what it holds, and what deleting each of its repositories would free.

    Parameters
    ----------
    name
        The project.
    json
        Print JSON.
    """
    return explain(name, json=json, place=place)


@quota.command(
    name="set", help_epilogue="Examples:\n\n  entrepot quota set my-team 50GiB\n\n  entrepot quota set my-team none"
)
def set_quota(name: str, size: str, /, *, place: Place = HERE) -> int:
    """Say how much a project may hold. What it holds already stays; pushes of more are refused.

    Parameters
    ----------
    name
        The project.
    size
        As 50GiB or 500MB; `none` for no limit.
    """
    parsed = None if size == NO_LIMIT else parse_size(size)
    hard = UNLIMITED if parsed is None else parsed
    used = ask(place, lambda house, grant: _set(house, grant, name, hard))
    say(f"{name} may hold {_limit(hard) if hard != UNLIMITED else 'any number of bytes'}, and holds {size_of(used)}.")
    return 0


async def _all(house: House, grant: SystemGrant) -> list[QuotaView]:
    found: list[QuotaView] = []
    number = 1
    while True:
        query = ListQuery(page=number, page_size=AT_ONCE)
        page, _ = await Limits(house.db).page(grant, query, None)
        found += page
        number += 1
        if len(page) < AT_ONCE:
            return sorted(found, key=lambda one: (-one.quota.used, one.project_name))


async def _set(house: House, grant: SystemGrant, name: str, hard: int) -> int:
    """How much the project holds, which may hold so much now."""
    project = (await shell_project_grant(house.db, name)).project
    limits = Limits(house.db)
    [found], _ = await limits.page(grant, ListQuery(page=1, page_size=1), project.id)
    await limits.set_limit(grant, found.quota.id, hard)
    return found.quota.used


def _limit(hard: int) -> str:
    return "no limit" if hard == UNLIMITED else size_of(hard)


def _full(used: int, hard: int) -> str:
    return "" if hard == UNLIMITED else f"{100 * used // hard if hard else 100} %"
