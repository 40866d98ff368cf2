"""OCI image layouts on disk: what skopeo, crane and oras push from and pull to."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .files import ROOT, from_tar, to_tar

Descriptor = dict[str, Any]
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class Layout:
    """The layout in one folder. Reading checks every digest: a blob that was cut or changed raises AssertionError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add_image(self, *layers: Mapping[str, bytes], architecture: str = "amd64") -> Descriptor:
        """The descriptor of a new image for Linux with these layers."""
        tars = [to_tar(files) for files in layers]
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar) for tar in tars]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": self._add(json.dumps(config).encode(), CONFIG),
            "layers": [self._add(gzip.compress(tar, mtime=0), LAYER) for tar in tars],
        }
        descriptor = self._add(json.dumps(manifest).encode(), IMAGE)
        return descriptor | {"platform": {"architecture": architecture, "os": "linux"}}

    def add_index(self, *children: Descriptor) -> Descriptor:
        """The descriptor of a new index of those manifests."""
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(children)}
        return self._add(json.dumps(index).encode(), INDEX)

    def name(self, descriptor: Descriptor, tag: str) -> None:
        """Makes `descriptor` what the layout holds, under that tag."""
        (self.folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
        named = descriptor | {"annotations": {REF_NAME: tag}}
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))

    def top(self) -> Descriptor:
        """The descriptor of what the layout holds: of the one thing that has a name, as oras lists children as well."""
        listed = json.loads((self.folder / "index.json").read_text())["manifests"]
        named = [one for one in listed if REF_NAME in one.get("annotations", {})]
        [descriptor] = named or listed
        found: Descriptor = descriptor
        return found

    def blob(self, digest: str) -> bytes:
        """The bytes with that digest, checked."""
        algorithm, _, encoded = digest.partition(":")
        data = (self.folder / "blobs" / algorithm / encoded).read_bytes()
        assert _digest(data) == digest, f"{digest} holds other bytes"
        return data

    def manifest(self, descriptor: Descriptor) -> dict[str, Any]:
        """The manifest or index that a descriptor names."""
        parsed: dict[str, Any] = json.loads(self.blob(descriptor["digest"]))
        return parsed

    def images(self, descriptor: Descriptor | None = None) -> Iterator[Descriptor]:
        """The descriptors of all images: the top itself, or those of its index, deep."""
        descriptor = descriptor or self.top()
        manifest = self.manifest(descriptor)
        if "manifests" not in manifest:
            yield descriptor
        for child in manifest.get("manifests", []):
            yield from self.images(child)

    def files(self, image: Descriptor | None = None, root: str = ROOT) -> dict[str, bytes]:
        """The files under `root` in an image: in the only one if none is named. Config and layers are checked."""
        if image is None:
            [image] = self.images()
        manifest = self.manifest(image)
        self.blob(manifest["config"]["digest"])
        found: dict[str, bytes] = {}
        for layer in manifest["layers"]:
            found |= from_tar(self.blob(layer["digest"]), root)
        return found

    def _add(self, data: bytes, media_type: str) -> Descriptor:
        digest = _digest(data)
        path = self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
