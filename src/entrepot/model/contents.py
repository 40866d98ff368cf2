"""What a manifest says of its parts: media types, sizes, annotations, platforms.

`parse_manifest` keeps the rules and what the registry must hold; this keeps what people and tools are shown. Fields
that no rule covers may be anything, so each is taken if it is what the specification says, and left out if not.

Source: OCI image-spec 1.1, descriptor.md and image-index.md ("platform").
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.model.digest import Digest
from entrepot.model.errors import DigestInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One blob of a manifest, as the manifest describes it; the size is what is said, in bytes."""

    media_type: str
    digest: Digest
    size: int
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What a manifest of an index is for; "" and () where it does not say."""

    architecture: str
    os: str
    os_version: str
    os_features: tuple[str, ...]
    variant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One entry of an index, in its order; the same child may be listed more than once."""

    child: Digest
    size: int
    """Of the child's manifest alone, in bytes, as the index says."""
    artifact_type: str
    platform: Platform | None
    urls: tuple[str, ...]
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The parts of one manifest. An index has references only; layers include those kept elsewhere."""

    config: Content | None
    layers: tuple[Content, ...]
    references: tuple[Reference, ...]


NOTHING = Contents(config=None, layers=(), references=())


class _Part(msgspec.Struct):
    mediaType: str = ""  # noqa: N815 - the specification's name
    digest: str = ""
    size: int = 0
    artifactType: msgspec.Raw = msgspec.Raw()  # noqa: N815
    annotations: msgspec.Raw = msgspec.Raw()
    platform: msgspec.Raw = msgspec.Raw()
    urls: msgspec.Raw = msgspec.Raw()


class _Body(msgspec.Struct):
    config: _Part | None = None
    layers: list[_Part] | None = None
    blobs: list[_Part] | None = None
    manifests: list[_Part] | None = None


_decoder = msgspec.json.Decoder(_Body)


def contents_of(body: bytes) -> Contents:
    """The parts of a manifest that `parse_manifest` accepted; of anything else what can be told, if only NOTHING.

    Never raises.
    """
    try:
        document = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NOTHING
    layers = [*(document.layers or []), *(document.blobs or [])]
    return Contents(
        config=None if document.config is None else _content(document.config),
        layers=tuple(one for part in layers if (one := _content(part)) is not None),
        references=tuple(each for part in document.manifests or [] if (each := _reference(part)) is not None),
    )


def _content(part: _Part) -> Content | None:
    digest = _digest(part.digest)
    if digest is None:
        return None
    return Content(
        media_type=part.mediaType, digest=digest, size=max(part.size, 0), annotations=_texts(_any(part.annotations))
    )


def _reference(part: _Part) -> Reference | None:
    digest = _digest(part.digest)
    if digest is None:
        return None
    return Reference(
        child=digest,
        size=max(part.size, 0),
        artifact_type=_text(_any(part.artifactType)),
        platform=_platform(_any(part.platform)),
        urls=_list_of_texts(_any(part.urls)),
        annotations=_texts(_any(part.annotations)),
    )


def _platform(said: Any) -> Platform | None:
    if not isinstance(said, dict):
        return None
    return Platform(
        architecture=_text(said.get("architecture")),
        os=_text(said.get("os")),
        os_version=_text(said.get("os.version")),
        os_features=_list_of_texts(said.get("os.features")),
        variant=_text(said.get("variant")),
    )


def _digest(said: str) -> Digest | None:
    try:
        return Digest.parse(said)
    except DigestInvalid:
        return None


def _any(raw: msgspec.Raw) -> Any:
    if not raw:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _text(said: Any) -> str:
    # Databases keep no NUL.
    return said.replace("\0", "\ufffd") if isinstance(said, str) else ""


def _texts(said: Any) -> dict[str, str]:
    if not isinstance(said, dict):
        return {}
    return {_text(name): _text(value) for name, value in said.items() if isinstance(value, str)}


def _list_of_texts(said: Any) -> tuple[str, ...]:
    return tuple(_text(one) for one in said if isinstance(one, str)) if isinstance(said, list) else ()
