"""The name of content by its hash, as in the image specification, section "Digests"."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from entrepot.model.errors import DigestInvalid

_ALGORITHMS = {"sha256": (b"\x01", 32), "sha512": (b"\x02", 64)}
_BY_CODE = {code: (name, size) for name, (code, size) in _ALGORITHMS.items()}
_HEX = re.compile(r"[0-9a-f]+").fullmatch


class Hasher(Protocol):
    """A running hash, as `hashlib` gives it."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


@lru_cache(maxsize=8192)  # The same few layers are asked for all the time.
def _pack(text: str) -> bytes:
    algorithm, _, value = text.partition(":")
    known = _ALGORITHMS.get(algorithm)
    if known is None:
        raise DigestInvalid(f"a digest looks like sha256:… or sha512:…; this registry keeps no {algorithm[:32]!r}")
    code, size = known
    if len(value) != 2 * size or not _HEX(value):
        raise DigestInvalid(f"after {algorithm}: come {2 * size} characters of 0-9 and a-f")
    return code + bytes.fromhex(value)


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A digest of an algorithm that is kept here (sha256 or sha512).

    `packed` is how it is stored: one byte for the algorithm, then the raw hash. Order is that of `packed`.
    """

    packed: bytes

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """The digest written as `algorithm:hex`. Raises DigestInvalid."""
        return cls(_pack(text))

    @classmethod
    def of(cls, content: bytes, algorithm: str = "sha256") -> "Digest":
        """The digest of `content`."""
        return cls.finished(algorithm, hashlib.new(algorithm, content))

    @classmethod
    def finished(cls, algorithm: str, hasher: Hasher) -> "Digest":
        """The digest of everything that `hasher`, of the algorithm named, was fed."""
        return cls(_ALGORITHMS[algorithm][0] + hasher.digest())

    @property
    def algorithm(self) -> str:
        """`sha256` or `sha512`."""
        return _BY_CODE[self.packed[:1]][0]

    def hasher(self) -> Hasher:
        """A new running hash of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.packed[1:].hex()}"


def is_algorithm(name: str) -> bool:
    """Whether digests of that algorithm are kept here."""
    return name in _ALGORITHMS
