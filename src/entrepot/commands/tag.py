"""`entrepot tag …`: what a tag has named, and going back to it."""

from typing import Annotated

from cyclopts import App, Parameter

from entrepot.access.local import shell_repository_grant
from entrepot.app import House
from entrepot.commands.house import ask
from entrepot.commands.named import tag_named
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import day_of, print_json, print_table, say
from entrepot.db.tag_moves import TagMove
from entrepot.model.digest import Digest
from entrepot.model.grant import SystemGrant
from entrepot.model.query import ListQuery
from entrepot.registry.manifests import Manifests
from entrepot.registry.tag_history import TagHistory

tag = App(name="tag", help="Show what a tag has named, and go back to it.")
Name = Annotated[str, Parameter(name="REPOSITORY:TAG")]


@tag.command(help_epilogue="Example:\n\n  entrepot tag history shop/api:latest")
def history(name: Name, /, *, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """Show what a tag has named, the newest first: who changed it, when, and whether it can be gone back to.

    Parameters
    ----------
    name
        The tag, as shop/api:latest.
    json
        Print JSON.
    """
    repository, which = tag_named(name)

    async def page(house: House, _: SystemGrant) -> list[TagMove]:
        grant = await shell_repository_grant(house.db, repository)
        return (await _operations(house).page(grant, which, ListQuery(page_size=0)))[0]

    moves = ask(place, page)
    if json:
        print_json([_told(move) for move in moves])
        return 0
    print_table(
        ("When (UTC)", "Who", "What", "Names since", "Held"),
        ((day_of(one.at), one.actor, one.kind.value, str(one.after or "nothing"), one.held) for one in moves),
        nothing="Nothing is known of this tag.",
    )
    return 0


@tag.command(
    help_epilogue="Example:\n\n  entrepot tag rollback shop/api:latest"
    " sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
)
def rollback(name: Name, digest: str, /, *, place: Place = HERE) -> int:
    """Have a tag name a digest again that is still held; one that is in the trash is taken out of it.

    Parameters
    ----------
    name
        The tag, as shop/api:latest.
    digest
        What it is to name, as `entrepot tag history` shows it.
    """
    repository, which = tag_named(name)
    wanted = Digest.parse(digest)

    async def go(house: House, _: SystemGrant) -> Digest | None:
        grant = await shell_repository_grant(house.db, repository)
        return await _operations(house).roll_back(grant, which, wanted)

    before = ask(place, go)
    say(f"{name} names {wanted} now; until now it named {before or 'nothing'}.")
    return 0


def _operations(house: House) -> TagHistory:
    return TagHistory(house.db, Manifests(house.db, house.storage, house.rules, house.pulls))


def _told(move: TagMove) -> dict[str, object]:
    return {
        "at": move.at,
        "actor": move.actor,
        "through": move.through,
        "kind": move.kind.value,
        "before": None if move.before is None else str(move.before),
        "after": None if move.after is None else str(move.after),
        "held": move.held,
    }
