"""Passwords: which are acceptable, and their hashes (argon2id, RFC 9106)."""

import asyncio
import base64
import secrets
import string
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from entrepot.model.errors import Invalid

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 128
HASHES_AT_ONCE = 2

_GENERATED_LENGTH = 24
# Passwords that fulfil the rule and are the first that anybody would try on a registry.
_WELL_KNOWN = frozenset({"harbor12345", "password1", "password123", "passw0rd", "admin123", "admin1234", "changeme1"})


def check_password(text: str) -> None:
    """Returns if the password may be chosen: 8 to 128 characters, with an upper, a lower and a digit.

    That is Harbor's rule; its well-known default password is refused besides. Raises Invalid.
    """
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        raise Invalid(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise Invalid("a password has no control characters, such as an end of line")
    if not (any(map(str.isupper, text)) and any(map(str.islower, text)) and any(map(str.isdigit, text))):
        raise Invalid("a password has at least one upper-case letter, one lower-case letter and one digit")
    if text.lower() in _WELL_KNOWN:
        raise Invalid("that password is known to everybody; choose another")


def generate_password() -> str:
    """A random password that fulfils the rule, with some 140 bits that nobody can guess."""
    letters = string.ascii_letters + string.digits
    while True:
        text = "".join(secrets.choice(letters) for _ in range(_GENERATED_LENGTH))
        if any(map(str.isupper, text)) and any(map(str.islower, text)) and any(map(str.isdigit, text)):
            return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one hash takes: passes, and KiB of memory. As it comes, some 70 ms on a core of 2024 and 32 MiB."""

    passes: int = 4
    memory: int = 32 * 1024


class Passwords:
    """Makes and checks hashes, in two threads of its own: the event loop never waits, memory stays bounded."""

    def __init__(self, cost: Cost | None = None) -> None:
        cost = cost or Cost()
        self._hasher = PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory, parallelism=1)
        self._threads = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="password")
        # A hash of nothing anybody knows: checking against it takes as long as against a real one.
        salt, value = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, 32))
        self._of_nobody = f"$argon2id$v=19$m={cost.memory},t={cost.passes},p=1${salt}${value}"

    async def hash(self, password: str) -> str:
        """The password's hash, with its salt and parameters, as it is to be kept."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, _normal(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one that `stored` is the hash of.

        None for the hash of somebody who does not exist: never, after the same time.
        """
        hashed = self._of_nobody if stored is None else stored
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._matches, hashed, _normal(password))

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)

    async def close(self) -> None:
        """Returns when the threads have ended. Nothing may be called afterwards."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """The password in one spelling (RFC 8265, OpaqueString): keyboards differ in how they write an accented letter."""
    return unicodedata.normalize("NFC", password)
