"""A registry without its edges: operations on a real database and a real store, and a clock that can be moved."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from entrepot.db import projects, repositories
from entrepot.db.contract import Database, Transaction
from entrepot.model.digest import Digest
from entrepot.model.errors import BodyCut
from entrepot.model.grant import CatalogGrant, Principal, Proof, RepositoryGrant
from entrepot.model.manifest import OCI_INDEX, OCI_MANIFEST
from entrepot.model.project import Action, Project
from entrepot.model.reference import Reference, RepositoryName, Tag
from entrepot.registry.arrivals import Arrivals
from entrepot.registry.blobs import Blob, Blobs
from entrepot.registry.catalog import Catalog
from entrepot.registry.manifests import Manifests, StoredManifest
from entrepot.registry.pulls import Pulls
from entrepot.registry.rules import SECOND, Rules
from entrepot.registry.tags import Tags
from entrepot.registry.trash import Trash
from entrepot.registry.uploads import Uploads
from entrepot.storage.contract import Storage
from entrepot.tasks.collect import Collector
from entrepot.tasks.prove import Finding, Prover
from entrepot.tasks.repair import Repairer
from entrepot.tasks.scrub import Pace, Scrubber

EVERYTHING = frozenset(Action)
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DAY = 24 * 3600 * SECOND


async def stream(*chunks: bytes, cut: bool = False) -> AsyncIterator[bytes]:
    """A body that comes in these chunks, and breaks off after them if it is cut."""
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk
    if cut:
        raise BodyCut("the connection ended")


def described(digest: Digest, size: int, media_type: str = LAYER) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": str(digest), "size": size}


def image(config: bytes, *layers: bytes, **more: Any) -> bytes:
    """An image manifest of these contents."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described(Digest.of(config), len(config), CONFIG),
        "layers": [described(Digest.of(layer), len(layer)) for layer in layers],
        **more,
    }
    return json.dumps(document).encode()


def index(*manifests: bytes, **more: Any) -> bytes:
    """An index of these manifests."""
    children = [described(Digest.of(body), len(body), OCI_MANIFEST) for body in manifests]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children, **more}).encode()


def subject(body: bytes) -> dict[str, Any]:
    return described(Digest.of(body), len(body), OCI_MANIFEST)


def principal(name: str) -> Principal:
    if name == "anonymous":
        return Principal(user_id=None, name=name, admin=False, proof=Proof.NOTHING)
    return Principal(user_id=sum(name.encode()), name=name, admin=False, proof=Proof.PASSWORD)


@dataclass
class Place:
    """The operations of one registry."""

    db: Database
    storage: Storage
    rules: Rules
    projects: dict[str, Project] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.blobs = Blobs(self.db, self.storage, self.rules)
        self.arrivals = Arrivals(self.db)
        self.uploads = Uploads(self.db, self.storage, self.rules, self.arrivals)
        self.manifests = Manifests(self.db, self.storage, self.rules, Pulls(self.db))
        self.tags = Tags(self.db)
        self.trash = Trash(self.db, self.rules)
        self.catalog = Catalog(self.db)
        self.collector = Collector(self.db, self.storage, self.rules)
        self.prover = Prover(self.db, self.storage, sparse_indexes=self.rules.sparse_indexes)
        self.repairer = Repairer(self.db, self.storage)
        self.scrubber = Scrubber(self.db, self.storage, Pace(rate=None, every=1))

    def ruled(self, **changes: Any) -> "Place":
        """The same database and store under other rules."""
        rules = {name: getattr(self.rules, name) for name in Rules.__dataclass_fields__}
        return Place(self.db, self.storage, Rules(**{**rules, **changes}), self.projects)

    async def project(self, name: str, *, public: bool = False, sparse_indexes: bool | None = None) -> Project:
        """The project of that name, made if need be."""
        if name not in self.projects:
            made = await self.db.write(
                lambda tx: projects.insert(tx, name, public, sparse_indexes, 0, "") or projects.find(tx, name)
            )
            assert made is not None
            self.projects[name] = made
        return self.projects[name]

    async def grant(
        self, name: str = "library/hello", actions: Iterable[Action] = EVERYTHING, *, who: str = "ada"
    ) -> RepositoryGrant:
        """A grant as it would be made for a request that comes now."""
        parsed = RepositoryName.parse(name)
        project = await self.project(parsed.project)
        return RepositoryGrant(
            principal=principal(who),
            project=project,
            name=parsed,
            repository_id=await self.db.read(lambda tx: repositories.find(tx, name)),
            actions=frozenset(actions),
        )

    async def push(self, content: bytes, name: str = "library/hello") -> Blob:
        """The blob of that content, pushed in one request."""
        return await self.uploads.put(await self.grant(name), stream(content), Digest.of(content))

    async def put(
        self,
        body: bytes,
        reference: str | Reference | None = None,
        name: str = "library/hello",
        also: Sequence[str] = (),
    ) -> StoredManifest:
        """The manifest, pushed by tag or by digest."""
        place = Tag(reference) if isinstance(reference, str) else reference or Digest.of(body)
        return await self.manifests.put(await self.grant(name), place, None, body, [Tag(tag) for tag in also])

    async def push_image(
        self, *layers: bytes, tag: str | None = None, name: str = "library/hello", **more: Any
    ) -> bytes:
        """The manifest of an image that was pushed with its layers and a configuration of its own."""
        config = json.dumps({"of": [str(Digest.of(layer)) for layer in layers]}).encode()
        for content in (config, *layers):
            await self.push(content, name)
        body = image(config, *layers, **more)
        await self.put(body, tag, name)
        return body

    async def read(self, content: Digest | bytes, name: str = "library/hello") -> bytes:
        """The blob, looked up and read whole."""
        digest = content if isinstance(content, Digest) else Digest.of(content)
        blob = await self.blobs.find(await self.grant(name), digest)
        return await self.read_blob(blob)

    async def read_blob(self, blob: Blob, start: int = 0, end: int | None = None) -> bytes:
        return b"".join([piece async for piece in self.blobs.open(blob, start, blob.size if end is None else end)])

    async def delete(self, reference: Digest | Tag | bytes, name: str = "library/hello") -> None:
        """Deletes a manifest or a tag."""
        which = Digest.of(reference) if isinstance(reference, bytes) else reference
        await self.manifests.delete(await self.grant(name), which)

    async def delete_blob(self, content: bytes, name: str = "library/hello") -> None:
        await self.blobs.delete(await self.grant(name), Digest.of(content))

    async def tag_names(self, name: str = "library/hello") -> list[str]:
        return (await self.tags.page(await self.grant(name), "", 1000)).tags

    async def names(self) -> list[str]:
        everything = CatalogGrant(principal=principal("ada"), everything=True)
        return (await self.catalog.page(everything, "", 1000)).names

    async def referrers(self, body: bytes, name: str = "library/hello", artifact_type: str | None = None) -> list[str]:
        """The digests of what refers to the manifest."""
        grant = await self.grant(name)
        page = await self.manifests.referrers(grant, Digest.of(body), artifact_type, None, 1000)
        return [str(descriptor["digest"]) for descriptor in page.descriptors]

    async def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        return await self.db.read(lambda tx: tx.all(statement, *parameters))

    async def run(self, statement: str, *parameters: object) -> int:
        return await self.db.write(lambda tx: tx.run(statement, *parameters))

    async def let_time_pass(self, microseconds: int) -> None:
        """Moves every time that was noted into the past: as if the clock had gone on."""

        def change(tx: Transaction) -> None:
            for table, column in (
                ("repository_blobs", "leased_until"),
                ("repository_blobs", "review_after"),
                ("objects_to_remove", "remove_after"),
                ("uploads", "expires_at"),
                ("manifests", "deleted_at"),
                ("trash", "expires_at"),
                ("tag_moves", "at"),
            ):
                tx.run(f"UPDATE {table} SET {column} = {column} - ? WHERE {column} IS NOT NULL", microseconds)

        await self.db.write(change)

    async def collect(self) -> None:
        """Runs rounds until nothing is due."""
        while not (await self.collector.round()).idle:
            pass

    async def events(self) -> list[tuple[str, dict[str, Any]]]:
        return [(row[0], json.loads(row[1])) for row in await self.rows("SELECT name, detail FROM events ORDER BY id")]

    async def findings(self) -> list[Finding]:
        return [step async for step in self.prover.prove() if isinstance(step, Finding)]

    async def repaired(self) -> list[Finding]:
        """As `findings`, with what is damaged set aside."""
        return [step async for step in self.prover.prove(self.repairer) if isinstance(step, Finding)]

    async def stored(self) -> set[str]:
        """The keys in the store."""
        return {key async for key in self.storage.keys()}  # noqa: SIM118 - not a dict

    async def owned(self) -> set[str]:
        """The keys that blobs, parts of uploads and indexes of layers count on."""
        tables = ("blobs", "blob_parts", "upload_parts", "layer_indexes")
        found = await self.rows(" UNION ".join(f"SELECT key FROM {table}" for table in tables))
        return {row[0] for row in found if row[0] is not None}

    async def leaving(self) -> set[str]:
        """The keys of objects that are being written or on their way out."""
        return {row[0] for row in await self.rows("SELECT key FROM objects_to_remove")}

    async def assert_whole(self) -> None:
        """Nothing that is counted on is missing, and nothing is stored that no row answers for."""
        assert await self.findings() == []
        stored, owned, leaving = await self.stored(), await self.owned(), await self.leaving()
        assert owned <= stored, "an object is missing"
        assert stored <= owned | leaving, "an object is leaked"
        assert not owned & leaving, "an object that is counted on is about to be removed"
