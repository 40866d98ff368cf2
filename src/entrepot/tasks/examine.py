"""Reading the objects of a blob again, to find out whether they still hold it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from entrepot.db.proof import HeldBlob
from entrepot.model.digest import Digest
from entrepot.model.errors import Failed, ObjectMissing
from entrepot.model.fault import Fault
from entrepot.storage.contract import Key, Storage

RANGE = 4 * 1024 * 1024
"""Bytes that are asked for with one request: after each there may be a rest of any length, with nothing held open."""

Rest = Callable[[int], Awaitable[None]]
"""Called with the number of bytes that were just read, to rest as long as they are to take."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a blob's objects."""

    fault: Fault
    sentence: str


async def no_rest(read: int) -> None:
    """Reads on at once."""


async def examine(storage: Storage, blob: HeldBlob, rest: Rest = no_rest) -> Damage | None:
    """What is wrong with the blob's objects; None if they hold exactly its content. Raises what `rest` raises."""
    hasher = blob.digest.hasher()
    ends = (*(part.start for part in blob.parts[1:]), blob.size)
    for part, end in zip(blob.parts, ends, strict=True):
        key, expected = Key(part.key), end - part.start
        try:
            size = await storage.size(key)
            if size is None:
                return Damage(Fault.BLOB_MISSING, f"storage has no object {key}")
            if size != expected:
                return Damage(Fault.BLOB_CORRUPT, f"object {key} has {size} bytes instead of {expected}")
            for start in range(0, size, RANGE):
                stop = min(start + RANGE, size)
                async for piece in storage.read(key, start, stop):
                    await asyncio.to_thread(hasher.update, piece)
                await rest(stop - start)
        except ObjectMissing:
            return Damage(Fault.BLOB_MISSING, f"object {key} ends too soon or is gone")
        except Failed as error:
            return Damage(Fault.BLOB_UNREADABLE, f"object {key} cannot be read: {error}")
    found = Digest.finished(blob.digest.algorithm, hasher)
    if found != blob.digest:
        return Damage(Fault.BLOB_CORRUPT, f"the content's digest is {found}")
    return None
