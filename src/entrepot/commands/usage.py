"""`entrepot project usage`."""

from typing import Annotated

from cyclopts import Parameter

from entrepot.access.local import shell_project_grant
from entrepot.app import House
from entrepot.commands.house import ask
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import print_json, print_table, say, size_of
from entrepot.db.quotas import UNLIMITED
from entrepot.db.usage import RepositoryUse
from entrepot.model.query import ListQuery
from entrepot.registry.usage import ProjectUse

AT_ONCE = 100


def usage(name: str, /, *, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """Explain how much a project holds, and what deleting each of its repositories would free.

    Parameters
    ----------
    name
        The project.
    json
        Print JSON.
    """
    return explain(name, json=json, place=place)


def explain(name: str, *, json: bool, place: Place) -> int:
    """Prints what a project may hold, what it holds, and where. Raises ProjectUnknown."""
    whole, found = ask(place, lambda house, _: _explained(house, name))
    found.sort(key=lambda one: one.used, reverse=True)
    if json:
        quota = {"hard": whole.quota.hard, "used": whole.quota.used, "trash": whole.trash}
        repositories = [{"name": one.name, "used": one.used, **_figures(one)} for one in found]
        print_json({**quota, "repositories": repositories})
        return 0
    limit = "no limit" if whole.quota.hard == UNLIMITED else f"a limit of {size_of(whole.quota.hard)}"
    if whole.quota.hard != UNLIMITED:
        room = whole.quota.hard - whole.quota.used
        limit += f" with {size_of(room)} left" if room > 0 else ", which is full"
    say(f"{name} holds {size_of(whole.quota.used)}, {limit}; emptying its trash frees {size_of(whole.trash)}.")
    print_table(
        ("Repository", "Holds", "Deleting it frees", "Shared in the project", "Only in the trash", "Needed by nothing"),
        (
            (one.name, *(size_of(size) for size in (one.used, one.own, one.shared, one.trash, one.waiting)))
            for one in found
        ),
        nothing="The project has no repositories yet.",
    )
    return 0


async def _explained(house: House, name: str) -> tuple[ProjectUse, list[RepositoryUse]]:
    own = await shell_project_grant(house.db, name)
    found: list[RepositoryUse] = []
    number, total = 1, 1
    while len(found) < total:
        page, total = await house.usage.repositories(own, ListQuery(page=number, page_size=AT_ONCE))
        found += page
        number += 1
        if not page:
            break
    return await house.usage.project(own), found


def _figures(one: RepositoryUse) -> dict[str, int]:
    return {key: value for key, value in one._asdict().items() if key != "name"}
