"""Comparing two images: their files, their layers, and what their configurations say."""

import asyncio
from dataclasses import dataclass

from entrepot.model.attributes import image_attributes
from entrepot.model.digest import Digest
from entrepot.model.errors import Invalid
from entrepot.model.grant import RepositoryGrant
from entrepot.model.image_difference import Change, Changed, Side, Tally, differences, tally
from entrepot.model.job import Json
from entrepot.model.layer_entry import Entry
from entrepot.model.layer_index import LayerIndex
from entrepot.model.layer_path import meant, shown
from entrepot.model.overlay import merge
from entrepot.model.reference import Reference
from entrepot.registry.blobs import Blobs
from entrepot.registry.layered import Image, Layered
from entrepot.registry.layers import read_config

MOST_LISTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A path that differs; sizes and kinds are None where there is nothing."""

    path: str
    change: Change
    kind_before: str | None
    kind_after: str | None
    size_before: int | None
    size_after: int | None
    mode_before: int | None
    mode_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedLayer:
    """Layers of the same number on either side."""

    number: int
    before: Digest | None
    after: Digest | None
    size_before: int
    size_after: int

    @property
    def same(self) -> bool:
        """Whether both are one."""
        return self.before == self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """A value of the configuration that differs; None where it is not set."""

    name: str
    """As `Env.PATH`, `Cmd`, `Labels.version`, `architecture`."""
    before: Json
    after: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two images differ."""

    before: Digest
    after: Digest
    size_before: int
    """Bytes that are pulled."""
    size_after: int
    tally: Tally
    files: tuple[ChangedFile, ...]
    """A page, by directory and name."""
    next: int | None
    """Where the next page begins; None: that was all."""
    layers: tuple[ComparedLayer, ...]
    config: tuple[ConfigChange, ...]
    unread: bool
    """Whether the files of some layer cannot be shown, so that they are not compared."""


class ImageComparison:
    """Compares images."""

    def __init__(self, blobs: Blobs, layered: Layered) -> None:
        self._blobs = blobs
        self._layered = layered

    async def compare(
        self,
        grant: RepositoryGrant,
        before: Reference,
        other_grant: RepositoryGrant,
        after: Reference,
        *,
        folder: str = "",
        start: int = 0,
        count: int = 200,
    ) -> Comparison:
        """How the second image differs from the first, which may be in another repository.

        Of the files, those within `folder`; `count` of them from the one of number `start` on. Raises BeingRead for the
        first of them that is not read yet (both are requested), ManifestUnknown, Invalid, StorageFailed.
        """
        if not 1 <= count <= MOST_LISTED or start < 0:
            raise Invalid(f"ask for 1 to {MOST_LISTED} files at once")
        old = await self._layered.find(grant, before)
        new = await self._layered.find(other_grant, after)
        if old.waits or new.waits:
            old = await self._layered.read(grant, before)
            new = await self._layered.read(other_grant, after)
        old_stack, new_stack = await self._layered.indexes(old), await self._layered.indexes(new)
        async with self._layered.cache.heavy:
            counts, page, more = await asyncio.to_thread(_compare, old_stack, new_stack, meant(folder), start, count)
        return Comparison(
            before=old.row.digest,
            after=new.row.digest,
            size_before=old.row.size,
            size_after=new.row.size,
            tally=counts,
            files=tuple(map(_changed_file, page)),
            next=start + count if more else None,
            layers=_layers(old, new),
            config=_config_changes(
                image_attributes(await read_config(self._blobs, grant, old)),
                image_attributes(await read_config(self._blobs, other_grant, new)),
            ),
            unread=any(layer.index is None for layer in (*old.layers, *new.layers)),
        )


def _compare(
    old: list[LayerIndex | None], new: list[LayerIndex | None], folders: list[bytes], start: int, count: int
) -> tuple[Tally, list[Changed], bool]:
    before, after = Side(old, merge(old)), Side(new, merge(new))
    found = list(differences(before, after))
    within = [each for each in found if any(_is_within(each.path, folder) for folder in folders)]
    return tally(before, after, found), within[start : start + count], start + count < len(within)


def _is_within(path: bytes, folder: bytes) -> bool:
    return not folder or path == folder or path.startswith(folder + b"/")


def _changed_file(changed: Changed) -> ChangedFile:
    old, new = changed.before, changed.after
    return ChangedFile(
        path=shown(changed.path),
        change=changed.change,
        kind_before=_kind(old),
        kind_after=_kind(new),
        size_before=None if old is None else changed.size_before,
        size_after=None if new is None else changed.size_after,
        mode_before=None if old is None else old.about.mode,
        mode_after=None if new is None else new.about.mode,
    )


def _kind(entry: Entry | None) -> str | None:
    return None if entry is None else entry.about.kind.name.lower()


def _layers(old: Image, new: Image) -> tuple[ComparedLayer, ...]:
    count = max(len(old.layers), len(new.layers))
    sides = [(*image.layers, *[None] * (count - len(image.layers))) for image in (old, new)]
    return tuple(
        ComparedLayer(
            number=number,
            before=None if one is None else one.content.digest,
            after=None if other is None else other.content.digest,
            size_before=0 if one is None else one.content.size,
            size_after=0 if other is None else other.content.size,
        )
        for number, (one, other) in enumerate(zip(*sides, strict=True))
    )


def _config_changes(old: dict[str, Json], new: dict[str, Json]) -> tuple[ConfigChange, ...]:
    before, after = _flat(old), _flat(new)
    return tuple(
        ConfigChange(name=name, before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _flat(said: dict[str, Json]) -> dict[str, Json]:
    """The values by name; variables and labels each by their own."""
    flat = {name: value for name, value in said.items() if name not in ("config", "created")}
    for name, value in said.get("config", {}).items():
        if name == "Env":
            pairs = [entry.partition("=") for entry in value]
            flat |= {f"Env.{variable}": text for variable, _, text in pairs}
        elif isinstance(value, dict) and name != "Healthcheck":
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat
