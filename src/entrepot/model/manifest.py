"""Manifests as they are pushed: what kind, what they refer to, and whether they keep the rules.

Source: OCI image-spec 1.1 (manifest.md, image-index.md, descriptor.md), Docker's manifest-v2-2, and the artifact
manifest of image-spec 1.1.0-rc2, which some clients still write.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated

import msgspec

from entrepot.model.digest import Digest
from entrepot.model.errors import DigestInvalid, ManifestInvalid

LARGEST_MANIFEST = 4 * 1024 * 1024
"""Bytes; distribution-spec 1.1, section "Pushing manifests", asks for at least this much."""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

_IMAGES = {OCI_MANIFEST, DOCKER_MANIFEST}
_INDEXES = {OCI_INDEX, DOCKER_LIST}
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1"
_NOT_DISTRIBUTED = (
    "application/vnd.oci.image.layer.nondistributable.",
    "application/vnd.docker.image.rootfs.foreign.",
)
# Rows, headers and lists carry these; PostgreSQL keeps no NUL, and a header no control character.
_PLAIN = re.compile(r"[ -~]{1,255}").fullmatch


class _Descriptor(msgspec.Struct):
    mediaType: str  # noqa: N815 - the specification's name
    digest: str
    size: Annotated[int, msgspec.Meta(ge=0)]
    data: str | None = None


class _Document(msgspec.Struct):
    """Everything of any kind of manifest that matters here; fields of other kinds must be absent."""

    schemaVersion: int | None = None  # noqa: N815
    mediaType: str | None = None  # noqa: N815
    artifactType: str | None = None  # noqa: N815
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None
    blobs: list[_Descriptor] | None = None
    subject: _Descriptor | None = None
    annotations: dict[str, str] | None = None
    fsLayers: msgspec.Raw = msgspec.Raw()  # noqa: N815


_decoder = msgspec.json.Decoder(_Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What a manifest says of something it refers to."""

    media_type: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest that keeps the rules."""

    media_type: str
    blobs: tuple[Descriptor, ...]
    """What must be held for it to be pulled: configuration and layers, but for those that are not distributed."""
    children: tuple[Descriptor, ...]
    """The manifests that an index names."""
    subject: Digest | None
    artifact_type: str | None
    """As it is listed among referrers: its own, else its configuration's media type."""
    annotations: dict[str, str]


def parse_manifest(content_type: str | None, body: bytes) -> Manifest:
    """The manifest in `body`, announced as `content_type` (without parameters; None: not announced).

    Raises ManifestInvalid with what is wrong with it.
    """
    if content_type is not None and content_type.startswith(_SCHEMA_1):
        raise ManifestInvalid(_NO_SCHEMA_1)
    try:
        document = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestInvalid(f"the manifest is not what it should be: {str(error)[:200]}") from error
    if document.schemaVersion == 1 or document.fsLayers:
        raise ManifestInvalid(_NO_SCHEMA_1)
    media_type = _agreed_type(content_type, document)
    if document.schemaVersion != 2 and media_type != OCI_ARTIFACT:
        raise ManifestInvalid("schemaVersion must be 2")
    needed, children = _references(media_type, document)
    if document.artifactType and not _PLAIN(document.artifactType):
        raise ManifestInvalid("artifactType has at most 255 printable ASCII characters")
    subject = None if document.subject is None else _descriptor("subject", document.subject).digest
    artifact_type = document.artifactType or (document.config.mediaType if document.config else None)
    return Manifest(
        media_type=media_type,
        blobs=tuple(needed),
        children=tuple(children),
        subject=subject,
        artifact_type=artifact_type,
        annotations=document.annotations or {},
    )


_NO_SCHEMA_1 = (
    "this is a manifest of Docker's schema 1, which ended in 2020 and is not kept here; "
    "build or convert the image with a current client, which writes an OCI or a schema 2 manifest"
)


def _agreed_type(content_type: str | None, document: _Document) -> str:
    said = document.mediaType
    if content_type is not None and said is not None and content_type != said:
        raise ManifestInvalid(f"the manifest says it is {said[:200]}, but was sent as {content_type[:200]}")
    media_type = content_type or said
    if media_type is None:
        raise ManifestInvalid("send the manifest with its media type as Content-Type")
    if media_type not in _IMAGES | _INDEXES | {OCI_ARTIFACT}:
        raise ManifestInvalid(
            f"{media_type[:200]} is not kept as a manifest here; other content is pushed as an OCI image manifest "
            "with an artifactType"
        )
    return media_type


def _references(media_type: str, document: _Document) -> tuple[list[Descriptor], list[Descriptor]]:
    """What must be held, and the children. One kind of manifest must not be readable as another."""
    if media_type in _INDEXES:
        if document.layers is not None or document.config is not None or document.blobs is not None:
            raise ManifestInvalid("an index has manifests, and neither config nor layers nor blobs")
        if document.manifests is None:
            raise ManifestInvalid("an index needs a list of manifests, if only an empty one")
        return [], _descriptors("manifests", document.manifests)
    if document.manifests is not None:
        raise ManifestInvalid("only an index has manifests")
    if media_type == OCI_ARTIFACT:
        if document.layers is not None or document.config is not None:
            raise ManifestInvalid("an artifact manifest has blobs, and neither config nor layers")
        return _held("blobs", document.blobs or []), []
    if document.blobs is not None:
        raise ManifestInvalid("an image manifest has layers, not blobs")
    if document.config is None or document.layers is None:
        raise ManifestInvalid("an image manifest needs a config and a list of layers, if only an empty one")
    return [_descriptor("config", document.config), *_held("layers", document.layers)], []


def _held(field: str, raw: list[_Descriptor]) -> list[Descriptor]:
    return [d for d in _descriptors(field, raw) if not d.media_type.startswith(_NOT_DISTRIBUTED)]


def _descriptors(field: str, raw: list[_Descriptor]) -> list[Descriptor]:
    return [_descriptor(f"{field}[{position}]", one) for position, one in enumerate(raw)]


def _descriptor(where: str, raw: _Descriptor) -> Descriptor:
    if not _PLAIN(raw.mediaType):
        raise ManifestInvalid(f"{where} needs a media type, of at most 255 printable ASCII characters")
    try:
        digest = Digest.parse(raw.digest)
    except DigestInvalid as error:
        raise ManifestInvalid(f"{where}: {error}") from error
    if raw.data is not None:
        _check_data(where, raw.data, digest, raw.size)
    return Descriptor(media_type=raw.mediaType, digest=digest, size=raw.size)


def _check_data(where: str, data: str, digest: Digest, size: int) -> None:
    """descriptor.md: the embedded content must be the content that digest and size name."""
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ManifestInvalid(f"{where}: data is not base64") from error
    if len(content) != size or Digest.of(content, digest.algorithm) != digest:
        raise ManifestInvalid(f"{where}: data is not the content that its digest and size name")
