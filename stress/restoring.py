"""Those who undo: taking out of the trash what others deleted, and having tags go back to it."""

import asyncio
from contextlib import suppress

from entrepot.access.local import SHELL
from entrepot.db import manifests, trash
from entrepot.db.trash import Entry
from entrepot.model.digest import Digest
from entrepot.model.errors import Conflict, ManifestUnknown, RecordUnknown
from entrepot.model.grant import TrashGrant
from entrepot.model.query import ListQuery
from entrepot.model.reference import Tag
from entrepot.registry.restorations import Wish
from entrepot.registry.trash import EntryView
from stress.clients import TAGS
from stress.damaging import TAG as DAMAGED
from stress.journal import Begun, Deed, Outcome
from stress.ledger import Operation
from stress.others import BREATH, Onlooker
from stress.pulling import pull

Thing = tuple[str, str]
"""A digest, and a tag that names it, or nothing."""


class Restorer(Onlooker):
    """Restores deletions, has tags go back, and pulls what is there again."""

    async def turn(self) -> None:
        """One of them, now and then: what is restored at once collides with nothing."""
        desk = self.desk
        await asyncio.sleep(desk.dice.random() * 2 * BREATH)
        if desk.dice.random() < 0.4:
            await super().turn()
            return
        query = ListQuery(page_size=20)
        entries, _ = await desk.house.db.read(lambda tx: trash.page(tx, query, [], []))
        if entries:
            await self._restore(desk.dice.choice(entries))

    async def _restore(self, entry: Entry) -> None:
        desk, grant = self.desk, TrashGrant(principal=SHELL, trash_id=entry.id)
        repository = entry.repository or ""
        try:
            things = await self._things(entry, await desk.house.trash.get(grant))
            if DAMAGED.text in [tag for _, tag in things]:
                return  # What was damaged on purpose comes back damaged.
            begun = self._begin(repository, things)
            outcome = Outcome.REFUSED
            with suppress(RecordUnknown, ManifestUnknown, Conflict):
                # What changed between the first look and the beginning would be claimed wrongly.
                if things == await self._things(entry, await desk.house.trash.get(grant)):
                    await desk.house.trash.restore(grant, Wish())
                    outcome = Outcome.DONE
        except RecordUnknown:
            return
        await self._end(repository, begun, things, outcome, "restored")

    async def _with(self, push: Operation) -> None:
        """Has a tag go back to a manifest that may be live, in the trash, or gone."""
        desk, tag = self.desk, f"all-{self.desk.dice.randrange(TAGS)}"
        grant, digest = desk.house.grant(push.repository), Digest.parse(push.digest)
        things = [(push.digest, tag), *await self._parts(grant.repository_id, [digest])]
        begun = self._begin(push.repository, things)
        outcome = Outcome.REFUSED
        with suppress(ManifestUnknown, Conflict):
            await desk.house.tag_history.roll_back(grant, Tag(tag), digest)
            outcome = Outcome.DONE
        await self._end(push.repository, begun, things, outcome, "rolled back")

    async def _things(self, entry: Entry, view: EntryView) -> list[Thing]:
        """All that is live again once the deletion is undone."""
        tagged = [(str(tag.digest), tag.name) for tag in view.tags]
        alone = [one.digest for one in view.artifacts]
        parts = await self._parts(entry.repository_id, [*alone, *(tag.digest for tag in view.tags)])
        return [*tagged, *((str(digest), "") for digest in alone), *parts]

    async def _parts(self, repository_id: int | None, digests: list[Digest]) -> list[Thing]:
        assert repository_id is not None
        found = await self.desk.house.db.read(
            lambda tx: [child for digest in digests for child in manifests.children_of(tx, repository_id, digest)]
        )
        return [(str(child), "") for child in sorted(set(found), key=str)]

    def _begin(self, repository: str, things: list[Thing]) -> list[Begun]:
        return [self.desk.journal.begin(Deed.PUSH, repository, digest, tag) for digest, tag in things]

    async def _end(self, repository: str, begun: list[Begun], things: list[Thing], outcome: Outcome, what: str) -> None:
        desk = self.desk
        for one in begun:
            desk.journal.end(one, outcome)
        if outcome is not Outcome.DONE:
            desk.journal.count(f"{what}: refused")
            return
        desk.journal.count(what)
        digest, _ = desk.dice.choice(things)
        trouble = await pull(desk.house, desk.house.grant(repository), Digest.parse(digest))
        desk.journal.count("pulls")
        if trouble is not None and not trouble.excusable:
            desk.journal.violation("lost", f"{what}: {trouble.sentence}")
