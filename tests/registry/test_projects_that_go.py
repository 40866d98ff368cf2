"""A project that is deleted while somebody pushes to it: the push is done before, or told that there is no project."""

import asyncio

import pytest

from contracts.place import Place, image, principal, stream
from entrepot.db import projects
from entrepot.db.contract import Transaction
from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUploadUnknown, ManifestReferencesUnknown, ProjectUnknown
from entrepot.registry.project_deletion import remove_project

ROUNDS = 40


async def remove(place: Place, name: str, pause: float) -> None:
    await asyncio.sleep(pause)

    def change(tx: Transaction) -> None:
        project = projects.lock(tx, name)
        assert project is not None
        remove_project(tx, place.rules, principal("ada"), project, force=True)

    await place.db.write(change)


async def push(place: Place, name: str) -> None:
    """All by grants that were made before the project went."""
    repository, content = f"{name}/app", b"a layer of " + name.encode()
    grant = await place.grant(repository)
    session = (await place.uploads.start(grant)).id
    grant = await place.grant(repository)
    await place.uploads.append(grant, session, stream(content))
    await place.uploads.finish(grant, session, None, Digest.of(content))
    other = b"more of it"
    await place.uploads.put(grant, stream(other), Digest.of(other))
    await place.put(image(content, other), "1", repository)


@pytest.mark.parametrize("trash", [0, 3600_000_000])
async def test_a_push_beside_the_deletion(place: Place, trash: int) -> None:
    ruled = place.ruled(trash=trash)
    ended = []
    for number in range(ROUNDS):
        name = f"p{number}"
        await ruled.project(name)
        ended += await asyncio.gather(push(ruled, name), remove(ruled, name, number * 0.0005), return_exceptions=True)
    refused = [each for each in ended if each is not None]
    assert refused, "the deletion never came first"
    for each in refused:
        assert isinstance(each, BlobUploadUnknown | ManifestReferencesUnknown | ProjectUnknown), repr(each)
