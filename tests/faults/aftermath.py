"""What holds after a deed was broken off, whatever step it was at."""

from pathlib import Path

import pytest
from scenarios import HERE, LAYER, TAG, Scenario, let_time_pass
from stress.house import House
from stress.pulling import pull, read
from stress.verdict import drain

from entrepot.model.digest import Digest
from entrepot.model.errors import BlobQuarantined, BlobUnknown
from entrepot.tasks.prove import Finding, Prover


async def check(house: House, scenario: Scenario, acknowledged: list[str]) -> None:
    """Passes if nothing is half there, what was acknowledged holds, acting again ends well, and nothing is left over.

    To be called after the deed was broken off, with the registry opened afresh.
    """
    found = await findings(house)
    if scenario.damaged:
        await damage_is_never_served(house, found, unnoticed=scenario.unnoticed)
    else:
        assert not found, found
    for promise in acknowledged:
        await keeps(house, promise)
    again: list[str] = []
    await scenario.act(house, again.append)
    for promise in again:
        await keeps(house, promise)
    await house.db.write(let_time_pass)
    left = await drain(house, 5.0)
    assert not left, left
    found = await findings(house)
    assert not found, found
    for promise in again:
        if not promise.startswith("blob"):  # Those were not referred to by anything.
            await keeps(house, promise)


_INDEX = "SELECT i.key FROM layer_indexes i JOIN blobs b ON b.id = i.blob_id WHERE b.digest = ?"


async def findings(house: House) -> list[Finding]:
    """What the prover finds."""
    steps = Prover(house.db, house.storage, sparse_indexes=False).prove()
    return [step async for step in steps if isinstance(step, Finding)]


async def damage_is_never_served(house: House, found: list[Finding], *, unnoticed: bool) -> None:
    """Passes if nothing but the layer is damaged, and it is set aside or whole; or nobody has noticed yet."""
    assert {one.subject for one in found} <= {str(LAYER.digest)}, found
    rows = await house.db.read(
        lambda tx: tx.all("SELECT quarantined_at FROM blobs WHERE digest = ?", LAYER.digest.packed)
    )
    grant = house.grant(HERE)
    if rows[0][0] is not None:
        assert found
        for for_push in (False, True):
            with pytest.raises(BlobQuarantined):
                await house.blobs.find(grant, LAYER.digest, for_push=for_push)
    elif found:
        assert unnoticed, found
    else:
        assert await read(house, await house.blobs.find(grant, LAYER.digest), 0) is None


async def keeps(house: House, promise: str) -> None:
    """Passes if what was acknowledged is so."""
    match promise.split():
        case ["blob", digest, *repository]:
            grant = house.grant(repository[0] if repository else HERE)
            assert await read(house, await house.blobs.find(grant, Digest.parse(digest)), 0) is None
        case ["index", digest]:
            row = await house.db.read(lambda tx: tx.one(_INDEX, Digest.parse(digest).packed))
            assert row is not None
            assert await house.storage.size(row[0]) is not None
        case ["manifest", digest]:
            assert await pull(house, house.grant(HERE), Digest.parse(digest)) is None
        case ["tag", digest]:
            assert str((await house.manifests.get(house.grant(HERE), TAG)).digest) == digest
        case ["no", "manifest", digest]:
            trouble = await pull(house, house.grant(HERE), Digest.parse(digest))
            assert trouble is not None
            assert trouble.excusable
        case ["no", "blob", digest]:
            try:
                await house.blobs.find(house.grant(HERE), Digest.parse(digest))
            except BlobUnknown:
                return
            raise AssertionError(promise)
        case _:
            raise AssertionError(promise)


def promises(path: Path) -> list[str]:
    """What was noted in the file."""
    return path.read_text().splitlines() if path.exists() else []
