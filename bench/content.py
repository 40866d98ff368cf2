"""What every server is given: the same small images and large blobs, made afresh for each run."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.work import Upload

REPOSITORY = "library/bench"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
MIB = 1 << 20
TAIL = 64
SMALL_BLOB = 4096
SMALL_IMAGES = 8
SMALL_LAYERS = 4


@dataclass(frozen=True)
class Blob:
    """A blob: the first `head` bytes of the base file, then `tail`, which is its own."""

    digest: str
    head: int
    tail: bytes

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.head + len(self.tail)

    @property
    def upload(self) -> Upload:
        """It, as a load process wants it told."""
        return Upload(digest=self.digest, head=self.head, tail=self.tail)


@dataclass(frozen=True)
class Image:
    """An image: its tag, its manifest and the manifest's digest, its config and its layers."""

    tag: str
    manifest: bytes
    digest: str
    config: Blob
    layers: tuple[Blob, ...]


class Content:
    """The base file of random bytes, and what is made of it."""

    def __init__(self, home: Path, large_blob: int, large_blobs: int) -> None:
        self.base = home / "base"
        self._size = large_blob
        with self.base.open("wb") as file:
            for start in range(0, large_blob, MIB):
                file.write(os.urandom(min(MIB, large_blob - start)))
        self._started: dict[int, Any] = {}
        self.large = image("large", [self.distinct(large_blob) for _ in range(large_blobs)])
        self.small = tuple(
            image(f"small-{number}", [inline(os.urandom(SMALL_BLOB)) for _ in range(SMALL_LAYERS)])
            for number in range(SMALL_IMAGES)
        )

    def distinct(self, size: int) -> Blob:
        """A blob of `size` bytes that no server has seen; its digest costs no reading after the first of that size.

        Raises ValueError for a size that the base file does not reach.
        """
        head = size - TAIL
        if not 0 <= head <= self._size:
            raise ValueError(f"a blob of {size} bytes cannot be made of a base file of {self._size}")
        if head not in self._started:
            state = hashlib.sha256()
            with self.base.open("rb") as file:
                left = head
                while left:
                    data = file.read(min(left, MIB))
                    state.update(data)
                    left -= len(data)
            self._started[head] = state
        tail = os.urandom(TAIL)
        state = self._started[head].copy()
        state.update(tail)
        return Blob(f"sha256:{state.hexdigest()}", head, tail)


def inline(data: bytes) -> Blob:
    """A blob that is all its own, nothing of the base file."""
    return Blob(digest_of(data), 0, data)


def digest_of(data: bytes) -> str:
    """The sha256 digest of `data`, as registries write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def image(tag: str, layers: list[Blob]) -> Image:
    """An OCI image of these layers, taken for uncompressed tars, with a config of its own."""
    config = inline(
        json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Labels": {"tag": tag}},
                "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
                "history": [{"created_by": f"layer {number}"} for number, _ in enumerate(layers)],
            }
        ).encode()
    )
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "digest": config.digest, "size": config.size},
            "layers": [{"mediaType": LAYER_TYPE, "digest": layer.digest, "size": layer.size} for layer in layers],
        }
    ).encode()
    return Image(tag, manifest, digest_of(manifest), config, tuple(layers))
