"""Names and passwords, verified: slowly the first time, from memory for a minute after."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from entrepot.access.attempts import Attempts
from entrepot.access.identity import Identity, stamp_of
from entrepot.access.passwords import HASHES_AT_ONCE, Passwords
from entrepot.access.remembered import Remembered
from entrepot.db import credentials, events, users
from entrepot.db.contract import Database
from entrepot.db.credentials import Credentials
from entrepot.model.errors import TooManyAttempts, Unauthenticated
from entrepot.model.event import Event, EventName
from entrepot.model.grant import Origin, Principal, Proof

REMEMBER_SECONDS = 60
REMEMBER_AT_MOST = 10_000
WAITING_AT_MOST = 256
WAITING_PER_ADDRESS = 32
RETRY_SECONDS = 5

WRONG = "the user name or the password is wrong, or the account is disabled"


class SignIn:
    """Verifies credentials, a bounded number at once, each distinct one only once at a time."""

    def __init__(self, db: Database, passwords: Passwords) -> None:
        self._db = db
        self._passwords = passwords
        self._attempts = Attempts(db)
        self._key = secrets.token_bytes(32)
        self._remembered: Remembered[Identity] = Remembered(REMEMBER_AT_MOST)
        self._under_way: dict[bytes, asyncio.Task[Identity]] = {}
        self._turns = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting: Counter[str] = Counter()

    async def verify(self, name: str, password: str, address: str, *, clients: bool = True) -> Identity:
        """Who has that name and password; or secret for clients, if it is `clients` that ask.

        The answer may be a minute old: whoever acts on it compares its stamp with the user's row first, and asks
        `verify_again` if they differ. `address` is where the request came from.
        Raises Unauthenticated, TooManyAttempts.
        """
        key = self._digest(name, password, clients)
        known = self._remembered.get(key, time.monotonic())
        if known is not None:
            return known
        # The clients of one pipeline send the same credentials many times at once: one hash answers all of them.
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._verify(key, name, password, address, clients))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    async def verify_again(self, name: str, password: str, address: str, *, clients: bool = True) -> Identity:
        """As `verify`, but from the database. Raises Unauthenticated, TooManyAttempts."""
        self._remembered.forget(self._digest(name, password, clients))
        return await self.verify(name, password, address, clients=clients)

    def _digest(self, name: str, password: str, clients: bool) -> bytes:
        # A name has no colon, so no two pairs make the same text.
        return hmac.digest(self._key, f"{clients}:{name}:{password}".encode(), hashlib.sha256)

    def _finished(self, key: bytes, task: "asyncio.Task[Identity]") -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # Looked at, for those who asked may all have gone.

    async def _verify(self, key: bytes, name: str, password: str, address: str, clients: bool) -> Identity:
        await self._attempts.check(name, address)
        async with self._turn(address):
            # Once more: those who had their turn before may have used up what is free.
            await self._attempts.check(name, address)
            found = await self._db.read(lambda tx: credentials.find(tx, name))
            proven = await self._matching(found, password, clients)
            if proven is None or found is None or found.disabled:
                await self._attempts.failed(name, address)
                await self._tell(EventName.USER_REFUSED, name, address)
                raise Unauthenticated(WRONG)
            await self._tell(EventName.USER_SIGNED_IN, found.name, address)
            await self._attempts.succeeded(name, address)
            own = proven == found.password_hash
            if own and found.user_id is not None and self._passwords.outdated(proven):
                proven = await self._rehash(found.user_id, proven, password)
        principal = Principal(
            user_id=found.user_id, robot_id=found.robot_id, name=found.name, admin=found.admin, proof=Proof.PASSWORD
        )
        identity = Identity(principal=principal, stamp=stamp_of(proven))
        self._remembered.put(key, identity, time.monotonic() + REMEMBER_SECONDS)
        return identity

    async def _matching(self, found: Credentials | None, password: str, clients: bool) -> str | None:
        """The hash that the password matches: the account's, or its secret's; None for neither.

        It takes as long whether there is an account, and whether that has a secret.
        """
        if await self._passwords.verify(found.password_hash if found else None, password):
            return found.password_hash if found else None
        secret = found.cli_secret_hash if found else None
        return secret if clients and await self._passwords.verify(secret, password) else None

    async def _tell(self, name: EventName, who: str, address: str) -> None:
        by = Principal(user_id=None, name=who, admin=False, proof=Proof.PASSWORD, origin=Origin(address))
        event = Event(name=name, by=by, resource=who, succeeded=name is EventName.USER_SIGNED_IN)
        await self._db.write(lambda tx: events.record(tx, event))

    async def _rehash(self, user_id: int, old: str, password: str) -> str:
        """The hash that the user has now: one with the parameters of today, unless the password was just changed."""
        new = await self._passwords.hash(password)
        return new if await self._db.write(lambda tx: users.replace_password_hash(tx, user_id, old, new)) else old

    @asynccontextmanager
    async def _turn(self, address: str) -> AsyncIterator[None]:
        """A turn to hash. Raises TooManyAttempts if too many wait already, in all or from that address."""
        if self._waiting.total() >= WAITING_AT_MOST or self._waiting[address] >= WAITING_PER_ADDRESS:
            raise TooManyAttempts(f"too many sign-ins at once; try again in {RETRY_SECONDS} seconds", RETRY_SECONDS)
        self._waiting[address] += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]
