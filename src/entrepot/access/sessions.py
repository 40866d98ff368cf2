"""Sessions: kept by the server, so that each can be ended, and lost with the password they were begun with.

The cookie holds 256 random bits; the database holds their hash, so who reads the database cannot use a session.
"""

import hashlib
import hmac
import secrets
import time

from entrepot.access.identity import Identity, stamp_of
from entrepot.db import events, instance, sessions, users
from entrepot.db.contract import Database, Transaction
from entrepot.db.sessions import Session
from entrepot.model.errors import RecordUnknown, Unauthenticated
from entrepot.model.event import Event, EventName
from entrepot.model.grant import AccountGrant, Origin, Principal, Proof

MINUTE = 60 * 1_000_000
MOST_PER_USER = 100
LONGEST_COOKIE = 128
_CSRF_KEY = "csrf_key"


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._key = b""

    async def begin(self, identity: Identity, origin: Origin, minutes: int, replacing: str | None = None) -> str:
        """What the cookie of a new session holds; a session that the client had before is ended.

        A new one for each sign-in, so that nobody can have planted one that they know. Raises Unauthenticated for
        who is no user.
        """
        user_id = identity.principal.user_id
        if user_id is None:
            raise Unauthenticated("sessions are for people; robots send their secret with each request")
        cookie = secrets.token_urlsafe(32)

        def change(tx: Transaction) -> None:
            if replacing:
                sessions.delete(tx, _id(replacing))
            address, agent = origin.address[:100], origin.agent[:200]
            sessions.insert(tx, _id(cookie), user_id, identity.stamp, minutes * MINUTE, address, agent)
            sessions.keep_newest(tx, user_id, MOST_PER_USER)
            sessions.delete_old(tx, MOST_PER_USER)

        await self._db.write(change)
        return cookie

    async def find(self, cookie: str, minutes: int, *, renew: bool = True) -> Identity | None:
        """Whose session it is; None if it is none, or over. It lasts for `minutes` from now on, to the minute.

        Whoever acts on the identity compares its stamp with the user's row, as with every other.
        """
        if len(cookie) > LONGEST_COOKIE:
            return None
        key = _id(cookie)
        found = await self._db.read(lambda tx: sessions.find(tx, key), key=("session", key))
        now = time.time_ns() // 1000
        if found is None or found.expires_at <= now:
            return None
        if renew and found.seen_at + min(MINUTE, minutes * MINUTE // 4) < now:
            await self._db.write(lambda tx: sessions.see(tx, key, minutes * MINUTE))
        principal = Principal(user_id=found.user_id, name=found.user_name, admin=False, proof=Proof.SESSION)
        return Identity(principal=principal, stamp=found.stamp)

    async def end(self, cookie: str, by: Principal) -> None:
        """Returns when the session, which was that principal's, is none any more."""
        event = Event(name=EventName.USER_SIGNED_OUT, by=by, resource=by.name)

        def change(tx: Transaction) -> None:
            sessions.delete(tx, _id(cookie))
            events.record(tx, event)

        await self._db.write(change)

    async def of(self, grant: AccountGrant) -> list[Session]:
        """The sessions of the account that can be used, the one last seen first."""

        def question(tx: Transaction) -> list[Session]:
            found = users.standing(tx, grant.user_id)
            stamp = stamp_of(found[1]) if found else ""
            # Those begun with a password of before are as good as over.
            return [one for one in sessions.of_user(tx, grant.user_id, MOST_PER_USER) if one.stamp == stamp]

        return await self._db.read(question)

    async def end_one(self, grant: AccountGrant, session_id: str) -> None:
        """Returns when that session of the account is none any more. Raises RecordUnknown."""

        def change(tx: Transaction) -> None:
            found = sessions.find(tx, session_id)
            if found is None or found.user_id != grant.user_id:
                raise RecordUnknown("there is no such session; it may be over")
            sessions.delete(tx, session_id)
            _tell_ended(tx, grant, found.user_name, 1)

        await self._db.write(change)

    async def end_all(self, grant: AccountGrant, but: str = "") -> int:
        """How many sessions of the account were ended: all but the one with the cookie `but`."""

        def change(tx: Transaction) -> int:
            ended = sessions.delete_of_user(tx, grant.user_id, _id(but) if but else "")
            user = users.standing(tx, grant.user_id)
            if ended and user is not None:
                _tell_ended(tx, grant, user[0].name, ended)
            return ended

        return await self._db.write(change)

    async def guard(self, cookie: str, random: str) -> str:
        """The token that a page of this session must send with a change: a keyed hash of the cookie and `random`."""
        if not self._key:
            fresh = secrets.token_hex(32)
            self._key = bytes.fromhex(await self._db.write(lambda tx: _shared_key(tx, fresh)))
        return hmac.new(self._key, f"{_id(cookie)}:{random}".encode(), hashlib.sha256).hexdigest()


def is_of(session: Session, cookie: str) -> bool:
    """Whether it is the session that the cookie stands for."""
    return hmac.compare_digest(session.id, _id(cookie))


def _tell_ended(tx: Transaction, grant: AccountGrant, name: str, count: int) -> None:
    event = Event(name=EventName.USER_SIGNED_OUT, by=grant.principal, resource=name, detail={"sessions": count})
    events.record(tx, event)


def _id(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()


def _shared_key(tx: Transaction, fresh: str) -> str:
    """The key that all nodes share, made by the first of them."""
    instance.put_first(tx, _CSRF_KEY, fresh)
    return instance.get(tx, _CSRF_KEY) or fresh
