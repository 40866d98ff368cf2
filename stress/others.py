"""Those who do not push anything new: deleting, tagging again, reading, proving."""

import asyncio
import time
from collections.abc import Container

from entrepot.model.digest import Digest
from entrepot.model.errors import InUse, ManifestReferencesUnknown, ManifestUnknown, RepositoryUnknown
from entrepot.model.manifest import parse_manifest
from entrepot.model.reference import Tag
from entrepot.tasks.prove import Finding, Prover
from stress.clients import TAGS, Desk, delete
from stress.house import House
from stress.journal import Deed, Journal, Outcome
from stress.ledger import Claim, Ledger, Operation
from stress.pulling import pull

BREATH = 0.02
"""Seconds between two looks when there is nothing to do yet."""
LATELY = 200
"""How many of the newest pushes are chosen from."""
BETWEEN_PROOFS = 1.0
COLLECT_EVERY = 0.05
"""Seconds between a collector's looks when nothing is due."""


class Onlooker:
    """A client that finds out from the journals what others pushed."""

    def __init__(self, desk: Desk, ledger: Ledger) -> None:
        self.desk = desk
        self._ledger = ledger

    async def turn(self) -> None:
        """Something with a manifest that was pushed lately."""
        self._ledger.refresh()
        lately = self._ledger.pushed[-LATELY:]
        if not lately:
            await asyncio.sleep(BREATH)
            return
        await self._with(self.desk.dice.choice(lately))

    async def _with(self, push: Operation) -> None:
        raise NotImplementedError

    def _lived(self, repository: str, digest: str, since: float) -> bool:
        """Whether the manifest has to have been there ever since that moment, as far as anybody did anything to it."""
        self._ledger.refresh()
        return self._ledger.manifest((repository, digest), since) is Claim.LIVE


class Deleter(Onlooker):
    """Deletes other people's manifests and tags: by digest, by tag, an index and then what it names."""

    async def turn(self) -> None:
        """One of them, now and then: if everything went at once, nothing would collide."""
        await asyncio.sleep(self.desk.dice.random() * 2 * BREATH)
        await super().turn()

    async def _with(self, push: Operation) -> None:
        if self.desk.dice.random() < 0.4:
            await self._tag(push)
        else:
            await self._whole(push.repository, Digest.parse(push.digest))

    async def _tag(self, push: Operation) -> None:
        desk = self.desk
        grant = desk.house.grant(push.repository)
        try:
            page = await desk.house.tags.page(grant, "", 1000)
        except RepositoryUnknown:  # It is, as long as it holds nothing.
            return
        if not page.tags:
            return
        tag = desk.dice.choice(page.tags)
        begun = desk.journal.begin(Deed.DELETE_TAG, push.repository, "", tag)
        try:
            await desk.house.manifests.delete(grant, Tag(tag))
        except ManifestUnknown:
            desk.journal.end(begun, Outcome.REFUSED)
        else:
            desk.journal.end(begun, Outcome.DONE)

    async def _whole(self, repository: str, digest: Digest) -> None:
        desk = self.desk
        grant = desk.house.grant(repository)
        try:
            stored = await desk.house.manifests.get(grant, digest)
        except ManifestUnknown:
            return
        children = [child.digest for child in parse_manifest(stored.media_type, stored.body).children]
        if children and desk.dice.random() < 0.3:
            await self._child_first(repository, digest, children[0])
        if await delete(desk, repository, digest):
            for child in children:
                await delete(desk, repository, child)

    async def _child_first(self, repository: str, index: Digest, child: Digest) -> None:
        desk, asked = self.desk, time.monotonic()
        begun = desk.journal.begin(Deed.DELETE, repository, str(child))
        try:
            await desk.house.manifests.delete(desk.house.grant(repository), child)
        except (InUse, ManifestUnknown):
            desk.journal.end(begun, Outcome.REFUSED)
            desk.journal.count("deletes of what an index names, refused")
            return
        desk.journal.end(begun, Outcome.DONE)
        if self._lived(repository, str(index), asked):
            desk.journal.violation("lost", f"{child} was deleted in {repository} although index {index} names it")


class Retagger(Onlooker):
    """Pushes a manifest that is there again, under another tag, without asking for its blobs."""

    async def turn(self) -> None:
        """One of them, now and then: it is so little work that nearly all pushes would be of this kind."""
        await asyncio.sleep(self.desk.dice.random() * 4 * BREATH)
        await super().turn()

    async def _with(self, push: Operation) -> None:
        desk, asked = self.desk, time.monotonic()
        grant = desk.house.grant(push.repository)
        try:
            stored = await desk.house.manifests.get(grant, Digest.parse(push.digest))
        except ManifestUnknown:
            return
        tag = f"all-{desk.dice.randrange(TAGS)}"
        begun = desk.journal.begin(Deed.PUSH, push.repository, push.digest, tag)
        try:
            await desk.house.manifests.put(grant, Tag(tag), stored.media_type, stored.body)
        except ManifestReferencesUnknown as error:
            desk.journal.end(begun, Outcome.REFUSED)
            if self._lived(push.repository, push.digest, asked):
                desk.journal.violation("lost", f"{push.digest} in {push.repository} was never deleted, but: {error}")
            desk.journal.count("re-tags after a delete")
            return
        desk.journal.end(begun, Outcome.DONE)
        desk.journal.count("re-tags")


class Reader(Onlooker):
    """Pulls whole images that were acknowledged, and hashes every byte."""

    async def turn(self) -> None:
        """One of them, now and then: it takes the processors that pushes need."""
        await asyncio.sleep(self.desk.dice.random() * 2 * BREATH)
        await super().turn()

    async def _with(self, push: Operation) -> None:
        desk, asked = self.desk, time.monotonic()
        trouble = await pull(desk.house, desk.house.grant(push.repository), Digest.parse(push.digest))
        desk.journal.count("pulls")
        if trouble is not None and (not trouble.excusable or self._lived(push.repository, push.digest, asked)):
            desk.journal.violation("lost", trouble.sentence)


class Inspector:
    """Proves the whole store again and again while everybody is at it."""

    def __init__(self, desk: Desk, damaged: Container[str]) -> None:
        """`damaged` is what may be found: it was done on purpose."""
        self._desk = desk
        self._damaged = damaged

    async def turn(self) -> None:
        """One proof."""
        desk = self._desk
        await asyncio.sleep(BETWEEN_PROOFS)
        async for step in Prover(desk.house.db, desk.house.storage, sparse_indexes=False).prove():
            if isinstance(step, Finding) and step.subject not in self._damaged:
                desk.journal.violation(f"proof: {step.fault}", f"{step.subject}: {step.sentence}")
        desk.journal.count("proofs")


class Sweeper:
    """A collector."""

    def __init__(self, house: House, journal: Journal) -> None:
        self._house = house
        self._journal = journal

    async def turn(self) -> None:
        """One round; a rest if nothing was due."""
        done = await self._house.collector.round()
        for what, many in (
            ("collected: uploads expired", done.expired),
            ("collected: manifests released", done.released),
            ("collected: blobs reviewed", done.reviewed),
            ("collected: blobs unlinked", done.unlinked),
            ("collected: objects removed", done.removed),
        ):
            if many:
                self._journal.count(what, many)
        if done.idle:
            await asyncio.sleep(COLLECT_EVERY)
