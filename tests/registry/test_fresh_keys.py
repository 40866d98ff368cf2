"""Keys that are listed ahead: each for one caller, none forgotten."""

import asyncio

import pytest

from contracts.place import Place, stream
from entrepot.db.contract import Database
from entrepot.model.digest import Digest
from entrepot.model.errors import DatabaseFailed
from entrepot.registry import fresh_keys
from entrepot.registry.fresh_keys import FreshKeys
from entrepot.registry.rules import SECOND, Rules
from entrepot.registry.uploads import Uploads


async def listed(database: Database) -> dict[str, int]:
    """The keys on the list of those to be removed, and when each is."""
    rows = await database.read(lambda tx: tx.all("SELECT key, remove_after FROM objects_to_remove"))
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize("ahead", [0, 1, 4, 16])
async def test_every_key_is_given_once_and_is_on_the_list_by_then(database: Database, ahead: int) -> None:
    keys = FreshKeys(database, Rules(), ahead)
    given = []

    async def take() -> None:
        key, _ = await keys.take()
        given.append(key)
        assert key in await listed(database)

    await asyncio.gather(*(take() for _ in range(50)))
    assert len(set(given)) == 50
    await keys.close()
    assert set(await listed(database)) == set(given)


async def test_a_key_leaves_all_the_time_that_an_upload_may_take(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_keys, "GOOD_FOR", SECOND // 2)
    keys = FreshKeys(database, Rules(upload_expiry=100 * SECOND), 4)
    loop = asyncio.get_running_loop()
    await keys.take()
    await asyncio.sleep(0.4)
    key, deadline = await keys.take()
    now = await database.read(lambda tx: tx.now)
    assert 99 < deadline - loop.time() <= 100
    assert (await listed(database))[key] - now >= (deadline - loop.time()) * SECOND - SECOND // 10
    await keys.close()


async def test_what_nobody_wants_is_taken_off_the_list(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_keys, "GOOD_FOR", SECOND // 10)
    keys = FreshKeys(database, Rules(), 16)
    key, _ = await keys.take()
    assert len(await listed(database)) == 16
    for _ in range(100):
        if len(await listed(database)) == 1:
            break
        await asyncio.sleep(0.05)
    assert set(await listed(database)) == {key}
    await keys.close()


async def test_whoever_waits_is_told_that_the_database_failed(database: Database) -> None:
    class Gone:
        gone = True

        async def write(self, change, *, durable=True):  # type: ignore[no-untyped-def]
            if self.gone:
                raise DatabaseFailed("gone")
            return await database.write(change, durable=durable)

    gone = Gone()
    keys = FreshKeys(gone, Rules(), 16)  # type: ignore[arg-type] - all that is asked of it
    outcomes = await asyncio.gather(keys.take(), keys.take(), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DatabaseFailed, DatabaseFailed]
    gone.gone = False
    await keys.take()
    await keys.close()


async def test_uploads_with_keys_at_hand_leave_nothing(place: Place) -> None:
    uploads = Uploads(place.db, place.storage, place.rules, ahead=8)
    contents = [b"layer %d" % number for number in range(30)]
    grant = await place.grant()
    await asyncio.gather(*(uploads.put(grant, stream(content), Digest.of(content)) for content in contents))
    for content in contents:
        assert await place.read(content) == content
    await uploads.close()
    assert await place.leaving() == set()
    await place.assert_whole()
