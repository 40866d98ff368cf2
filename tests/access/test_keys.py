"""Signing keys: shared, rotated, published."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from entrepot.access.identity import NOBODY
from entrepot.access.keys import ROTATION_SECONDS, VERIFY_SECONDS, Keys, ensure_key, make_key
from entrepot.access.tokens import Tokens
from entrepot.db import instance, signing_keys
from entrepot.db.contract import Database, Transaction
from entrepot.db.open import open_database
from entrepot.db.signing_keys import StoredKey
from entrepot.model.errors import Unauthenticated


async def _age(db: Database, seconds: float) -> None:
    """Makes every key that much older."""
    await db.write(lambda tx: tx.run("UPDATE signing_keys SET created_at = created_at - ?", int(seconds * 1_000_000)))


async def _stored(db: Database) -> list[str]:
    return [key.id for key in await db.read(signing_keys.newest_first)]


async def test_the_first_key_is_made_at_first_need(database: Database) -> None:
    assert await _stored(database) == []
    key = await Keys(database).signing()
    assert await _stored(database) == [key.id]
    assert (await Keys(database).signing()).id == key.id


async def test_a_token_is_good_at_another_process(database: Database) -> None:
    verifier = Keys(database)
    await verifier.signing()
    issued = await Tokens(Keys(database)).issue(NOBODY, {})
    await Tokens(verifier).verify(issued.token)
    # A key made after the other process last looked.
    await _age(database, ROTATION_SECONDS)
    fresh = await Tokens(Keys(database)).issue(NOBODY, {})
    await asyncio.sleep(1.1)  # An unknown key makes it look again at most once a second.
    await Tokens(verifier).verify(fresh.token)
    await Tokens(verifier).verify(issued.token)


async def test_rotation(database: Database) -> None:
    first = await Keys(database).signing()
    issued = await Tokens(Keys(database)).issue(NOBODY, {})
    await _age(database, ROTATION_SECONDS - 10)
    assert (await Keys(database).signing()).id == first.id
    await _age(database, 11)
    second = await Keys(database).signing()
    assert second.id != first.id
    assert await _stored(database) == [second.id, first.id]
    await Tokens(Keys(database)).verify(issued.token)
    await _age(database, VERIFY_SECONDS - ROTATION_SECONDS)
    assert await Keys(database).find(first.id) is None
    with pytest.raises(Unauthenticated):
        await Tokens(Keys(database)).verify(issued.token)
    assert [key["kid"] for key in (await Keys(database).published())["keys"]] == [second.id]
    await _age(database, ROTATION_SECONDS - 1800)
    third = await Keys(database).signing()
    assert await _stored(database) == [third.id, second.id]


async def test_a_long_running_process_rotates_too(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(database)
    first = await keys.signing()
    await _age(database, ROTATION_SECONDS + 1)
    later = time.time() + ROTATION_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert (await keys.signing()).id != first.id


async def test_processes_make_one_key_between_them(database: Database, database_url: str, tmp_path: Path) -> None:
    await database.write(lambda tx: instance.put_first(tx, instance.STARTED, "1"))
    other = open_database(database_url, tmp_path)
    made = threading.Event()

    def slowly(tx: Transaction) -> list[StoredKey]:
        known = ensure_key(tx, *make_key())
        made.set()
        time.sleep(0.3)  # Not committed yet, while the other process needs a key too.
        return known

    first = asyncio.create_task(database.write(slowly))
    await asyncio.to_thread(made.wait)
    second = await Keys(other).signing()
    assert [key.id for key in await first] == [second.id]
    assert await _stored(database) == [second.id]
    await other.close()


async def test_the_published_keys_are_public_and_enough_to_verify(database: Database) -> None:
    keys = Keys(database)
    token = (await Tokens(keys).issue(NOBODY, {})).token
    (published,) = (await keys.published())["keys"]
    assert set(published) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (published["kty"], published["crv"], published["use"], published["alg"]) == ("EC", "P-256", "sig", "ES256")
    key = ECKey.import_key({name: str(published[name]) for name in ("kty", "crv", "x", "y")})
    assert jwt.decode(token, key, algorithms=["ES256"]).claims["aud"] == "entrepot"


async def test_unknown_keys_do_not_keep_the_database_busy(database: Database) -> None:
    class Counting:
        reads = 0

        async def read(self, question):
            self.reads += 1
            return await database.read(question)

        async def write(self, change):
            return await database.write(change)

        async def close(self) -> None:
            pass

    counting = Counting()
    keys = Keys(counting)
    started = time.monotonic()
    for number in range(500):
        assert await keys.find(f"unknown-{number}") is None
    assert counting.reads <= 1 + (time.monotonic() - started)


def test_a_private_key_is_not_shown() -> None:
    identifier, pem = make_key()
    stored = signing_keys.StoredKey(id=identifier, private_key=pem, created_at=1)
    assert pem not in repr(stored)
    assert "PRIVATE" not in repr(stored)


async def test_keys_of_one_moment_are_ordered_the_same_everywhere(database: Database) -> None:
    made = dict(make_key() for _ in range(5))

    def insert(tx: Transaction) -> None:
        for identifier, pem in made.items():
            signing_keys.insert(tx, identifier, pem)
        tx.run("UPDATE signing_keys SET created_at = ?", tx.now)

    await database.write(insert)
    assert (await Keys(database).signing()).id == (await Keys(database).signing()).id == (await _stored(database))[0]
