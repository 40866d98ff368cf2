"""Guessing passwords is made slow, without letting anybody lock out the owner of an account.

Failures are counted in the database, so that all processes and nodes count together, under three subjects:

- the account from one address: 5 are free, then the waits double from 1 second up to 5 minutes;
- the address, whatever the account: 20 are free, then the same waits;
- the account, from wherever: 100 are free, then waits of up to 1 minute.

An address from which the right password came within the last 7 days is exempt from the last two *for that account*:
a stranger elsewhere, or a neighbour behind the same address who tries other accounts, cannot keep the owner out.
(A stranger behind the very same address who tries the owner's own account can, for at most 5 minutes at a time;
tokens, and passwords proven within the last minute, stay good meanwhile.)
A success clears the first count alone: if it cleared the address's, an attacker would sign in to an account of their
own after every few guesses, and the account's own count would fall with each of its owner's sign-ins during an attack.
A count is forgotten after an hour without a failure.

Subjects are keyed hashes, so the table tells nobody who exists; accounts that do not exist are counted like others.
An IPv6 address counts as its /64, which is what one subscriber has.
"""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass

from entrepot.db import instance, sign_in_failures
from entrepot.db.contract import Database, Transaction
from entrepot.model.errors import TooManyAttempts

SECOND = 1_000_000
FORGET_FAILURES = 3600 * SECOND
FORGET_SUCCESS = 7 * 24 * 3600 * SECOND
RENEW_SUCCESS = 24 * 3600 * SECOND

_SECRET = "sign_in_secret"  # noqa: S105 - the name of the row, not its value
_CLEAN_EVERY = 20
_CLEAN_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    free: int
    longest_wait: int

    def wait(self, failures: int) -> int:
        """Seconds to wait after that many failures."""
        over = failures - self.free
        return 0 if over < 0 else min(2 ** min(over, 20), self.longest_wait)


_PAIR = _Limit(free=5, longest_wait=300)
_ADDRESS = _Limit(free=20, longest_wait=300)
_ACCOUNT = _Limit(free=100, longest_wait=60)


@dataclass(frozen=True, slots=True)
class _Subjects:
    pair: str
    address: str
    account: str
    proven: str
    """Of the account and the address too: noted when the right password came from there."""


class Attempts:
    """The counts, and who has to wait because of them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._secret: bytes | None = None
        self._recorded = 0

    async def check(self, account: str, address: str) -> None:
        """Returns if a sign-in may be tried now. Raises TooManyAttempts."""
        subjects = await self._subjects(account, address)
        until, now = await self._db.read(lambda tx: (_blocked_until(tx, subjects), tx.now))
        if until > now:
            seconds = -(-(until - now) // SECOND)
            raise TooManyAttempts(f"too many failed sign-ins; try again in {seconds} seconds", seconds)

    async def failed(self, account: str, address: str) -> None:
        """Counts a failure."""
        subjects = await self._subjects(account, address)
        self._recorded += 1
        clean = self._recorded % _CLEAN_EVERY == 0
        await self._db.write(lambda tx: _count(tx, subjects, clean))

    async def succeeded(self, account: str, address: str) -> None:
        """Clears the account's failures from that address, and notes that its owner was there."""
        subjects = await self._subjects(account, address)
        if await self._db.read(lambda tx: _worth_noting(tx, subjects)):
            await self._db.write(lambda tx: _note_success(tx, subjects))

    async def _subjects(self, account: str, address: str) -> _Subjects:
        secret = self._secret
        if secret is None:
            kept = await self._db.read(lambda tx: instance.get(tx, _SECRET))
            if kept is None:
                fresh = secrets.token_hex(32)
                kept = await self._db.write(lambda tx: _keep_secret(tx, fresh))
            secret = self._secret = bytes.fromhex(kept)
        network = _network(address)
        return _Subjects(
            pair=_subject(secret, "pair", account, network),
            address=_subject(secret, "address", network),
            account=_subject(secret, "account", account),
            proven=_subject(secret, "proven", account, network),
        )


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _subject(secret: bytes, *parts: str) -> str:
    return hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:40]


def _keep_secret(tx: Transaction, fresh: str) -> str:
    instance.put_first(tx, _SECRET, fresh)
    return instance.get(tx, _SECRET) or fresh


def _blocked_until(tx: Transaction, subjects: _Subjects) -> int:
    held = sign_in_failures.find(tx, (subjects.pair, subjects.address, subjects.account, subjects.proven))
    proven = held.get(subjects.proven)
    exempt = proven is not None and proven.updated_at > tx.now - FORGET_SUCCESS
    counted = (subjects.pair,) if exempt else (subjects.pair, subjects.address, subjects.account)
    return max((held[subject].blocked_until for subject in counted if subject in held), default=0)


def _count(tx: Transaction, subjects: _Subjects, clean: bool) -> None:
    limits = {subjects.pair: _PAIR, subjects.address: _ADDRESS, subjects.account: _ACCOUNT}
    for subject, limit in sorted(limits.items(), key=lambda item: item[0]):  # One order, or two could deadlock.
        wait = limit.wait(sign_in_failures.count_one(tx, subject, tx.now - FORGET_FAILURES))
        if wait:
            sign_in_failures.block(tx, subject, tx.now + wait * SECOND)
    if clean:
        sign_in_failures.delete_old(tx, tx.now - FORGET_FAILURES, tx.now - FORGET_SUCCESS, _CLEAN_AT_ONCE)


def _worth_noting(tx: Transaction, subjects: _Subjects) -> bool:
    held = sign_in_failures.find(tx, (subjects.pair, subjects.proven))
    proven = held.get(subjects.proven)
    return subjects.pair in held or proven is None or proven.updated_at < tx.now - RENEW_SUCCESS


def _note_success(tx: Transaction, subjects: _Subjects) -> None:
    sign_in_failures.delete(tx, subjects.pair)
    sign_in_failures.touch(tx, subjects.proven)
