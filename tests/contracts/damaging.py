"""Damage to objects, as disks and people do it."""

from collections.abc import Callable

from contracts.place import Place
from entrepot.model.digest import Digest
from entrepot.storage.contract import Key, Storage

Damage = Callable[[bytes], bytes | None]
"""What an object is replaced by; None: it is gone."""


def flipped(content: bytes) -> bytes:
    """One bit of the middle is another."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES: dict[str, Damage] = {
    "flipped": flipped,
    "cut short": lambda content: content[:-1],
    "emptied": lambda _: b"",
    "grown": lambda content: content + b"\0",
    "removed": lambda _: None,
}


async def replace(storage: Storage, key: str, content: bytes | None) -> None:
    """Another content under the same key, behind the registry's back."""
    await storage.remove(Key(key))
    if content is not None:
        writer = await storage.create(Key(key))
        await writer.write([content])
        await writer.finish()


async def damage(place: Place, content: bytes, how: Damage) -> str:
    """The key of the object that holds the content, which it does no longer."""
    [(key,)] = await place.rows("SELECT key FROM blobs WHERE digest = ?", Digest.of(content).packed)
    await replace(place.storage, key, how(content))
    return str(key)
