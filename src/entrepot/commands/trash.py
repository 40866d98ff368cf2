"""`entrepot trash …`: what was deleted and can be given back."""

from typing import Annotated

from cyclopts import App, Parameter

from entrepot.access.local import shell_catalog_grant, shell_trash_grant
from entrepot.app import House
from entrepot.commands.house import ask
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import day_of, print_json, print_table, say
from entrepot.db.trash import Entry
from entrepot.model.errors import NameTaken
from entrepot.model.grant import SystemGrant
from entrepot.model.query import Condition, Exactly, ListQuery
from entrepot.registry.restorations import Wish
from entrepot.registry.trash import Trash

PAGE = 100
trash = App(name="trash", help="List what was deleted, give it back, or have it go for good.")
Number = Annotated[int, Parameter(name="ID")]


@trash.command(
    name="list", help_epilogue="Examples:\n\n  entrepot trash list\n\n  entrepot trash list --project shop --json"
)
def list_entries(
    *, project: str = "", json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE
) -> int:
    """List the deletions that can be undone, the newest first.

    Parameters
    ----------
    project
        Only those from this project.
    json
        Print JSON.
    """
    conditions: dict[str, Condition] = {"project_name": Exactly(project)} if project else {}

    async def every(house: House, _: SystemGrant) -> list[Entry]:
        operations, found, number = Trash(house.db, house.rules), [], 1
        while True:
            query = ListQuery(conditions=conditions, page=number, page_size=PAGE)
            page, total = await operations.page(shell_catalog_grant(), query)
            found += page
            number += 1
            if not page or len(found) >= total:
                return found

    entries = ask(place, every)
    if json:
        print_json([_told(entry) for entry in entries])
        return 0
    print_table(
        ("Id", "What", "Name", "Deleted (UTC)", "By", "Until (UTC)", "Bytes"),
        (
            (
                str(entry.id),
                entry.kind.value,
                _name(entry),
                day_of(entry.deleted_at),
                entry.deleted_by,
                day_of(entry.expires_at),
                str(entry.size),
            )
            for entry in entries
        ),
        nothing="The trash is empty.",
    )
    return 0


@trash.command(help_epilogue="Example:\n\n  entrepot trash show 12 --json")
def show(number: Number, /, *, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """Show what is in a deletion.

    Parameters
    ----------
    number
        The id that `entrepot trash list` gives.
    json
        Print JSON.
    """
    view = ask(place, lambda house, _: Trash(house.db, house.rules).get(shell_trash_grant(number)))
    tags = [(tag.name, str(tag.digest)) for tag in view.tags]
    if json:
        artifacts = [str(artifact.digest) for artifact in view.artifacts]
        print_json({**_told(view.entry), "tags": dict(tags), "artifacts": artifacts})
        return 0
    counts = ", ".join(f"{count} {what}" for what, count in view.entry.contents.items())
    say(f"{view.entry.kind} {_name(view.entry)}: {counts}, until {day_of(view.entry.expires_at)} UTC.")
    rows = [*(("tag", *tag) for tag in tags), *(("artifact", "", str(one.digest)) for one in view.artifacts)]
    print_table(("What", "Name", "Digest"), rows, nothing="All that was in the project is in it.")
    return 0


@trash.command(
    help_epilogue="Examples:\n\n  entrepot trash restore 12\n\n  entrepot trash restore 12 --name shop/api-old\n\n"
    "  entrepot trash restore 12 --merge --rename-tags"
)
def restore(
    number: Number,
    /,
    *,
    name: str = "",
    merge: Annotated[bool, Parameter(negative="")] = False,
    rename_tags: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> int:
    """Undo a deletion: everything is as it was.

    Parameters
    ----------
    number
        The id that `entrepot trash list` gives.
    name
        Another name for the tag, the repository or the project.
    merge
        Put what a repository held beside what was pushed to it since.
    rename_tags
        Give tags whose names are taken other ones.
    json
        Print JSON.
    """
    wish = Wish(name=name, merge=merge, rename_tags=rename_tags)
    try:
        done = ask(place, lambda house, _: Trash(house.db, house.rules).restore(shell_trash_grant(number), wish))
    except NameTaken as error:
        if json:
            print_json({"error": str(error), "free_name": error.free})
            return 1
        raise
    if json:
        print_json(
            {
                "kind": done.kind.value,
                "project": done.project,
                "repository": done.repository,
                "name": done.name,
                "artifacts": done.artifacts,
                "tags": done.tags,
                "renamed_tags": dict(done.renamed),
            }
        )
        return 0
    say(f"{done.kind} {done.name} is there again, with {done.artifacts} artifacts and {done.tags} tags.")
    for before, after in done.renamed.items():
        say(f"Tag {before} is {after} now.")
    return 0


@trash.command(help_epilogue="Example:\n\n  entrepot trash purge 12")
def purge(number: Number, /, *, place: Place = HERE) -> int:
    """Have a deletion be for good now, so that its space is free.

    Parameters
    ----------
    number
        The id that `entrepot trash list` gives.
    """
    entry = ask(place, lambda house, _: Trash(house.db, house.rules).purge(shell_trash_grant(number)))
    say(f"{entry.kind} {_name(entry)} cannot be restored any more; the registry frees its space as it collects.")
    return 0


def _name(entry: Entry) -> str:
    match entry.kind.value:
        case "tag":
            return f"{entry.repository}:{entry.name}"
        case "artifact":
            return f"{entry.repository}@{entry.name}"
        case _:
            return entry.name


def _told(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "kind": entry.kind.value,
        "project": entry.project,
        "repository": entry.repository,
        "name": entry.name,
        "digest": None if entry.digest is None else str(entry.digest),
        "deleted_at": entry.deleted_at,
        "deleted_by": entry.deleted_by,
        "expires_at": entry.expires_at,
        "size": entry.size,
        "contents": dict(entry.contents),
    }
