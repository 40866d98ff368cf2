"""The keys that sign tokens (ECDSA on P-256, "ES256" of RFC 7518), shared by all processes through the database."""

import time
from collections.abc import Mapping

from joserfc.jwk import ECKey

from entrepot.db import instance, signing_keys
from entrepot.db.contract import Database, Transaction
from entrepot.db.signing_keys import StoredKey

SECOND = 1_000_000
ROTATION_SECONDS = 30 * 24 * 3600
# A token signed by a key's last second lives for its lifetime; an hour covers that and clocks that go apart.
VERIFY_SECONDS = ROTATION_SECONDS + 3600
LONGEST_LIFETIME_SECONDS = VERIFY_SECONDS - ROTATION_SECONDS - 300

_RELOAD_SECONDS = 60.0
# Tokens that name a key nobody knows must not become a way to keep the database busy.
_RELOAD_FOR_UNKNOWN_SECONDS = 1.0


class SigningKey:
    """A key in memory."""

    def __init__(self, stored: StoredKey) -> None:
        self.id = stored.id
        self.created_at = stored.created_at
        self.private = ECKey.import_key(stored.private_key)
        public = self.private.as_dict(private=False)
        self.public: dict[str, object] = {
            **{name: public[name] for name in ("kty", "crv", "x", "y")},
            "kid": self.id,
            "use": "sig",
            "alg": "ES256",
        }
        self.verifier = ECKey.import_key({name: str(public[name]) for name in ("kty", "crv", "x", "y")})


class Keys:
    """The newest key signs, for 30 days; those before it still verify until every token they signed has expired."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._keys: Mapping[str, SigningKey] = {}
        self._loaded_at = float("-inf")

    async def signing(self) -> SigningKey:
        """The key to sign with; made now if there is none, or the newest is 30 days old."""
        key = self._newest()
        if key is None:
            identifier, pem = make_key()
            self._keep(await self._db.write(lambda tx: ensure_key(tx, identifier, pem)))
            # The database's clock decided, so the first one signs even if this machine's clock thinks it too old.
            key = next(iter(self._keys.values()))
        return key

    async def find(self, identifier: str) -> SigningKey | None:
        """The key of that id, if it may still verify."""
        age = time.monotonic() - self._loaded_at
        if age > (_RELOAD_SECONDS if identifier in self._keys else _RELOAD_FOR_UNKNOWN_SECONDS):
            self._keep(await self._db.read(signing_keys.newest_first))
        key = self._keys.get(identifier)
        return key if key is not None and key.created_at > (time.time() - VERIFY_SECONDS) * SECOND else None

    async def published(self) -> dict[str, list[dict[str, object]]]:
        """The public keys as a JWK Set (RFC 7517), at most a minute old."""
        await self.signing()
        if time.monotonic() - self._loaded_at > _RELOAD_SECONDS:
            self._keep(await self._db.read(signing_keys.newest_first))
        oldest = (time.time() - VERIFY_SECONDS) * SECOND
        return {"keys": [key.public for key in self._keys.values() if key.created_at > oldest]}

    def _newest(self) -> SigningKey | None:
        newest = next(iter(self._keys.values()), None)
        if newest is None or newest.created_at <= (time.time() - ROTATION_SECONDS) * SECOND:
            return None
        return newest

    def _keep(self, stored: list[StoredKey]) -> None:
        self._keys = {key.id: self._keys.get(key.id) or SigningKey(key) for key in stored}
        self._loaded_at = time.monotonic()


def make_key() -> tuple[str, str]:
    """A new key: its id, which is its thumbprint (RFC 7638), and itself as PEM."""
    key = ECKey.generate_key("P-256")
    return key.thumbprint(), key.as_pem(private=True).decode()


def ensure_key(tx: Transaction, identifier: str, pem: str) -> list[StoredKey]:
    """Every key, the newest first, among them one that may sign: the one given, if there was none.

    Keys that cannot verify any more are removed.
    """
    instance.lock(tx)  # Otherwise every process would make one when the time comes.
    known = signing_keys.newest_first(tx)
    if known and known[0].created_at > tx.now - ROTATION_SECONDS * SECOND:
        return known
    signing_keys.delete_older(tx, tx.now - VERIFY_SECONDS * SECOND)
    signing_keys.insert(tx, identifier, pem)
    return signing_keys.newest_first(tx)
