"""`entrepot image …`: what is in an image, and how two differ."""

from typing import Annotated

from cyclopts import App, Parameter

from entrepot.access.local import shell_repository_grant
from entrepot.app import House
from entrepot.commands.house import ask
from entrepot.commands.named import thing_named
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import UsageWrong, day_of, print_json, print_table, say, size_of
from entrepot.model.grant import SystemGrant
from entrepot.model.reference import Reference, RepositoryName
from entrepot.registry.blobs import Blobs
from entrepot.registry.image_comparison import MOST_LISTED, Comparison, ImageComparison
from entrepot.registry.layer_cache import LayerCache
from entrepot.registry.layer_views import FileView, FolderView
from entrepot.registry.layered import Layered
from entrepot.registry.layers import ImageLayers

image = App(name="image", help="Look into images: their files, and how two differ.")
Name = Annotated[str, Parameter(name="IMAGE")]
Json = Annotated[bool, Parameter(negative="")]


@image.command(
    help_epilogue="Examples:\n\n  entrepot image files shop/api:1.0\n\n"
    "  entrepot image files shop/api:1.0 etc --layer 2"
)
def files(name: Name, path: str = "", /, *, layer: int | None = None, json: Json = False, place: Place = HERE) -> int:
    """List a directory of an image, or of one of its layers with what it did.

    An image that nobody opened before is read first, by a job; until it has ended, this tells so.

    Parameters
    ----------
    name
        The image, as shop/api:1.0 or shop/api@sha256:…
    path
        The directory; the topmost one if left out.
    layer
        The number of a layer, from 0, the lowest; without it, what a container finds.
    json
        Print JSON.
    """
    repository, reference = _image(name)

    async def whole(house: House, _: SystemGrant) -> list[FolderView]:
        grant = await shell_repository_grant(house.db, repository)
        layers = ImageLayers(_blobs(house), _layered(house))
        pages = [await layers.folder(grant, reference, path, layer=layer, count=MOST_LISTED)]
        while pages[-1].after is not None:
            after = pages[-1].after
            pages.append(await layers.folder(grant, reference, path, layer=layer, after=after, count=MOST_LISTED))
        return pages

    pages = ask(place, whole)
    found = [view for page in pages for view in page.entries]
    if json:
        print_json([_told(view) for view in found])
        return 0
    print_table(
        ("Mode", "Owner", "Size", "Changed (UTC)", "Layer", "Did", "Name"),
        (_row(view) for view in found),
        nothing="This directory is empty.",
    )
    if pages[0].unread:
        say(f"Layers that cannot be shown: {', '.join(map(str, pages[0].unread))}.")
    return 0


@image.command(help_epilogue="Example:\n\n  entrepot image compare shop/api:1.0 shop/api:1.1")
def compare(
    before: Annotated[str, Parameter(name="BEFORE")],
    after: Annotated[str, Parameter(name="AFTER")],
    /,
    *,
    folder: str = "",
    json: Json = False,
    place: Place = HERE,
) -> int:
    """Show how the files of two images differ, the first thousand of them.

    Parameters
    ----------
    before
        An image, as shop/api:1.0 or shop/api@sha256:…
    after
        Another, of any repository.
    folder
        Only files in this directory.
    json
        Print JSON.
    """
    one, other = _image(before), _image(after)

    async def both(house: House, _: SystemGrant) -> Comparison:
        grants = [await shell_repository_grant(house.db, repository) for repository, _ in (one, other)]
        comparison = ImageComparison(_blobs(house), _layered(house))
        return await comparison.compare(grants[0], one[1], grants[1], other[1], folder=folder, count=MOST_LISTED)

    found = ask(place, both)
    if json:
        print_json(found)
        return 0
    print_table(
        ("Change", "Before", "After", "Path"),
        ((file.change.value, _size(file.size_before), _size(file.size_after), file.path) for file in found.files),
        nothing="No files differ.",
    )
    tally = found.tally
    say(
        f"{tally.added} added, {tally.removed} removed, {tally.changed} changed, {tally.attributes} with other modes or"
        f" owners; {size_of(tally.bytes_before)} of files before, {size_of(tally.bytes_after)} after."
    )
    return 0


def _image(name: str) -> tuple[RepositoryName, Reference]:
    _, repository, reference = thing_named(name)
    if repository is None or reference is None:
        raise UsageWrong(f"name an image as REPOSITORY:TAG or REPOSITORY@DIGEST, such as shop/api:1.0, not {name!r}")
    return repository, reference


def _blobs(house: House) -> Blobs:
    return Blobs(house.db, house.storage, house.rules)


def _layered(house: House) -> Layered:
    return Layered(house.db, house.storage, LayerCache())


def _row(view: FileView) -> tuple[str, ...]:
    return (
        f"{view.mode:04o}",
        f"{view.uid}:{view.gid}",
        size_of(view.size),
        day_of(min(max(view.mtime, 0), 4_000_000_000) * 1_000_000),
        str(view.layer),
        view.did.value if view.did is not None else "",
        f"{view.name}{'/' if view.kind.is_directory else ''}{f' -> {view.link}' if view.link else ''}",
    )


def _told(view: FileView) -> dict[str, object]:
    return {
        "path": view.path,
        "kind": view.kind.name.lower(),
        "size": view.size,
        "mode": view.mode,
        "uid": view.uid,
        "gid": view.gid,
        "mtime": view.mtime,
        "link": view.link,
        "layer": view.layer,
        "digest": view.digest,
        "did": None if view.did is None else view.did.value,
    }


def _size(size: int | None) -> str:
    return "" if size is None else size_of(size)
