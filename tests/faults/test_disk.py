"""A disk that fails at each system call in turn, below uploads and pushes; and a disk that stays full."""

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from aftermath import check, findings
from scenarios import SCENARIOS, WRITING, house_of, make_ground
from steps import SteppedCalls, Steps
from stress.house import Place, open_database

from entrepot.model.errors import StorageFailed, StorageFull
from entrepot.storage.contract import Chunk
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.systemcalls import SystemCalls

MOST = 200
"""More system calls than any scenario makes."""


class Broken:
    """Fails the call before which it is asked to happen."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.happened = False

    def happen(self) -> None:
        self.happened = True
        raise OSError(self.number, os.strerror(self.number))


class FullFrom(SystemCalls):
    """A disk on which there is room for so many bytes, and none after that until there is more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def writev(self, fd: int, buffers: Sequence[Chunk]) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole = b"".join(buffers)[: self.room]
        self.room -= len(whole)
        return os.write(fd, whole)


async def prepared(place: Place, name: str) -> None:
    db, storage = open_database(place), FileStorage(Path(place.storage))
    await db.write(make_ground)
    await SCENARIOS[name].prepare(house_of(db, storage))
    await db.close()
    await storage.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
@pytest.mark.parametrize("name", WRITING)
async def test_each_call_that_fails_is_told_and_leaves_nothing(
    name: str, number: int, tmp_path: Path, migrated_sqlite: Path
) -> None:
    expected = StorageFull if number == errno.ENOSPC else StorageFailed
    told: list[tuple[str, type[StorageFailed]]] = []
    for at in range(1, MOST):
        place = Place(database=str(tmp_path / f"{at}.db"), storage=str(tmp_path / f"objects-{at}"))
        shutil.copy(migrated_sqlite, place.database)
        await prepared(place, name)
        broken = Broken(number)
        steps = Steps(at, broken.happen)
        storage = FileStorage(Path(place.storage), calls=SteppedCalls(steps))
        db = open_database(place)
        noted: list[str] = []
        try:
            await SCENARIOS[name].act(house_of(db, storage), noted.append)
        except StorageFailed as error:
            told.append((steps.names[at - 1], type(error)))
        else:
            # What matters was told by fsync: closing afterwards may fail.
            assert not broken.happened or steps.names[at - 1] == "close"
        steps.end()
        await check(house_of(db, storage), SCENARIOS[name], noted)
        await db.close()
        await storage.close()
        if not broken.happened:
            break
    else:
        raise AssertionError("the scenario has no end")
    assert {(call, expected) for call in ("open", "writev", "fsync")} <= set(told)
    assert {kind for _, kind in told} == {expected}


@pytest.mark.parametrize("name", WRITING)
async def test_a_disk_that_stays_full(name: str, tmp_path: Path, migrated_sqlite: Path) -> None:
    place = Place(database=str(tmp_path / "entrepot.db"), storage=str(tmp_path / "objects"))
    shutil.copy(migrated_sqlite, place.database)
    await prepared(place, name)
    disk = FullFrom(5)
    storage = FileStorage(Path(place.storage), calls=disk)
    db = open_database(place)
    house = house_of(db, storage)
    noted: list[str] = []
    for _ in range(5):
        with pytest.raises(StorageFull, match="no room"):
            await SCENARIOS[name].act(house, noted.append)
    assert await findings(house) == []
    disk.room = 1 << 40
    await check(house, SCENARIOS[name], noted)
    await db.close()
    await storage.close()
