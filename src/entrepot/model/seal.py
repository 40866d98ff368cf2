"""Seals: each event's place in the chain, and a hash over it and everything before it."""

import hashlib
import json
from typing import NamedTuple

FIRST = bytes(32)
"""The seal before the first event."""


class SealedRow(NamedTuple):
    """An event as the audit keeps it. Times are microseconds since 1970."""

    id: int
    at: int
    name: str
    actor: str
    through: str
    address: str
    request_id: str
    project_id: int | None
    repository: str | None
    resource: str
    succeeded: bool
    detail: str
    """JSON."""


def seal_of(before: bytes, place: int, row: SealedRow) -> bytes:
    """SHA-256 over the seal before it, the place and the row: as a JSON array, so that nothing of one field can be
    mistaken for a part of another."""
    text = json.dumps([place, *row[:10], bool(row.succeeded), row.detail], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


class Stub(NamedTuple):
    """What is left of the beginning of the chain after it was purged."""

    first_place: int
    last_place: int
    seal: bytes
    """Of the last event that was purged."""
    rows: int
    purged_at: int
    purged_by: str
    signature: str
    """A JWS over the rest."""


def signed(stub: Stub) -> bytes:
    """What is signed of a stub: all of it but the signature."""
    return json.dumps([*stub[:2], stub.seal.hex(), *stub[3:6]]).encode()
