"""Pulling an image as clients do: the manifest, what it names, every byte."""

import time
from dataclasses import dataclass

from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, Failed, ManifestUnknown, ObjectMissing
from entrepot.model.grant import RepositoryGrant
from entrepot.model.manifest import parse_manifest
from entrepot.registry.blobs import Blob
from stress.house import House


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an image could not be pulled."""

    sentence: str
    excusable: bool
    """Whether it would be all right if the manifest had been deleted meanwhile."""


async def pull(house: House, grant: RepositoryGrant, digest: Digest) -> Trouble | None:
    """None if the manifest, those it names and all their blobs were read and are what their digests say."""
    try:
        stored = await house.manifests.get(grant, digest)
    except ManifestUnknown:
        return Trouble(f"manifest {digest} is unknown in {grant.name}", excusable=True)
    if Digest.of(stored.body, digest.algorithm) != digest:
        return Trouble(f"manifest {digest} has other content", excusable=False)
    manifest = parse_manifest(stored.media_type, stored.body)
    for child in manifest.children:
        trouble = await pull(house, grant, child.digest)
        if trouble is not None:
            return Trouble(f"index {digest}: {trouble.sentence}", trouble.excusable)
    for needed in manifest.blobs:
        asked = time.monotonic()
        try:
            blob = await house.blobs.find(grant, needed.digest)
        except BlobUnknown:
            return Trouble(f"manifest {digest}: {needed.digest} is unknown in {grant.name}", excusable=True)
        trouble = await read(house, blob, asked)
        if trouble is not None:
            return Trouble(f"manifest {digest}: {trouble.sentence}", trouble.excusable)
    return None


async def read(house: House, blob: Blob, asked: float) -> Trouble | None:
    """None if the blob, about which was asked at that moment, was read whole and is what its digest says.

    Whoever asks longer ago than the reader's grace is promised nothing, and told nothing either.
    """
    hasher, size = blob.digest.hasher(), 0
    try:
        async for piece in house.blobs.open(blob, 0, blob.size):
            hasher.update(piece)
            size += len(piece)
    except ObjectMissing as error:
        if time.monotonic() - asked > house.rules.reader_grace / 1e6:
            return None
        return Trouble(f"blob {blob.digest}: {error}", excusable=False)
    except Failed as error:
        return Trouble(f"blob {blob.digest} could not be read: {error}", excusable=False)
    if size != blob.size or Digest.finished(blob.digest.algorithm, hasher) != blob.digest:
        return Trouble(f"blob {blob.digest} has other content, {size} bytes of {blob.size}", excusable=False)
    return None
