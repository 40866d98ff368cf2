"""Those who damage objects, and those who find that out: everything else must go on as if nothing had happened."""

import asyncio
import json
import time
from pathlib import Path

from entrepot.db.contract import Transaction
from entrepot.model.digest import Digest
from entrepot.model.errors import (
    BlobQuarantined,
    BlobUnknown,
    ManifestReferencesUnknown,
    ManifestUnknown,
    RepositoryUnknown,
)
from entrepot.model.grant import RepositoryGrant
from entrepot.model.manifest import OCI_MANIFEST
from entrepot.model.reference import Tag
from entrepot.storage.contract import Key
from entrepot.tasks.scrub import Pace, Scrubber
from stress.bringing import bring
from stress.clients import Desk
from stress.pulling import read
from stress.universe import Content

BETWEEN_WALKS = 0.3
LOOK = 0.05
PATIENCE = 20.0
"""Seconds within which damage has to be found: walks are short here, but their workers are killed now and then."""
ASK_AFTER = 2.0
"""Seconds after which it is asked for by name."""
SIZE = 20_000
TAG = Tag("damaged")


class Damaged:
    """The digests of what is damaged on purpose, in a file that all processes share. Nothing else may be found so."""

    def __init__(self, journals: Path) -> None:
        self._file = journals / "damaged"

    def note(self, digest: Digest) -> None:
        """To be called before the damage is done."""
        with self._file.open("a") as file:
            file.write(f"{digest}\n")

    def __contains__(self, digest: str) -> bool:
        return self._file.exists() and digest in self._file.read_text().split()


class Walker:
    """A scrubber that walks all the time. It shares its claim with those before it that were killed."""

    def __init__(self, desk: Desk, damaged: Damaged) -> None:
        self._desk = desk
        self._damaged = damaged
        self._scrubber = Scrubber(desk.house.db, desk.house.storage, Pace(rate=None, every=1))

    async def turn(self) -> None:
        """One walk; whatever is set aside then was damaged on purpose."""
        desk = self._desk
        await desk.house.db.write(_forget_the_dead)
        if await self._scrubber.walk():
            desk.journal.count("walks over everything")
        for digest in await desk.house.db.read(_set_aside):
            if digest not in self._damaged:
                desk.journal.violation("lost", f"{digest} was set aside, and nobody had damaged it")
        await asyncio.sleep(BETWEEN_WALKS)


class Damager:
    """Pushes something, damages it, and pushes it again when it was found: then it is whole."""

    def __init__(self, desk: Desk, damaged: Damaged) -> None:
        self._desk = desk
        self._damaged = damaged
        self._scrubber = Scrubber(desk.house.db, desk.house.storage, Pace(rate=None, every=0))

    async def turn(self) -> None:
        """One of them."""
        desk = self._desk
        await self._clear()
        data = desk.dice.randbytes(SIZE)
        content = Content(Digest.of(data), data)
        self._damaged.note(content.digest)
        grant = desk.house.grant(desk.scratch)
        if not await self._push(grant, content):
            return
        await self._damage(content)
        desk.journal.count("damaged")
        if not await self._found(content):
            return
        with_it = grant if desk.dice.random() < 0.5 else desk.house.grant("north/part-0")
        await bring(desk.house, with_it, content, desk.dice, desk.journal)
        await self._require_whole(content)
        await self._clear()

    async def _push(self, grant: RepositoryGrant, content: Content) -> bool:
        """Whether it was pushed before the blob's lease ended: a machine that is busy may be too slow for that."""
        desk, asked = self._desk, time.monotonic()
        await bring(desk.house, grant, content, desk.dice, desk.journal)
        try:
            await desk.house.manifests.put(grant, TAG, OCI_MANIFEST, _manifest(content))
        except ManifestReferencesUnknown:
            if time.monotonic() < asked + desk.house.rules.lease / 1e6:
                raise
            desk.journal.count("404 after the lease")
            return False
        return True

    async def _damage(self, content: Content) -> None:
        desk = self._desk
        [key, *_] = await desk.house.db.read(lambda tx: _key(tx, content.digest))
        size = await desk.house.storage.size(Key(key)) or 0
        await desk.house.storage.remove(Key(key))
        if desk.dice.random() < 0.7:
            writer = await desk.house.storage.create(Key(key))
            await writer.write([desk.dice.randbytes(size)])
            await writer.finish()

    async def _found(self, content: Content) -> bool:
        """Whether the blob is not given out any more."""
        desk, began = self._desk, time.monotonic()
        while time.monotonic() - began < PATIENCE:
            try:
                await desk.house.blobs.find(desk.house.grant(desk.scratch), content.digest, for_push=True)
            except BlobQuarantined:
                desk.journal.count("damage that was found")
                return True
            except BlobUnknown:
                desk.journal.violation("lost", f"{content.digest} went although a manifest needs it")
                return False
            if time.monotonic() - began > ASK_AFTER:  # As somebody does who pulls it; walkers may have stopped by now.
                await desk.house.blobs.suspect(desk.house.grant(desk.scratch), content.digest)
                await self._scrubber.look()
            await asyncio.sleep(LOOK)
        desk.journal.violation("not found", f"{content.digest} was damaged, and given out for {PATIENCE:g} seconds")
        return False

    async def _require_whole(self, content: Content) -> None:
        desk = self._desk
        blob = await desk.house.blobs.find(desk.house.grant(desk.scratch), content.digest)
        trouble = await read(desk.house, blob, time.monotonic())
        if trouble is not None:
            desk.journal.violation("not healed", trouble.sentence)
        desk.journal.count("damage that was healed")

    async def _clear(self) -> None:
        """Deletes what this turn, or an earlier life, left behind."""
        desk = self._desk
        grant = desk.house.grant(desk.scratch)
        try:
            stored = await desk.house.manifests.get(grant, TAG)
            await desk.house.manifests.delete(grant, stored.digest)
        except (ManifestUnknown, RepositoryUnknown):
            return


def _manifest(content: Content) -> bytes:
    told = {
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
        "digest": str(content.digest),
        "size": len(content.data),
    }
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": told, "layers": [told]}).encode()


def _key(tx: Transaction, digest: Digest) -> list[str]:
    return [str(row[0]) for row in tx.all("SELECT key FROM blobs WHERE digest = ?", digest.packed)]


def _set_aside(tx: Transaction) -> list[str]:
    return [str(Digest(bytes(row[0]))) for row in tx.all("SELECT digest FROM blobs WHERE quarantined_at IS NOT NULL")]


def _forget_the_dead(tx: Transaction) -> None:
    """Takes over from a walker that was killed at once: there is one at a time here."""
    tx.run("UPDATE scrubs SET worker_until = 0 WHERE finished_at IS NULL")
