"""A process that works on upload sessions at the same moments as another one."""

import asyncio
import os
from pathlib import Path
from threading import Barrier

from scenarios import HERE, body, house_of
from stress.house import House, Place, open_database

from entrepot.model.digest import Digest
from entrepot.model.errors import EntrepotError
from entrepot.storage.filesystem import FileStorage


def share(place: Place, sessions: list[str], barrier: Barrier, way: str, data: bytes, digest: str, out: Path) -> None:
    """Does with each session what `way` says, and writes a line for each: `done`, or the error's name."""
    asyncio.run(_share(place, sessions, barrier, way, data, digest, out))
    os._exit(0)


async def _share(
    place: Place, sessions: list[str], barrier: Barrier, way: str, data: bytes, digest: str, out: Path
) -> None:
    house = house_of(open_database(place), FileStorage(Path(place.storage)))
    lines = []
    for session in sessions:
        barrier.wait(60)
        try:
            await _one(house, session, way, data, Digest.parse(digest))
        except EntrepotError as error:
            lines.append(type(error).__name__)
        else:
            lines.append("done")
    out.write_text("\n".join(lines))
    await house.close()


async def _one(house: House, session: str, way: str, data: bytes, digest: Digest) -> None:
    grant = house.grant(HERE)
    match way:
        case "append":
            await house.uploads.append(grant, session, body(data), start=0)
        case "finish":
            await house.uploads.finish(grant, session, None, digest)
        case "close with it":
            await house.uploads.finish(grant, session, body(data), digest, start=0)
        case "cancel":
            await house.uploads.cancel(grant, session)
        case _:
            raise ValueError(way)
