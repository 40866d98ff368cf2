"""Those who push: uploading everything, asking first, or mounting from elsewhere."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUnknown, InUse, ManifestReferencesUnknown, ManifestUnknown
from entrepot.model.grant import RepositoryGrant
from entrepot.model.reference import Tag
from stress.bringing import bring
from stress.house import SHARED, House
from stress.journal import Deed, Journal, Outcome
from stress.pulling import pull, read
from stress.universe import Content, Universe, Written, pick

TAGS = 6
"""How many tags a task moves about."""
KEPT = 3
"""How many images a task leaves lying about, at most."""
SHARED_SALTS = 3


@dataclass(slots=True)
class Desk:
    """What every task of a worker works with."""

    house: House
    universe: Universe
    journal: Journal
    name: str
    """Of the task in this life of its worker; nobody else has it."""
    place: str
    """Of the task in all lives of its worker."""
    scratch: str
    """A repository that no other task uses."""
    dice: Random


@dataclass(frozen=True, slots=True)
class Kept:
    """A manifest to be deleted some time: an index before those it names."""

    repository: str
    digest: Digest


class Pusher:
    """Uploads every blob, then pushes the manifest; deletes what it pushed before."""

    def __init__(self, desk: Desk, kept: list[Kept]) -> None:
        """`kept` is what earlier lives of the worker pushed and did not delete."""
        self.desk = desk
        self._kept = kept
        self._turns = 0

    async def turn(self) -> None:
        """One image or index, pushed; some older ones deleted."""
        desk, dice = self.desk, self.desk.dice
        self._turns += 1
        repository = pick(dice, SHARED)
        grant = desk.house.grant(repository)
        tag = f"{desk.place}-{dice.randrange(TAGS)}" if dice.random() < 0.7 else f"all-{dice.randrange(TAGS)}"
        image = desk.universe.image(dice, self._salt())
        if dice.random() < 0.8:
            await self._push(grant, image, tag if dice.random() < 0.8 else "")
        else:
            second = desk.universe.image(dice, self._salt())
            index = desk.universe.index([image, second], self._salt())
            if await self._push(grant, image, "") and await self._push(grant, second, ""):
                await self._push(grant, index, tag)
        for _ in range(len(self._kept) - dice.randint(0, KEPT)):
            kept = self._kept.pop(0)
            if not await delete(desk, kept.repository, kept.digest):
                self._kept.append(kept)

    def _salt(self) -> str:
        dice = self.desk.dice
        if dice.random() < 0.5:
            return f"shared-{dice.randrange(SHARED_SALTS)}"
        return f"{self.desk.name}-{self._turns}-{dice.randrange(1000)}"

    async def _push(self, grant: RepositoryGrant, image: Written, tag: str) -> bool:
        """Whether the manifest was accepted, at the second try if leases had ended before the first."""
        for _ in range(2):
            safe = {content.digest: await self._provide(grant, content) for content in image.needs}
            if await self._put(grant, image, tag, safe):
                if self.desk.dice.random() < 0.1:
                    await self._look(grant, image)
                return True
            if not image.needs:
                return False
        return False

    async def _provide(self, grant: RepositoryGrant, content: Content) -> float:
        """Until when the blob is promised to stay in the repository, now that it is there."""
        asked = time.monotonic()
        await bring(self.desk.house, grant, content, self.desk.dice, self.desk.journal)
        return asked + self.desk.house.rules.lease / 1e6

    async def _put(self, grant: RepositoryGrant, image: Written, tag: str, safe: dict[Digest, float]) -> bool:
        desk, name = self.desk, grant.name.text
        reference = Tag(tag) if tag else image.digest
        begun = desk.journal.begin(Deed.PUSH, name, str(image.digest), tag)
        try:
            await desk.house.manifests.put(grant, reference, image.media_type, image.body)
        except ManifestReferencesUnknown as error:
            desk.journal.end(begun, Outcome.REFUSED)
            now = time.monotonic()
            early = [blob for blob in error.blobs if now < safe[Digest.parse(blob)]]
            if early:
                desk.journal.violation("wrong 404", f"{name} should have kept {', '.join(early)}, but did not")
            desk.journal.count("404 after the lease" if error.blobs else "404 of a deleted child")
            return False
        desk.journal.end(begun, Outcome.DONE)
        if tag:
            desk.journal.count("tags")
        # An index goes first when its turn has come: what it names cannot be deleted before it.
        self._kept.insert(len(self._kept) if image.needs else 0, Kept(name, image.digest))
        return True

    async def _look(self, grant: RepositoryGrant, image: Written) -> None:
        trouble = await pull(self.desk.house, grant, image.digest)
        self.desk.journal.count("pulls")
        if trouble is not None and not trouble.excusable:
            self.desk.journal.violation("lost", trouble.sentence)


class HeadFirst(Pusher):
    """Asks for each blob, and uploads those that are not there."""

    async def _provide(self, grant: RepositoryGrant, content: Content) -> float:
        desk, asked = self.desk, time.monotonic()
        desk.journal.count("heads")
        try:
            blob = await desk.house.blobs.find(grant, content.digest, for_push=True)
        except BlobUnknown:
            return await super()._provide(grant, content)
        desk.journal.count("skips")
        if desk.dice.random() < 0.05:
            trouble = await read(desk.house, blob, asked)
            if trouble is not None:
                desk.journal.violation("lost", f"HEAD in {grant.name} said it is there: {trouble.sentence}")
        return asked + desk.house.rules.lease / 2e6


class Mounter(HeadFirst):
    """Asks another repository for each blob first; keeps one of its own where blobs come and go."""

    async def turn(self) -> None:
        """One image or index, or one blob mounted, looked at and deleted."""
        if self.desk.dice.random() < 0.1:
            await self._come_and_go()
        else:
            await super().turn()

    async def _provide(self, grant: RepositoryGrant, content: Content) -> float:
        desk, asked = self.desk, time.monotonic()
        others = [name for name in SHARED if name != grant.name.text]
        source = None if desk.dice.random() < 0.3 else desk.house.grant(pick(desk.dice, others))
        blob = await desk.house.blobs.mount(grant, source, content.digest)
        if blob is None:
            desk.journal.count("mounts refused")
            return await super()._provide(grant, content)
        desk.journal.count("mounts")
        if desk.dice.random() < 0.05:
            trouble = await read(desk.house, blob, asked)
            if trouble is not None:
                desk.journal.violation("lost", f"mounted into {grant.name}: {trouble.sentence}")
        return asked + desk.house.rules.lease / 1e6

    async def _come_and_go(self) -> None:
        desk = self.desk
        grant = desk.house.grant(desk.scratch)
        content = pick(desk.dice, desk.universe.contents)
        source = desk.house.grant(pick(desk.dice, SHARED))
        if await desk.house.blobs.mount(grant, source, content.digest) is None:
            await bring(desk.house, grant, content, desk.dice, desk.journal)
        asked = time.monotonic()
        try:
            blob = await desk.house.blobs.find(grant, content.digest)
            await desk.house.blobs.delete(grant, content.digest)
        except BlobUnknown as error:
            if time.monotonic() < asked + desk.house.rules.lease / 2e6:
                desk.journal.violation("wrong 404", f"nobody else deletes in {grant.name}: {error}")
            return
        desk.journal.count("blobs deleted")
        await asyncio.sleep(desk.dice.random() * desk.house.rules.reader_grace / 3e6)
        trouble = await read(desk.house, blob, asked)
        if trouble is not None:
            desk.journal.violation("lost", f"within the grace of a reader of {grant.name}: {trouble.sentence}")
        with suppress(BlobUnknown):
            await desk.house.blobs.find(grant, content.digest)
            desk.journal.violation("still there", f"{content.digest} was deleted in {grant.name}")


async def delete(desk: Desk, repository: str, digest: Digest) -> bool:
    """Whether the manifest is gone; False if an index names it."""
    begun = desk.journal.begin(Deed.DELETE, repository, str(digest))
    try:
        await desk.house.manifests.delete(desk.house.grant(repository), digest)
    except ManifestUnknown:
        desk.journal.end(begun, Outcome.ABSENT)
        desk.journal.count("deletes of what was not there")
        return True
    except InUse:
        desk.journal.end(begun, Outcome.REFUSED)
        desk.journal.count("deletes of what an index names, refused")
        return False
    desk.journal.end(begun, Outcome.DONE)
    return True
