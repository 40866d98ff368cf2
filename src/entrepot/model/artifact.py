"""What an artifact is, beyond its manifest: its type, size, icon, attributes, and whether it belongs to another.

Types and names are those of Harbor's API 2.0, which its clients filter by. Everything here is worked out from bytes
that somebody pushed; nothing is refused, only called UNKNOWN or left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NewType

from entrepot.model.attributes import LARGEST_CONFIG, as_text, image_attributes, plain_attributes
from entrepot.model.contents import Contents, Reference, contents_of
from entrepot.model.digest import Digest
from entrepot.model.manifest import DOCKER_LIST, OCI_INDEX, Manifest

ArtifactKind = NewType("ArtifactKind", str)
"""One of those below, or in capitals the word that a configuration's media type gives itself, as ROCKET in
`application/vnd.acme.rocket.config.v1+json`."""

IMAGE = ArtifactKind("IMAGE")
CHART = ArtifactKind("CHART")
CNAB = ArtifactKind("CNAB")
CNAI = ArtifactKind("CNAI")
WASM = ArtifactKind("WASM")
SBOM = ArtifactKind("SBOM")
UNKNOWN = ArtifactKind("UNKNOWN")

COSIGN_SIGNATURE = "signature.cosign"
NOTATION_SIGNATURE = "signature.notation"
NYDUS_ACCELERATOR = "accelerator.nydus"
HARBOR_SBOM = "sbom.harbor"
OTHER_ACCESSORY = "subject.accessory"

LARGEST_SIZE = 2**63 - 1
"""What a size is counted up to: manifests may claim any size for layers that are kept elsewhere."""

LARGEST_ICON = 1024 * 1024
"""Bytes of an icon that an artifact brings along."""

IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
WASM_CONFIG = "application/vnd.wasm.config.v1+json"
SBOM_TYPE = "application/vnd.goharbor.harbor.sbom.v1"

_KNOWN = {
    OCI_INDEX: IMAGE,
    DOCKER_LIST: IMAGE,
    IMAGE_CONFIG: IMAGE,
    DOCKER_CONFIG: IMAGE,
    HELM_CONFIG: CHART,
    "application/vnd.cnab.manifest.v1": CNAB,
    "application/vnd.cncf.model.manifest.v1+json": CNAI,
    "application/vnd.cncf.model.config.v1+json": CNAI,
    "application/vnd.cnai.model.manifest.v1+json": CNAI,
    "application/vnd.cnai.model.config.v1+json": CNAI,
    WASM_CONFIG: WASM,
    "application/vnd.wasm.config.v0+json": WASM,
    SBOM_TYPE: SBOM,
}
_PLAIN = re.compile(r"[ -~]{1,255}").fullmatch
_OWN_WORD = re.compile(r"application/vnd\.[^.]*\.(.*)\.config\.[^.]*\+json").fullmatch

_ACCESSORIES = {
    "application/vnd.dev.cosign.artifact.sig.v1+json": COSIGN_SIGNATURE,
    "application/vnd.cncf.notary.signature": NOTATION_SIGNATURE,
    SBOM_TYPE: HARBOR_SBOM,
}
_SIGSTORE_BUNDLE = "application/vnd.dev.sigstore.bundle"
_PREDICATE = "dev.sigstore.bundle.predicateType"
_SIGNED = "https://sigstore.dev/cosign/sign/"
_NYDUS_LAYER = "containerd.io/snapshot/nydus-bootstrap"

_COSIGN_TAG = re.compile(r"sha256-([0-9a-f]{64})\.(sig|att|sbom)").fullmatch
_COSIGN_TAGS = {
    "sig": ({"application/vnd.dev.cosign.simplesigning.v1+json"}, COSIGN_SIGNATURE),
    "att": ({"application/vnd.dsse.envelope.v1+json"}, OTHER_ACCESSORY),
    "sbom": (
        {"text/spdx", "text/spdx+xml", "text/spdx+json", "application/vnd.syft+json"}
        | {"application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml"},
        OTHER_ACCESSORY,
    ),
}
"""Which layer must be there for the tag to mean it: anybody may push anything under such a tag."""

_KIND_OF_INDEX = "org.opencontainers.artifactType"
_WASM_MARKS = {"module.wasm.image/variant": "compat", "run.oci.handler": "wasm"}
_ICON_MARK = "io.goharbor.artifact.v1alpha1.icon"
_SKIP_MARK = "io.goharbor.artifact.v1alpha1.skip-list"
_TITLE = "org.opencontainers.image.title"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is shown of an artifact and found by, worked out once, when its manifest is pushed."""

    kind: ArtifactKind
    media_type: str
    """Its configuration's; of an index its own, or what the index calls itself in its annotations."""
    manifest_media_type: str
    artifact_type: str
    """As among referrers: its own, else its configuration's media type; "" for an index that names none."""
    size: int
    """Bytes of the manifest, its configuration and layers; of an index with all that its children have."""
    attributes: str
    """A JSON object."""
    icon: Digest | None
    """A layer that is the artifact's own icon; None: it has the icon of its kind."""
    references: tuple[Reference, ...]
    subject: Digest | None
    accessory_type: str | None
    """How it belongs to its subject; None if it has no subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accessory:
    """What belongs to another artifact, which may not be here yet."""

    subject: Digest
    accessory_type: str


def describe(
    manifest: Manifest, body: bytes, config: bytes | None, child_sizes: Mapping[Digest, int] | None = None
) -> Description:
    """What the manifest in `body`, already parsed as `manifest`, is. Never raises.

    `config` is the blob that `config_to_read` names, or None. `child_sizes` are the sizes of the artifacts that an
    index names, in bytes; one that is missing there counts with what the index says of its manifest.
    """
    contents = contents_of(body)
    media_type = _media_type(manifest, contents)
    kind = _kind(manifest, media_type)
    return Description(
        kind=kind,
        media_type=media_type,
        manifest_media_type=manifest.media_type,
        artifact_type=manifest.artifact_type or "",
        size=_size(contents, len(body), child_sizes or {}),
        attributes=as_text(_attributes(manifest, contents, media_type, kind, config)),
        icon=_own_icon(contents),
        references=contents.references,
        subject=manifest.subject,
        accessory_type=None if manifest.subject is None else _accessory_type(manifest, contents),
    )


def config_to_read(manifest: Manifest, body: bytes) -> Digest | None:
    """The blob to give to `describe` as `config`; None if there is none or it is too large to be of use."""
    config = contents_of(body).config
    if config is None or not 0 < config.size <= LARGEST_CONFIG:
        return None
    return config.digest if any(config.digest == blob.digest for blob in manifest.blobs) else None


def accessory_of_tag(tag: str, body: bytes) -> Accessory | None:
    """What a manifest pushed under `tag` belongs to, by cosign's older way of naming tags after their subject.

    `sha256-<hex>.sig` with a layer that is a signature makes a signature; `.att` and `.sbom`, with a layer of theirs,
    make other accessories. None: it is an artifact of its own.
    """
    match = _COSIGN_TAG(tag)
    if match is None:
        return None
    layers = {layer.media_type for layer in contents_of(body).layers}
    subject = Digest.parse(f"sha256:{match[1]}")
    needed, accessory_type = _COSIGN_TAGS[match[2]]
    return Accessory(subject=subject, accessory_type=accessory_type) if layers & needed else None


def _media_type(manifest: Manifest, contents: Contents) -> str:
    if manifest.media_type in (OCI_INDEX, DOCKER_LIST):
        said = manifest.annotations.get(_KIND_OF_INDEX, "")
        return said if _PLAIN(said) else manifest.media_type
    if _is_marked_wasm(manifest):
        return WASM_CONFIG
    if contents.config is not None:
        return contents.config.media_type
    return manifest.artifact_type or manifest.media_type


def _kind(manifest: Manifest, media_type: str) -> ArtifactKind:
    if media_type == WASM_CONFIG:
        return WASM
    own = manifest.artifact_type or ""
    if own in _KNOWN:
        return _KNOWN[own]
    is_index = manifest.media_type in (OCI_INDEX, DOCKER_LIST)
    # An index that says it is something else is not a set of images.
    if media_type in _KNOWN and not (is_index and own):
        return _KNOWN[media_type]
    word = _OWN_WORD(media_type)
    return ArtifactKind(word[1].upper()) if word and word[1] else UNKNOWN


def _is_marked_wasm(manifest: Manifest) -> bool:
    return any(manifest.annotations.get(name) == value for name, value in _WASM_MARKS.items())


def _size(contents: Contents, own: int, child_sizes: Mapping[Digest, int]) -> int:
    parts = [] if contents.config is None else [contents.config.size]
    parts += [layer.size for layer in contents.layers]
    parts += [child_sizes.get(reference.child, reference.size) for reference in contents.references]
    return min(own + sum(parts), LARGEST_SIZE)


def _attributes(
    manifest: Manifest, contents: Contents, media_type: str, kind: ArtifactKind, config: bytes | None
) -> dict[str, Any]:
    if contents.config is None or kind == UNKNOWN:
        return {}
    if kind == WASM:
        return _wasm_attributes(manifest, contents, config)
    if kind == IMAGE and media_type in (IMAGE_CONFIG, DOCKER_CONFIG):
        return image_attributes(config)
    attributes = plain_attributes(config)
    for name in contents.config.annotations.get(_SKIP_MARK, "").split(","):
        attributes.pop(name.strip(), None)
    return attributes


def _wasm_attributes(manifest: Manifest, contents: Contents, config: bytes | None) -> dict[str, Any]:
    """Modules come as images with a mark, or as a layer that is the module, with next to nothing in the config."""
    if _is_marked_wasm(manifest) and contents.config is not None:
        return {"manifest.config.mediaType": contents.config.media_type} | image_attributes(config)
    attributes = {"manifest.config.mediaType": WASM_CONFIG if contents.config is None else contents.config.media_type}
    if contents.layers:
        attributes["manifest.layers.mediaType"] = contents.layers[0].media_type
        attributes[_TITLE] = contents.layers[0].annotations.get(_TITLE, "")
    return attributes


def _own_icon(contents: Contents) -> Digest | None:
    marked = (layer for layer in contents.layers if _ICON_MARK in layer.annotations)
    icon = next(marked, None)
    return icon.digest if icon is not None and 0 < icon.size <= LARGEST_ICON else None


def _accessory_type(manifest: Manifest, contents: Contents) -> str:
    kind = manifest.artifact_type or ""
    if kind in (IMAGE_CONFIG, DOCKER_CONFIG):
        is_nydus = bool(contents.layers) and _NYDUS_LAYER in contents.layers[-1].annotations
        return NYDUS_ACCELERATOR if is_nydus else OTHER_ACCESSORY
    if kind.startswith(_SIGSTORE_BUNDLE):
        # The same envelope holds signatures and statements about the artifact: a statement is no signature.
        predicate = manifest.annotations.get(_PREDICATE, _SIGNED)
        return COSIGN_SIGNATURE if predicate.startswith(_SIGNED) else OTHER_ACCESSORY
    return _ACCESSORIES.get(kind, OTHER_ACCESSORY)
