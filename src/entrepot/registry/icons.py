"""Icons of artifacts, by the digest of the picture, as Harbor's API 2.0 gives and asks for them.

The pictures of each type come with the product. An artifact may bring its own as a layer; those are pictures that
cannot hold programs: PNG, JPEG or GIF.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from entrepot.model.artifact import (
    CHART,
    CNAB,
    CNAI,
    COSIGN_SIGNATURE,
    HARBOR_SBOM,
    IMAGE,
    LARGEST_ICON,
    NOTATION_SIGNATURE,
    NYDUS_ACCELERATOR,
    SBOM,
    WASM,
    ArtifactKind,
)
from entrepot.model.digest import Digest
from entrepot.model.errors import Unknown

_OF_KINDS = {IMAGE: "image", CHART: "chart", CNAB: "cnab", CNAI: "model", WASM: "module", SBOM: "parts"}
_OF_OTHERS = "unknown"
_OF_ACCESSORIES = {
    COSIGN_SIGNATURE: "signature",
    NOTATION_SIGNATURE: "seal",
    NYDUS_ACCELERATOR: "accelerator",
    HARBOR_SBOM: "parts",
}
_OF_OTHER_ACCESSORIES = "attached"

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    """A picture and what it is."""

    content_type: str
    content: bytes


def icon_of_kind(kind: ArtifactKind) -> Digest:
    """The icon of artifacts of that type which bring none of their own."""
    return _digest(_OF_KINDS.get(kind, _OF_OTHERS))


def icon_of_accessory(accessory_type: str) -> Digest:
    """The icon of accessories of that type."""
    return _digest(_OF_ACCESSORIES.get(accessory_type, _OF_OTHER_ACCESSORIES))


def built_in_icon(digest: Digest) -> Icon | None:
    """The icon of that digest that comes with the product; None if it is none of them."""
    return _built_in().get(digest)


async def read_icon(pieces: AsyncIterator[bytes]) -> Icon:
    """The icon that an artifact brings as a layer, whose bytes `pieces` gives.

    Raises Unknown if it is larger than LARGEST_ICON or not a PNG, JPEG or GIF, and what `pieces` raises.
    """
    content = bytearray()
    async for piece in pieces:
        content += piece
        if len(content) > LARGEST_ICON:
            raise Unknown(f"this icon is larger than {LARGEST_ICON} bytes")
    content_type = next((said for start, said in _STARTS.items() if content.startswith(start)), None)
    if content_type is None:
        raise Unknown("this icon is not a picture in PNG, JPEG or GIF")
    return Icon(content_type=content_type, content=bytes(content))


def _digest(name: str) -> Digest:
    return _by_name()[name][0]


@cache
def _by_name() -> dict[str, tuple[Digest, Icon]]:
    pictures = files("entrepot.registry") / "icons"
    names = {*_OF_KINDS.values(), _OF_OTHERS, *_OF_ACCESSORIES.values(), _OF_OTHER_ACCESSORIES}
    contents = {name: (pictures / f"{name}.svg").read_bytes() for name in sorted(names)}
    return {
        name: (Digest.of(content), Icon(content_type="image/svg+xml", content=content))
        for name, content in contents.items()
    }


@cache
def _built_in() -> dict[Digest, Icon]:
    return dict(_by_name().values())
